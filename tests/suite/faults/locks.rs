//! Others who use the same file at the same time: readers, a copy being made, the log being folded in by a tool.

use super::times;
use crate::binary::{Place, Server, check_is_fine, create, get, request};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const WRITERS: usize = 64;
const READERS: usize = 64;

/// What ninety-nine writes of a hundred may take. All of it runs on the cores of this machine.
const SLOWEST: Duration =
    if cfg!(debug_assertions) { Duration::from_millis(2_500) } else { Duration::from_millis(500) };

fn connect(database: &Path, flags: OpenFlags) -> Connection {
    let connection = Connection::open_with_flags(database, flags).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

/// Names of products in a copy, which must be sound.
fn names_in(copy: &Path) -> BTreeSet<String> {
    let copy = connect(copy, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let sound: String = copy.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let orphans: i64 = copy.query_row("select count(*) from pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
    assert_eq!(orphans, 0);
    let mut names = copy.prepare("select name from product").unwrap();
    names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Makes copies until told to stop; each must hold what was acknowledged before it began.
fn keep_copying(place: &Place, known: &Mutex<BTreeSet<String>>, done: &AtomicBool) -> usize {
    let database = place.data().join("nexus.db");
    for n in 0.. {
        if done.load(Ordering::Relaxed) {
            return n;
        }
        let (before, copy) = (known.lock().unwrap().clone(), place.beside(&format!("copy-{n}.db")));
        let from = connect(&database, OpenFlags::SQLITE_OPEN_READ_ONLY);
        from.execute("vacuum into ?1", [copy.to_str().unwrap()]).unwrap();
        let names = names_in(&copy);
        assert!(before.is_subset(&names), "copy {n} lacks {:?}", before.difference(&names).collect::<Vec<_>>());
        std::fs::remove_file(copy).unwrap();
    }
    unreachable!()
}

/// Folds the log in, in every way the engine knows, until told to stop. Whether it got the lock is its own affair.
fn keep_folding_in(database: &Path, done: &AtomicBool) {
    let connection = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE);
    connection.busy_timeout(Duration::from_millis(50)).unwrap();
    while !done.load(Ordering::Relaxed) {
        for how in ["passive", "full", "restart", "truncate"] {
            let _ = connection.query_row(&format!("pragma wal_checkpoint({how})"), [], |_| Ok(()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn writers_readers_copies_and_checkpoints_at_once_meet_no_lock() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let (port, token) = (server.port, server.token());
    for n in 0..50 {
        assert!(create(port, &token, &format!("p{n}")).unwrap());
    }
    let known = Mutex::new((0..50).map(|n| format!("p{n}")).collect::<BTreeSet<_>>());
    let (took, reads, done) = (Mutex::new(Vec::new()), AtomicUsize::new(0), AtomicBool::new(false));
    let length = Duration::from_secs(u64::try_from(times(3, 300)).unwrap());
    let copies = std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (token, known, took, done) = (&token, &known, &took, &done);
            scope.spawn(move || {
                for n in 0.. {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    let began = Instant::now();
                    if writer % 8 == 0 {
                        let name = format!("w{writer}n{n}");
                        assert!(create(port, token, &name).unwrap(), "{name} is refused");
                        known.lock().unwrap().insert(name);
                    } else {
                        let cart = request(port, "POST", "/api/v1/carts", None, None).unwrap();
                        assert_eq!(cart.status, 201, "{cart:?}");
                    }
                    took.lock().unwrap().push(began.elapsed());
                }
            });
        }
        for reader in 0..READERS {
            let (reads, done) = (&reads, &done);
            scope.spawn(move || {
                let paths =
                    ["/api/v1/products?ordering=name&page_size=20", "/api/v1/products?search=p", "/api/v1/categories"];
                while !done.load(Ordering::Relaxed) {
                    let reply = get(port, paths[reader % paths.len()]).unwrap();
                    assert_eq!(reply.status, 200, "{reply:?}");
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let (database, done) = (place.data().join("nexus.db"), &done);
        scope.spawn(move || keep_folding_in(&database, done));
        let (place, known) = (&place, &known);
        let copying = scope.spawn(move || keep_copying(place, known, done));
        std::thread::sleep(length);
        done.store(true, Ordering::Relaxed);
        copying.join().unwrap()
    });
    let mut took = took.into_inner().unwrap();
    took.sort_unstable();
    let (middle, slowest) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    println!("{} writes: p50 {middle:?}, p99 {slowest:?}; {reads:?} reads, {copies} copies", took.len());
    assert!(copies > 0 && took.len() > WRITERS, "{copies} copies, {} writes", took.len());
    assert!(slowest < SLOWEST, "p99 of writes is {slowest:?}");
    let log = server.log();
    assert!(!log.contains("locked") && !log.contains("busy"), "{log}");
    server.stop();
    check_is_fine(&place.data());
}

/// A tool that holds the lock for writing for a moment.
#[test]
fn lock_held_by_a_tool_for_a_moment_makes_writes_wait_and_reads_not() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let (port, token) = (server.port, server.token());
    let tool = connect(&place.data().join("nexus.db"), OpenFlags::SQLITE_OPEN_READ_WRITE);
    tool.execute_batch("begin immediate").unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| create(port, &token, "waits").unwrap());
        for _ in 0..20 {
            assert_eq!(get(port, "/api/v1/products").unwrap().status, 200, "reads wait for nobody");
        }
        assert!(!writing.is_finished(), "nobody can have written");
        tool.execute_batch("rollback").unwrap();
        assert!(writing.join().unwrap(), "a short wait is no refusal");
    });
    assert_eq!(server.product_names(), ["waits"]);
    server.stop();
    check_is_fine(&place.data());
}
