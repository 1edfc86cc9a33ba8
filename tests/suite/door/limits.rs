//! What it looks like to be refused for asking too often, and what is counted.

use super::{guess, limited};
use crate::contract::problems::is_problem;
use crate::support::{Answer, Requests, TestShop, category, product, spec};
use nexus::config::GeneralLimit;
use rocket::http::Method;
use serde_json::json;

/// Holds a refusal to its contract.
#[track_caller]
fn is_refusal(shop: &TestShop, answer: &Answer, budget: &str, most: u32) {
    let problem = answer.problem(429, "too-many-requests");
    is_problem(shop, answer);
    let seconds = answer.header("Retry-After").unwrap();
    assert!((1..=68).contains(&seconds.parse::<u32>().unwrap()), "{seconds}");
    assert_eq!(answer.header("RateLimit-Policy").unwrap(), format!("\"{budget}\";q={most};w=60"));
    assert_eq!(answer.header("RateLimit").unwrap(), format!("\"{budget}\";r=0;t={seconds}"));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("at most {most}")) && detail.contains(&format!("{seconds} seconds")), "{detail}");
}

fn general(writes: u32, catalog: u32) -> TestShop {
    limited(|config| {
        config.limits.writes_per_client = GeneralLimit::PerMinute(writes);
        config.limits.catalog_per_client = GeneralLimit::PerMinute(catalog);
    })
}

#[test]
fn refused_guess_names_the_budget_that_is_used_up() {
    let shop = limited(|config| config.limits.login_per_client = 12);
    let anonymous = shop.anonymous();
    for _ in 0..10 {
        assert_eq!(guess(&anonymous, "a@example.test").from("203.0.113.7").send().status, 401);
    }
    is_refusal(&shop, &guess(&anonymous, "a@example.test").from("203.0.113.7").send(), "login-account", 10);
    for _ in 0..2 {
        assert_eq!(guess(&anonymous, "b@example.test").from("203.0.113.7").send().status, 401);
    }
    is_refusal(&shop, &guess(&anonymous, "b@example.test").from("203.0.113.7").send(), "login-client", 12);
}

#[test]
fn answers_within_the_budget_say_nothing_about_it() {
    let shop = limited(|_| {});
    for answer in [shop.anonymous().get("/api/v1/products"), guess(&shop.anonymous(), "a@example.test").send()] {
        for name in ["Retry-After", "RateLimit", "RateLimit-Policy"] {
            assert_eq!(answer.header(name), None, "{name}");
        }
    }
}

#[test]
fn writes_of_one_client_are_counted_whoever_signs_in_and_whatever_they_ask() {
    let shop = general(6, 0);
    let staff = shop.staff();
    let send = |peer: &str, method, path: &str| {
        staff.request(method, path).from(peer).json(&json!({ "name": "Kitchen" })).send()
    };
    assert_eq!(send("203.0.113.7", Method::Post, "/api/v1/categories").status, 201);
    assert_eq!(send("203.0.113.7", Method::Patch, "/api/v1/categories/1").status, 200);
    assert_eq!(send("203.0.113.7", Method::Delete, "/api/v1/products/99").status, 404);
    let customer = shop.customer().request(Method::Delete, "/api/v1/products/1").from("203.0.113.7").send();
    assert_eq!(customer.status, 403);
    let forged = shop.bearing("x").request(Method::Delete, "/api/v1/products/1").from("203.0.113.7").send();
    assert_eq!(forged.status, 401);
    assert_eq!(guess(&shop.anonymous(), "a@example.test").from("203.0.113.7").send().status, 401);
    for (method, path) in [
        (Method::Post, "/api/v1/categories"),
        (Method::Put, "/api/v1/categories/1"),
        (Method::Patch, "/api/v1/variants/1"),
        (Method::Delete, "/api/v1/products/1"),
        (Method::Post, "/api/v1/products/batch"),
    ] {
        is_refusal(&shop, &send("203.0.113.7", method, path), "writes-client", 6);
    }
    is_refusal(&shop, &guess(&shop.anonymous(), "a@example.test").from("203.0.113.7").send(), "writes-client", 6);
    assert_eq!(send("203.0.113.8", Method::Patch, "/api/v1/categories/1").status, 200, "another client");
    assert_eq!(staff.request(Method::Get, "/api/v1/products").from("203.0.113.7").send().status, 200, "reads go on");
}

#[test]
fn reads_of_the_public_are_counted_and_those_of_the_signed_in_are_not() {
    let shop = general(0, 4);
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    let read = |method, path: &str| shop.anonymous().request(method, path).from("203.0.113.7").send();
    assert_eq!(read(Method::Get, "/api/v1/products").status, 200);
    assert_eq!(read(Method::Get, "/api/products/1/").status, 200);
    assert_eq!(read(Method::Head, "/api/v1/categories").status, 200);
    assert_eq!(read(Method::Get, "/api/v1/products/nothing").status, 404);
    for path in ["/api/v1/products", "/api/v1/products/1", "/api/v1/products/1/variants", "/api/v1/categories/1"] {
        is_refusal(&shop, &read(Method::Get, path), "catalog-client", 4);
    }
    let head = read(Method::Head, "/api/v1/products");
    assert_eq!((head.status, head.body.len()), (429, 0));
    assert_eq!(read(Method::Get, "/health/live").status, 200, "the probes of a balancer are not counted");
    assert_eq!(read(Method::Get, "/api/openapi.json").status, 200);
    for _ in 0..10 {
        let customer = shop.customer().request(Method::Get, "/api/v1/products").from("203.0.113.7").send();
        assert_eq!(customer.status, 200);
    }
    assert_eq!(shop.anonymous().request(Method::Get, "/api/v1/products").from("203.0.113.8").send().status, 200);
}

#[test]
fn general_budgets_are_off_where_everybody_looks_like_the_proxy() {
    let shop = limited(|_| {});
    for _ in 0..620 {
        assert_eq!(shop.customer().delete("/api/v1/products/1").status, 403);
    }
    let open = limited(|config| config.proxy.trusted = vec!["127.0.0.1".to_owned()]);
    let refused = (0..620).filter(|_| open.customer().delete("/api/v1/products/1").status == 429).count();
    assert_eq!(refused, 20);
}

#[test]
fn every_operation_describes_its_refusal() {
    for (path, method, operation) in spec::operations() {
        let refusal = &operation["responses"]["429"];
        assert!(refusal["content"]["application/problem+json"]["schema"].is_object(), "{method} {path}");
        for name in ["Retry-After", "RateLimit", "RateLimit-Policy"] {
            let header = &refusal["headers"][name];
            assert!(header["description"].as_str().is_some_and(|d| !d.is_empty()), "{method} {path} {name}");
        }
        assert!(operation["responses"]["503"]["headers"]["Retry-After"].is_object(), "{method} {path}");
    }
}
