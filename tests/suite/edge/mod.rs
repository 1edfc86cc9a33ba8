//! The edge in front of the real program: what it cuts off, what it lets through, and as whom. `passing` runs the edge in
//! this process, in front of a server of its own that does what the shop does not do yet.

mod acme;
mod bounds;
mod client;
mod forms;
mod passing;
mod slow;
mod stop;
mod tls;

use crate::binary::{Place, Server, copy_folder};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A shop with the demo catalog, made once.
static DEMO: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::with_staff();
    Server::start_with(&place, &["--demo"], |_| {}).stop();
    place
});

/// A place of one's own with the demo catalog.
fn demo() -> Place {
    let place = Place::empty();
    copy_folder(&DEMO.data(), &place.data());
    place
}

/// A server behind its edge, with these settings of it.
fn server(place: &Place, settings: &[(&str, &str)]) -> Server {
    Server::start_with(place, &[], |command| with_edge(command, settings))
}

fn with_edge(command: &mut Command, settings: &[(&str, &str)]) {
    command.env("NEXUS_EDGE_ENABLED", "true").env("NEXUS_LOG_LEVEL", "info,nexus::access=info");
    for (name, value) in settings {
        command.env(format!("NEXUS_EDGE_{name}"), value);
    }
}

/// A connection.
fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads until the other side closes; whether it did in time, and what it said.
#[track_caller]
fn read_to_close(stream: &mut impl Read) -> String {
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        let closed = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof);
        assert!(closed, "neither answered nor closed: {error} after {:?}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Writes on a connection of its own and reads until it is closed.
#[track_caller]
fn say(port: u16, bytes: &[u8]) -> String {
    let mut stream = connect(port);
    // A server that has answered stops reading.
    let _ = stream.write_all(bytes);
    read_to_close(&mut stream)
}

/// Reads one answer with a length, and leaves the connection open.
fn read_one(stream: &mut impl Read) -> String {
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// Holds an answer to being a problem with this status, dressed as the shop's own.
#[track_caller]
fn is_problem(text: &str, status: u16) {
    assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "not {status}: {text}");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    for line in [
        "content-type: application/problem+json",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'",
        "referrer-policy: no-referrer",
    ] {
        assert!(head.contains(line), "no {line}: {text}");
    }
    let problem: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(problem["status"], status, "{text}");
    assert!(head.contains(&format!("x-request-id: {}", problem["instance"].as_str().unwrap())), "{text}");
}

/// A request for a product, with more headers.
fn product(headers: &str) -> String {
    format!("GET /api/v1/products/1 HTTP/1.1\r\nHost: shop.example\r\n{headers}\r\n")
}

/// Holds the shop to answering as ever, at once.
#[track_caller]
fn answers(port: u16) {
    let began = Instant::now();
    let answer = say(port, product("Connection: close\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}
