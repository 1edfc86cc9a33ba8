//! Changes of the log by other hands: somebody opens the database, takes the triggers away and edits. Each change is
//! found by the real program, which names the first broken entry.

use crate::binary::{Place, Server, copy_folder, create, nexus, run};
use nexus::domain::audit::{AuditChain, AuditEntry, AuditHead, Subject};
use nexus::domain::{Role, SessionId, Timestamp, UserId};
use nexus::services::{Actor, Ctx, Error, Origin, Shop};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

/// Entries of the log that the tests tamper with; the last five have something in every column.
const ENTRIES: i64 = 8;

const NO_TRIGGERS: &str = "drop trigger audit_never_changes; drop trigger audit_never_shrinks; \
     drop trigger audit_never_replaced; drop trigger audit_head_stays;";

fn write(shop: &Shop, n: i64) {
    let actor = Actor::User { id: UserId::new(7), role: Role::Staff, session: SessionId::new(1) };
    let now = Timestamp::from_millis(1_767_225_600_000 + n);
    let origin = Origin { client: "192.0.2.7".parse().ok(), request_id: Some(format!("request-{n}")), agent: None };
    let ctx = Ctx { actor, now, origin };
    let entry = ctx.entry("product.update", Subject::of("product", n), &json!({ "revision": n }));
    shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.audit(&entry)?)).unwrap();
}

static TEMPLATE: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::with_staff();
    let shop = place.open();
    let there = i64::try_from(shop.audit_count(&Ctx::owner()).unwrap()).unwrap();
    (there..ENTRIES).for_each(|n| write(&shop, n));
    shop.close();
    place
});

/// A copy of the log, changed by these hands.
fn changed(by: impl FnOnce(&Connection)) -> Place {
    let place = Place::empty();
    copy_folder(&TEMPLATE.data(), &place.data());
    let connection = Connection::open(place.data().join("nexus.db")).unwrap();
    connection.execute_batch(NO_TRIGGERS).unwrap();
    by(&connection);
    place
}

fn edited(sql: &str) -> Place {
    changed(|connection| connection.execute_batch(sql).unwrap_or_else(|e| panic!("{e}: {sql}")))
}

/// What `nexus audit verify` finds: the number of the first broken entry and what is wrong with it.
#[track_caller]
fn finds(place: &Place, entry: i64, fault: &str) {
    let said = run(nexus(&place.data()).args(["audit", "verify", "--json"]));
    assert_eq!(said.code, Some(3), "{said:?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((report["ok"].as_bool(), report["entry"].as_i64()), (Some(false), Some(entry)), "{report}");
    assert_eq!(report["fault"], fault, "{report}");
    assert!(said.err.contains(&entry.to_string()), "{said:?}");
}

fn head_of(place: &Place) -> String {
    let said = run(nexus(&place.data()).args(["audit", "verify", "--json"])).fine();
    serde_json::from_str::<Value>(&said).unwrap()["head"].as_str().unwrap().to_owned()
}

#[test]
fn untouched_log_is_fine_and_says_what_to_note() {
    let place = changed(|_| {});
    let out = run(nexus(&place.data()).args(["audit", "verify"])).fine();
    assert!(out.starts_with("8 entries") && out.contains(&head_of(&place)), "{out}");
    let known = head_of(&place);
    run(nexus(&place.data()).args(["audit", "verify", "--head", &known])).fine();
    run(nexus(&place.data()).args(["audit", "verify", "--head", &"0".repeat(64)])).fine();
    let other = run(nexus(&place.data()).args(["audit", "verify", "--head", &"ab".repeat(32)]));
    assert!(other.code == Some(3) && other.err.contains("noted"), "{other:?}");
    assert_eq!(run(nexus(&place.data()).args(["audit", "verify", "--head", "abc"])).code, Some(2));
}

#[test]
fn plain_update_delete_and_replace_are_refused() {
    let place = Place::empty();
    copy_folder(&TEMPLATE.data(), &place.data());
    let connection = Connection::open(place.data().join("nexus.db")).unwrap();
    for sql in [
        "update audit set detail = '{}' where id = 3",
        "update audit set id = 99 where id = 3",
        "delete from audit where id = 8",
        "delete from audit",
        "insert or replace into audit select * from (select id, at, actor_kind, actor_id, actor_role, action, subject_kind, \
         subject_id, '{}', client, request_id, previous, hash from audit where id = 3)",
        "delete from audit_head",
    ] {
        let refused = connection.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("audit") || refused.contains("generated"), "{sql}: {refused}");
    }
    let replace = "insert or replace into audit (id, at, actor_kind, action, previous, hash) \
                   values (3, 1, 'owner', 'a.b', zeroblob(32), zeroblob(32))";
    assert!(connection.execute(replace, []).unwrap_err().to_string().contains("never replaced"));
    drop(connection);
    run(nexus(&place.data()).args(["audit", "verify"])).fine();
}

