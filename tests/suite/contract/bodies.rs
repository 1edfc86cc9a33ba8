//! Bodies: their type, their size, their syntax, and fields nobody asked for.

use crate::support::{Answer, Requests, TestShop, category, product};
use rocket::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// A debug build is slow; what must not happen is far slower.
const AT_ONCE: Duration = Duration::from_secs(2);

/// The processor time of this thread, on which requests in process are answered: unlike the time that passes, it does not
/// depend on what else the machine does. Where the system does not tell, nothing is held to it.
fn used() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(0))
}

fn shop() -> TestShop {
    let shop = TestShop::new();
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    shop
}

/// Every operation that takes a body.
const TAKING: [(Method, &str); 10] = [
    (Method::Post, "/api/v1/products"),
    (Method::Post, "/api/v1/products/batch"),
    (Method::Put, "/api/v1/products/1"),
    (Method::Patch, "/api/v1/products/1"),
    (Method::Post, "/api/v1/products/1/variants"),
    (Method::Patch, "/api/v1/variants/1"),
    (Method::Post, "/api/v1/categories"),
    (Method::Put, "/api/v1/categories/1"),
    (Method::Patch, "/api/v1/categories/1"),
    (Method::Post, "/api/v1/auth/login"),
];

fn send(shop: &TestShop, (method, path): (Method, &str), kind: Option<&str>, body: impl Into<Vec<u8>>) -> Answer {
    let staff = shop.staff();
    let request = staff.request(method, path);
    match kind {
        Some(kind) => request.header("Content-Type", kind).body(body).send(),
        None => request.body(body).send(),
    }
}

const JSON: Option<&str> = Some("application/json");

#[test]
fn body_that_is_not_declared_as_json_is_415() {
    let shop = shop();
    for target in TAKING {
        for kind in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            Some("application/xml"),
            Some("application/json; charset=utf-16"),
            Some("application/json; charset=iso-8859-1"),
            Some("application/merge-patch"),
            Some("text/json"),
            Some("garbage"),
            Some(""),
        ] {
            send(&shop, target, kind, "{}").problem(415, "unsupported-media-type");
        }
        for kind in ["application/json; charset=utf-8", "application/json; charset=UTF-8", "Application/JSON"] {
            assert_ne!(send(&shop, target, Some(kind), "{}").status, 415, "{kind}");
        }
    }
}

#[test]
fn body_that_is_coded_is_415() {
    let shop = shop();
    for coding in ["gzip", "br", "deflate", "gzip, gzip", "x"] {
        let staff = shop.staff();
        let request = staff.request(Method::Post, "/api/v1/products").header("Content-Encoding", coding);
        request.json(&product("Pan").body()).send().problem(415, "unsupported-media-type");
    }
}

#[test]
fn body_that_is_too_large_is_413_whether_it_says_so_or_not() {
    let shop = shop();
    let padded = |bytes: usize| {
        let mut body = product("Pan").body().to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        body
    };
    let limit = 256 * 1024;
    for target in TAKING.into_iter().filter(|t| !t.1.ends_with("batch")) {
        send(&shop, target, JSON, padded(limit + 1)).problem(413, "too-large");
        for length in ["262145", "10000000000", "18446744073709551615"] {
            let staff = shop.staff();
            let request = staff.request(target.0, target.1).header("Content-Length", length);
            request.json(&json!({})).send().problem(413, "too-large");
        }
    }
    assert_eq!(send(&shop, TAKING[0], JSON, padded(limit)).status, 201, "the limit itself is fine");
    let batch = format!("[{}]", " ".repeat(8 * 1024 * 1024));
    send(&shop, TAKING[1], JSON, batch).problem(413, "too-large");
    send(&shop, TAKING[1], JSON, format!("[{}]", " ".repeat(limit * 2))).names_field("products", "out_of_range");
}

