//! Stopping in order with the edge in front: what it has taken is answered, nobody idle is waited for, and the end comes
//! within the time.

use super::{connect, demo, product, read_one, read_to_close, server};
use crate::binary::{PASSWORD, STAFF, Server, check_is_fine, login, request_text};
use std::io::Write;
use std::time::{Duration, Instant};

#[test]
fn sigterm_finishes_what_the_edge_has_taken_and_waits_for_nobody_idle() {
    let place = demo();
    let server = server(&place, &[]);
    let idle: Vec<_> = (0..20).map(|_| connect(server.port)).collect();
    let mut used = connect(server.port);
    used.write_all(product("").as_bytes()).unwrap();
    assert!(read_one(&mut used).starts_with("HTTP/1.1 200 "));
    let token = login(server.port, STAFF, PASSWORD).json()["access"].as_str().unwrap().to_owned();
    let text = request_text("POST", "/api/v1/products", Some(&token), Some(&crate::binary::product("Slow")));
    let (first, rest) = text.split_at(text.len() - 10);
    let mut stream = connect(server.port);
    stream.write_all(first.as_bytes()).unwrap();
    // The edge has read the head once it is waiting for the rest of the body; nothing tells so from outside.
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    server.ask_to_stop();
    assert_eq!(read_to_close(&mut used), "", "idle ones are closed at once");
    crate::binary::eventually("no connection is taken any more", Duration::from_secs(5), || {
        std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, server.port)).is_err()
    });
    stream.write_all(rest.as_bytes()).unwrap();
    let answer = read_to_close(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(server.wait().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    drop(idle);
    check_is_fine(&place.data());
}

#[test]
fn request_that_does_not_end_is_cut_off_when_the_time_is_up() {
    let place = demo();
    let settings = place.beside("Rocket.toml");
    std::fs::write(&settings, "[default]\ngrace_seconds = 1\n").unwrap();
    let arguments = ["--config", settings.to_str().unwrap()];
    let server = Server::start_with(&place, &arguments, |command| super::with_edge(command, &[]));
    let mut stream = connect(server.port);
    stream.write_all(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    server.ask_to_stop();
    assert_eq!(server.wait().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    check_is_fine(&place.data());
}
