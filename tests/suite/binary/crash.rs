//! Crashes: what was acknowledged is there afterwards, what was not is absent or complete, and damage is found.

use super::{Duration, Place, Server, check_is_fine, contents, copy_folder, create, is_whole, nexus, run};
use crate::faults::times;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Mutex;

#[test]
fn kill_under_writes_loses_nothing_acknowledged() {
    let place = Place::with_staff();
    let acknowledged = Mutex::new(BTreeSet::new());
    for round in 0..times(4, 60) {
        let server = Server::start(&place);
        let (port, token) = (server.port, server.token());
        let goal = acknowledged.lock().unwrap().len() + 25 + round * 13;
        std::thread::scope(|scope| {
            for client in 0..6 {
                let (token, acknowledged) = (&token, &acknowledged);
                scope.spawn(move || {
                    for n in 0.. {
                        let name = format!("r{round}c{client}n{n}");
                        match create(port, token, &name) {
                            Ok(true) => drop(acknowledged.lock().unwrap().insert(name)),
                            Ok(false) => {}
                            Err(_) => break,
                        }
                    }
                });
            }
            super::eventually("writes are under way", Duration::from_secs(30), || {
                acknowledged.lock().unwrap().len() >= goal
            });
            server.kill();
        });
        check_is_fine(&place.data());
        let server = Server::start(&place);
        let products = server.products();
        products.iter().for_each(is_whole);
        let names: BTreeSet<String> = products.iter().map(|p| p["name"].as_str().unwrap().to_owned()).collect();
        let known = acknowledged.lock().unwrap();
        assert!(known.is_subset(&names), "round {round} lost {:?}", known.difference(&names).collect::<Vec<_>>());
        assert_eq!(names.len(), products.len(), "round {round}: a product is there twice");
        // A killed server here, too: starting after a crash must not need an orderly end.
        server.kill();
    }
}

/// A shop killed while its products still stand in the write-ahead log, written one after the other.
fn killed_with_a_log(products: usize) -> Place {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let token = server.token();
    for n in 0..products {
        assert!(create(server.port, &token, &format!("n{n:04}")).unwrap());
    }
    server.kill();
    place
}

/// A copy of database and log, taken while the shop runs, is a shop.
#[test]
fn log_left_by_a_kill_is_folded_in_at_the_next_start() {
    let place = killed_with_a_log(10);
    let server = Server::start(&place);
    assert_eq!(server.product_names().len(), 10);
    super::eventually("the crash is noted and the file looked over", Duration::from_secs(10), || {
        server.log().contains("its file is sound")
    });
    server.stop();
    assert_eq!(std::fs::metadata(place.data().join("nexus.db-wal")).map_or(0, |meta| meta.len()), 0);
}

/// At any moment of its first start, before it is a shop and after.
#[test]
fn kill_during_the_first_start_leaves_a_folder_that_starts() {
    let place = Place::empty();
    Server::start(&place).kill();
    check_is_fine(&place.data());
    for wait_ms in (0..100).step_by(5) {
        let place = Place::empty();
        let mut child = nexus(&place.data())
            .args(["serve", "--port", &super::free_port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        if run(nexus(&place.data()).arg("check")).err.contains("there is no shop in it") {
            // It was killed before there was one, and one can be begun where it was.
            run(nexus(&place.data()).args(["seed", "--products", "1"])).fine();
        }
        check_is_fine(&place.data());
    }
}

#[test]
fn flipped_bit_in_a_page_is_found_by_check() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let token = server.token();
    for n in 0..30 {
        assert!(create(server.port, &token, &format!("n{n:04}")).unwrap());
    }
    server.stop();
    let database = std::fs::read(place.data().join("nexus.db")).unwrap();
    // In a row of its own page: the table's copy of the name, and the index's.
    let places: Vec<usize> =
        database.windows(5).enumerate().filter(|(_, w)| *w == b"n0007").map(|(at, _)| at).collect();
    assert!(places.len() >= 3, "{places:?}");
    let mut found = 0;
    for at in &places {
        let copy = Place::empty();
        copy_folder(&place.data(), &copy.data());
        let mut flipped = database.clone();
        flipped[*at] ^= 0b100;
        std::fs::write(copy.data().join("nexus.db"), flipped).unwrap();
        let said = run(nexus(&copy.data()).args(["check"]));
        if said.code == Some(3) {
            assert!(
                ["product", "variant", "search", "audit log"].iter().any(|table| said.out.contains(table)),
                "{said:?}"
            );
            found += 1;
        }
    }
    assert!(found > 0, "no flipped bit was found");
}

/// The bookkeeping of each page, flipped: the structure of the file is wrong then, and check says which table's.
#[test]
fn flipped_page_header_is_found_by_check_which_names_the_table() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let token = server.token();
    for n in 0..30 {
        assert!(create(server.port, &token, &format!("n{n:04}")).unwrap());
    }
    server.stop();
    let database = std::fs::read(place.data().join("nexus.db")).unwrap();
    let page = database.chunks(4096).position(|page| page[0] == 13 && page.windows(5).any(|w| w == b"n0007")).unwrap();
    let copy = Place::empty();
    copy_folder(&place.data(), &copy.data());
    let mut flipped = database;
    // The number of the page's cells.
    flipped[page * 4096 + 4] ^= 1;
    std::fs::write(copy.data().join("nexus.db"), flipped).unwrap();
    let before = contents(&copy.data().join("secrets"));
    let said = run(nexus(&copy.data()).args(["check", "--json"]));
    assert_eq!(said.code, Some(3), "{said:?}");
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let problems = report["findings"].to_string();
    assert!(report["ok"] == false && ["product", "variant"].iter().any(|t| problems.contains(t)), "{report}");
    assert_eq!(contents(&copy.data().join("secrets")), before);
}
