//! Nobody learns from an answer, or from how long it takes, who has an account.

use super::{letters, login, register};
use crate::support::{Answer, PASSWORD, Requests, TestShop};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const KNOWN: &str = "customer@example.test";
const UNKNOWN: &str = "stranger@example.test";

/// All that an answer tells, but for what is random or counts up in every answer: its form, its length, its headers.
fn told(answer: &Answer) -> (u16, usize, Value, Vec<(String, String)>) {
    let form = if answer.body.is_empty() { Value::Null } else { form(answer.json()) };
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !["X-Request-Id", "ETag"].contains(&name.as_str()));
    (answer.status, answer.body.len(), form, headers)
}

/// Texts as their lengths, and numbers as nothing.
fn form(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, form(value))).collect(),
        Value::Array(items) => items.into_iter().map(form).collect(),
        Value::String(text) => json!(text.len()),
        Value::Number(_) => Value::Null,
        other => other,
    }
}

#[test]
fn answers_are_the_same_for_known_and_unknown_addresses() {
    let shop = TestShop::new();
    assert_eq!(KNOWN.len(), UNKNOWN.len(), "what was sent comes back, so it must be as long");
    type Ask = fn(&TestShop, &str) -> Answer;
    let asks: [(&str, Ask); 4] = [
        ("login", |shop, email| login(shop, email, "wrong horse battery")),
        ("register", |shop, email| register(shop, email, "a long walk by the canal")),
        ("forgot", |shop, email| shop.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": email }))),
        ("resend", |shop, email| shop.anonymous().post("/api/v1/auth/verify/resend", &json!({ "email": email }))),
    ];
    for (what, ask) in asks {
        assert_eq!(told(&ask(&shop, KNOWN)), told(&ask(&shop, UNKNOWN)), "{what}");
    }
}

#[test]
fn change_to_an_address_is_answered_the_same_whether_it_is_anothers_or_nobodys() {
    let shop = TestShop::new();
    let change = |email: &str| {
        shop.other_customer().patch("/api/v1/me", &json!({ "email": email, "current_password": PASSWORD }))
    };
    assert_eq!(told(&change(KNOWN)), told(&change(UNKNOWN)));
}

#[test]
fn letters_go_to_those_who_are_known_and_to_nobody_else() {
    let shop = TestShop::new();
    for email in [KNOWN, UNKNOWN] {
        shop.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": email })).empty(204);
    }
    let letters = letters(&shop);
    assert!(letters.len() == 1 && letters[0].contains(KNOWN), "{letters:?}");
}

#[test]
fn budgets_run_out_for_unknown_addresses_as_for_known_ones() {
    let shop = TestShop::with(|config| {
        config.limits.login_per_account = 3;
        config.limits.forgot_per_account = 2;
    });
    let statuses = |email: &str| -> Vec<u16> {
        let guesses = (0..5).map(|_| login(&shop, email, "wrong horse battery").status);
        let mut all: Vec<u16> = guesses.collect();
        let forgot = json!({ "email": email });
        all.extend((0..3).map(|_| shop.anonymous().post("/api/v1/auth/password/forgot", &forgot).status));
        all
    };
    assert_eq!(statuses(KNOWN), [401, 401, 401, 429, 429, 204, 204, 429]);
    assert_eq!(statuses(UNKNOWN), statuses("customer2@example.test"));
}

/// Medians of interleaved runs on a machine that does other things too: the bound is wide, yet a hash that is not
/// computed (tens of milliseconds) or a write that is not made would stand out.
#[test]
fn answers_take_the_same_time_for_known_and_unknown_addresses() {
    let shop = TestShop::new();
    let time = |email: &str, ask: &dyn Fn(&str)| {
        let began = Instant::now();
        ask(email);
        began.elapsed()
    };
    type Ask<'a> = (&'a str, &'a dyn Fn(&str));
    let asks: [Ask<'_>; 3] = [
        ("login", &|email| drop(login(&shop, email, "wrong horse battery"))),
        ("register", &|email| drop(register(&shop, email, "a long walk by the canal"))),
        ("forgot", &|email| {
            drop(shop.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": email })));
        }),
    ];
    for (what, ask) in asks {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for n in 0..15 {
            known.push(time(KNOWN, ask));
            // Registering makes an address known, so each is a new one.
            unknown.push(time(&format!("stranger-{what}-{n}@example.test"), ask));
        }
        let (known, unknown) = (median(known), median(unknown));
        let (less, more) = (known.min(unknown), known.max(unknown));
        assert!(more < less * 2 + Duration::from_millis(5), "{what}: known {known:?}, unknown {unknown:?}");
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
