//! What the shop does about backups by itself.

use crate::binary::eventually;
use crate::seeing::Numbers;
use crate::support::{TestShop, wait};
use nexus::domain::Timestamp;
use nexus::domain::backup::{BackupKind, BackupName};
use nexus::services::Ctx;
use nexus::services::backup::{BackupEntry, BackupState};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

fn at(text: &str) -> Ctx {
    Ctx { now: Timestamp::parse(text).unwrap(), ..Ctx::shop() }
}

/// Lets the shop look after its backups, and waits until it is done.
fn tend(shop: &TestShop, ctx: &Ctx) -> Vec<BackupEntry> {
    wait(shop.shop.backup_tend(ctx)).unwrap();
    let list = || shop.shop.backup_list(ctx).unwrap();
    eventually("nothing is being made", Duration::from_secs(30), || {
        list().iter().all(|entry| entry.state != BackupState::Running)
    });
    list()
}

fn names(entries: &[BackupEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.name.as_str()).collect()
}

#[test]
fn shop_makes_a_backup_a_day_and_removes_what_is_kept_no_longer() {
    let shop = TestShop::with(|config| (config.backup.keep_daily, config.backup.keep_weekly) = (2, 1));
    let folder = shop.shop.folder().backups();
    let first = tend(&shop, &at("2026-03-02T03:00:00Z"));
    assert_eq!(names(&first), ["nexus-auto-20260302-030000-000.tar.gz"]);
    assert_eq!((&first[0].state, first[0].name.kind()), (&BackupState::Done, BackupKind::Automatic));
    assert_eq!(tend(&shop, &at("2026-03-03T02:00:00Z")), first, "not before its time");
    let by_hand = BackupName::new(BackupKind::Manual, Timestamp::parse("2020-01-01").unwrap());
    std::fs::write(folder.join(by_hand.as_str()), b"kept").unwrap();
    std::fs::write(folder.join("nexus-auto-20260302-030000-000.tar.gz.uploaded"), b"").unwrap();
    let old = folder.join("before-restore-1000");
    std::fs::create_dir(&old).unwrap();
    // Of the copies from before migrations the newest three are kept, however old.
    let copy = |stamp: u32| format!("before-migration-from-1-{stamp}.db");
    for stamp in 1..=5 {
        std::fs::write(folder.join(copy(stamp)), b"a copy").unwrap();
    }
    for day in ["2026-03-03", "2026-03-04", "2026-03-05"] {
        tend(&shop, &at(&format!("{day}T03:00:00Z")));
    }
    let left = tend(&shop, &at("2026-03-05T04:00:00Z"));
    let auto = |day: &str| format!("nexus-auto-202603{day}-030000-000.tar.gz");
    assert_eq!(names(&left), [&auto("05"), &auto("04"), by_hand.as_str()]);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    files.sort();
    let copies: Vec<_> = files.extract_if(.., |name| name.to_string_lossy().starts_with("before-")).collect();
    assert_eq!(copies, [copy(3), copy(4), copy(5)].map(std::ffi::OsString::from));
    assert_eq!(files.len(), 3, "{files:?}");
    let newest = left.iter().map(|entry| entry.name.made_at()).max().unwrap();
    assert_eq!(newest.to_rfc3339(), "2026-03-05T03:00:00.000Z");
    // A clock that was set back holds nothing up.
    assert_eq!(tend(&shop, &at("2026-01-01T03:00:00Z")).len(), 4);
}

#[test]
fn shop_makes_none_when_it_is_told_so() {
    let shop = TestShop::with(|config| config.backup.every_hours = 0);
    assert_eq!(tend(&shop, &at("2026-03-02T03:00:00Z")), []);
}

#[test]
fn backup_that_fails_is_seen_until_there_is_one_again_also_after_a_restart() {
    let shop = TestShop::new();
    let now = Ctx::owner().now.millis();
    let ago = |hours: i64| Ctx { now: Timestamp::from_millis(now - hours * 3_600_000), ..Ctx::shop() };
    let trouble = |shop: &TestShop| shop.shop.vitals(&Ctx::owner()).unwrap().backup_trouble;
    let failures = |shop: &TestShop| Numbers::of(shop).get("nexus_backup_failures_total{stage=\"made\"}");
    assert_eq!((trouble(&shop), failures(&shop)), (None, 0.0));
    // Names of files are text in a backup.
    let unnamed = shop.path().join("media").join(OsStr::from_bytes(b"\xff.webp"));
    std::fs::write(&unnamed, "a picture").unwrap();
    let list = tend(&shop, &ago(3));
    assert!(matches!(&list[0].state, BackupState::Failed(why) if why.contains("is not UTF-8")), "{list:?}");
    eventually("it is noted", Duration::from_secs(10), || failures(&shop) == 1.0);
    let said = trouble(&shop).expect("trouble");
    assert!(said.contains("could not be made") && said.contains("is not UTF-8"), "{said}");
    // The schedule keeps why, too; it is tried again all the same.
    let failed = wait(shop.shop.backup_tend(&ago(2))).unwrap_err().to_string();
    assert!(failed.contains("is not UTF-8"), "{failed}");
    eventually("it has failed again", Duration::from_secs(30), || failures(&shop) == 2.0);
    let shop = shop.restarted();
    assert!(trouble(&shop).is_some_and(|said| said.contains("is not UTF-8")));
    std::fs::remove_file(unnamed).unwrap();
    assert!(matches!(tend(&shop, &ago(1))[..], [BackupEntry { state: BackupState::Done, .. }]));
    eventually("it is over", Duration::from_secs(10), || trouble(&shop).is_none());
    assert_eq!(trouble(&shop.restarted()), None);
}

#[test]
fn age_of_backups_counts_from_when_the_shop_was_made_while_there_is_to_be_one_and_is_none() {
    let age = |shop: &TestShop| {
        let numbers = Numbers::of(shop);
        numbers.has("nexus_backup_age_seconds").then(|| numbers.get("nexus_backup_age_seconds"))
    };
    let shop = TestShop::new();
    assert!(age(&shop).is_some_and(|age| age < 600.0));
    let marker = std::fs::File::options().write(true).open(shop.path().join("nexus.json")).unwrap();
    marker.set_modified(std::time::SystemTime::now() - Duration::from_secs(4 * 86_400)).unwrap();
    assert!(age(&shop).is_some_and(|age| age > 345_000.0));
    let said = shop.shop.vitals(&Ctx::owner()).unwrap().backup_trouble.expect("trouble");
    assert!(said.contains("every 24 hours") && said.contains("96 hours"), "{said}");
    let none = TestShop::with(|config| config.backup.every_hours = 0);
    assert_eq!(age(&none), None);
}
