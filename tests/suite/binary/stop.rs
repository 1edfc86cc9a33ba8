//! Stopping in order: what was accepted is finished or had no effect, the log is folded in, the folder is free.

use super::{Duration, Place, Server, check_is_fine, create, is_whole, product, request_text};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Mutex;
use std::time::Instant;

#[test]
fn sigterm_under_writes_finishes_them_and_leaves_a_clean_folder() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let (port, token) = (server.port, server.token());
    let acknowledged = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for client in 0..8 {
            let (token, acknowledged) = (&token, &acknowledged);
            scope.spawn(move || {
                for n in 0.. {
                    let name = format!("c{client}n{n}");
                    match create(port, token, &name) {
                        Ok(true) => drop(acknowledged.lock().unwrap().insert(name)),
                        Ok(false) => {}
                        Err(_) => break,
                    }
                }
            });
        }
        super::eventually("writes are under way", Duration::from_secs(30), || acknowledged.lock().unwrap().len() > 40);
        let asked = Instant::now();
        server.ask_to_stop();
        let status = server.wait();
        assert_eq!(status.code(), Some(0), "{status:?}");
        assert!(asked.elapsed() < Duration::from_secs(22), "{:?}", asked.elapsed());
    });
    let log = std::fs::metadata(place.data().join("nexus.db-wal")).map_or(0, |meta| meta.len());
    assert_eq!(log, 0, "the log was not folded in");
    check_is_fine(&place.data());
    let server = Server::start(&place);
    let products = server.products();
    products.iter().for_each(is_whole);
    let names: BTreeSet<String> = products.iter().map(|p| p["name"].as_str().unwrap().to_owned()).collect();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.is_subset(&names), "lost: {:?}", acknowledged.difference(&names).collect::<Vec<_>>());
    server.stop();
}

/// A request whose body is still on its way when the shop is told to stop is finished too.
#[test]
fn sigterm_lets_a_request_in_flight_finish() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let text = request_text("POST", "/api/v1/products", Some(&server.token()), Some(&product("Slow")));
    let (first, rest) = text.split_at(text.len() - 10);
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    // The server has read the head once it is waiting for the rest of the body; nothing tells so from outside.
    std::thread::sleep(Duration::from_millis(300));
    server.ask_to_stop();
    std::thread::sleep(Duration::from_millis(100));
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(server.wait().code(), Some(0));
    let server = Server::start(&place);
    assert_eq!(server.product_names(), ["Slow"]);
    server.stop();
}

#[test]
fn sigterm_with_idle_connections_does_not_wait_for_them() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let idle: Vec<_> = (0..20).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap()).collect();
    let asked = Instant::now();
    server.stop();
    assert!(asked.elapsed() < Duration::from_secs(25), "{:?}", asked.elapsed());
    drop(idle);
}