#[test]
fn body_that_is_not_well_formed_is_400() {
    let shop = shop();
    let deep = "[".repeat(100_000);
    let nested = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    let utf16: Vec<u8> = "{\"name\": \"Pan\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bom = vec![0xef, 0xbb, 0xbf];
    bom.extend(b"{}");
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b" ".to_vec(),
        b"{".to_vec(),
        b"{\"name\": \"Pan\",}".to_vec(),
        b"{'name': 'Pan'}".to_vec(),
        b"name=Pan".to_vec(),
        b"{} {}".to_vec(),
        b"{\"a\": NaN}".to_vec(),
        b"{\"a\": Infinity}".to_vec(),
        b"{\"a\": 01}".to_vec(),
        b"{\"a\": \"\\ud800\"}".to_vec(),
        b"{\"a\": \"\xff\"}".to_vec(),
        b"\xff\xfe".to_vec(),
        b"{\"a\": \"\0\"}".to_vec(),
        bom,
        utf16,
        deep.into_bytes(),
        nested.into_bytes()[..250 * 1024].to_vec(),
    ];
    for target in TAKING {
        for body in &bodies {
            let before = used();
            let answer = send(&shop, target, JSON, body.clone());
            answer.problem(400, "malformed-json");
            assert!(used() - before < AT_ONCE);
            let problem = answer.text();
            assert!(!problem.contains("Pan") && !problem.contains("serde"), "{problem}");
        }
    }
}

#[test]
fn body_that_names_a_field_twice_is_400() {
    let shop = shop();
    for body in [
        r#"{"name": "Pan", "price": 1, "category": 1, "price": 2}"#,
        r#"{"name": "Pan", "price": 1, "category": 1, "seo": {"title": "a", "title": "b"}}"#,
        r#"{"name": "Pan", "n\u0061me": "Pot", "price": 1, "category": 1}"#,
    ] {
        let problem = send(&shop, TAKING[0], JSON, body).problem(400, "malformed-json");
        assert!(problem["detail"].as_str().unwrap().contains("twice"), "{problem}");
    }
    assert_eq!(shop.anonymous().results("/api/v1/products").len(), 1);
}

