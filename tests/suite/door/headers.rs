//! What browsers are told: on every route, with every status.

use crate::contract::problems::is_problem;
use crate::support::{Answer, PASSWORD, Requests, TestShop, email, product, spec};
use nexus::domain::Role;
use rocket::http::Method;
use rocket::local::blocking::Client;
use serde_json::json;
use std::collections::BTreeSet;

const DATA: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'";

/// Holds an answer to the headers that all of them have, each once.
#[track_caller]
fn is_dressed(answer: &Answer, at: &str) {
    for (name, value) in [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ] {
        assert_eq!(values(answer, name), [value], "{at} {name}");
    }
    for name in ["X-Request-Id", "Content-Security-Policy", "Permissions-Policy"] {
        assert_eq!(values(answer, name).len(), 1, "{at} {name}");
    }
    let permissions = answer.header("Permissions-Policy").unwrap();
    for feature in ["camera", "microphone", "geolocation", "payment", "usb"] {
        assert!(permissions.contains(&format!("{feature}=()")), "{at} {permissions}");
    }
    if !at.contains("/api/docs") {
        assert_eq!(answer.header("Content-Security-Policy"), Some(DATA), "{at}");
    }
    for banner in ["Server", "X-Powered-By", "Via"] {
        assert_eq!(answer.header(banner), None, "{at}");
    }
}

fn values<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let found = answer.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn every_route_tells_browsers_the_same_for_every_caller() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    let mut paths: BTreeSet<String> = shop.client().rocket().routes().map(|route| route.uri.to_string()).collect();
    paths.extend(["/", "/nowhere", "/api", "/api/v1", "/api/v1/products/", "/api/docs/"].map(str::to_owned));
    assert!(paths.len() > 25, "{paths:?}");
    for template in &paths {
        let path = spec::filled(template);
        for method in
            [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options]
        {
            for answer in [
                shop.anonymous().request(method, &path).send(),
                shop.bearing("x").request(method, &path).send(),
                shop.customer().request(method, &path).send(),
            ] {
                is_dressed(&answer, &format!("{method} {path} {}", answer.status));
            }
        }
    }
}

#[test]
fn every_status_tells_browsers_the_same() {
    let shop = TestShop::with(|config| config.limits.login_per_account = 1);
    crate::support::category("Kitchen").create(&shop);
    product("Mug").sku("M").create(&shop);
    let (anonymous, staff) = (shop.anonymous(), shop.staff());
    let etag = anonymous.get("/api/v1/products/1").etag();
    let json = |body: &str| {
        let request = staff.request(Method::Post, "/api/v1/products").header("Content-Type", "application/json");
        request.body(body).send()
    };
    staff.patch("/api/v1/products/1", &json!({ "slug": "cup" })).ok(200);
    staff.patch("/api/v1/products/1", &json!({ "slug": "mug" })).ok(200);
    let login = json!({ "email": "a@example.test", "password": "wrong" });
    let mut answers = vec![
        (200, anonymous.get("/api/v1/products")),
        (201, staff.post("/api/v1/products", &product("Pan").body())),
        (202, shop.admin().request(Method::Post, "/api/v1/admin/backups").send()),
        (204, staff.delete("/api/v1/products/2")),
        (301, anonymous.get("/api/v1/products/cup")),
        (303, anonymous.get("/api/docs")),
        (304, anonymous.get_unless("/api/v1/products/1", "*")),
        (400, json("{")),
        (401, anonymous.post("/api/v1/auth/login", &login)),
        (403, shop.customer().delete("/api/v1/products/1")),
        (404, anonymous.get("/api/v1/products/nothing")),
        (405, anonymous.delete("/api/v1/products")),
        (409, staff.post("/api/v1/products", &product("New").sku("M").body())),
        (412, staff.request(Method::Delete, "/api/v1/products/1").header("If-Match", &etag).send()),
        (413, json(&" ".repeat(300 * 1024))),
        (415, staff.request(Method::Post, "/api/v1/products").header("Content-Type", "text/plain").body("x").send()),
        (422, json("{}")),
        (429, anonymous.post("/api/v1/auth/login", &login)),
    ];
    answers.push((402, declined(&shop)));
    shop.shop.close();
    answers.push((503, staff.post("/api/v1/products", &product("Tin").body())));
    for (status, answer) in &answers {
        assert_eq!(answer.status, *status, "{}", answer.text());
        is_dressed(answer, &status.to_string().replace("303", "/api/docs"));
        if *status >= 400 {
            is_problem(&shop, answer);
        }
    }
    let met: BTreeSet<u16> = answers.iter().map(|(status, _)| *status).collect();
    // The others need a defect or a full disk.
    let described = spec::operations().into_iter().flat_map(|(_, _, operation)| {
        let responses = operation["responses"].as_object().unwrap();
        responses.keys().map(|status| status.parse::<u16>().unwrap()).collect::<Vec<_>>()
    });
    let missing: Vec<u16> = described.filter(|status| !met.contains(status) && ![500, 507].contains(status)).collect();
    assert_eq!(missing, [0; 0]);
}

