//! Told to stop with a hundred checkouts and a large upload under way: each is finished, or nothing of it happened.

use super::times;
use crate::binary::checkouts::{STOCK, fill_cart, is_there, sell_mugs};
use crate::binary::{Place, Server, check_is_fine, eventually, get, product, request_text};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

/// A request that was sent but for its last bytes.
struct Held {
    stream: TcpStream,
    rest: Vec<u8>,
}

fn held(port: u16, text: &str) -> Held {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (first, rest) = text.split_at(text.len() - 4);
    stream.write_all(first.as_bytes()).unwrap();
    Held { stream, rest: rest.into() }
}

impl Held {
    /// Sends what is missing and gives the answer; none when the server let go of it.
    fn finish(mut self) -> Option<(u16, Value)> {
        let _ = self.stream.write_all(&self.rest);
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).ok()?))
    }
}

fn checkout_text(cart: &str) -> String {
    let body = json!({
        "email": "ann@example.com", "payment": { "provider": "test", "outcome": "paid" },
        "shipping_address": {
            "name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
        },
    });
    let text = request_text("POST", &format!("/api/v1/carts/{cart}/checkout"), None, Some(&body));
    text.replacen("\r\n", &format!("\r\nIdempotency-Key: {cart}\r\n"), 1)
}

/// A shop that gives requests so many seconds to finish.
fn start(place: &Place, grace: u64) -> Server {
    let file = place.beside("Rocket.toml");
    std::fs::write(&file, format!("[default]\ngrace_seconds = {grace}\n")).unwrap();
    Server::start_with(place, &["--config", file.to_str().unwrap()], |_| {})
}

#[track_caller]
fn ends_in_order(server: Server, place: &Place, asked: Instant, grace: u64) {
    let status = server.wait();
    assert_eq!(status.code(), Some(0), "{status:?}");
    assert!(asked.elapsed() < Duration::from_secs(grace + 2), "{:?}", asked.elapsed());
    let log = std::fs::metadata(place.data().join("nexus.db-wal")).map_or(0, |meta| meta.len());
    assert_eq!(log, 0, "the log was not folded in");
    check_is_fine(&place.data());
}

#[test]
fn sigterm_with_checkouts_and_an_upload_under_way_finishes_each_or_leaves_nothing_of_it() {
    for round in 0..times(1, 20) {
        let place = Place::with_staff();
        let server = start(&place, 4);
        sell_mugs(&server);
        let token = server.token();
        let carts: Vec<String> = (0..100).map(|_| fill_cart(server.port).unwrap()).collect();
        let rows: Vec<Value> = (0..300).map(|n| product(&format!("up{n}"))).collect();
        let upload = request_text("POST", "/api/v1/products/batch", Some(&token), Some(&json!({ "products": rows })));
        let upload = held(server.port, &upload);
        let checkouts: Vec<Held> = carts.iter().map(|cart| held(server.port, &checkout_text(cart))).collect();
        // All of these were accepted before this one is answered.
        assert_eq!(get(server.port, "/health/live").unwrap().status, 200);
        let (port, asked) = (server.port, Instant::now());
        server.ask_to_stop();
        if round % 2 == 0 {
            // It still answers while these are under way.
            let tells = || get(port, "/health/ready").is_ok_and(|reply| reply.status == 503);
            eventually("it says that it stops", Duration::from_secs(2), tells);
        }
        let (answers, uploaded) = std::thread::scope(|scope| {
            let upload = scope.spawn(|| upload.finish());
            let waiting: Vec<_> = checkouts.into_iter().map(|one| scope.spawn(|| one.finish())).collect();
            let answers: Vec<_> = waiting.into_iter().map(|thread| thread.join().unwrap()).collect();
            (answers, upload.join().unwrap())
        });
        ends_in_order(server, &place, asked, 4);
        let server = Server::start(&place);
        let mut placed = 0;
        for (answer, cart) in answers.iter().zip(&carts) {
            match answer {
                Some((201, order)) => is_there(server.port, order),
                Some((status, problem)) => assert_eq!(*status, 503, "{problem}"),
                None => {}
            }
            // A cart that became an order is gone; any other is as it was.
            let gone = get(server.port, &format!("/api/v1/carts/{cart}")).unwrap().status != 200;
            assert!(gone || !matches!(answer, Some((201, _))), "{answer:?}");
            placed += i64::from(gone);
        }
        let acknowledged = answers.iter().filter(|answer| matches!(answer, Some((201, _)))).count();
        let status = uploaded.as_ref().map(|(status, _)| status);
        println!(
            "{acknowledged} of {} checkouts were answered with their order, the upload with {status:?}",
            carts.len()
        );
        assert!(acknowledged >= 90, "those that were under way were not finished: {answers:?}");
        let mug = get(server.port, "/api/v1/products/mug").unwrap().json();
        let left: Vec<i64> = mug["variants"].as_array().unwrap().iter().map(|v| v["stock"].as_i64().unwrap()).collect();
        assert_eq!(left, [STOCK - placed, STOCK - 2 * placed]);
        let there = server.product_names().iter().filter(|name| name.starts_with("up")).count();
        match uploaded {
            Some((200, _)) => assert_eq!(there, rows.len()),
            _ => assert!(there == 0 || there == rows.len(), "{there} rows of an upload that was not answered"),
        }
        server.stop();
    }
}

/// Uploads that never come to their end do not keep the shop from ending.
#[test]
fn sigterm_does_not_wait_for_uploads_that_never_end() {
    let place = Place::with_staff();
    let server = start(&place, 1);
    let token = server.token();
    let rows: Vec<Value> = (0..50).map(|n| product(&format!("up{n}"))).collect();
    let upload = request_text("POST", "/api/v1/products/batch", Some(&token), Some(&json!({ "products": rows })));
    let uploads: Vec<Held> = (0..5).map(|_| held(server.port, &upload)).collect();
    assert_eq!(get(server.port, "/health/live").unwrap().status, 200);
    let asked = Instant::now();
    server.ask_to_stop();
    ends_in_order(server, &place, asked, 1);
    drop(uploads);
    let server = Server::start(&place);
    assert_eq!(server.product_names(), Vec::<String>::new());
    server.stop();
}
