//! One address for each thing, and what other addresses and methods answer.

use crate::support::{Requests, TestShop, category, product};
use rocket::http::Method;
use serde_json::json;

fn shop() -> TestShop {
    let shop = TestShop::new();
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    shop
}

#[test]
fn address_without_version_or_with_a_slash_is_answered_in_place() {
    let shop = shop();
    for path in [
        "products",
        "products/1",
        "products/mug",
        "products/1/variants",
        "categories",
        "categories/kitchen",
        "products?page_size=1",
    ] {
        let (bare, query) =
            path.split_once('?').map_or((path, String::new()), |(path, query)| (path, format!("?{query}")));
        let expected = shop.anonymous().get(&format!("/api/v1/{path}")).ok(200);
        for form in [format!("/api/{bare}{query}"), format!("/api/{bare}/{query}"), format!("/api/v1/{bare}/{query}")] {
            assert_eq!(shop.anonymous().get(&form).ok(200), expected, "{form}");
        }
    }
    for (number, form) in ["/api/variants/1", "/api/variants/1/", "/api/v1/variants/1/"].iter().enumerate() {
        assert_eq!(shop.staff().patch(form, &json!({"stock": number + 1})).ok(200)["stock"], number + 1, "{form}");
    }
    assert_eq!(shop.staff().post("/api/products/", &product("Pan").body()).status, 201);
    assert_eq!(shop.staff().delete("/api/products/1/").status, 204);
}

#[test]
fn address_that_is_unknown_is_404() {
    let shop = shop();
    for path in [
        "/",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/products",
        "/api/v1/nothing",
        "/api/v1/products/1/nothing",
        "/API/V1/products",
        "/products",
        "/health",
        "/health/dead",
        "/metrics/nothing",
        "/.env",
        "/api/v1/../../etc/passwd",
        "/api/v1/%2e%2e/%2e%2e/etc/passwd",
        "/static/openapi.json",
        "/nexus.db",
        "/api/docs/../../nexus.db",
        "/api/v1/variants",
        "/api/v1/auth",
    ] {
        for method in [Method::Get, Method::Post, Method::Delete] {
            let answer = shop.admin().request(method, path).send();
            answer.problem(404, "not-found");
        }
    }
}

#[test]
fn thing_that_does_not_exist_is_404_for_every_kind_of_key() {
    let shop = shop();
    for key in [
        "999",
        "0",
        "-1",
        "1.0",
        "01",
        "9223372036854775807",
        "9223372036854775808",
        "%27",
        "%00",
        "%ff",
        "%F0%9F%98%80",
        "nothing",
        "MUG",
        "a%2Fb",
        "1%20or%201=1",
    ] {
        for collection in ["products", "categories"] {
            shop.anonymous().get(&format!("/api/v1/{collection}/{key}")).problem(404, "not-found");
            shop.staff().delete(&format!("/api/v1/{collection}/{key}")).problem(404, "not-found");
            shop.staff().patch(&format!("/api/v1/{collection}/{key}"), &json!({"name": "x"})).problem(404, "not-found");
        }
        shop.staff().patch(&format!("/api/v1/variants/{key}"), &json!({"stock": 1})).problem(404, "not-found");
        shop.staff().post(&format!("/api/v1/products/{key}/variants"), &json!({"price": 1})).problem(404, "not-found");
    }
    let long = "a".repeat(8_000);
    shop.anonymous().get(&format!("/api/v1/products/{long}")).problem(404, "not-found");
}

#[test]
fn writes_take_ids_only() {
    let shop = shop();
    shop.staff().patch("/api/v1/products/mug", &json!({"stock": 1})).problem(404, "not-found");
    shop.staff().delete("/api/v1/categories/kitchen").problem(404, "not-found");
}

