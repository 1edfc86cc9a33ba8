//! Reading the log: who may, filters, paging, and how the engine finds the entries.

use super::entries;
use crate::support::{Requests, TestShop, category, encode};
use nexus::domain::audit::{ActionPick, ActorPick, AuditFilter, AuditPosition, Subject};
use nexus::domain::{ApiKeyId, AuditId, Direction, Rights, Role, SessionId, Timestamp, UserId};
use nexus::services::{Actor, Ctx, Error, Origin};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const YEAR: i64 = 1_767_225_600_000;

/// How many entries a new shop of these tests has.
fn template() -> usize {
    entries(&TestShop::new()).len()
}

/// Five actors in turn do things to three kinds of subjects from two addresses, a minute apart; every tenth entry is
/// of the same moment as the one before it.
fn filled(count: i64) -> TestShop {
    let shop = TestShop::new();
    for n in 0..count {
        let user = |id, role| Actor::User { id: UserId::new(id), role, session: SessionId::new(1) };
        let actor = match n % 5 {
            0 => user(7, Role::Staff),
            1 => user(8, Role::Admin),
            2 => Actor::ApiKey { id: ApiKeyId::new(7), rights: Rights::default() },
            3 => Actor::Owner,
            _ => Actor::Shop,
        };
        let action =
            ["product.update", "product.create", "productive.work", "category.update"][usize::try_from(n % 4).unwrap()];
        let subject = match n % 3 {
            0 => Some(Subject::of("product", n % 7)),
            1 => Some(Subject::of("category", n % 7)),
            _ => None,
        };
        let client = if n % 2 == 0 { Some("192.0.2.7".parse().unwrap()) } else { None };
        let minute = if n % 10 == 9 { n - 1 } else { n };
        let ctx = Ctx { actor, now: Timestamp::from_millis(YEAR + minute * 60_000), origin: Origin::default() };
        let entry = ctx.from(Origin { client, ..Origin::default() }).entry(action, subject, &json!({ "n": n }));
        shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.audit(&entry)?)).unwrap();
    }
    shop
}

