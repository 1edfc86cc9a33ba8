//! The door of the real program: who a connection belongs to, and what it is told.

use super::{PASSWORD, Place, STAFF, Server, exchange, free_port, nexus, request_text, run};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A sign-in that is about to fail, on a connection of its own, with more headers.
fn guess(port: u16, email: &str, headers: &str) -> u16 {
    let body = json!({ "email": email, "password": "wrong horse battery" });
    let text = request_text("POST", "/api/v1/auth/login", None, Some(&body));
    let text = text.replacen("Connection: close\r\n", &format!("Connection: close\r\n{headers}"), 1);
    exchange(port, &text).unwrap().status
}

#[test]
fn connections_from_one_address_are_one_client_whatever_they_claim() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let statuses: Vec<u16> = (0..14)
        .map(|n| {
            let claims = format!(
                "X-Real-IP: 203.0.113.{n}\r\nX-Forwarded-For: 203.0.113.{n}\r\nForwarded: for=203.0.113.{n}\r\n\
                 True-Client-IP: 203.0.113.{n}\r\nCF-Connecting-IP: 203.0.113.{n}\r\n"
            );
            guess(server.port, &format!("{n}@example.com"), &claims)
        })
        .collect();
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 4]].concat());
    server.stop();
}

#[test]
fn guesses_sent_all_at_once_are_evaluated_ten_times() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let (evaluated, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..5 {
                    match guess(server.port, STAFF, "") {
                        401 => evaluated.fetch_add(1, Ordering::Relaxed),
                        429 => refused.fetch_add(1, Ordering::Relaxed),
                        other => panic!("{other}"),
                    };
                }
            });
        }
    });
    assert_eq!((evaluated.into_inner(), refused.into_inner()), (10, 90));
    server.stop();
}

#[test]
fn clients_behind_a_trusted_proxy_are_told_apart_and_logged() {
    let place = Place::with_staff();
    let server = Server::start_with(&place, &[], |command| {
        command.env("NEXUS_PROXY_TRUSTED", "[\"127.0.0.1\"]").env("NEXUS_LOG_FORMAT", "json");
        command.env("NEXUS_LIMITS_LOGIN_PER_CLIENT", "2");
    });
    let from = |client: &str, n: usize| {
        guess(server.port, &format!("{n}@example.com"), &format!("X-Forwarded-For: 6.6.6.6, {client}\r\n"))
    };
    assert_eq!([from("203.0.113.7", 1), from("203.0.113.7", 2), from("203.0.113.7", 3)], [401, 401, 429]);
    assert_eq!([from("203.0.113.8", 1), from("[2001:db8::7]:80", 2)], [401, 401]);
    let log = place.beside(&format!("server-{}.log", server.port));
    server.stop();
    let log = std::fs::read_to_string(log).unwrap();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let logins = lines.filter(|line| line["route"] == "/api/v1/auth/login");
    let clients: Vec<String> = logins.map(|line| line["client"].as_str().unwrap_or("none").to_owned()).collect();
    assert_eq!(clients, ["203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.8", "2001:db8::7"]);
}

/// The framework answers a method it does not know past everything that is done for other requests.
#[test]
fn method_nobody_knows_is_answered_as_dressed_as_any_other() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let reply =
        exchange(server.port, "BREW /api/v1/products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(reply.status, 405);
    assert_eq!(reply.header("Content-Type"), Some("application/problem+json"));
    assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"));
    assert!(reply.header("Content-Security-Policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    assert_eq!(reply.header("X-Request-Id"), reply.json()["instance"].as_str());
    assert_eq!(reply.header("Server"), None);
    server.stop();
}

#[test]
fn settings_of_the_door_that_cannot_be_are_refused_and_named() {
    for (variable, value, part) in [
        ("NEXUS_PROXY_TRUSTED", "[\"10.0.0.0/33\"]", "proxy.trusted"),
        ("NEXUS_PROXY_TRUSTED", "[\"0.0.0.0/0\"]", "proxy.trusted"),
        ("NEXUS_PROXY_HEADER", "X-Real-IP", "X-Forwarded-For"),
        ("NEXUS_CORS_ORIGINS", "[\"*\"]", "cors.origins"),
        ("NEXUS_CORS_ORIGINS", "[\"null\"]", "cors.origins"),
        ("NEXUS_CORS_ORIGINS", "[\"https://shop.example/path\"]", "cors.origins"),
        ("NEXUS_SHOP_URL", "shop.example", "shop.url"),
        ("NEXUS_SHOP_URL", "https://shop.example/shop", "shop.url"),
        ("NEXUS_LIMITS_LOGIN_PER_ACCOUNT", "60001", "limits.login_per_account"),
        ("NEXUS_LIMITS_LOGIN_PER_ACCOUNT", "-1", "LOGIN_PER_ACCOUNT"),
        ("NEXUS_LIMITS_WRITES_PER_CLIENT", "many", "\"auto\" or a number"),
    ] {
        let place = Place::empty();
        let said = run(nexus(&place.data()).env(variable, value).args(["serve", "--port", &free_port().to_string()]));
        said.refuses(&[part]);
        assert!(!place.data().exists(), "{variable}");
    }
}

#[test]
fn sign_in_with_the_right_password_is_never_held_up() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    for _ in 0..15 {
        assert_eq!(super::login(server.port, STAFF, PASSWORD).status, 200);
    }
    server.stop();
}

/// RFC 9110, 8.6: whoever reads a 304 with the length of nothing may take it for the length of what they have.
#[test]
fn answers_without_a_body_say_nothing_of_its_length() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let token = server.token();
    let send = |method: &str, path: &str, header: &str, token: Option<&str>| {
        let text = request_text(method, path, token, None);
        exchange(server.port, &text.replacen("\r\n", &format!("\r\n{header}\r\n"), 1)).unwrap()
    };
    let list = send("GET", "/api/v1/products", "Accept: */*", None);
    let known = format!("If-None-Match: {}", list.header("ETag").unwrap());
    let same = send("GET", "/api/v1/products", &known, None);
    let out = send("POST", "/api/v1/auth/logout-all", "Accept: */*", Some(&token));
    assert_eq!((same.status, same.header("Content-Length"), same.header("Transfer-Encoding")), (304, None, None));
    assert_eq!((out.status, out.header("Content-Length"), out.header("Transfer-Encoding")), (204, None, None));
    assert!(list.header("Content-Length").is_some() && same.body.is_empty() && out.body.is_empty());
    server.stop();
}
