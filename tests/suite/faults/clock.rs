//! Clocks that jump: a machine that starts with a wrong date and is set right later, either way. Jobs and chores by
//! such a clock are in `jobs/queue.rs` and `jobs/schedule.rs`.

use crate::selling::till::{buy, by_test, by_transfer, is_sound, mugs_left, shop_with_mugs};
use crate::support::{Requests, TestShop, wait};
use nexus::domain::{Fields, Timestamp};
use nexus::services::idempotency::{Claim, Rendered};
use nexus::services::selling::{CartLineDraft, CheckoutDraft};
use nexus::services::{Actor, Ctx, Error, Outcome};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const YEAR: i64 = 365 * DAY;

/// A call at another time than it is.
fn at(actor: Actor, ms: i64) -> Ctx {
    let ctx = Ctx::now(actor);
    Ctx { now: Timestamp::from_millis(ctx.now.millis() + ms), ..ctx }
}

/// A cart with so many mugs, filled by a clock that is off by so much.
fn cart_at(shop: &TestShop, quantity: i64, ms: i64) -> String {
    let ctx = at(Actor::Anonymous, ms);
    let cart = wait(shop.shop.cart_create(&ctx)).unwrap();
    let token = cart.cart.token.to_string();
    let line = Fields::read(&json!({ "variant_id": 1, "quantity": quantity }), CartLineDraft::read).unwrap();
    wait(shop.shop.cart_line_add(&ctx, token.clone(), line)).unwrap();
    token
}

fn expire(shop: &TestShop, ms: i64) -> usize {
    wait(shop.shop.orders_expire(&at(Actor::Shop, ms))).unwrap()
}

/// Checks a cart out by a clock that is off by so much.
fn checkout(shop: &TestShop, token: &str, key: &str, body: &Value, ms: i64) -> Outcome<Rendered> {
    let ctx = at(Actor::Anonymous, ms);
    let currency = shop.shop.settings().currency();
    let draft = Fields::read(body, |fields| CheckoutDraft::read(fields, currency))?;
    let claim = Claim::new(&ctx, Some(token), key, "POST", "/checkout", body.to_string().as_bytes());
    wait(shop.shop.checkout(&ctx, token, draft, claim, nexus::http::checkout_answers(currency, String::new())))
}

#[test]
fn stock_ordered_by_a_clock_that_was_ahead_is_held_no_longer_than_any_other() {
    let shop = shop_with_mugs(5);
    let ahead = cart_at(&shop, 2, YEAR);
    assert_eq!(checkout(&shop, &ahead, "k", &by_test("pending"), YEAR).unwrap().status, 201);
    buy(&shop.anonymous(), 1, "now", &by_transfer());
    assert_eq!(mugs_left(&shop), 2);
    // The clock is right again.
    assert_eq!((expire(&shop, 0), expire(&shop, 29 * MINUTE)), (0, 0));
    assert_eq!(mugs_left(&shop), 2, "it is held as long as any other");
    assert_eq!(expire(&shop, 31 * MINUTE), 1);
    assert_eq!(mugs_left(&shop), 4, "and a transfer, which has no end, is left alone");
    is_sound(&shop);
}

#[test]
fn stock_ordered_by_a_clock_that_was_behind_is_given_back_once() {
    let shop = shop_with_mugs(5);
    let behind = cart_at(&shop, 2, -YEAR);
    assert_eq!(checkout(&shop, &behind, "k", &by_test("pending"), -YEAR).unwrap().status, 201);
    assert_eq!((expire(&shop, 0), expire(&shop, 0)), (1, 0));
    assert_eq!(mugs_left(&shop), 5);
    is_sound(&shop);
}

/// Back and forth while orders are placed: numbers go on, books and log stay whole, keys have one effect.
#[test]
fn clock_that_jumps_while_orders_are_placed_breaks_no_rule() {
    let shop = shop_with_mugs(100);
    let mut numbers = Vec::new();
    for (n, ms) in [0, YEAR, -YEAR, DAY, -DAY, 10 * YEAR, 0].into_iter().enumerate() {
        let token = cart_at(&shop, 1, ms);
        let key = format!("k{n}");
        let first = checkout(&shop, &token, &key, &by_test("paid"), ms).unwrap();
        assert_eq!(checkout(&shop, &token, &key, &by_test("paid"), ms - MINUTE).unwrap(), first, "a minute back");
        assert_eq!(checkout(&shop, &token, &key, &by_test("paid"), ms - YEAR).unwrap(), first, "a year back");
        // Its key has run out then; its cart still is an order.
        let late = checkout(&shop, &token, &key, &by_test("paid"), ms + YEAR);
        assert!(matches!(late, Err(Error::Conflict("already_ordered", ..) | Error::NotFound(_))), "{late:?}");
        let order: Value = serde_json::from_slice(&first.body).unwrap();
        let path = format!("/api/v1/admin/orders/{}", order["number"].as_str().unwrap());
        shop.staff().post(&format!("{path}/fulfillments"), &json!({})).ok(200);
        numbers.push(order["number"].as_str().unwrap().parse::<i64>().unwrap());
    }
    assert_eq!(numbers, (1001..=1007).collect::<Vec<i64>>());
    assert_eq!(mugs_left(&shop), 93);
    assert_eq!(shop.staff().results("/api/v1/admin/orders").len(), 7);
    for sweep in [YEAR, -YEAR, 0] {
        wait(shop.shop.idempotency_sweep(&at(Actor::Shop, sweep))).unwrap();
        wait(shop.shop.carts_sweep(&at(Actor::Shop, sweep))).unwrap();
        wait(shop.shop.sessions_sweep(&at(Actor::Shop, sweep))).unwrap();
        expire(&shop, sweep);
    }
    is_sound(&shop);
    let shop = shop.restarted();
    is_sound(&shop);
    // Whoever signed in is told so or signed out, and can sign in.
    let login = json!({ "email": "customer@example.test", "password": crate::support::PASSWORD });
    shop.anonymous().post("/api/v1/auth/login", &login).ok(200);
}
