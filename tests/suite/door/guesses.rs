//! Guessing passwords: ten tries a minute, whatever the guesser sends along, and nothing to learn from being refused.

use super::{guess, limited};
use crate::support::{Answer, PASSWORD, Requests, TestShop, email};
use nexus::domain::Role;
use rocket::http::Method;
use serde_json::{Value, json};

/// Headers by which clients like to be taken for somebody else.
const CLAIMS: [&str; 8] = [
    "X-Real-IP",
    "X-Forwarded-For",
    "Forwarded",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "Fastly-Client-IP",
];

/// A guess by somebody who claims to be another one each time.
fn disguised(shop: &TestShop, n: usize, email: &str, peer: &str) -> u16 {
    let anonymous = shop.anonymous();
    let claim = format!("198.51.{}.{}", n / 250, n % 250);
    let request = CLAIMS.iter().fold(guess(&anonymous, email).from(peer), |request, name| {
        let value = if *name == "Forwarded" { format!("for={claim}") } else { claim.clone() };
        request.header(name, &value)
    });
    request.send().status
}

fn right(shop: &TestShop, email: &str, peer: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD });
    shop.anonymous().request(Method::Post, super::LOGIN).from(peer).json(&body).send()
}

#[test]
fn thousand_guesses_on_one_account_are_evaluated_ten_times() {
    let shop = limited(|_| {});
    let staff = email(Role::Staff);
    let evaluated = (0..1_000).filter(|n| disguised(&shop, *n, &staff, "203.0.113.7") == 401).count();
    assert_eq!(evaluated, 10);
    assert_eq!(right(&shop, &staff, "203.0.113.7").status, 429, "not even the right one is evaluated");
}

#[test]
fn one_guess_on_each_of_thousand_accounts_is_evaluated_ten_times() {
    let shop = limited(|_| {});
    let evaluated =
        (0..1_000).filter(|n| disguised(&shop, *n, &format!("{n}@example.test"), "203.0.113.7") == 401).count();
    assert_eq!(evaluated, 10);
    right(&shop, &email(Role::Staff), "203.0.113.8").ok(200);
}

#[test]
fn guesses_from_many_clients_on_one_account_are_evaluated_ten_times() {
    let shop = limited(|_| {});
    let staff = email(Role::Staff);
    let spelled = [staff.clone(), staff.to_uppercase(), format!(" {staff}"), format!("{staff}\t")];
    let evaluated =
        (0..100).filter(|n| disguised(&shop, *n, &spelled[n % 4], &format!("203.0.113.{n}")) == 401).count();
    assert_eq!(evaluated, 10);
    right(&shop, &email(Role::Admin), "203.0.113.200").ok(200);
}

#[test]
fn sign_in_that_succeeds_does_not_count() {
    let shop = limited(|_| {});
    for _ in 0..25 {
        right(&shop, &email(Role::Staff), "203.0.113.7").ok(200);
    }
    let anonymous = shop.anonymous();
    for _ in 0..9 {
        assert_eq!(guess(&anonymous, &email(Role::Staff)).from("203.0.113.7").send().status, 401);
    }
    right(&shop, &email(Role::Staff), "203.0.113.7").ok(200);
    assert_eq!(guess(&anonymous, &email(Role::Staff)).from("203.0.113.7").send().status, 401);
    assert_eq!(right(&shop, &email(Role::Staff), "203.0.113.7").status, 429, "success does not wipe the slate");
}

#[test]
fn malformed_body_is_no_guess() {
    let shop = limited(|_| {});
    for _ in 0..15 {
        shop.anonymous().post(super::LOGIN, &json!({ "email": email(Role::Staff) })).invalid();
    }
    shop.anonymous().post(super::LOGIN, &json!({ "email": email(Role::Staff), "password": PASSWORD })).ok(200);
}

#[test]
fn known_and_unknown_accounts_are_refused_alike() {
    let told = |email: &str| {
        let shop = limited(|_| {});
        let anonymous = shop.anonymous();
        let answers: Vec<(u16, Value, Vec<String>)> = (0..12)
            .map(|_| {
                let answer = guess(&anonymous, email).from("203.0.113.7").send();
                let mut body = answer.json();
                body["instance"] = Value::Null;
                // How many seconds are left depends on the moment.
                body["detail"] = body["detail"].as_str().unwrap().split(';').next().unwrap().into();
                let names = answer.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
                (answer.status, body, names)
            })
            .collect();
        answers
    };
    assert_eq!(told(&email(Role::Staff)), told("nobody@example.test"));
}