/// Every entry of a filtered list, by its number, following `next`; and the same backwards, following `previous`.
fn walk(shop: &TestShop, filter: &str, size: usize) -> Vec<Value> {
    let first = format!("/api/v1/admin/audit?page_size={size}&{filter}");
    let (mut found, mut pages, mut at) = (Vec::new(), Vec::new(), first.clone());
    let last = loop {
        let page = shop.admin().get(&at).ok(200);
        pages.push(page["results"].clone());
        found.extend(page["results"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => at = next.to_owned(),
            None => break page,
        }
        assert!(pages.len() < 1_000, "the list never ends");
    };
    let mut page = last;
    for expected in pages.iter().rev().skip(1) {
        page = shop.admin().get(page["previous"].as_str().expect("a page before")).ok(200);
        assert_eq!(&page["results"], expected, "{filter} going back");
    }
    assert!(page["previous"].is_null(), "{filter}: something stands before the first page");
    found
}

#[test]
fn audit_is_for_admins_and_never_kept() {
    let shop = filled(1);
    let path = "/api/v1/admin/audit";
    shop.anonymous().get(path).problem(401, "unauthenticated");
    shop.customer().get(path).problem(403, "forbidden");
    shop.staff().get(path).problem(403, "forbidden");
    let answer = shop.admin().get(path);
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let results = answer.json()["results"].clone();
    assert!(results.to_string().contains("product.update"), "{results}");
}

#[test]
fn filters_give_what_they_name_and_combine() {
    let shop = filled(120);
    let all = entries(&shop);
    assert_eq!(all.len(), template() + 120);
    let time = |minute: i64| Timestamp::from_millis(YEAR + minute * 60_000);
    let (since, until) = (time(30), time(58));
    let between = format!("since={}&until={}", encode(&since.to_rfc3339()), encode(&until.to_rfc3339()));
    let actor = |e: &Value, kind: &str, id: Value| e["actor"]["kind"] == kind && e["actor"]["id"] == id;
    let at = |e: &Value| Timestamp::parse(e["at"].as_str().unwrap()).unwrap();
    type Holds<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let cases: Vec<(&str, Holds<'_>)> = vec![
        ("actor=user:7", Box::new(|e| actor(e, "user", json!(7)))),
        ("actor=api_key:7", Box::new(|e| actor(e, "api_key", json!(7)))),
        ("actor=owner", Box::new(|e| actor(e, "owner", Value::Null))),
        ("action=product.update", Box::new(|e| e["action"] == "product.update")),
        ("action=product.", Box::new(|e| e["action"].as_str().unwrap().starts_with("product."))),
        ("subject=product:3", Box::new(|e| e["subject"] == json!({"kind": "product", "id": "3"}))),
        (
            "client=192.0.2.7&action=productive.",
            Box::new(|e| e["client"] == "192.0.2.7" && e["action"] == "productive.work"),
        ),
        ("client=192.0.2.7", Box::new(|e| e["client"] == "192.0.2.7")),
        (&between, Box::new(|e| at(e) >= since && at(e) < until)),
        (
            "actor=user:7&action=product.&subject=product:0&client=192.0.2.7&since=2026-01-01&until=2026-01-02",
            Box::new(|e| {
                actor(e, "user", json!(7))
                    && e["action"].as_str().unwrap().starts_with("product.")
                    && e["subject"] == json!({"kind": "product", "id": "0"})
                    && e["client"] == "192.0.2.7"
            }),
        ),
        ("actor=user:99", Box::new(|_| false)),
    ];
    for (filter, holds) in cases {
        let mut expected: Vec<Value> = all.iter().filter(|e| holds(e)).cloned().collect();
        expected.sort_by_key(|e| std::cmp::Reverse((at(e), e["id"].as_i64())));
        assert!(filter.contains("99") || !expected.is_empty(), "{filter} has nothing to find");
        for size in [3, 100] {
            assert_eq!(walk(&shop, filter, size), expected, "{filter} by {size}");
        }
    }
}

#[test]
fn pages_meet_every_entry_once_while_new_ones_come() {
    let shop = filled(30);
    let (mut seen, mut at) = (Vec::new(), "/api/v1/admin/audit?page_size=4".to_owned());
    for n in 0.. {
        let page = shop.admin().get(&at).ok(200);
        seen.extend(page["results"].as_array().unwrap().iter().map(|e| e["id"].as_i64().unwrap()));
        category(&format!("New {n}")).create(&shop);
        match page["next"].as_str() {
            Some(next) => at = next.to_owned(),
            None => break,
        }
    }
    let distinct: BTreeSet<_> = seen.iter().collect();
    let there = template() + 30;
    assert_eq!((seen.len(), distinct.len()), (there, there), "{seen:?}");
}

#[test]
fn what_cannot_be_asked_is_refused_naming_it() {
    let shop = filled(8);
    let get = |query: &str| shop.admin().get(&format!("/api/v1/admin/audit?{query}"));
    for (query, part) in [
        ("actr=owner", "actr"),
        ("actor=user", "actor"),
        ("actor=staff:1", "actor"),
        ("action=product", "action"),
        ("action=product.%25", "action"),
        ("subject=product", "subject"),
        ("client=somewhere", "client"),
        ("since=yesterday", "since"),
        ("until=1738314300", "until"),
        ("actor=owner&actor=shop", "actor"),
        ("ordering=at", "ordering"),
    ] {
        let problem = get(query).problem(400, "bad-request");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{query}: {problem}");
    }
    get("page_size=0").names_field("page_size", "out_of_range");
    get("page_size=101").names_field("page_size", "out_of_range");
    let next = get("page_size=2").ok(200)["next"].as_str().unwrap().to_owned();
    let cursor = next.split("cursor=").nth(1).unwrap();
    get(&format!("cursor={cursor}&action=product.")).problem(400, "bad-cursor");
    get("cursor=abc").problem(400, "bad-cursor");
    assert_eq!(get(&format!("cursor={cursor}&page_size=5")).status, 200);
}

/// Each filter alone and some together: an index is walked in order, never the table, and nothing is sorted.
#[test]
fn every_filter_walks_an_index_in_order() {
    let shop = filled(50);
    let none = AuditFilter::default;
    let actor = |text| ActorPick::parse(text);
    let action = |text| ActionPick::parse(text);
    let moment = |minute: i64| Some(Timestamp::from_millis(YEAR + minute * 60_000));
    let subject = Some(("product".to_owned(), "3".to_owned()));
    let client = Some("192.0.2.7".to_owned());
    let cases = [
        ("merge", none()),
        ("merge", AuditFilter { since: moment(3), until: moment(9), ..none() }),
        ("by_actor (actor_kind=? AND actor_id=?", AuditFilter { actor: actor("user:7"), ..none() }),
        ("by_actor (actor_kind=? AND actor_id=?", AuditFilter { actor: actor("owner"), ..none() }),
        ("by_action (action=?", AuditFilter { action: action("product.update"), ..none() }),
        ("merge", AuditFilter { action: action("product."), ..none() }),
        ("by_subject (subject_kind=? AND subject_id=?", AuditFilter { subject: subject.clone(), ..none() }),
        ("by_client (client=?", AuditFilter { client: client.clone(), ..none() }),
        (
            "by_actor (actor_kind=? AND actor_id=? AND at",
            AuditFilter { actor: actor("shop"), since: moment(3), ..none() },
        ),
        (
            "by_subject (subject_kind=? AND subject_id=? AND at",
            AuditFilter {
                actor: actor("shop"),
                action: action("product."),
                subject,
                client,
                until: moment(9),
                ..none()
            },
        ),
    ];
    let position = AuditPosition(Timestamp::from_millis(YEAR + 5 * 60_000), AuditId::new(5));
    for (index, filter) in cases {
        for from in [None, Some((position, Direction::Next)), Some((position, Direction::Previous))] {
            let plan = shop.shop.store().read(|tx| Ok::<_, Error>(tx.audit_plan(&filter, from)?)).unwrap();
            let walks: Vec<&String> = plan.iter().filter(|line| line.contains("audit")).collect();
            let index = if index == "merge" { "by_action (action=?" } else { index };
            assert!(!walks.is_empty() && plan.iter().all(|line| !line.contains("TEMP B-TREE")), "{filter:?}: {plan:?}");
            for walk in walks {
                assert!(walk.starts_with("SEARCH"), "{filter:?} {from:?}: {plan:?}");
                assert!(walk.contains(&format!("USING INDEX audit_{index}")), "{filter:?} {from:?}: {plan:?}");
                let bounded = from.is_none() || walk.contains(" AND (at,rowid)") || walk.contains(" AND at");
                assert!(bounded, "{filter:?} {from:?} does not start at the cursor: {plan:?}");
            }
        }
    }
}

#[test]
fn entry_of_the_first_start_tells_of_the_schema() {
    let shop = TestShop::new();
    let first = &entries(&shop)[0];
    assert_eq!((&first["id"], &first["action"]), (&json!(1), &json!("database.migrate")));
    assert_eq!((&first["actor"]["kind"], &first["detail"]["from"]), (&json!("shop"), &json!(0)));
}