#[test]
fn method_that_is_wrong_is_405_and_says_which_are_right() {
    let shop = shop();
    for (path, allow) in [
        ("/api/v1/products", "GET, HEAD, POST"),
        ("/api/products/", "GET, HEAD, POST"),
        ("/api/v1/products/1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("/api/v1/products/1/variants", "GET, HEAD, POST"),
        ("/api/v1/variants/1", "DELETE, PATCH"),
        ("/api/v1/categories/1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("/api/v1/auth/login", "POST"),
        ("/health/live", "GET, HEAD"),
        ("/api/openapi.json", "GET, HEAD"),
    ] {
        for method in [
            Method::Get,
            Method::Head,
            Method::Post,
            Method::Put,
            Method::Patch,
            Method::Delete,
            Method::Options,
            Method::Trace,
            Method::Connect,
        ] {
            if allow.split(", ").any(|known| known == method.as_str()) {
                continue;
            }
            let answer = shop.admin().request(method, path).send();
            assert_eq!((answer.status, answer.header("Allow")), (405, Some(allow)), "{method} {path}");
            if method != Method::Head {
                answer.problem(405, "method-not-allowed");
            }
        }
    }
    shop.anonymous().get("/api/v1/products/1").ok(200);
}

#[test]
fn address_that_fits_two_templates_allows_what_the_nearer_one_takes() {
    let answer = shop().admin().request(Method::Options, "/api/v1/products/batch").send();
    assert_eq!((answer.status, answer.header("Allow")), (405, Some("POST")));
}

#[test]
fn form_post_that_names_a_method_is_not_taken_for_it() {
    let shop = shop();
    for (method, path, body) in [
        ("delete", "/api/v1/products/1", "_method=delete"),
        ("DELETE", "/api/v1/products/1", "_method=DELETE&x=1"),
        ("delete", "/api/v1/categories/1", "_method=delete"),
        ("put", "/api/v1/products/1", "_method=put"),
        ("delete", "/api/v1/products/1", "%5Fmethod=%64elete"),
    ] {
        let answer = shop
            .staff()
            .request(Method::Post, path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send();
        assert!([405, 415].contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
    }
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\ndelete\r\n--x--\r\n";
    let answer = shop
        .staff()
        .request(Method::Post, "/api/v1/products/1")
        .header("Content-Type", "multipart/form-data; boundary=x")
        .body(multipart)
        .send();
    assert!([405, 415].contains(&answer.status), "{}", answer.text());
    let plain =
        shop.staff().request(Method::Post, "/api/v1/products/1").header("X-HTTP-Method-Override", "DELETE").send();
    assert_eq!(plain.status, 405);
    shop.anonymous().get("/api/v1/products/1").ok(200);
    shop.anonymous().get("/api/v1/categories/1").ok(200);
}

#[test]
fn request_id_is_taken_over_when_sane_and_made_otherwise() {
    let shop = shop();
    let id_for = |given: &str| {
        let answer = shop.anonymous().request(Method::Get, "/api/v1/products/1").header("X-Request-Id", given).send();
        answer.header("X-Request-Id").unwrap().to_owned()
    };
    for sane in ["7", "abc-123", "2f6d7c1e-8f7a-4c38-9b2d-0123456789ab", "A_b.C-123", &"x".repeat(128)] {
        assert_eq!(id_for(sane), sane);
    }
    let long = "x".repeat(129);
    for other in
        ["", "with blank in it", "semi;colon;", "<script>alert(1)</script>", "line\u{1}feed", "überlang", long.as_str()]
    {
        let made = id_for(other);
        assert_ne!(made, other);
        assert!(made.len() >= 8 && made.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{made}");
    }
    let ids: std::collections::BTreeSet<String> =
        (0..20).map(|_| shop.anonymous().get("/health/live").header("X-Request-Id").unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 20, "no two are the same");
}

#[test]
fn host_of_the_request_changes_no_link() {
    let shop = shop();
    product("Pan").create(&shop);
    shop.staff().patch("/api/v1/products/1", &json!({"slug": "tall-mug"})).ok(200);
    for (name, value) in [
        ("Host", "evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("Forwarded", "host=evil.example"),
        ("X-Forwarded-Proto", "javascript"),
    ] {
        for path in
            ["/api/v1/products?page_size=1", "/api/v1/products/mug", "/api/docs", "/api/docs/", "/api/openapi.json"]
        {
            let answer = shop.anonymous().request(Method::Get, path).header(name, value).send();
            assert!(!answer.text().contains("evil") && !answer.headers.iter().any(|h| h.1.contains("evil")), "{path}");
            assert!(answer.header("Location").is_none_or(|to| to.starts_with('/') && !to.starts_with("//")), "{path}");
        }
    }
}

#[test]
fn health_is_live_and_ready() {
    let shop = shop();
    for (path, status) in [("/health/live", "live"), ("/health/ready", "ready")] {
        let answer = shop.anonymous().get(path);
        assert_eq!(answer.ok(200)["status"], status);
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    }
    shop.shop.close();
    assert_eq!(shop.anonymous().get("/health/live").status, 200);
}

#[test]
fn docs_page_works_without_a_network() {
    let shop = shop();
    let page = shop.anonymous().get("/api/docs/index.html");
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("http://") && !page.text().contains("https://"), "{}", page.text());
    for path in ["/api/docs", "/api/docs/"] {
        let answer = shop.anonymous().get(path);
        let local = answer.header("Location") == Some("/api/docs/index.html");
        assert!(answer.status == 200 || local, "{path}: {} {:?}", answer.status, answer.headers);
    }
    for file in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-ui-config.json"] {
        let answer = shop.anonymous().get(&format!("/api/docs/{file}"));
        assert_eq!(answer.status, 200, "{file}");
    }
    assert!(shop.anonymous().get("/api/docs/swagger-ui-config.json").text().contains("/api/openapi.json"));
}

#[test]
fn every_answer_refuses_sniffing() {
    let shop = shop();
    for path in ["/api/v1/products", "/api/v1/nothing", "/health/live", "/api/docs/index.html"] {
        assert_eq!(shop.anonymous().get(path).header("X-Content-Type-Options"), Some("nosniff"), "{path}");
        assert_eq!(shop.anonymous().get(path).header("Server"), None, "{path}");
    }
}
