//! What a backup holds, and that it holds it all whatever the shop is doing.

use super::{backup, manifest, products, put, shop_with, unpack};
use crate::binary::{PASSWORD, Place, Server, create, nexus, run, run_with};
use rusqlite::Connection;
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn backup_of_a_stopped_shop_holds_everything_but_its_keys() {
    let place = shop_with(3);
    let file = place.beside("shop.tar.gz");
    let said = run(nexus(&place.data()).env("NEXUS_SHOP_NAME", "Ann's").arg("backup").arg(&file)).fine();
    assert!(said.contains("shop.tar.gz") && said.contains("--with-secrets"), "{said}");
    #[cfg(unix)]
    assert_eq!(mode(&file), 0o600);
    let unpacked = unpack(&file);
    assert_eq!(products(&unpacked.path().join("nexus.db")), ["before0", "before1", "before2"]);
    assert_eq!(std::fs::read_to_string(unpacked.path().join("media/2026/mug.webp")).unwrap(), "a picture");
    assert_eq!(std::fs::read_to_string(unpacked.path().join("templates/mail/welcome.txt")).unwrap(), "Welcome");
    let settings = std::fs::read_to_string(unpacked.path().join("configuration.toml")).unwrap();
    assert!(settings.contains("name = \"Ann's\""), "{settings}");
    assert!(!unpacked.path().join("secrets").exists() && !unpacked.path().join("secrets.sealed").exists());
    let manifest = manifest(unpacked.path());
    assert_eq!(manifest["files"].as_array().unwrap().len(), 5, "{manifest}");
    assert_eq!((&manifest["secrets"], &manifest["findings"]), (&false.into(), &serde_json::json!([])));
    let again = run(nexus(&place.data()).arg("backup").arg(&file));
    again.refuses(&["is there already"]);
    let left: Vec<_> = std::fs::read_dir(place.beside("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".nexus-work")), "{left:?}");
}

#[test]
fn backups_are_listed_and_verified_and_one_that_was_changed_is_found() {
    let place = shop_with(2);
    run(nexus(&place.data()).arg("backup")).fine();
    let list = run(nexus(&place.data()).args(["backup", "list", "--json"])).fine();
    let entry: Value = serde_json::from_str(list.trim()).unwrap();
    assert_eq!((&entry["kind"], &entry["uploaded"]), (&"manual".into(), &false.into()));
    let file = place.data().join("backups").join(entry["name"].as_str().unwrap());
    let verify = |file: &std::path::Path| run(nexus(&place.data()).args(["backup", "verify", "--json"]).arg(file));
    let report: Value = serde_json::from_str(&verify(&file).fine()).unwrap();
    assert_eq!((&report["ok"], &report["files"]), (&true.into(), &5.into()), "{report}");
    let sound = std::fs::read(&file).unwrap();
    let bad = place.beside("bad.tar.gz");
    for at in [40, sound.len() / 4, sound.len() / 2, sound.len() - 600, sound.len() - 5] {
        let mut changed = sound.clone();
        // One bit may lead to the same bytes: in a run of zeros it matters little where they are copied from.
        changed[at..at + 4].iter_mut().for_each(|byte| *byte ^= 0xa5);
        std::fs::write(&bad, changed).unwrap();
        let said = verify(&bad);
        assert_eq!(said.code, Some(3), "byte {at}: {said:?}");
    }
    for length in [0, 10, sound.len() / 2, sound.len() - 1] {
        std::fs::write(&bad, &sound[..length]).unwrap();
        assert_eq!(verify(&bad).code, Some(3), "the first {length} bytes");
    }
}

#[test]
fn keys_go_along_only_when_asked_for_and_only_encrypted() {
    let place = shop_with(1);
    let file = place.beside("shop.tar.gz");
    let make = || {
        let mut command = nexus(&place.data());
        command.arg("backup").arg(&file).args(["--with-secrets", "--passphrase-stdin"]);
        command
    };
    run_with(&mut make(), "short").refuses(&["12 characters"]);
    assert_eq!(run_with(&mut make(), PASSWORD).code, Some(0));
    let unpacked = unpack(&file);
    let sealed = std::fs::read(unpacked.path().join("secrets.sealed")).unwrap();
    let key = std::fs::read(place.data().join("secrets/audit.key")).unwrap();
    assert!(!sealed.windows(8).any(|window| window == &key[..8]));
    let verify = |passphrase: &str| {
        let mut command = nexus(&place.data());
        command.args(["backup", "verify", "--with-secrets", "--passphrase-stdin"]).arg(&file);
        run_with(&mut command, passphrase)
    };
    assert_eq!(verify(PASSWORD).code, Some(0));
    verify("not the passphrase").refuses(&["passphrase"]);
}

#[test]
fn shop_that_breaks_a_rule_is_backed_up_and_that_is_said() {
    let place = shop_with(1);
    let database = Connection::open(place.data().join("nexus.db")).unwrap();
    database.execute_batch("update product set price = price + 1").unwrap();
    drop(database);
    let file = place.beside("shop.tar.gz");
    let said = run(nexus(&place.data()).arg("backup").arg(&file));
    assert!(said.code == Some(3) && said.out.contains("product sums"), "{said:?}");
    assert!(manifest(unpack(&file).path())["findings"][0].as_str().unwrap().contains("product sums"));
    let said = run(nexus(&place.data()).args(["backup", "verify"]).arg(&file));
    assert!(said.code == Some(3) && said.out.contains("product sums"), "{said:?}");
}

#[test]
fn damaged_database_gives_no_backup() {
    let place = shop_with(1);
    let database = Connection::open(place.data().join("nexus.db")).unwrap();
    database
        .execute_batch("pragma foreign_keys = off; update variant set product_id = 999 where position = 1")
        .unwrap();
    drop(database);
    let file = place.beside("shop.tar.gz");
    let said = run(nexus(&place.data()).arg("backup").arg(&file));
    assert!(said.code == Some(3) && said.err.contains("foreign keys"), "{said:?}");
    assert!(!file.exists());
}

#[test]
fn folder_without_a_shop_gives_no_backup_and_stays_as_it_was() {
    let place = Place::empty();
    std::fs::create_dir(place.data()).unwrap();
    run(nexus(&place.data()).arg("backup").arg(place.beside("x.tar.gz"))).refuses(&["no shop in it"]);
    assert_eq!(std::fs::read_dir(place.data()).unwrap().count(), 0);
}

#[test]
fn folder_of_backups_that_was_removed_is_made_again() {
    let place = shop_with(1);
    std::fs::remove_dir_all(place.data().join("backups")).unwrap();
    run(nexus(&place.data()).arg("backup")).fine();
    assert_eq!(std::fs::read_dir(place.data().join("backups")).unwrap().count(), 1);
    run(nexus(&place.data()).arg("backup").arg(place.beside("none/x.tar.gz"))).refuses(&["none"]);
}

/// A backup that is cut off leaves nothing that looks like one, and the next one clears up.
#[test]
fn backup_killed_on_the_way_leaves_no_backup_behind() {
    let place = shop_with(1);
    put(&place, "media/large.bin", &"x".repeat(30_000_000));
    let folder = place.beside("out");
    std::fs::create_dir(&folder).unwrap();
    let mut child = nexus(&place.data()).arg("backup").arg(folder.join("a.tar.gz")).spawn().unwrap();
    let begun = || std::fs::read_dir(&folder).unwrap().count() > 0;
    crate::binary::eventually("it has begun", std::time::Duration::from_secs(20), begun);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!folder.join("a.tar.gz").exists());
    run(nexus(&place.data()).arg("backup").arg(folder.join("b.tar.gz"))).fine();
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["b.tar.gz"]);
}

#[test]
fn backups_under_writes_hold_all_that_was_acknowledged_before_they_began() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let (port, token) = (server.port, server.token());
    let (acknowledged, stop) = (Mutex::new(Vec::<String>::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let name = format!("n{n:05}");
                assert!(create(port, &token, &name).unwrap());
                acknowledged.lock().unwrap().push(name);
            }
        });
        let known = || acknowledged.lock().unwrap().clone();
        for n in 0..5 {
            let before = known();
            let file = backup(&place, &format!("{n}.tar.gz"));
            let found = products(&unpack(&file).path().join("nexus.db"));
            assert!(found.len() >= before.len() && found.starts_with(&before), "backup {n} lacks something");
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(acknowledged.lock().unwrap().len() > 20, "hardly anything was written meanwhile");
    server.stop();
}