#[test]
fn edited_column_is_found_each() {
    for change in [
        "at = at + 1",
        "actor_kind = 'owner'",
        "actor_id = 8",
        "actor_id = null",
        "actor_role = 'admin'",
        "actor_role = null",
        "action = 'product.create'",
        "subject_kind = 'category'",
        "subject_kind = null",
        "subject_id = '6'",
        "subject_id = null",
        "detail = '{\"revision\":6}'",
        "detail = '{ \"revision\":5}'",
        "client = '192.0.2.8'",
        "client = null",
        "request_id = 'request-6'",
        "request_id = null",
        "request_id = ''",
        "previous = zeroblob(32)",
        "hash = zeroblob(32)",
        "hash = (select hash from audit where id = 5)",
    ] {
        finds(&edited(&format!("update audit set {change} where id = 6")), 6, "edited");
    }
    finds(&edited("update audit set id = 99 where id = 6"), 6, "missing");
    // The first and the last are no exceptions.
    finds(&edited("update audit set detail = '{\"from\":0,\"to\":1}' where id = 1"), 1, "edited");
    finds(&edited("update audit set detail = '{}' where id = 8"), 8, "edited");
}

#[test]
fn removed_entries_are_found() {
    finds(&edited("delete from audit where id = 1"), 1, "missing");
    finds(&edited("delete from audit where id = 5"), 5, "missing");
    finds(&edited("delete from audit where id in (5, 6)"), 5, "missing");
    finds(&edited("delete from audit where id = 8"), 8, "cut_off");
    finds(&edited("delete from audit where id > 3"), 4, "cut_off");
    finds(&edited("delete from audit"), 1, "cut_off");
    // The gap closed by numbering the others anew.
    let closed = "delete from audit where id = 5; update audit set id = id - 1 where id > 5;";
    finds(&edited(closed), 5, "out_of_order");
}

#[test]
fn added_entries_are_found() {
    let copy = |id: i64, of: i64| {
        format!(
            "insert into audit (id, at, actor_kind, actor_id, actor_role, action, subject_kind, subject_id, detail, client, \
             request_id, previous, hash) select {id}, at, actor_kind, actor_id, actor_role, action, subject_kind, subject_id, \
             detail, client, request_id, previous, hash from audit where id = {of};"
        )
    };
    let room = "update audit set id = -id where id >= 5; update audit set id = 1 - id where id < 0;";
    // A genuine entry told twice, at the end and in the middle.
    finds(&edited(&copy(9, 7)), 9, "out_of_order");
    finds(&edited(&format!("{room} {}", copy(5, 8))), 5, "out_of_order");
    finds(&edited(&copy(0, 7)), 1, "out_of_order");
    // One that was made up.
    let made_up = format!("{} update audit set detail = '{{}}' where id = 5;", copy(5, 8));
    finds(&edited(&format!("{room} {made_up}")), 5, "edited");
    let follows = format!(
        "{} update audit set detail = '{{}}', previous = (select hash from audit where id = 8) where id = 9;",
        copy(9, 8)
    );
    finds(&edited(&follows), 9, "edited");
}

