//! Putting a backup in the place of the shop: the whole of it or nothing.

use super::{backup, put, shop_with, text};
use crate::binary::{
    PASSWORD, Place, Said, Server, check_is_fine, contents, copy_folder, create, nexus, run, run_with,
};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn restore(place: &Place, file: &Path) -> Said {
    run(nexus(&place.data()).arg("restore").arg(file))
}

fn names(place: &Place) -> Vec<String> {
    super::products(&place.data().join("nexus.db"))
}

/// A shop that has changed in every part since its backup was made.
fn changed() -> (Place, std::path::PathBuf) {
    let place = shop_with(2);
    let file = backup(&place, "shop.tar.gz");
    let server = Server::start(&place);
    assert!(create(server.port, &server.token(), "after").unwrap());
    // What was written last stands in the log only.
    server.kill();
    put(&place, "media/2026/mug.webp", "another picture");
    put(&place, "media/new.webp", "a new picture");
    std::fs::remove_dir_all(place.data().join("templates")).unwrap();
    (place, file)
}

#[test]
fn restored_shop_is_the_one_of_the_backup_and_undo_brings_the_other_back() {
    let (place, file) = changed();
    let key = std::fs::read(place.data().join("secrets/audit.key")).unwrap();
    let said = restore(&place, &file).fine();
    assert!(said.contains("before-restore"), "{said}");
    check_is_fine(&place.data());
    assert_eq!(names(&place), ["before0", "before1"]);
    assert_eq!(text(&place, "media/2026/mug.webp").as_deref(), Some("a picture"));
    assert_eq!((text(&place, "media/new.webp"), text(&place, "configuration.toml")), (None, None));
    assert_eq!(text(&place, "templates/mail/welcome.txt").as_deref(), Some("Welcome"));
    assert_eq!(std::fs::read(place.data().join("secrets/audit.key")).unwrap(), key);
    let server = Server::start(&place);
    assert!(create(server.port, &server.token(), "later").unwrap());
    server.stop();
    run(nexus(&place.data()).args(["restore", "--undo"])).fine();
    check_is_fine(&place.data());
    assert_eq!(names(&place), ["before0", "before1", "after"]);
    assert_eq!(text(&place, "media/new.webp").as_deref(), Some("a new picture"));
    assert_eq!(text(&place, "templates/mail/welcome.txt"), None);
    run(nexus(&place.data()).args(["restore", "--undo"])).fine();
    assert_eq!(names(&place), ["before0", "before1", "later"]);
}

#[test]
fn restore_on_another_machine_has_everything_and_with_the_passphrase_the_keys_too() {
    let place = shop_with(2);
    let file = place.beside("shop.tar.gz");
    let mut make = nexus(&place.data());
    make.arg("backup").arg(&file).args(["--with-secrets", "--passphrase-stdin"]);
    assert_eq!(run_with(&mut make, PASSWORD).code, Some(0));
    let elsewhere = Place::empty();
    let mut command = nexus(&elsewhere.data());
    command.arg("restore").arg(&file).args(["--with-secrets", "--passphrase-stdin"]);
    assert_eq!(run_with(&mut command, PASSWORD).code, Some(0));
    for key in ["audit.key", "token.key"] {
        let read = |place: &Place| std::fs::read(place.data().join("secrets").join(key)).unwrap();
        assert_eq!(read(&place), read(&elsewhere), "{key}");
    }
    check_is_fine(&elsewhere.data());
    let server = Server::start(&elsewhere);
    assert_eq!(server.product_names(), ["before0", "before1"]);
    server.token();
    server.stop();
    let without = Place::empty();
    let said = restore(&without, &file).fine();
    assert!(said.contains("everybody signs in again"), "{said}");
    let server = Server::start(&without);
    server.token();
    server.stop();
}

