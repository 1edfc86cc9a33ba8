//! What a hostile client writes on a socket: refused or cut off, at once, at no cost in memory or files, and the next
//! request is answered as ever.

use super::{PASSWORD, Place, STAFF, Server, get, login};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// What one request may take: an unoptimized build on a busy machine is slow.
const AT_ONCE: Duration = if cfg!(debug_assertions) { Duration::from_secs(4) } else { Duration::from_millis(200) };

/// What a server may grow by while it is under fire.
const GROWTH_KIB: u64 = 24 * 1024;

/// What came of what was written.
#[derive(Debug)]
struct Outcome {
    /// The status of the answer; none when the connection was closed without one.
    status: Option<u16>,
    text: String,
}

impl Outcome {
    /// Holds it to being refused with one of these, or to a closed connection.
    #[track_caller]
    fn is_refused(&self, what: &str, statuses: &[u16]) {
        assert!(self.status.is_none_or(|status| statuses.contains(&status)), "{what}: {self:?}");
    }
}

/// Writes bytes on a connection of their own and reads until it is closed. A server that stops reading, because it
/// has already answered, is fine; one that neither answers nor closes is not.
#[track_caller]
fn write(server: &Server, bytes: &[u8]) -> Outcome {
    write_and(server, bytes, false)
}

#[track_caller]
fn write_and(server: &Server, bytes: &[u8], hang_up: bool) -> Outcome {
    let began = Instant::now();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    let _ = stream.write_all(bytes);
    if hang_up {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        let cut = error.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(cut, "neither answered nor closed: {error} after {:?}", String::from_utf8_lossy(&answer));
    }
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    let text = String::from_utf8_lossy(&answer).into_owned();
    Outcome { status: text.split(' ').nth(1).and_then(|status| status.parse().ok()), text }
}

/// A request with headers of ours, up to and without its body.
fn head(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
}

fn json_head(path: &str, headers: &str) -> Vec<u8> {
    head("POST", path, &format!("Content-Type: application/json\r\n{headers}")).into_bytes()
}

fn resident_kib(server: &Server) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok())
}

/// A server with a folder of its own for temporary files.
fn server() -> (Place, Server) {
    let place = Place::with_staff();
    let temporary = place.beside("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let server = Server::start_with(&place, &["--demo"], |command| {
        command.env("TMPDIR", place.beside("tmp"));
    });
    (place, server)
}