#[test]
fn swapped_entries_are_found() {
    let swap = "update audit set id = -5 where id = 5; update audit set id = 5 where id = 6; update audit set id = 6 where id = -5;";
    finds(&edited(swap), 5, "out_of_order");
    finds(
        &edited(
            "update audit set id = -8 where id = 8; update audit set id = 8 where id = 7; update audit set id = 7 where id = -8;",
        ),
        7,
        "out_of_order",
    );
}

#[test]
fn edited_head_is_found() {
    for change in ["count = 7", "count = 9", "hash = zeroblob(32)", "seal = zeroblob(32)"] {
        finds(&edited(&format!("update audit_head set {change}")), 8, "head_edited");
    }
    finds(&edited("delete from audit_head"), 8, "head_missing");
    // The tail cut off, and the head made to fit as well as can be without the key.
    let fitted = "delete from audit where id = 8; update audit_head set count = 7, hash = (select hash from audit where id = 7);";
    finds(&edited(fitted), 7, "head_edited");
    let emptied = "delete from audit; update audit_head set count = 0, hash = zeroblob(32);";
    finds(&edited(emptied), 0, "head_edited");
    finds(&edited("delete from audit; delete from audit_head;"), 0, "head_missing");
}

/// What is wrong stays wrong when the shop goes on writing.
#[test]
fn tampering_is_found_after_the_shop_has_written_on() {
    for (change, entry, fault) in [
        ("delete from audit where id = 8", 8, "missing"),
        // Numbers and hashes begin anew and fit; the head does not come back.
        ("delete from audit; delete from audit_head;", 2, "head_missing"),
        (
            "delete from audit where id > 5; update audit_head set count = 5, hash = (select hash from audit where id = 5);",
            7,
            "head_edited",
        ),
        ("delete from audit_head", 10, "head_missing"),
    ] {
        let place = edited(change);
        let shop = place.open();
        (20..22).for_each(|n| write(&shop, n));
        shop.close();
        drop(shop);
        finds(&place, entry, fault);
    }
}

/// Computes every hash anew, as somebody who knows how but has not the key.
fn rechained(place_hash: impl Fn(&[u8], &AuditEntry) -> [u8; 32], seal: impl Fn(&AuditHead) -> [u8; 32]) -> Place {
    let read = |row: &rusqlite::Row<'_>| {
        let text = |at| row.get::<_, Option<String>>(at);
        Ok(AuditEntry {
            at: Timestamp::from_millis(row.get(0)?),
            actor_kind: row.get::<_, String>(1)?.into(),
            actor_id: row.get(2)?,
            actor_role: text(3)?.map(Into::into),
            action: row.get::<_, String>(4)?.into(),
            subject_kind: text(5)?.map(Into::into),
            subject_id: text(6)?,
            detail: row.get(7)?,
            client: text(8)?,
            request_id: text(9)?,
        })
    };
    changed(|connection| {
        connection.execute("update audit set actor_id = 99 where id = 6", []).unwrap();
        let sql = "select at, actor_kind, actor_id, actor_role, action, subject_kind, subject_id, detail, client, request_id \
                   from audit where id = ?1";
        let mut previous: [u8; 32] =
            connection.query_row("select hash from audit where id = 5", [], |r| r.get(0)).unwrap();
        for id in 6..=ENTRIES {
            let entry = connection.query_row(sql, [id], read).unwrap();
            let hash = place_hash(&previous, &entry);
            let update = "update audit set previous = ?2, hash = ?3 where id = ?1";
            connection.execute(update, params![id, previous, hash]).unwrap();
            previous = hash;
        }
        let head = AuditHead { count: ENTRIES, hash: previous };
        connection.execute("update audit_head set hash = ?1, seal = ?2", params![previous, seal(&head)]).unwrap();
    })
}

