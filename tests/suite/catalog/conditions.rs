//! Conditional requests, HEAD and compressed bodies.

use crate::support::{Answer, Requests, TestShop, builders::tee, product};
use flate2::read::GzDecoder;
use rocket::http::Method;
use serde_json::json;
use std::io::Read;

fn with(shop: &TestShop, method: Method, path: &str, header: (&str, &str), body: Option<serde_json::Value>) -> Answer {
    let staff = shop.staff();
    let request = staff.request(method, path).header(header.0, header.1);
    match body {
        Some(body) => request.json(&body).send(),
        None => request.send(),
    }
}

#[test]
fn every_read_has_a_tag_and_answers_304_to_it() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let id = &made["id"];
    for path in [
        "/api/v1/products".to_owned(),
        "/api/v1/products?search=mug&include=facets".to_owned(),
        format!("/api/v1/products/{id}"),
        "/api/v1/products/mug".to_owned(),
        format!("/api/v1/products/{id}/variants"),
        "/api/v1/categories".to_owned(),
        "/api/v1/categories?tree=true".to_owned(),
        "/api/v1/categories/kitchen".to_owned(),
        "/api/openapi.json".to_owned(),
    ] {
        let first = shop.anonymous().get(&path);
        first.ok(200);
        let tag = first.etag();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
        for given in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = shop.anonymous().get_unless(&path, &given);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {given}");
            assert_eq!(again.etag(), tag);
            assert_eq!(again.header("Cache-Control"), first.header("Cache-Control"));
            assert_eq!(again.header("Vary"), first.header("Vary"));
        }
        for given in ["\"x\"", "", tag.trim_matches('"'), "W/\"x\""] {
            assert_eq!(shop.anonymous().get_unless(&path, given).status, 200, "{path} {given}");
        }
    }
}

#[test]
fn tag_changes_with_what_it_names_and_only_then() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let other = product("Pan").create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    let before = shop.anonymous().get(&path).etag();
    shop.staff().patch(&format!("/api/v1/products/{}", other["id"]), &json!({"stock": 5})).ok(200);
    assert_eq!(shop.anonymous().get(&path).etag(), before);
    shop.staff().patch(&format!("/api/v1/variants/{}", made["variants"][0]["id"]), &json!({"stock": 5})).ok(200);
    let after = shop.anonymous().get(&path);
    assert_ne!(after.etag(), before);
    assert_eq!(shop.anonymous().get_unless(&path, &before).status, 200);
}

#[test]
fn tag_of_the_answer_to_a_write_is_that_of_the_next_read() {
    let shop = TestShop::with_categories();
    let answer = shop.staff().post("/api/v1/products", &product("Mug").body());
    let path = format!("/api/v1/products/{}", answer.ok(201)["id"]);
    assert_eq!(shop.staff().get(&path).etag(), answer.etag());
    let patched = shop.staff().patch(&path, &json!({"stock": 3}));
    assert_eq!(shop.staff().get(&path).etag(), patched.etag());
}

#[test]
fn product_write_with_a_stale_tag_is_refused() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    let stale = shop.staff().get(&path).etag();
    let current = shop.staff().patch(&path, &json!({"stock": 1})).etag();
    for tag in [stale.as_str(), "\"x\"", "\"\"", "garbage", "\"999.1-0\"", &format!("W/{stale}")] {
        with(&shop, Method::Patch, &path, ("If-Match", tag), Some(json!({"stock": 9}))).problem(412, "stale");
        with(&shop, Method::Put, &path, ("If-Match", tag), Some(product("Cup").body())).problem(412, "stale");
        with(&shop, Method::Delete, &path, ("If-Match", tag), None).problem(412, "stale");
    }
    assert_eq!(shop.staff().get(&path).ok(200)["stock"], 1);
    assert_eq!(shop.staff().get(&path).etag(), current);
}

#[test]
fn product_write_with_the_current_tag_or_a_star_is_done() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    let tag = shop.anonymous().get(&path).etag();
    let list = format!("\"other\", {tag}");
    with(&shop, Method::Patch, &path, ("If-Match", &list), Some(json!({"stock": 1}))).ok(200);
    with(&shop, Method::Patch, &path, ("If-Match", "*"), Some(json!({"stock": 2}))).ok(200);
    let tag = shop.staff().get(&path).etag();
    with(&shop, Method::Put, &path, ("If-Match", &tag), Some(product("Cup").body())).ok(200);
    let tag = shop.staff().get(&path).etag();
    assert_eq!(with(&shop, Method::Delete, &path, ("If-Match", &tag), None).status, 204);
    with(&shop, Method::Delete, &path, ("If-Match", "*"), None).problem(404, "not-found");
}

#[test]
fn product_write_with_the_tag_of_a_compressed_read_is_done() {
    let shop = TestShop::with_categories();
    let made = product("Mug").with("description", "long ".repeat(500)).create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    for coding in ["gzip", "br"] {
        let read = with(&shop, Method::Get, &path, ("Accept-Encoding", coding), None);
        let tag = read.etag();
        assert_ne!(tag, shop.staff().get(&path).etag(), "each coding has a tag of its own");
        assert_eq!(with(&shop, Method::Get, &path, ("If-None-Match", &tag), None).status, 304);
        with(&shop, Method::Patch, &path, ("If-Match", &tag), Some(json!({"stock": coding.len()}))).ok(200);
    }
}

