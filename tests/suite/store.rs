//! The store under stress, from outside: group commit, failing and panicking writes, a full disk, deadlines,
//! and databases it must not open.
//!
//! A full disk is made with `pragma max_page_count` on the writing connection: the engine then reports exactly
//! what it reports when the file system has no room. `binary/disk.rs` does the same with a real full disk.

use nexus::config::Config;
use nexus::services::{CheckDepth, Ctx, Error, Shop};
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

fn try_open(folder: &Path, read_deadline: Duration) -> Result<Shop, String> {
    let mut config = Config { workers: 1, ..Config::default() };
    folder.clone_into(&mut config.data.dir);
    config.store.readers = 4;
    config.store.read_deadline_ms = u64::try_from(read_deadline.as_millis()).unwrap();
    nexus::app::open(&config).map_err(|e| e.to_string())
}

fn open(folder: &Path) -> Shop {
    try_open(folder, Duration::from_secs(10)).unwrap()
}

fn put(shop: &Shop, name: &str, value: &str) -> Result<(), Error> {
    let (name, value) = (name.to_owned(), value.to_owned());
    shop.store().write_blocking(move |tx| Ok(tx.setting_put(&name, &value)?))
}

fn get(shop: &Shop, name: &str) -> Option<String> {
    shop.store().read(|tx| Ok::<_, Error>(tx.setting(name)?)).unwrap()
}

#[test]
fn store_answers_concurrent_writes_and_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    let start = Barrier::new(64);
    std::thread::scope(|scope| {
        for n in 0..64 {
            let (shop, start) = (&shop, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..4 {
                    put(shop, &format!("{n}/{round}"), &n.to_string()).unwrap();
                }
            });
        }
    });
    drop(shop);
    let shop = open(folder.path());
    for n in 0..64 {
        for round in 0..4 {
            assert_eq!(get(&shop, &format!("{n}/{round}")), Some(n.to_string()), "{n}/{round}");
        }
    }
}

#[test]
fn store_write_is_seen_by_a_read_after_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    for n in 0..50 {
        put(&shop, "counter", &n.to_string()).unwrap();
        assert_eq!(get(&shop, "counter"), Some(n.to_string()));
    }
}

/// Queues jobs behind a slow one, so that they share a batch, and gives their outcomes.
fn in_one_batch<F>(shop: &Shop, jobs: Vec<F>) -> Vec<Result<(), Error>>
where
    F: FnOnce(&dyn Fn(&str)) -> Result<(), Error> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let slow = shop.store().write(|_| {
        std::thread::sleep(Duration::from_millis(30));
        Ok::<_, Error>(())
    });
    let queued: Vec<_> = jobs
        .into_iter()
        .map(|job| {
            shop.store().write(move |tx| {
                let put = |name: &str| tx.setting_put(name, "there").map_err(Error::from).unwrap();
                job(&put)
            })
        })
        .collect();
    runtime.block_on(async {
        slow.await.unwrap();
        let mut outcomes = Vec::new();
        for answer in queued {
            outcomes.push(answer.await);
        }
        outcomes
    })
}

type Write = Box<dyn FnOnce(&dyn Fn(&str)) -> Result<(), Error> + Send>;

#[test]
fn store_failing_write_rolls_back_alone() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    let jobs: Vec<Write> = (0..20)
        .map(|n| -> Write {
            Box::new(move |put| {
                put(&format!("job {n}"));
                if n % 3 == 0 { Err(Error::Stale) } else { Ok(()) }
            })
        })
        .collect();
    let outcomes = in_one_batch(&shop, jobs);
    drop(shop);
    let shop = open(folder.path());
    for (n, outcome) in outcomes.iter().enumerate() {
        let failed = n % 3 == 0;
        assert_eq!(matches!(outcome, Err(Error::Stale)), failed, "{n}: {outcome:?}");
        assert_eq!(get(&shop, &format!("job {n}")).is_some(), !failed, "{n}");
    }
}

#[test]
fn store_panicking_write_fails_alone_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    let jobs: Vec<Write> = (0..6)
        .map(|n| -> Write {
            Box::new(move |put| {
                put(&format!("job {n}"));
                assert!(n % 2 == 0, "planted");
                Ok(())
            })
        })
        .collect();
    let outcomes = in_one_batch(&shop, jobs);
    for (n, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.is_ok(), n % 2 == 0, "{n}: {outcome:?}");
        assert_eq!(get(&shop, &format!("job {n}")).is_some(), n % 2 == 0, "{n}");
    }
    for n in 0..100 {
        put(&shop, "after", &n.to_string()).unwrap();
    }
    assert!(shop.unready().is_none());
}

#[test]
fn store_panicking_read_gives_its_connection_back() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    for _ in 0..20 {
        let read = || shop.store().read(|_| -> Result<(), Error> { panic!("planted") });
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).is_err());
    }
    assert_eq!(get(&shop, "currency").as_deref(), Some("EUR"));
}