/// Fires `fire` many times and holds the server to being as it was.
#[track_caller]
fn withstands(fire: impl Fn(&Server)) {
    let (place, server) = server();
    fire(&server);
    let before = resident_kib(&server);
    for _ in 0..20 {
        fire(&server);
    }
    if let (Some(before), Some(after)) = (before, resident_kib(&server)) {
        assert!(after < before + GROWTH_KIB, "grew from {before} to {after} KiB");
    }
    assert_eq!(std::fs::read_dir(place.beside("tmp")).unwrap().count(), 0, "a temporary file is left");
    assert_eq!(get(server.port, "/api/v1/products/1").unwrap().status, 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.stop();
}

#[test]
fn body_beyond_the_limit_is_cut_off_however_it_is_declared() {
    let beyond = |length: &str| {
        let mut bytes = json_head("/api/v1/auth/login", &format!("Content-Length: {length}\r\n"));
        bytes.resize(bytes.len() + 64 * 1024, b' ');
        bytes
    };
    let mut chunked = json_head("/api/v1/auth/login", "Transfer-Encoding: chunked\r\n");
    for _ in 0..64 {
        chunked.extend(b"10000\r\n");
        chunked.resize(chunked.len() + 0x10000, b' ');
        chunked.extend(b"\r\n");
    }
    withstands(|server| {
        for length in ["262145", "10000000000", "9223372036854775807", "18446744073709551614"] {
            write(server, &beyond(length)).is_refused(length, &[400, 413, 431]);
        }
        write(server, &chunked).is_refused("chunked", &[413]);
    });
}

#[test]
fn body_of_a_wrong_length_is_refused() {
    let (_place, server) = server();
    let sent = login(server.port, STAFF, PASSWORD);
    assert_eq!(sent.status, 200, "what follows is refused for its length alone");
    let body = serde_json::json!({ "email": STAFF, "password": PASSWORD }).to_string();
    let with = |headers: &str, body: &str| [json_head("/api/v1/auth/login", headers), body.into()].concat();
    for headers in [
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: +5\r\n".to_owned(),
        "Content-Length: 5, 6\r\n".to_owned(),
        "Content-Length: x\r\n".to_owned(),
        "Content-Length: 99999999999999999999999\r\n".to_owned(),
        format!("Content-Length: {}\r\nContent-Length: 3\r\n", body.len()),
        format!("Content-Length: {}\r\n", body.len() - 1),
        "Transfer-Encoding: gzip\r\n".to_owned(),
    ] {
        write(&server, &with(&headers, &body)).is_refused(&headers, &[400, 413, 422]);
    }
    for broken in ["zz\r\n{}\r\n", "-1\r\n{}\r\n", "FFFFFFFFFFFFFFFFFF\r\n{}", "2{}\r\n0\r\n\r\n"] {
        write(&server, &with("Transfer-Encoding: chunked\r\n", broken)).is_refused(broken, &[400, 413, 422]);
    }
    // Whoever hangs up has not said all that was announced.
    let short = with(&format!("Content-Length: {}\r\n", body.len() + 5), &body);
    write_and(&server, &short, true).is_refused("short", &[400]);
    server.stop();
}

#[test]
fn headers_and_addresses_without_end_are_refused() {
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    let large = |size: usize| format!("X-Large: {}\r\n", "a".repeat(size));
    let long = |size: usize| format!("/api/v1/products?search={}", "a".repeat(size));
    withstands(|server| {
        for (what, bytes, statuses) in [
            ("101 headers", head("GET", "/api/v1/products/1", &many(99)), &[431][..]),
            ("1000 headers", head("GET", "/api/v1/products/1", &many(1_000)), &[431]),
            ("a header of 64 KiB", head("GET", "/api/v1/products/1", &large(64 * 1024)), &[431]),
            ("a header of 1 MiB", head("GET", "/api/v1/products/1", &large(1024 * 1024)), &[431]),
            ("an address of 100 KB", head("GET", &long(100_000), ""), &[414]),
            ("an address of 1 MB", head("GET", &long(1_000_000), ""), &[414, 431]),
            ("a method of 64 KB", head(&"A".repeat(64 * 1024), "/", ""), &[400, 405, 501]),
        ] {
            write(server, bytes.as_bytes()).is_refused(what, statuses);
        }
    });
    let (_place, server) = server();
    let fine = head("GET", "/api/v1/products/1", &(many(90) + &large(16 * 1024)));
    assert_eq!(write(&server, fine.as_bytes()).status, Some(200), "what is large but sensible");
    let refused = write(&server, head("GET", "/api/v1/products/1", &large(64 * 1024)).as_bytes());
    assert!(refused.text.contains("/problems/headers-too-large"), "{refused:?}");
    server.stop();
}

#[test]
fn json_made_to_hurt_is_refused_at_once() {
    let (_place, server) = server();
    let token = server.token();
    let keys = |count: usize| (0..count).map(|n| format!("\"k{n:x}\":1")).collect::<Vec<_>>().join(",");
    let repeat = |part: &str, count: usize| part.repeat(count);
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let row = |rest: &str| format!("{{\"products\":[{{\"sku\":\"X\",{rest}}}]}}").into_bytes();
    let bodies: Vec<(&str, Vec<u8>, u16)> = vec![
        ("lists 100,000 deep", format!("{}{}", repeat("[", 100_000), repeat("]", 100_000)).into_bytes(), 400),
        ("objects 100,000 deep", format!("{}1{}", repeat("{\"a\":", 100_000), repeat("}", 100_000)).into_bytes(), 400),
        ("a megabyte of brackets", repeat("[", 1024 * 1024).into_bytes(), 400),
        ("200,000 fields", row(&keys(200_000)), 422),
        ("200,000 attributes", row(&format!("\"attributes\":{{{}}}", keys(200_000))), 422),
        ("one field 200,000 times", row(&vec!["\"a\":1"; 200_000].join(",")), 400),
        ("a number of a megabyte", row(&format!("\"price\":1{}", repeat("0", 1_000_000))), 422),
        ("a fraction of a megabyte", row(&format!("\"price\":0.{}1", repeat("0", 1_000_000))), 422),
        ("an exponent of a megabyte", row(&format!("\"price\":1e{}", repeat("9", 1_000_000))), 422),
        ("a text of a megabyte", row(&format!("\"name\":\"{}\"", repeat("\\u0041", 170_000))), 422),
        ("a byte order mark", [b"\xef\xbb\xbf".as_slice(), &row("\"price\":1")].concat(), 400),
        ("UTF-16", utf16("{\"products\":[]}"), 400),
        ("UTF-32", "{}".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), 400),
    ];
    let send = |body: &[u8], headers: &str| {
        let length = body.len();
        let headers = format!("Authorization: Bearer {token}\r\nContent-Length: {length}\r\n{headers}");
        write(&server, &[json_head("/api/v1/products/batch", &headers), body.to_vec()].concat())
    };
    for (what, body, status) in &bodies {
        let outcome = send(body, "");
        assert_eq!(outcome.status, Some(*status), "{what}: {outcome:.300?}");
        assert!(outcome.text.len() < 300_000, "{what}: the answer is {} bytes", outcome.text.len());
    }
    // A thousandth of what they would be: were they unpacked, memory would tell.
    let before = resident_kib(&server);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b' '; 8 * 1024 * 1024]).unwrap();
    let packed = packed.finish().unwrap();
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, br"] {
        let outcome = send(&packed, &format!("Content-Encoding: {coding}\r\n"));
        assert_eq!(outcome.status, Some(415), "{coding}: {outcome:?}");
    }
    if let (Some(before), Some(after)) = (before, resident_kib(&server)) {
        assert!(after < before + GROWTH_KIB, "grew from {before} to {after} KiB");
    }
    assert_eq!(get(server.port, "/health/ready").unwrap().status, 200);
    server.stop();
}