/// A checkout whose payment is declined.
fn declined(shop: &TestShop) -> Answer {
    product("Cup").sku("C").stock(1).create(shop);
    let guest = shop.anonymous();
    let cart = guest.request(Method::Post, "/api/v1/carts").send().ok(201);
    let path = format!("/api/v1/carts/{}", cart["token"].as_str().unwrap());
    guest.post(&format!("{path}/lines"), &json!({ "sku": "C", "quantity": 1 })).ok(201);
    let body = json!({
        "email": "a@example.test", "shipping_address": crate::support::builders::address(),
        "payment": { "provider": "test", "outcome": "declined" },
    });
    guest.request(Method::Post, &format!("{path}/checkout")).header("Idempotency-Key", "k").json(&body).send()
}

#[rocket::get("/defect")]
fn defect() -> &'static str {
    panic!("a defect with a secret in /etc/passwd")
}

#[test]
fn defect_is_a_dressed_problem_without_its_cause() {
    let shop = TestShop::new();
    let server = nexus::app::build(&nexus::config::Config::default(), &shop.shop).unwrap();
    let client = Client::untracked(server.mount("/", rocket::routes![defect])).unwrap();
    let response = client.get("/defect").dispatch();
    let headers = response.headers().iter().map(|h| (h.name().to_string(), h.value().to_owned())).collect();
    let answer = Answer { status: response.status().code, headers, body: response.into_bytes().unwrap_or_default() };
    answer.problem(500, "internal");
    is_problem(&shop, &answer);
    is_dressed(&answer, "500");
    assert!(!answer.text().contains("passwd"));
}

#[test]
fn documentation_may_run_its_own_scripts_and_no_others() {
    let shop = TestShop::new();
    let page = shop.anonymous().get("/api/docs/index.html");
    assert_eq!(page.status, 200);
    let policy = page.header("Content-Security-Policy").unwrap().to_owned();
    for part in
        ["default-src 'none'", "script-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.split("; ").any(|known| known == part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
    // What the page loads stands in files of its own.
    let text = page.text();
    for script in text.split("<script").skip(1) {
        let (attributes, rest) = script.split_once('>').unwrap();
        assert!(attributes.contains("src=\"./"), "{attributes}");
        assert_eq!(rest.split("</script>").next().unwrap().trim(), "");
    }
    assert!(!text.contains("<style") && !text.contains("style=") && !text.contains("onload="), "{text}");
    for file in ["swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "swagger-initializer.js", "swagger-ui.css"]
    {
        assert!(text.contains(file), "{file}");
        assert_eq!(shop.anonymous().get(&format!("/api/docs/{file}")).status, 200, "{file}");
    }
}

#[test]
fn browsers_are_kept_on_tls_where_the_public_comes_through_it() {
    for (url, told) in [
        ("", None),
        ("http://shop.example", None),
        ("https://shop.example", Some("max-age=31536000; includeSubDomains")),
        ("HTTPS://shop.example:8443/", Some("max-age=31536000; includeSubDomains")),
    ] {
        let shop = TestShop::with(|config| url.clone_into(&mut config.shop.url));
        for path in ["/api/v1/products", "/nowhere", "/api/docs/index.html", "/health/live"] {
            assert_eq!(shop.anonymous().get(path).header("Strict-Transport-Security"), told, "{url} {path}");
        }
    }
}

#[test]
fn personal_answers_are_kept_by_nobody() {
    let shop = TestShop::new();
    let body = json!({ "email": email(Role::Staff), "password": PASSWORD });
    assert_eq!(shop.anonymous().post("/api/v1/auth/login", &body).header("Cache-Control"), Some("no-store"));
    assert_eq!(shop.anonymous().get("/api/v1/products/1").header("Cache-Control"), Some("no-store"));
}
