//! Messages over HTTP: which are taken, and that the others change nothing.

use super::stand_in::{KEY, signature};
use crate::support::{Answer, Requests, TestShop, wait};
use nexus::config::{Config, GeneralLimit, Secret, StripeSettings};
use nexus::domain::Timestamp;
use nexus::services::{Ctx, Error};
use rocket::http::Method;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const URL: &str = "/api/v1/payments/stripe/webhook";
const BODY: &str = r#"{"id": "evt_1", "type": "charge.dispute.created", "data": {"object": {"id": "dp_1", "payment_intent": "pi_1"}}}"#;

fn shop(secrets: &[&str]) -> TestShop {
    shop_with(secrets, |_| {})
}

fn shop_with(secrets: &[&str], change: impl FnOnce(&mut Config)) -> TestShop {
    let webhook_secrets = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    TestShop::with(|config| {
        change(config);
        config.payment.stripe =
            StripeSettings { secret_key: Secret::new(KEY), webhook_secrets, api_base: "http://127.0.0.1:9".into() };
    })
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs()).expect("a time")
}

fn send(shop: &TestShop, lines: &[String], body: &str) -> Answer {
    let anybody = shop.anonymous();
    let request = anybody.request(Method::Post, URL).header("Content-Type", "application/json");
    lines.iter().fold(request, |request, line| request.header("Stripe-Signature", line)).body(body).send()
}

fn taken(shop: &TestShop) -> i64 {
    let count = "select count(*) from payment_event";
    shop.shop.store().read(|tx| Ok::<_, Error>(tx.query_number(count, [])?)).expect("a number")
}

#[test]
fn only_a_fresh_signature_of_the_very_body_is_taken() {
    let shop = shop(&["whsec_old", "whsec_new"]);
    let at = now();
    let good = signature(BODY.as_bytes(), at, "whsec_new");
    let v1 = good.split_once("v1=").expect("a signature").1.to_owned();
    let anew = serde_json::from_str::<Value>(BODY).expect("JSON").to_string();
    assert_ne!(anew, BODY);
    let cases: [(&str, Vec<String>, &str); 10] = [
        ("missing", vec![], BODY),
        ("v0 only", vec![format!("t={at},v0={v1}")], BODY),
        ("wrong secret", vec![signature(BODY.as_bytes(), at, "whsec_wrong")], BODY),
        ("empty secret", vec![signature(BODY.as_bytes(), at, "")], BODY),
        ("body written anew", vec![good.clone()], &anew),
        ("301 s old", vec![signature(BODY.as_bytes(), at - 301, "whsec_new")], BODY),
        ("301 s ahead", vec![signature(BODY.as_bytes(), at + 303, "whsec_new")], BODY),
        ("header repeated", vec![good.clone(), good.clone()], BODY),
        ("nonsense", vec!["t=,v1=,,=".to_owned()], BODY),
        ("time of another", vec![format!("t={},v1={v1}", at - 1)], BODY),
    ];
    for (why, lines, body) in cases {
        let answer = send(&shop, &lines, body);
        assert_eq!(answer.problem(400, "bad-signature")["status"], 400, "{why}");
        assert_eq!(taken(&shop), 0, "{why}");
    }
    send(&shop, &[format!("t={at},v1={},v1={v1}", "0".repeat(64))], BODY).empty(204);
    assert_eq!(taken(&shop), 1);
    let other = BODY.replace("evt_1", "evt_2");
    send(&shop, &[signature(other.as_bytes(), at, "whsec_old")], &other).empty(204);
    assert_eq!(taken(&shop), 2, "while one secret takes the place of the other, both are good");
}

#[test]
fn without_a_secret_nothing_is_taken() {
    for secrets in [&[][..], &[""]] {
        let shop = shop(secrets);
        for secret in ["", "whsec_any"] {
            send(&shop, &[signature(BODY.as_bytes(), now(), secret)], BODY).problem(404, "not-found");
        }
        assert_eq!(taken(&shop), 0);
    }
    let shop = TestShop::new();
    for provider in ["stripe", "manual", "test", "paypal", "%00", "..%2f"] {
        let path = format!("/api/v1/payments/{provider}/webhook");
        let answer = shop.anonymous().post(&path, &json!({}));
        assert_eq!(answer.status, 404, "{provider}: {}", answer.text());
    }
}

#[test]
fn message_that_is_signed_and_makes_no_sense_or_is_too_large_is_refused() {
    let shop = shop(&["whsec_a"]);
    let sign = |body: &str| vec![signature(body.as_bytes(), now(), "whsec_a")];
    for body in ["", "[]", "{", "{\"id\": \"evt_1\"}", r#"{"id": "evt_1", "type": "payment_intent.succeeded"}"#] {
        send(&shop, &sign(body), body).problem(400, "bad-request");
    }
    let large = format!("{BODY}{}", " ".repeat(64 * 1024));
    send(&shop, &sign(&large), &large).problem(413, "too-large");
    assert_eq!(taken(&shop), 0);
}

#[test]
fn messages_that_say_nothing_leave_no_trace_and_old_ones_are_forgotten() {
    let shop = shop(&["whsec_a"]);
    let sign = |body: &str| vec![signature(body.as_bytes(), now(), "whsec_a")];
    let other = r#"{"id": "evt_1", "type": "customer.created", "data": {"object": {"id": "cus_1"}}}"#;
    send(&shop, &sign(other), other).empty(204);
    assert_eq!(taken(&shop), 0);
    send(&shop, &sign(BODY), BODY).empty(204);
    let sweep = |days: i64| {
        let ctx = Ctx { now: Timestamp::from_millis((now() + days * 86_400) * 1_000), ..Ctx::shop() };
        wait(shop.shop.payment_events_sweep(&ctx)).expect("an answer")
    };
    assert_eq!((sweep(89), taken(&shop)), (0, 1));
    assert_eq!((sweep(91), taken(&shop)), (1, 0));
    let plan =
        "explain query plan select provider from payment_event where received_at < 1 order by received_at limit 1";
    let plan = shop.shop.store().read(|tx| Ok::<_, Error>(tx.query_all(plan, [], |row| row.get::<_, String>(3))?));
    assert!(plan.unwrap()[0].contains("payment_event_received"));
}

#[test]
fn messages_count_against_the_budget_of_their_sender_only_when_they_are_not_genuine() {
    let shop = shop_with(&["whsec_a"], |config| config.limits.writes_per_client = GeneralLimit::PerMinute(3));
    let good = || send(&shop, &[signature(BODY.as_bytes(), now(), "whsec_a")], BODY);
    let bad = || send(&shop, &[signature(BODY.as_bytes(), now(), "whsec_b")], BODY);
    (0..10).for_each(|_| good().empty(204));
    (0..3).for_each(|_| drop(bad().problem(400, "bad-signature")));
    bad().problem(429, "too-many-requests");
    good().empty(204);
}
