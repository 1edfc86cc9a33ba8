//! Every error: one shape, one id, and nothing of the inside.

use crate::support::{Answer, Requests, TestShop, builders::tee, category, product};
use rocket::http::Method;
use serde_json::json;

/// Holds an error against what all errors promise.
#[track_caller]
pub fn is_problem(shop: &TestShop, answer: &Answer) {
    assert!(answer.status >= 400, "{}", answer.status);
    assert_eq!(answer.header("Content-Type"), Some("application/problem+json"), "{}", answer.text());
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status);
    assert_eq!(problem["instance"].as_str(), answer.header("X-Request-Id"));
    assert!(
        problem["type"].as_str().is_some_and(|kind| kind.starts_with("/problems/") && !kind.ends_with('/')),
        "{problem}"
    );
    for field in ["title", "detail"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    assert_eq!(
        problem.get("errors").is_some(),
        answer.status == 422 || problem["type"] == "/problems/taken",
        "{problem}"
    );
    let text = answer.text().to_lowercase();
    let folder = shop.path().to_string_lossy().to_lowercase();
    for inside in [
        "sqlite",
        "select id",
        "select p.",
        "from product",
        "insert into",
        "constraint",
        "rusqlite",
        "panicked",
        "backtrace",
        ".rs:",
        "src/",
        "serde",
        "rocket",
        folder.as_str(),
    ] {
        assert!(!text.contains(inside), "{inside:?} in {text}");
    }
}

#[test]
fn every_kind_of_error_is_a_problem() {
    let shop = TestShop::new();
    category("Kitchen").create(&shop);
    product("Mug").sku("M").create(&shop);
    tee().create(&shop);
    let staff = shop.staff();
    let stale = staff.request(Method::Delete, "/api/v1/products/1").header("If-Match", "\"0.0-0\"");
    let text = staff.request(Method::Post, "/api/v1/products").header("Content-Type", "text/plain").body("x");
    let syntax = staff.request(Method::Post, "/api/v1/products").header("Content-Type", "application/json").body("{");
    let large = staff
        .request(Method::Post, "/api/v1/products")
        .header("Content-Type", "application/json")
        .body(vec![b' '; 300 * 1024]);
    let answers = [
        (400, shop.anonymous().get("/api/v1/products?x=1")),
        (400, shop.anonymous().get("/api/v1/products?cursor=x")),
        (400, shop.anonymous().get("/api/v1/products?tag=%ff")),
        (400, syntax.send()),
        (401, shop.anonymous().post("/api/v1/products", &json!({}))),
        (401, shop.bearing("x").get("/api/v1/products")),
        (401, shop.anonymous().post("/api/v1/auth/login", &json!({"email": "a@example.test", "password": "x"}))),
        (403, shop.customer().delete("/api/v1/products/1")),
        (404, shop.anonymous().get("/api/v1/products/nothing")),
        (404, shop.anonymous().get("/nowhere")),
        (404, shop.anonymous().get("/api/v1/products/'%20or%201=1--")),
        (405, shop.anonymous().delete("/api/v1/products")),
        (409, staff.post("/api/v1/products", &product("New").sku("M").body())),
        (409, staff.delete("/api/v1/categories/1")),
        (412, stale.send()),
        (413, large.send()),
        (415, text.send()),
        (422, staff.post("/api/v1/products", &json!({"name": 1}))),
        (422, shop.anonymous().get("/api/v1/products?page_size=0")),
        (422, staff.delete("/api/v1/categories/1?move_to=99")),
    ];
    for (status, answer) in &answers {
        assert_eq!(answer.status, *status, "{}", answer.text());
        is_problem(&shop, answer);
    }
}

#[test]
fn address_that_cannot_be_parsed_is_a_problem() {
    let shop = TestShop::new();
    for path in [
        "/api/v1/products?search=%",
        "/api/v1/products/%",
        "/api/v1/products?a=b?c=d",
        "//api/v1/products",
        "/api//v1//products",
        "/api/v1/products//",
        "/api/v1/products?&&&=&",
    ] {
        let answer = shop.anonymous().request(Method::Get, path).send();
        assert!(answer.status < 500, "{path} {}", answer.status);
        if answer.status >= 400 {
            is_problem(&shop, &answer);
        }
    }
}

#[test]
fn shop_that_cannot_write_says_so_and_still_reads() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    shop.shop.close();
    let answer = shop.staff().post("/api/v1/products", &product("Pan").body());
    assert_eq!(answer.status, 503, "{}", answer.text());
    is_problem(&shop, &answer);
    assert!(answer.header("Retry-After").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
    assert_eq!(shop.anonymous().names("/api/v1/products?ordering=name"), ["Mug"]);
}
