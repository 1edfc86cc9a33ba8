//! Nothing a client says about the shop's own address comes back: links and addresses stay relative.

use crate::support::{Answer, PASSWORD, Requests, TestShop, category, email, product};
use nexus::domain::Role;
use rocket::http::Method;
use serde_json::json;

/// What a client may claim the shop's address to be.
const CLAIMS: [(&str, &str); 7] = [
    ("Host", "evil.example"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Proto", "gopher"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Original-URL", "/evil"),
    ("X-Rewrite-URL", "/evil"),
    ("Forwarded", "host=evil.example;proto=gopher"),
];

fn is_untouched(answer: &Answer) {
    let headers: Vec<&str> = answer.headers.iter().map(|(_, value)| value.as_str()).collect();
    let all = format!("{} {}", headers.join(" "), answer.text()).to_lowercase();
    assert!(!all.contains("evil") && !all.contains("gopher"), "{all}");
    if let Some(location) = answer.header("Location") {
        assert!(location.starts_with('/') && !location.starts_with("//") && !location.contains('\\'), "{location}");
    }
}

#[test]
fn host_that_a_client_claims_comes_back_nowhere() {
    let shop = TestShop::with(|config| {
        config.shop.url = "https://shop.example".to_owned();
        config.proxy.trusted = vec!["10.0.0.1".to_owned()];
    });
    category("Kitchen").create(&shop);
    for name in ["Mug", "Pan", "Tin"] {
        product(name).create(&shop);
    }
    shop.staff().patch("/api/v1/products/1", &json!({ "slug": "cup" })).ok(200);
    let staff = shop.staff();
    let claimed = |method, path: &str| {
        let request = staff.request(method, path).from("10.0.0.1");
        CLAIMS.iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    let login = json!({ "email": email(Role::Staff), "password": PASSWORD });
    let answers = [
        (200, claimed(Method::Get, "/api/v1/products?page_size=1").send()),
        (201, claimed(Method::Post, "/api/v1/products").json(&product("Pot").body()).send()),
        (201, claimed(Method::Post, "/api/v1/categories").json(&json!({ "name": "Garden" })).send()),
        (301, claimed(Method::Get, "/api/v1/products/mug").send()),
        (200, claimed(Method::Post, "/api/v1/auth/login").json(&login).send()),
        (303, claimed(Method::Get, "/api/docs").send()),
        (200, claimed(Method::Get, "/api/openapi.json").send()),
        (404, claimed(Method::Get, "/api/v1/nowhere").send()),
        (405, claimed(Method::Delete, "/api/v1/products").send()),
        (422, claimed(Method::Post, "/api/v1/products").json(&json!({})).send()),
        (200, claimed(Method::Get, "/health/ready").send()),
    ];
    for (status, answer) in &answers {
        assert_eq!(answer.status, *status, "{}", answer.text());
        is_untouched(answer);
    }
    assert_eq!(answers[3].1.header("Location"), Some("/api/v1/products/cup"));
    assert!(answers[0].1.json()["next"].as_str().unwrap().starts_with("/api/v1/products?"));
}

#[test]
fn address_that_looks_like_another_host_leads_nowhere_else() {
    let shop = TestShop::new();
    for path in [
        "//evil.example",
        "//evil.example/api/docs",
        "/api/docs//evil.example",
        "/api/docs?next=//evil.example",
        "/api//evil.example/",
        "/%5cevil.example/",
        "/api/v1/products/%2f%2fevil.example",
    ] {
        let answer = shop.anonymous().request(Method::Get, path).send();
        if let Some(location) = answer.header("Location") {
            assert_eq!(location, "/api/docs/index.html", "{path}");
        }
        assert!(answer.status == 404 || answer.status == 303 || answer.status == 400, "{path} {}", answer.status);
    }
}
