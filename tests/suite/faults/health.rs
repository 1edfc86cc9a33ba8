//! What `/health` says while something is wrong: live as long as the process answers, ready only while it can do its
//! work, and both at once.

use super::AT_ONCE;
use crate::binary::http::Reply;
use crate::binary::{Place, Server, check_is_fine, create, eventually, get, product, request, request_text};
use rusqlite::Connection;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Asks for both, holds both to being quick and `live` to being 200, and gives the other.
#[track_caller]
pub fn ready(port: u16) -> Reply {
    let [live, ready] = ["/health/live", "/health/ready"].map(|path| {
        let began = Instant::now();
        let reply = get(port, path).unwrap();
        assert!(began.elapsed() < AT_ONCE, "{path} took {:?}", began.elapsed());
        reply
    });
    assert_eq!(live.status, 200, "{live:?}");
    ready
}

/// Keeps a server busy reading while `work` is done.
pub fn under_load<T>(port: u16, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(get(port, "/api/v1/products?page_size=5").unwrap().status, 200);
                }
            });
        }
        let out = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, Ordering::Relaxed);
        out.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[test]
fn writer_that_is_stuck_refuses_writes_and_makes_the_shop_unready_until_it_is_free() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let (port, token) = (server.port, server.token());
    let tool = Connection::open(place.data().join("nexus.db")).unwrap();
    under_load(port, || {
        assert_eq!(ready(port).status, 200);
        tool.execute_batch("begin immediate").unwrap();
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                let body = product("refused");
                request(port, "POST", "/api/v1/products", Some(&token), Some(&body)).unwrap()
            });
            eventually("it says so", Duration::from_secs(5), || ready(port).status == 503);
            let reason = ready(port).json()["detail"].as_str().unwrap().to_owned();
            assert!(reason.contains("waiting") && reason.contains("lock"), "{reason}");
            let reply = writing.join().unwrap();
            assert_eq!((reply.status, reply.header("Retry-After")), (503, Some("1")), "{reply:?}");
        });
        // Nobody writes any more, and the lock is held on.
        assert_eq!(ready(port).status, 503);
        tool.execute_batch("rollback").unwrap();
        eventually("it is ready again by itself", Duration::from_secs(10), || ready(port).status == 200);
    });
    assert!(create(port, &token, "after").unwrap());
    assert_eq!(server.product_names(), ["after"]);
    server.stop();
    check_is_fine(&place.data());
}

/// A request whose head was read before the shop was told to stop is the only one it can still be asked by.
#[test]
fn shop_that_stops_is_live_and_not_ready() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let asked: Vec<TcpStream> = ["/health/live", "/health/ready"]
        .map(|path| {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let text = request_text("GET", path, None, None);
            stream.write_all(&text.as_bytes()[..text.len() - 2]).unwrap();
            stream
        })
        .into();
    // Something else that is under way keeps the shop from ending at once.
    let mut slow = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
    let text = request_text("POST", "/api/v1/auth/login", None, Some(&serde_json::json!({ "email": "a@b.test" })));
    slow.write_all(&text.as_bytes()[..text.len() - 5]).unwrap();
    // All of these were accepted before this one is answered.
    assert_eq!(get(server.port, "/health/ready").unwrap().status, 200);
    server.ask_to_stop();
    eventually("it takes no more connections", Duration::from_secs(10), || get(server.port, "/health/live").is_err());
    let statuses: Vec<String> = asked
        .into_iter()
        .map(|mut stream| {
            let mut answer = String::new();
            let _ = stream.write_all(b"\r\n");
            let _ = stream.read_to_string(&mut answer);
            answer
        })
        .collect();
    assert!(statuses[0].is_empty() || statuses[0].starts_with("HTTP/1.1 200"), "{}", statuses[0]);
    let told = statuses[1].starts_with("HTTP/1.1 503") && statuses[1].contains("the shop is stopping");
    assert!(statuses[1].is_empty() || told, "{}", statuses[1]);
    drop(slow);
    assert_eq!(server.wait().code(), Some(0));
}