#[test]
fn methods_nobody_serves_are_refused_and_change_nothing() {
    let (_place, server) = server();
    let token = format!("Authorization: Bearer {}\r\n", server.token());
    let before = get(server.port, "/api/v1/products/1").unwrap().body;
    for method in ["TRACE", "CONNECT", "PROPFIND", "PROPPATCH", "MKCOL", "MOVE", "LOCK", "QUERY", "PURGE", "get", "X"] {
        for path in ["/api/v1/products/1", "/api/v1/products", "/health/live", "/api/openapi.json"] {
            let outcome = write(&server, head(method, path, &token).as_bytes());
            assert_eq!(outcome.status, Some(405), "{method} {path}: {outcome:?}");
            let text = outcome.text.to_lowercase();
            assert!(
                text.contains("\r\nallow: ") && text.contains("\r\nx-request-id: "),
                "{method} {path}: {outcome:?}"
            );
            assert!(!outcome.text.contains("Bearer"), "nothing is sent back: {outcome:?}");
        }
        let outcome = write(&server, head(method, "/nothing", &token).as_bytes());
        assert!(matches!(outcome.status, Some(404 | 501)), "{method}: {outcome:?}");
        assert!(outcome.text.contains("application/problem+json"), "{method}: {outcome:?}");
    }
    for (method, target) in [("CONNECT", "evil.example:443"), ("OPTIONS", "*"), ("GET", "ftp://evil.example/")] {
        let outcome = write(&server, head(method, target, &token).as_bytes());
        assert!(matches!(outcome.status, Some(400 | 404 | 405 | 501)), "{method} {target}: {outcome:?}");
    }
    for form in ["_method=delete", "_method=DELETE", "_method=patch&name=x", "_method=put"] {
        let headers =
            format!("{token}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", form.len());
        let outcome = write(&server, (head("POST", "/api/v1/products/1", &headers) + form).as_bytes());
        assert!(matches!(outcome.status, Some(405 | 415)), "{form}: {outcome:?}");
    }
    assert_eq!(get(server.port, "/api/v1/products/1").unwrap().body, before);
    server.stop();
}

#[test]
fn other_protocols_are_refused() {
    let (_place, server) = server();
    for (what, bytes) in [
        ("the preface of HTTP/2", &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"[..]),
        ("HTTP/0.9", b"GET /health/live\r\n\r\n"),
        ("HTTP/3.0", b"GET /health/live HTTP/3.0\r\nHost: x\r\n\r\n"),
        ("the hello of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n"),
        ("a control character", b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\x01b\r\n\r\n"),
        ("a folded header", b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n"),
        ("a blank before the colon", b"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n"),
        ("noise", b"\0\xff\xfe\r\n\r\n\r\n\r\n"),
    ] {
        write(&server, bytes).is_refused(what, &[400, 505]);
    }
    for upgrade in ["h2c", "websocket", "TLS/1.0"] {
        let headers = format!("Upgrade: {upgrade}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n");
        let outcome = write(&server, head("GET", "/health/live", &headers).as_bytes());
        assert_eq!(outcome.status, Some(200), "{upgrade} is not taken up: {outcome:?}");
    }
    assert_eq!(get(server.port, "/health/live").unwrap().status, 200);
    server.stop();
}