#[test]
fn chain_made_anew_without_the_key_is_found() {
    let plain = |previous: &[u8], entry: &AuditEntry| {
        Sha256::new().chain_update(previous).chain_update(entry.detail.as_bytes()).finalize().into()
    };
    finds(&rechained(plain, |head| Sha256::digest(head.hash).into()), 6, "edited");
    let other = AuditChain::new(&[7; 32]);
    finds(&rechained(|previous, entry| other.link(previous, entry), |head| other.seal(head)), 6, "edited");
    // With the key it is another matter, which only a head noted elsewhere shows.
    let key = std::fs::read(TEMPLATE.data().join("secrets/audit.key")).unwrap().try_into().unwrap();
    let genuine = AuditChain::new(&key);
    let place = rechained(|previous, entry| genuine.link(previous, entry), |head| genuine.seal(head));
    run(nexus(&place.data()).args(["audit", "verify"])).fine();
    let noted = run(nexus(&place.data()).args(["audit", "verify", "--head", &head_of(&TEMPLATE)]));
    assert_eq!(noted.code, Some(3), "{noted:?}");
}

#[test]
fn log_of_another_key_is_found_and_the_shop_opens_all_the_same() {
    let place = changed(|_| {});
    std::fs::remove_file(place.data().join("secrets/audit.key")).unwrap();
    finds(&place, 1, "edited");
    finds(&place, 1, "edited");
}

#[test]
fn check_finds_a_changed_log_too() {
    let said = run(nexus(&edited("update audit set client = null where id = 6").data()).args(["check", "--json"]));
    assert_eq!(said.code, Some(3), "{said:?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(finding["check"], "audit log", "{report}");
    assert!(finding["problem"].as_str().unwrap().contains("entry 6"), "{report}");
}

#[test]
fn list_shows_what_is_asked_for() {
    let place = changed(|_| {});
    let list = |arguments: &[&str]| {
        let out = run(nexus(&place.data()).args(["audit", "list", "--json"]).args(arguments)).fine();
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let ids = |arguments: &[&str]| list(arguments).iter().map(|e| e["id"].as_i64().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(list(&[]).len(), 8);
    assert_eq!(ids(&["--actor", "owner"]), BTreeSet::from([2]));
    assert_eq!(ids(&["--action", "product."]).len(), 6);
    assert_eq!(list(&["--subject", "product:5"])[0]["detail"], json!({"revision": 5}));
    assert_eq!(ids(&["--client", "192.0.2.7", "--limit", "2"]).len(), 2);
    assert_eq!(ids(&["--until", "2026-01-02"]).len(), 6);
    assert_eq!(ids(&["--since", "2026-01-02"]).len(), 2);
    let text = run(nexus(&place.data()).args(["audit", "list", "--subject", "product:5"])).fine();
    assert!(text.contains("user:7") && text.contains("product.update") && text.lines().count() == 2, "{text}");
    for bad in [["--actor", "user"], ["--action", "product"], ["--since", "yesterday"], ["--client", "x"]] {
        assert_eq!(run(nexus(&place.data()).args(["audit", "list"]).args(bad)).code, Some(2), "{bad:?}");
    }
}

/// Killed while many write: whatever is there has its entry, and the chain is whole.
#[test]
fn kill_under_writes_leaves_a_chain_that_verifies() {
    let place = Place::with_staff();
    for round in 0..3 {
        let server = Server::start(&place);
        let (port, token) = (server.port, server.token());
        let made = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for client in 0..4 {
                let (token, made) = (&token, &made);
                scope.spawn(move || {
                    for n in 0.. {
                        match create(port, token, &format!("r{round}c{client}n{n}")) {
                            Ok(true) => drop(made.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
                            Ok(false) => {}
                            Err(_) => break,
                        }
                    }
                });
            }
            crate::binary::eventually("writes are under way", Duration::from_secs(30), || {
                made.load(std::sync::atomic::Ordering::Relaxed) >= 20 + round * 7
            });
            server.kill();
        });
        run(nexus(&place.data()).args(["audit", "verify"])).fine();
        let connection = Connection::open(place.data().join("nexus.db")).unwrap();
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let products = count("select count(*) from product");
        assert_eq!(products, count("select count(*) from audit where action = 'product.create'"));
        assert!(products >= 20 * (round as i64 + 1), "{products}");
        let unmatched = "select count(*) from product p where not exists (select 1 from audit a where \
                         a.subject_kind = 'product' and a.subject_id = p.id and a.client = '127.0.0.1' and length(a.request_id) >= 8)";
        assert_eq!(count(unmatched), 0);
    }
}