#[test]
fn store_full_disk_refuses_writes_serves_reads_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    put(&shop, "before", "there").unwrap();
    let room = |pages: &'static str| {
        shop.store()
            .write_blocking(move |tx| Ok::<_, Error>(tx.execute_script(&format!("pragma max_page_count = {pages}"))?))
    };
    room("1").unwrap();
    let refused = put(&shop, "large", &"x".repeat(1 << 20));
    assert!(matches!(refused, Err(Error::DiskFull)), "{refused:?}");
    assert_eq!(get(&shop, "before").as_deref(), Some("there"));
    assert_eq!(get(&shop, "large"), None);
    // Space comes back; a shop that refuses everybody meanwhile looks for it every half second.
    let asked = Instant::now();
    while room("1000000").is_err() {
        assert!(asked.elapsed() < Duration::from_secs(10), "the writer does not recover");
        std::thread::sleep(Duration::from_millis(100));
    }
    put(&shop, "large", &"x".repeat(1 << 20)).unwrap();
    assert!(shop.check(&Ctx::owner(), CheckDepth::Full).unwrap().is_empty());
    assert!(shop.unready().is_none(), "{:?}", shop.unready());
}

#[test]
fn store_read_past_its_deadline_is_given_up_and_the_next_one_works() {
    let folder = tempfile::tempdir().unwrap();
    let shop = try_open(folder.path(), Duration::from_millis(100)).unwrap();
    let endless = "with recursive n (i) as (select 1 union all select i + 1 from n) select max(i) from n";
    for _ in 0..8 {
        let started = Instant::now();
        let outcome = shop.store().read(|tx| Ok::<_, Error>(tx.query_number(endless, [])?));
        assert!(matches!(outcome, Err(Error::Timeout)), "{outcome:?}");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    assert_eq!(get(&shop, "currency").as_deref(), Some("EUR"));
}

#[test]
fn store_write_past_its_deadline_is_given_up_alone() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    let endless = "with recursive n (i) as (select 1 union all select i + 1 from n) select max(i) from n";
    let outcome = shop.store().write_blocking(move |tx| {
        tx.setting_put("endless", "begun").map_err(Error::from)?;
        Ok::<_, Error>(tx.query_number(endless, [])?)
    });
    assert!(matches!(outcome, Err(Error::Timeout)), "{outcome:?}");
    put(&shop, "after", "there").unwrap();
    assert_eq!((get(&shop, "endless"), get(&shop, "after").as_deref()), (None, Some("there")));
}

#[test]
fn store_full_queue_refuses_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    let slow = shop.store().write(|_| {
        std::thread::sleep(Duration::from_millis(500));
        Ok::<_, Error>(())
    });
    let started = Instant::now();
    let queued: Vec<_> = (0..3_000).map(|_| shop.store().write(|_| Ok::<_, Error>(()))).collect();
    assert!(started.elapsed() < Duration::from_millis(500), "queueing waits: {:?}", started.elapsed());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(slow).unwrap();
    let (mut done, mut busy) = (0, 0);
    for answer in queued {
        match runtime.block_on(answer) {
            Ok(()) => done += 1,
            Err(Error::Busy) => busy += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(done >= 900 && busy >= 1_000, "{done} done, {busy} refused");
    put(&shop, "after", "there").unwrap();
}

#[test]
fn store_of_a_newer_schema_is_refused_naming_both() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    let known = shop.migrated().to;
    let newer = "insert into refinery_schema_history (version, name, applied_on, checksum) \
                 values (9999, 'later', '2030-01-01T00:00:00Z', '1')";
    shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute(newer, [])?)).unwrap();
    drop(shop);
    let refused = try_open(folder.path(), Duration::from_secs(1)).err().unwrap();
    assert!(refused.contains("9999") && refused.contains(&known.to_string()) && refused.contains("newer"), "{refused}");
}

#[test]
fn store_of_a_lost_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    std::fs::remove_file(folder.path().join("nexus.db")).unwrap();
    let refused = try_open(folder.path(), Duration::from_secs(1)).err().unwrap();
    assert!(refused.contains("nexus.db") && refused.contains("missing"), "{refused}");
    assert!(!folder.path().join("nexus.db").exists());
}

#[test]
fn store_closed_in_order_leaves_an_empty_log() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(folder.path());
    put(&shop, "before", "there").unwrap();
    shop.close();
    let refused = put(&shop, "late", "x");
    assert!(refused.is_err(), "a closed shop takes writes");
    drop(shop);
    let log = std::fs::metadata(folder.path().join("nexus.db-wal")).map_or(0, |meta| meta.len());
    assert_eq!(log, 0);
    assert!(!open(folder.path()).was_interrupted());
}
