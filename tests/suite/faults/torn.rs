//! The end of the write-ahead log torn off, flipped, wiped or grown over, as a power cut or a bad disk leaves it: the
//! shop opens with what was written up to there, whole.

use super::{Dice, times};
use crate::binary::checkouts::{Begun, check_out, fill_cart, sell_mugs};
use crate::binary::{Place, Server, copy_folder, create, eventually, open, process_id};
use nexus::services::{CheckDepth, Ctx, Error};
use rustix::process::{Signal, kill_process};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Before each frame of the log stands a header, and before all of them one of the log.
const LOG_HEADER: usize = 32;
const FRAME: usize = 24 + 4096;

/// A copy of a shop's files, taken between two instants of its life under load.
fn copied_under_load() -> Place {
    let (place, copy) = (Place::with_staff(), Place::empty());
    let server = Server::start(&place);
    sell_mugs(&server);
    let (port, token, enough) = (server.port, server.token(), AtomicBool::new(false));
    let log = place.data().join("nexus.db-wal");
    std::thread::scope(|scope| {
        for client in 0..3 {
            let (token, enough) = (&token, &enough);
            scope.spawn(move || {
                for n in 0.. {
                    if enough.load(Ordering::Relaxed) {
                        break;
                    }
                    create(port, token, &format!("c{client}n{n}")).unwrap();
                    let payment = json!({ "provider": "test", "outcome": "paid" });
                    check_out(port, &Begun { cart: fill_cart(port).unwrap(), payment, order: None }).unwrap();
                }
            });
        }
        // Well below what makes the engine fold the log in: of a log that was folded in, no part may be missing.
        eventually("there is a log", Duration::from_secs(30), || log.metadata().unwrap().len() > 3_000_000);
        let process = process_id(server.id());
        kill_process(process, Signal::STOP).unwrap();
        copy_folder(&place.data(), &copy.data());
        kill_process(process, Signal::CONT).unwrap();
        enough.store(true, Ordering::Relaxed);
    });
    server.stop();
    let _ = std::fs::remove_file(copy.data().join("nexus.db-shm"));
    assert!(log_of(&copy).len() < 1_000 * FRAME, "the log was folded in once");
    copy
}

fn log_of(place: &Place) -> Vec<u8> {
    std::fs::read(place.data().join("nexus.db-wal")).unwrap()
}

/// Each kind of row that is only ever added, oldest first.
type Rows = Vec<Vec<(i64, String)>>;

/// Opens a shop in this process, holds it to being sound, and gives what it holds.
fn sound_rows(data: &Path) -> Rows {
    let shop = open(data);
    let findings = shop.check(&Ctx::owner(), CheckDepth::Full).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    let lists = [
        "select id, name from product order by id",
        "select id, number || ' ' || token || ' ' || total from shop_order order by id",
        "select id, variant_id || ' ' || on_hand || ' ' || reserved from stock_movement order by id",
        "select id, order_id || ' ' || account || ' ' || amount from ledger_entry order by id",
    ];
    let rows = lists.map(|sql| {
        let rows = shop.store().read(|tx| Ok::<_, Error>(tx.query_all(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?));
        rows.unwrap()
    });
    rows.into()
}

/// A log that was damaged in one way or another, and where.
fn damaged(log: &[u8], round: usize, dice: &mut Dice) -> (Vec<u8>, usize) {
    let mut log = log.to_vec();
    let frame = |dice: &mut Dice| LOG_HEADER + FRAME * dice.place((log.len() - LOG_HEADER) / FRAME);
    // In one of four, the damage is to the bookkeeping before a frame, and in a few to that of the log itself.
    let at = match round % 4 {
        3 if round % 32 == 31 => dice.place(LOG_HEADER),
        3 => frame(dice) + dice.place(24),
        _ => dice.place(log.len()),
    };
    match round % 5 {
        0 | 1 => log.truncate(at),
        2 | 3 => log[at] ^= 1 << dice.below(8),
        _ => log[at..].fill(0),
    }
    if round % 3 == 2 {
        // What the disk held before, or the beginning of what was never finished.
        log.extend((0..dice.place(3 * FRAME)).map(|n| (n % 251) as u8));
    }
    (log, at)
}

#[test]
fn damaged_end_of_the_log_opens_with_a_whole_prefix_of_what_was_written() {
    let place = copied_under_load();
    let log = log_of(&place);
    let untouched = Place::empty();
    copy_folder(&place.data(), &untouched.data());
    let all = sound_rows(&untouched.data());
    assert!(all.iter().all(|rows| rows.len() > 4), "{:?}", all.iter().map(Vec::len).collect::<Vec<_>>());
    let mut dice = Dice(5);
    let mut lengths = BTreeSet::new();
    for round in 0..times(40, 600) {
        let copy = Place::empty();
        copy_folder(&place.data(), &copy.data());
        let (log, at) = damaged(&log, round, &mut dice);
        std::fs::write(copy.data().join("nexus.db-wal"), log).unwrap();
        let rows = sound_rows(&copy.data());
        for (rows, all) in rows.iter().zip(&all) {
            assert!(all.starts_with(rows), "round {round}, damage at {at}: {rows:?} is not the beginning of {all:?}");
        }
        lengths.insert(rows.iter().map(Vec::len).collect::<Vec<_>>());
        if round < 3 {
            let server = Server::start(&copy);
            assert_eq!(server.product_names().len(), rows[0].len());
            server.stop();
        }
    }
    assert!(lengths.len() > 10, "all copies were cut to the same: {lengths:?}");
}
