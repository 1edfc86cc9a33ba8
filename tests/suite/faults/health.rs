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

/// Without the edge. As long as something is under way that came before, whoever asks is told.
#[test]
fn shop_that_stops_is_live_and_not_ready() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let (text, rest) = login_but_for_its_end();
    let mut slow = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    slow.write_all(text.as_bytes()).unwrap();
    // The slow one was taken before these, so that it is under way once they are answered.
    (0..10).for_each(|_| assert_eq!(ready(server.port).status, 200));
    server.ask_to_stop();
    eventually("it says that it stops", Duration::from_secs(5), || ready(server.port).status == 503);
    let told = ready(server.port);
    assert_eq!((told.status, told.header("Retry-After")), (503, Some("2")), "{told:?}");
    assert!(told.json()["detail"].as_str().unwrap().contains("the shop is stopping"), "{told:?}");
    // Whatever else comes is answered, too.
    assert_eq!(get(server.port, "/api/v1/products").unwrap().status, 200);
    assert_eq!(ready(server.port).status, 503);
    let asked = Instant::now();
    slow.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert_eq!(server.wait().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "nobody is waited for after that: {:?}", asked.elapsed());
}

/// A sign-in without its last bytes, and these.
fn login_but_for_its_end() -> (String, String) {
    let body = serde_json::json!({ "email": "a@b.test", "password": "wrong horse battery" });
    let mut text = request_text("POST", "/api/v1/auth/login", None, Some(&body));
    let rest = text.split_off(text.len() - 5);
    (text, rest)
}