#[test]
fn body_with_very_many_fields_is_refused_cheaply() {
    let shop = shop();
    let fields = |n: usize| (0..n).map(|i| format!("\"k{i:x}\":1")).collect::<Vec<_>>().join(",");
    let many = format!("{{{}}}", fields(20_000));
    let huge = format!(r#"{{"products": [{{"sku": "X", {}}}]}}"#, fields(200_000));
    let attributes = format!(r#"{{"name": "x", "price": 1, "category": 1, "attributes": {{{}}}}}"#, fields(20_000));
    let number = format!(r#"{{"name": "x", "price": 1{}, "category": 1}}"#, "0".repeat(200_000));
    let mut all = Duration::ZERO;
    for (target, body) in [(TAKING[0], many), (TAKING[1], huge), (TAKING[0], attributes), (TAKING[0], number)] {
        let before = used();
        let answer = send(&shop, target, JSON, body);
        assert_eq!(answer.status, 422);
        let took = used() - before;
        all += took;
        assert!(took < AT_ONCE, "{took:?}");
        assert!(
            answer.body.len() < 256 * 1024,
            "the answer is not larger than what asked for it: {}",
            answer.body.len()
        );
    }
    // Else what is measured is only how the test asks.
    assert!(all > Duration::from_millis(5) || used().is_zero(), "requests are answered on another thread: {all:?}");
}

#[test]
fn body_with_fields_nobody_asked_for_is_422_and_changes_nothing() {
    let shop = shop();
    let state =
        || (shop.staff().get("/api/v1/products/1").ok(200), shop.anonymous().get("/api/v1/categories/1").ok(200));
    let before = state();
    let extra = [
        "id",
        "created_at",
        "updated_at",
        "version",
        "revision",
        "role",
        "user_id",
        "currency",
        "in_stock",
        "price_max",
        "is_admin",
        "_method",
        "__proto__",
        "Name",
    ];
    for (method, path) in TAKING.into_iter().filter(|t| !t.1.ends_with("batch")) {
        for field in extra {
            let mut body = json!({ field: 7 });
            if path.ends_with("products") || method == Method::Put {
                let whole = if path.contains("products") { product("Other").body() } else { json!({"name": "Other"}) };
                body.as_object_mut().unwrap().extend(whole.as_object().unwrap().clone());
            }
            let staff = shop.staff();
            let answer = staff.request(method, path).json(&body).send();
            answer.names_field(field, "unknown_field");
            if method == Method::Patch {
                // Nothing is removed by it, and it is still a field that there is not.
                let answer = staff.request(method, path).json(&json!({ field: null })).send();
                answer.names_field(field, "unknown_field");
            }
        }
    }
    for (path, nested) in [("products", "seo"), ("categories", "seo")] {
        let body = json!({ nested: { "titel": null } });
        shop.staff().patch(&format!("/api/v1/{path}/1"), &body).names_field("seo.titel", "unknown_field");
    }
    let row = json!({"products": [{"sku": "N", "name": "N", "price": 1, "category": 1, "id": 1}]});
    shop.staff().post("/api/v1/products/batch", &row).invalid();
    for nested in [
        json!({"seo": {"title": "x", "id": 1}}),
        json!({"images": [{"url": "/a.jpg", "owner": 1}]}),
        json!({"options": [{"name": "Size", "values": ["S"], "id": 1}], "variants": [{"price": 1, "options": {"Size": "S"}}]}),
        json!({"options": [{"name": "Size", "values": ["S"]}], "variants": [{"price": 1, "options": {"Size": "S"}, "product_id": 2}]}),
    ] {
        let found = shop.staff().patch("/api/v1/products/1", &nested).invalid();
        assert!(found.iter().any(|(_, code)| code == "unknown_field"), "{found:?}");
    }
    for query in ["?stock=5", "?role=admin", "?id=2"] {
        shop.anonymous().get(&format!("/api/v1/products{query}")).problem(400, "bad-request");
    }
    assert_eq!(state(), before);
    assert_eq!(shop.staff().results("/api/v1/products?status=active,draft,archived").len(), 1);
}

#[test]
fn body_that_is_no_object_is_422() {
    let shop = shop();
    for target in TAKING {
        for body in ["null", "1", "\"x\"", "true", "1e400"] {
            let answer = send(&shop, target, JSON, body);
            assert_eq!(answer.status, 422, "{target:?} {body}: {}", answer.text());
        }
    }
}

#[test]
fn body_of_the_wrong_types_is_422_and_never_5xx() {
    let shop = shop();
    let odd: Vec<Value> = [
        "null",
        "true",
        "-1",
        "1e400",
        "1.5",
        "9223372036854775808",
        "\"\"",
        "\"\\u0000\"",
        "[]",
        "[null]",
        "[[1]]",
        "{}",
        "{\"a\": {}}",
    ]
    .iter()
    .map(|text| serde_json::from_str(text).unwrap())
    .chain([json!("x".repeat(100_000)), json!(vec![json!("x"); 5_000]), json!("\u{1F600}'\"; drop table product")])
    .collect();
    let product_fields = [
        "name",
        "slug",
        "description",
        "status",
        "category",
        "brand",
        "tags",
        "attributes",
        "options",
        "variants",
        "images",
        "seo",
        "price",
        "compare_at_price",
        "stock",
        "sku",
        "weight_grams",
        "barcode",
    ];
    let category_fields = ["name", "slug", "description", "parent", "parent_id", "position", "seo"];
    for value in &odd {
        for field in product_fields {
            let answer = shop.staff().patch("/api/v1/products/1", &json!({ field: value }));
            assert!([200, 409, 422].contains(&answer.status), "{field} {value}: {} {}", answer.status, answer.text());
        }
        for field in category_fields {
            let answer = shop.staff().patch("/api/v1/categories/1", &json!({ field: value }));
            assert!([200, 409, 422].contains(&answer.status), "{field} {value}: {} {}", answer.status, answer.text());
        }
        for field in ["email", "password"] {
            let mut body = json!({"email": "a@example.test", "password": "x"});
            body[field] = value.clone();
            let answer = shop.anonymous().post("/api/v1/auth/login", &body);
            assert!([401, 422].contains(&answer.status), "{field} {value}: {} {}", answer.status, answer.text());
        }
    }
}