#[test]
fn restore_of_a_lost_database_works_where_starting_does_not() {
    let place = shop_with(2);
    let file = backup(&place, "shop.tar.gz");
    std::fs::remove_file(place.data().join("nexus.db")).unwrap();
    run(nexus(&place.data()).arg("check")).refuses(&["missing", "restore"]);
    restore(&place, &file).fine();
    check_is_fine(&place.data());
    assert_eq!(names(&place), ["before0", "before1"]);
}

#[test]
fn restore_refuses_beside_a_running_server_and_whatever_is_no_sound_backup_and_changes_nothing() {
    let place = shop_with(1);
    let file = backup(&place, "shop.tar.gz");
    let server = Server::start(&place);
    restore(&place, &file).refuses(&["in use by process", "stop it first"]);
    server.stop();
    let sound = std::fs::read(&file).unwrap();
    let mut changed = sound.clone();
    changed[sound.len() / 2] ^= 1;
    let bad = [&sound[..sound.len() / 2], &changed[..], b"", b"something else"];
    let before = contents(&place.data());
    for (n, bytes) in bad.iter().enumerate() {
        let path = place.beside("bad.tar.gz");
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(restore(&place, &path).code, Some(3), "{n}");
        run(nexus(&place.data()).args(["backup", "list"])).fine();
        let now: Vec<_> = contents(&place.data()).into_iter().filter(|(path, ..)| !in_staging(path)).collect();
        assert_eq!(now, before, "{n}");
    }
    restore(&place, &place.beside("missing.tar.gz")).refuses(&["missing.tar.gz"]);
    check_is_fine(&place.data());
    assert!(!place.data().join("incoming").exists(), "starting clears up");
}

fn in_staging(path: &Path) -> bool {
    path.components().any(|step| step.as_os_str() == "incoming")
}

/// Dies at each place where it could: the next start finds the old shop or the new one, whole.
#[test]
fn restore_killed_at_any_point_leaves_the_old_shop_or_the_new_one() {
    let (place, file) = changed();
    let (next, came) = (AtomicUsize::new(1), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(is_new) = killed_at(next.fetch_add(1, Ordering::Relaxed), &place, &file) {
                    came.lock().unwrap().push(is_new);
                }
            });
        }
    });
    let came = came.into_inner().unwrap();
    let new = came.iter().filter(|is_new| **is_new).count();
    assert!(new >= 10 && came.len() > new, "{new} of {} are the new shop", came.len());
}

/// Whether it is the new shop that is there after a restore that died at a place; none when it passes fewer places.
fn killed_at(at: usize, place: &Place, file: &Path) -> Option<bool> {
    let (old, new) = (["before0", "before1", "after"].map(str::to_owned), ["before0", "before1"].map(str::to_owned));
    let copy = Place::empty();
    copy_folder(&place.data(), &copy.data());
    let said = run(nexus(&copy.data()).arg("restore").arg(file).env("FAIL_RESTORE_AT", at.to_string()));
    if said.code == Some(0) {
        return None;
    }
    assert_eq!(said.code, None, "it dies at {at}: {said:?}");
    // Beside the half-done exchange nobody makes a backup of half of each.
    if copy.data().join("restore.json").exists() {
        run(nexus(&copy.data()).arg("backup").arg(copy.beside("x"))).refuses(&["being replaced"]);
    }
    check_is_fine(&copy.data());
    let (found, picture) = (names(&copy), text(&copy, "media/2026/mug.webp").unwrap());
    let (extra, template) = (text(&copy, "media/new.webp"), text(&copy, "templates/mail/welcome.txt"));
    let rest = (&*picture, extra.is_some(), template.is_some());
    let is_new = found != old;
    if is_new {
        assert_eq!((&found[..], rest), (&new[..], ("a picture", false, true)), "at {at}");
        run(nexus(&copy.data()).args(["restore", "--undo"])).fine();
        check_is_fine(&copy.data());
        assert_eq!(names(&copy), old, "the old one was kept, at {at}");
    } else {
        assert_eq!(rest, ("another picture", true, false), "at {at}");
    }
    for left in ["restore.json", "incoming"] {
        assert!(!copy.data().join(left).exists(), "{left} at {at}");
    }
    Some(is_new)
}
