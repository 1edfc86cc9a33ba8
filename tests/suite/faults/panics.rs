//! Defects, planted: handlers, guards, reads and writes that panic cost their own request and nothing else.
//!
//! The routes are put beside those of a shop in this process; the program itself has no way to be made to panic.

use super::times;
use crate::binary::{eventually, free_port, get as get_from, request};
use crate::support::{Requests, TestShop};
use nexus::services::{Error, Shop};
use rocket::fairing::AdHoc;
use rocket::http::{Header, Method};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{State, get, post, routes};
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::Duration;

/// A guard that panics.
struct Broken;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Broken {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        panic!("planted in a guard");
    }
}

#[get("/handler")]
fn handler() -> &'static str {
    panic!("planted in a handler")
}

#[get("/later")]
async fn later() -> &'static str {
    rocket::tokio::task::yield_now().await;
    panic!("planted after waiting")
}

#[get("/guard")]
fn guard(_broken: Broken) -> &'static str {
    "never"
}

#[get("/read")]
fn read(shop: &State<Arc<Shop>>) -> &'static str {
    let _ = shop.store().read(|_| -> Result<(), Error> { panic!("planted in a read") });
    "never"
}

#[post("/write")]
async fn write(shop: &State<Arc<Shop>>) -> Result<&'static str, rocket::http::Status> {
    let write = shop.store().write(|tx| -> Result<(), Error> {
        tx.setting_put("planted", "half")?;
        panic!("planted in a write")
    });
    write.await.map(|()| "never").map_err(|_| rocket::http::Status::InternalServerError)
}

#[get("/aside")]
async fn aside() -> Result<&'static str, rocket::http::Status> {
    let work = rocket::tokio::task::spawn_blocking(|| -> &'static str { panic!("planted aside") });
    work.await.map_err(|_| rocket::http::Status::InternalServerError)
}

const PLANTED: [(Method, &str); 6] = [
    (Method::Get, "/planted/handler"),
    (Method::Get, "/planted/later"),
    (Method::Get, "/planted/guard"),
    (Method::Get, "/planted/read"),
    (Method::Post, "/planted/write"),
    (Method::Get, "/planted/aside"),
];

fn planted() -> Vec<rocket::Route> {
    routes![handler, later, guard, read, write, aside]
}

fn shop() -> TestShop {
    TestShop::with_routes("/planted", planted())
}

/// Panics in every place, and holds each answer to saying no more than that something is broken.
fn panic_everywhere(shop: &TestShop) {
    for (method, path) in PLANTED {
        let answer = shop.client().req(method, path).header(Header::new("Accept", "application/json")).dispatch();
        assert_eq!(answer.status().code, 500, "{path}");
        assert_eq!(answer.headers().get_one("Content-Type"), Some("application/problem+json"), "{path}");
        let body = answer.into_string().unwrap_or_default();
        assert!(!body.contains("planted"), "{path}: {body}");
    }
}

/// As many views at once as the shop has connections for, each held until all are open.
fn all_connections_are_there(shop: &Shop) {
    let readers = usize::try_from(shop.store().readers()).unwrap();
    let all = Barrier::new(readers);
    std::thread::scope(|scope| {
        for _ in 0..readers {
            scope.spawn(|| {
                let seen = shop.store().read(|tx| {
                    all.wait();
                    Ok::<_, Error>(tx.setting("planted")?)
                });
                assert_eq!(seen.unwrap(), None, "half of a write is there");
            });
        }
    });
}

#[test]
fn panics_anywhere_cost_their_own_request_and_no_connection() {
    let shop = shop();
    crate::support::category("Kitchen").create(&shop);
    crate::support::product("Mug").create(&shop);
    for _ in 0..times(20, 500) {
        panic_everywhere(&shop);
    }
    all_connections_are_there(&shop.shop);
    for n in 0..times(1_000, 20_000) {
        if n % 10 == 0 {
            shop.staff().patch("/api/v1/products/1", &serde_json::json!({ "price": format!("{}.00", n + 1) })).ok(200);
        } else {
            shop.anonymous().get("/api/v1/products/mug").ok(200);
        }
    }
    let ready = || shop.client().get("/health/ready").dispatch().status().code == 200;
    eventually("the shop is ready", Duration::from_secs(5), ready);
    all_connections_are_there(&shop.shop);
    crate::selling::till::is_sound(&shop);
}

/// Requests of others that are under way while some panic, on sockets.
#[test]
fn panics_beside_other_requests_fail_none_of_them() {
    let shop = shop();
    crate::support::category("Kitchen").create(&shop);
    crate::support::product("Mug").create(&shop);
    let (tell, told) = std::sync::mpsc::channel();
    let liftoff = AdHoc::on_liftoff("ready", move |server| {
        let _ = tell.send((server.config().port, server.shutdown()));
        Box::pin(async {})
    });
    let server = shop.server(|config| config.port = free_port()).mount("/planted", planted()).attach(liftoff);
    let serving = std::thread::spawn(|| rocket::execute(server.launch()).map(drop));
    let (port, shutdown) = told.recv_timeout(Duration::from_secs(30)).unwrap();
    let service = &shop.shop;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for (method, path) in (0..times(15, 500)).flat_map(|_| PLANTED) {
                    assert_eq!(request(port, method.as_str(), path, None, None).unwrap().status, 500, "{path}");
                }
            });
        }
        for n in 0..4 {
            scope.spawn(move || {
                for round in 0..times(40, 2_000) {
                    let (name, value) = (format!("{n}"), round.to_string());
                    let put = service.store().write_blocking(move |tx| Ok::<_, Error>(tx.setting_put(&name, &value)?));
                    put.unwrap();
                    assert_eq!(get_from(port, "/api/v1/products/mug").unwrap().status, 200);
                }
            });
        }
    });
    all_connections_are_there(service);
    shutdown.notify();
    serving.join().unwrap().unwrap();
    crate::selling::till::is_sound(&shop);
}

/// A program that ends at a panic, instead of unwinding, keeps none of this.
#[test]
fn no_build_of_the_program_ends_at_a_panic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let settings = std::fs::read_to_string(root.join(".cargo/config.toml")).unwrap_or_default();
    for text in [manifest, settings] {
        let bare = text.replace([' ', '"', '\''], "");
        assert!(!bare.contains("panic=abort") && !bare.contains("panic=immediate-abort"), "a profile aborts");
    }
}
