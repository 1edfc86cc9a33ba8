//! Sign-in: right and wrong, and nothing to tell who is known.

use crate::support::{Answer, PASSWORD, Requests, TestShop, email, wait};
use nexus::domain::Role;
use nexus::services::Ctx;
use serde_json::json;

const LOGIN: &str = "/api/v1/auth/login";

fn login(shop: &TestShop, email: &str, password: &str) -> Answer {
    shop.anonymous().post(LOGIN, &json!({ "email": email, "password": password }))
}

#[test]
fn login_gives_a_token_that_works() {
    let shop = TestShop::new();
    for role in [Role::Customer, Role::Staff, Role::Admin] {
        let answer = login(&shop, &email(role), PASSWORD);
        let given = answer.ok(200);
        assert_eq!((&given["token_type"], &given["user"]["role"]), (&json!("Bearer"), &json!(role.as_str())));
        assert_eq!(given["user"]["email"], email(role));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        assert!(!answer.text().contains("argon2") && !answer.text().contains(PASSWORD));
        let status = shop.bearing(given["access"].as_str().unwrap()).get("/api/v1/products?status=draft").status;
        assert_eq!(status, if role == Role::Customer { 403 } else { 200 });
    }
    assert_eq!(
        login(&shop, &format!(" {} ", email(Role::Staff).to_uppercase()), PASSWORD).status,
        200,
        "an address has no case"
    );
}

#[test]
fn login_that_fails_tells_nobody_why() {
    let shop = TestShop::new();
    let known = email(Role::Staff);
    let first = login(&shop, &known, "wrong horse battery").told();
    assert_eq!(first.0, 401);
    let nul = format!("{PASSWORD}\0");
    for (email, password) in [
        ("nobody@example.test", "wrong horse battery"),
        ("nobody@example.test", PASSWORD),
        (known.as_str(), ""),
        (known.as_str(), &PASSWORD.to_uppercase()),
        (known.as_str(), &PASSWORD[..PASSWORD.len() - 1]),
        (known.as_str(), nul.as_str()),
        (known.as_str(), &"x".repeat(1024)),
        (known.as_str(), &"x".repeat(1025)),
        ("nobody@example.test", &"x".repeat(100_000)),
        ("", PASSWORD),
        ("no address", PASSWORD),
        ("' or 1=1 --", PASSWORD),
        ("staff@example.test\0", PASSWORD),
        (&"a".repeat(10_000), PASSWORD),
    ] {
        assert_eq!(login(&shop, email, password).told(), first, "{email:.40}");
    }
}

#[test]
fn login_takes_long_passwords_whole() {
    let shop = TestShop::new();
    let password = |end: &str| format!("{}{end}", "p".repeat(75));
    wait(shop.shop.user_create(&Ctx::owner(), "long@example.test", Role::Customer, password("12345"))).unwrap();
    assert_eq!(login(&shop, "long@example.test", &password("12345")).status, 200);
    assert_eq!(login(&shop, "long@example.test", &password("12346")).status, 401);
}

#[test]
fn login_with_a_malformed_body_names_its_fields() {
    let shop = TestShop::new();
    shop.anonymous().post(LOGIN, &json!({})).names_field("email", "required");
    shop.anonymous().post(LOGIN, &json!({"email": "a@example.test"})).names_field("password", "required");
    shop.anonymous().post(LOGIN, &json!({"email": 1, "password": true})).names_field("password", "not_a_string");
    let body = json!({"email": email(Role::Staff), "password": PASSWORD, "role": "admin"});
    shop.anonymous().post(LOGIN, &body).names_field("role", "unknown_field");
    let echoed =
        shop.anonymous().post(LOGIN, &json!({"email": "a@example.test", "password": ["hunter2hunter2"]})).text();
    assert!(!echoed.contains("hunter2"), "no secret comes back");
}

#[test]
fn login_is_an_act_and_is_never_answered_304() {
    let shop = TestShop::new();
    let body = json!({"email": email(Role::Staff), "password": PASSWORD});
    let answer =
        shop.anonymous().request(rocket::http::Method::Post, LOGIN).header("If-None-Match", "*").json(&body).send();
    answer.ok(200);
}
