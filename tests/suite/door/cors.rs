//! Pages of other sites: those on the list, and nobody who merely looks like them.

use crate::contract::problems::is_problem;
use crate::support::{Answer, Requests, TestShop, category, product};
use rocket::http::Method;
use serde_json::json;

const PAGE: &str = "https://www.shop.example";

fn shop() -> TestShop {
    let shop = TestShop::with(|config| {
        config.cors.origins = vec!["https://WWW.shop.example".to_owned(), "http://localhost:5173".to_owned()];
    });
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    shop
}

fn preflight(shop: &TestShop, path: &str, origin: &str, method: &str) -> Answer {
    let anonymous = shop.anonymous();
    let request = anonymous.request(Method::Options, path).header("Origin", origin);
    let asked = request.header("Access-Control-Request-Method", method);
    asked.header("Access-Control-Request-Headers", "authorization,content-type").send()
}

/// Every header about origins, but for `Vary`.
fn granted(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.iter().map(|(name, _)| name.as_str());
    names.filter(|name| name.to_lowercase().starts_with("access-control-")).collect()
}

fn varies(answer: &Answer) -> bool {
    answer.header("Vary").is_some_and(|names| names.split(',').any(|name| name.trim() == "Origin"))
}

/// Origins that are not on the list.
const FOREIGN: [&str; 16] = [
    "https://evil.example",
    "https://www.shop.example.evil.example",
    "https://evilwww.shop.example",
    "https://shop.example",
    "https://a.www.shop.example",
    "http://www.shop.example",
    "https://www.shop.example:8443",
    "https://www.shop.example:443",
    "https://www.shop.example/",
    "HTTPS://WWW.SHOP.EXAMPLE",
    "http://localhost",
    "http://localhost:51730",
    "null",
    "*",
    "https://www.shop.example, https://evil.example",
    "",
];

#[test]
fn page_on_the_list_may_ask_and_read() {
    let shop = shop();
    for origin in [PAGE, "http://localhost:5173"] {
        let asked = preflight(&shop, "/api/v1/products/1", origin, "PATCH");
        assert_eq!((asked.status, asked.body.len()), (204, 0));
        assert_eq!(asked.header("Access-Control-Allow-Origin"), Some(origin));
        assert_eq!(asked.header("Access-Control-Allow-Methods"), Some("DELETE, GET, HEAD, PATCH, PUT"));
        let sent = asked.header("Access-Control-Allow-Headers").unwrap();
        for name in ["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "X-Request-Id"] {
            assert!(sent.split(", ").any(|known| known == name), "{name}");
        }
        assert_eq!(asked.header("Access-Control-Max-Age"), Some("600"));
        assert!(varies(&asked) && asked.header("Content-Type").is_none(), "{asked:?}");

        let read = shop.anonymous().request(Method::Get, "/api/v1/products/1").header("Origin", origin).send();
        assert_eq!((read.status, read.header("Access-Control-Allow-Origin")), (200, Some(origin)));
        let shown = read.header("Access-Control-Expose-Headers").unwrap();
        for name in ["ETag", "Location", "X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy"] {
            assert!(shown.split(", ").any(|known| known == name), "{name}");
        }
        assert_eq!(read.header("Vary"), Some("Accept-Encoding, Authorization, Origin"));
        assert_eq!(read.header("Access-Control-Allow-Credentials"), None);
    }
}

#[test]
fn page_on_the_list_can_read_what_went_wrong() {
    let shop = shop();
    let anonymous = shop.anonymous();
    let etag = anonymous.get("/api/v1/products/1").etag();
    for (status, request) in [
        (304, anonymous.request(Method::Get, "/api/v1/products/1").header("If-None-Match", &etag)),
        (401, anonymous.request(Method::Post, "/api/v1/products").json(&json!({}))),
        (404, anonymous.request(Method::Get, "/api/v1/nowhere")),
        (422, anonymous.request(Method::Get, "/api/v1/products?page_size=0")),
    ] {
        let answer = request.header("Origin", PAGE).send();
        assert_eq!((answer.status, answer.header("Access-Control-Allow-Origin")), (status, Some(PAGE)));
        assert!(varies(&answer));
    }
}

#[test]
fn page_of_anybody_else_is_told_nothing() {
    let shop = shop();
    for origin in FOREIGN {
        let asked = preflight(&shop, "/api/v1/products/1", origin, "PATCH");
        is_problem(&shop, &asked);
        asked.problem(403, "origin-not-allowed");
        let read = shop.anonymous().request(Method::Get, "/api/v1/products/1").header("Origin", origin).send();
        assert_eq!(read.status, 200);
        for answer in [asked, read] {
            assert_eq!(granted(&answer), [""; 0], "{origin}");
            assert!(varies(&answer), "{origin}");
        }
    }
    let anonymous = shop.anonymous();
    let both = anonymous.request(Method::Get, "/api/v1/products/1");
    let both = both.header("Origin", PAGE).header("Origin", "https://evil.example").send();
    assert_eq!(granted(&both), [""; 0]);
}

#[test]
fn answers_vary_by_origin_even_where_none_was_given() {
    let shop = shop();
    for path in ["/api/v1/products/1", "/api/v1/nowhere", "/health/live", "/api/openapi.json"] {
        let answer = shop.anonymous().get(path);
        assert!(varies(&answer) && granted(&answer).is_empty(), "{path} {answer:?}");
    }
}

#[test]
fn preflight_of_an_unknown_path_is_404() {
    let answer = preflight(&shop(), "/api/v1/nowhere", PAGE, "GET");
    answer.problem(404, "not-found");
    assert_eq!(answer.header("Access-Control-Allow-Methods"), None);
}

#[test]
fn options_that_is_no_preflight_is_405() {
    let shop = shop();
    let answer = shop.anonymous().request(Method::Options, "/api/v1/products").header("Origin", PAGE).send();
    answer.problem(405, "method-not-allowed");
    assert_eq!(answer.header("Allow"), Some("GET, HEAD, POST"));
}

#[test]
fn shop_without_a_list_says_nothing_about_origins() {
    let shop = TestShop::new();
    let asked = preflight(&shop, "/api/v1/products", PAGE, "GET");
    asked.problem(405, "method-not-allowed");
    let read = shop.anonymous().request(Method::Get, "/api/v1/products").header("Origin", PAGE).send();
    for answer in [asked, read] {
        assert!(granted(&answer).is_empty() && !varies(&answer), "{answer:?}");
    }
}

#[test]
fn form_of_a_foreign_page_changes_nothing() {
    let shop = shop();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let staff = shop.staff();
        let request = staff.request(Method::Post, "/api/v1/categories").header("Origin", "https://evil.example");
        let answer = request.header("Content-Type", kind).body(r#"{"name": "Evil"}"#).send();
        assert_eq!(answer.status, 415, "{kind}");
        assert!(granted(&answer).is_empty());
    }
    assert_eq!(shop.anonymous().names("/api/v1/categories"), ["Kitchen"]);
}