#[test]
fn product_write_after_a_rename_of_its_category_needs_the_new_tag() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    let tag = shop.staff().get(&path).etag();
    let kitchen = shop.anonymous().get("/api/v1/categories/kitchen").ok(200);
    shop.staff().patch(&format!("/api/v1/categories/{}", kitchen["id"]), &json!({"name": "Cooking"})).ok(200);
    with(&shop, Method::Patch, &path, ("If-Match", &tag), Some(json!({"stock": 1}))).problem(412, "stale");
}

#[test]
fn category_and_variant_writes_take_conditions() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    let variant = format!("/api/v1/variants/{}", made["variants"][0]["id"]);
    let tag = shop.staff().get(&format!("/api/v1/products/{}", made["id"])).etag();
    let first = with(&shop, Method::Patch, &variant, ("If-Match", &tag), Some(json!({"stock": 1})));
    first.ok(200);
    with(&shop, Method::Patch, &variant, ("If-Match", &tag), Some(json!({"stock": 2}))).problem(412, "stale");
    with(&shop, Method::Delete, &variant, ("If-Match", &tag), None).problem(412, "stale");
    with(&shop, Method::Patch, &variant, ("If-Match", &first.etag()), Some(json!({"stock": 3}))).ok(200);
    let garden = shop.anonymous().get("/api/v1/categories/garden");
    let path = format!("/api/v1/categories/{}", garden.ok(200)["id"]);
    with(&shop, Method::Put, &path, ("If-Match", &garden.etag()), Some(json!({"name": "Yard"}))).ok(200);
    with(&shop, Method::Patch, &path, ("If-Match", &garden.etag()), Some(json!({"name": "X"}))).problem(412, "stale");
    with(&shop, Method::Delete, &path, ("If-Match", &garden.etag()), None).problem(412, "stale");
}

#[test]
fn write_with_if_none_match_is_answered_with_its_body() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    let tag = shop.staff().get(&path).etag();
    for known in [tag.as_str(), "*"] {
        // A write that changes nothing keeps the tag, yet it is no read.
        let answer = with(&shop, Method::Patch, &path, ("If-None-Match", known), Some(json!({"stock": 0})));
        assert_eq!(answer.ok(200)["id"], made["id"]);
    }
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    for path in [
        "/api/v1/products",
        "/api/v1/products/mug",
        "/api/v1/products/mug/variants",
        "/api/v1/products/nothing",
        "/api/v1/products?page_size=0",
        "/api/v1/categories?tree=true",
        "/api/v1/nowhere",
        "/health/live",
        "/health/ready",
        "/api/openapi.json",
        "/api/docs/index.html",
    ] {
        shop.anonymous().get(path);
        let (get, head) = (shop.anonymous().get(path), shop.anonymous().head(path));
        assert!(head.body.is_empty(), "{path}");
        assert_eq!(head.status, get.status, "{path}");
        let comparable = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            headers.retain(|(name, _)| name != "X-Request-Id" && name != "Content-Length");
            headers.sort();
            headers
        };
        assert_eq!(comparable(&head), comparable(&get), "{path}");
    }
}

#[test]
fn body_is_compressed_for_who_accepts_it_and_large_enough() {
    let shop = TestShop::with_categories();
    (0..20).for_each(|n| drop(product(&format!("Mug {n}")).create(&shop)));
    let plain = shop.anonymous().get("/api/v1/products").json();
    let read =
        |accept: &str, path: &str| shop.anonymous().request(Method::Get, path).header("Accept-Encoding", accept).send();
    let gzip = read("gzip", "/api/v1/products");
    let mut text = String::new();
    GzDecoder::new(&gzip.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(
        (gzip.header("Content-Encoding"), serde_json::from_str(&text).ok()),
        (Some("gzip"), Some(plain.clone()))
    );
    let br = read("gzip, deflate, br", "/api/v1/products");
    let mut text = Vec::new();
    brotli::BrotliDecompress(&mut &br.body[..], &mut text).unwrap();
    assert_eq!((br.header("Content-Encoding"), serde_json::from_slice(&text).ok()), (Some("br"), Some(plain.clone())));
    for accept in ["", "identity", "gzip;q=0, br;q=0", "deflate", "zstd", "gzip;q=0.000"] {
        let answer = read(accept, "/api/v1/products");
        assert_eq!((answer.header("Content-Encoding"), answer.json()), (None, plain.clone()), "{accept}");
    }
    assert_eq!(read("GZIP;q=0.5, br;q=0", "/api/v1/products").header("Content-Encoding"), Some("gzip"));
    assert_eq!(read("br;q=0.1, gzip;q=0.9", "/api/v1/products").header("Content-Encoding"), Some("gzip"));
    assert_eq!(
        read("gzip", "/api/v1/products?page_size=1").header("Content-Encoding"),
        None,
        "small bodies stay as they are"
    );
    for answer in [&gzip, &br] {
        assert!(answer.header("Vary").is_some_and(|vary| vary.contains("Accept-Encoding")));
        assert!(answer.body.len() < plain.to_string().len() / 3);
    }
}
