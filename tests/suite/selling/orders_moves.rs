//! What may happen to an order next: every status with every action, by HTTP.

use super::till::{buy, by_transfer, is_sound, mugs_left, shop_with_mugs};
use crate::support::request::Pending;
use crate::support::{Answer, Requests, TestShop, builders};
use rocket::http::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// A request of the staff about an order, with a key of its own where it needs one.
fn step<'s>(staff: &'s impl Requests, order: &str, what: &str) -> Pending<'s> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let key = format!("{what} {order} {}", COUNT.fetch_add(1, Ordering::Relaxed));
    staff.request(Method::Post, &format!("/api/v1/admin/orders/{order}/{what}")).header("Idempotency-Key", &key)
}

fn act(shop: &TestShop, order: &str, what: &str, body: &Value) -> Answer {
    let staff = shop.staff();
    let pending = step(&staff, order, what);
    if body.is_null() { pending.send() } else { pending.json(body).send() }
}

/// The actions by HTTP, with a body that is right as far as the status allows it. A return names the first line.
fn actions() -> [(&'static str, &'static str); 7] {
    [
        ("pay", "payments"),
        ("fulfill", "fulfillments"),
        ("complete", "complete"),
        ("cancel", "cancel"),
        ("refund", "refunds"),
        ("return", "returns"),
        ("edit", ""),
    ]
}

fn try_out(shop: &TestShop, order: &Value, action: &str, path: &str) -> Answer {
    let number = order["number"].as_str().unwrap();
    match action {
        "edit" => shop.staff().patch(&format!("/api/v1/admin/orders/{number}"), &json!({ "note": "Ring twice" })),
        "complete" => act(shop, number, path, &Value::Null),
        "return" => {
            let line = order["lines"][0]["id"].clone();
            act(shop, number, path, &json!({ "lines": [{ "line_id": line, "quantity": 1 }] }))
        }
        _ => act(shop, number, path, &json!({})),
    }
}

/// An order of two mugs in each status, and how it gets there.
fn order_in(shop: &TestShop, status: &str) -> Value {
    let order = buy(&shop.anonymous(), 2, status, &by_transfer());
    let number = order["number"].as_str().unwrap().to_owned();
    let steps: &[(&str, Value)] = match status {
        "pending" => &[],
        "cancelled" => &[("cancel", json!({}))],
        "paid" => &[("payments", json!({}))],
        "fulfilled" => &[("payments", json!({})), ("fulfillments", json!({}))],
        "completed" => &[("payments", json!({})), ("fulfillments", json!({})), ("complete", Value::Null)],
        "partially_refunded" => &[("payments", json!({})), ("refunds", json!({ "amount": "5" }))],
        "refunded" => &[("payments", json!({})), ("fulfillments", json!({})), ("refunds", json!({}))],
        "refunded unsent" => &[("payments", json!({})), ("refunds", json!({ "amount": "20.00" }))],
        _ => unreachable!("{status}"),
    };
    let mut last = shop.staff().get(&format!("/api/v1/admin/orders/{number}")).ok(200);
    for (what, body) in steps {
        last = act(shop, &number, what, body).ok(200);
    }
    assert!(last["status"].as_str().is_some_and(|known| status.starts_with(known)), "{last}");
    last
}

#[test]
fn every_action_in_every_status_is_done_or_refused_as_the_table_says() {
    let expected = [
        ("pending", "pay cancel edit"),
        ("paid", "fulfill cancel refund edit"),
        ("fulfilled", "complete refund return"),
        ("completed", "refund return"),
        ("cancelled", ""),
        ("partially_refunded", "fulfill refund edit"),
        ("refunded", "return"),
        ("refunded unsent", "cancel"),
    ];
    for (status, legal) in expected {
        for (action, path) in actions() {
            // Each pair has a shop of its own, so that every order has the stock it needs.
            let shop = shop_with_mugs(2);
            let order = order_in(&shop, status);
            let answer = try_out(&shop, &order, action, path);
            if legal.split(' ').any(|name| name == action) {
                assert_eq!(answer.status, 200, "{action} in {status}: {}", answer.text());
            } else {
                let problem = answer.problem(409, "illegal-move");
                let detail = problem["detail"].as_str().unwrap();
                let known = order["status"].as_str().unwrap();
                assert!(detail.contains(known), "{action} in {status}: {detail}");
                let after = shop.staff().get(&format!("/api/v1/admin/orders/{}", order["number"].as_str().unwrap()));
                assert_eq!(after.ok(200), order, "{action} in {status} changes nothing");
            }
            let actions: Vec<&str> =
                order["staff"]["actions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            for name in legal.split(' ').filter(|name| !name.is_empty()) {
                assert!(actions.contains(&name), "{status} says it can be made to {name}: {actions:?}");
            }
            is_sound(&shop);
        }
    }
}

#[test]
fn cash_on_delivery_is_sent_before_it_is_paid() {
    let shop = shop_with_mugs(3);
    let body = super::till::body(json!({ "provider": "manual", "method": "cash_on_delivery" }));
    let order = buy(&shop.anonymous(), 2, "k", &body);
    let number = order["number"].as_str().unwrap();
    let sent = act(&shop, number, "fulfillments", &json!({})).ok(200);
    assert_eq!((&sent["status"], &sent["fulfillment_status"]), (&json!("pending"), &json!("fulfilled")));
    act(&shop, number, "cancel", &json!({})).problem(409, "illegal-move");
    let paid = act(&shop, number, "payments", &json!({ "amount": "20.00" })).ok(200);
    assert_eq!(paid["status"], "fulfilled");
    assert_eq!(mugs_left(&shop), 1);
    is_sound(&shop);
}

#[test]
fn units_are_sent_in_parts_and_never_twice() {
    let shop = shop_with_mugs(5);
    let order = order_in(&shop, "paid");
    let (number, line) = (order["number"].as_str().unwrap(), &order["lines"][0]["id"]);
    let some = |quantity: i64| json!({ "lines": [{ "line_id": line, "quantity": quantity }], "carrier": "Post" });
    act(&shop, number, "fulfillments", &some(3)).problem(409, "too-many-units");
    let part = act(&shop, number, "fulfillments", &some(1)).ok(200);
    assert_eq!((&part["status"], &part["fulfillment_status"]), (&json!("paid"), &json!("partially_fulfilled")));
    act(&shop, number, "cancel", &json!({})).problem(409, "illegal-move");
    act(&shop, number, "fulfillments", &some(2)).problem(409, "too-many-units");
    let rest = act(&shop, number, "fulfillments", &json!({ "tracking_number": "XY1" })).ok(200);
    assert_eq!((&rest["status"], &rest["fulfillment_status"]), (&json!("fulfilled"), &json!("fulfilled")));
    assert_eq!(rest["fulfillments"].as_array().unwrap().len(), 2);
    assert_eq!(rest["fulfillments"][0]["carrier"], "Post");
    assert_eq!(rest["fulfillments"][1]["lines"], json!([{ "line_id": line, "quantity": 1 }]));
    for (body, field, code) in [
        (json!({ "lines": [{ "line_id": 99, "quantity": 1 }] }), "lines[0].line_id", "unknown"),
        (json!({ "lines": [{ "line_id": 1, "quantity": 0 }] }), "lines[0].quantity", "out_of_range"),
        (json!({ "lines": [] }), "lines", "too_short"),
        (json!({ "line": 1 }), "line", "unknown_field"),
    ] {
        let fresh = shop_with_mugs(2);
        let order = order_in(&fresh, "paid");
        let problem = act(&fresh, order["number"].as_str().unwrap(), "fulfillments", &body).problem(422, "validation");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
    }
    is_sound(&shop);
}

#[test]
fn editor_who_has_not_seen_a_change_is_stale() {
    let shop = shop_with_mugs(2);
    let number = order_in(&shop, "paid")["number"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/admin/orders/{number}");
    let (staff, admin) = (shop.staff(), shop.admin());
    let seen = staff.get(&path).header("ETag").unwrap().to_owned();
    let edit = |note: &str| json!({ "note": note });
    let first = staff.request(Method::Patch, &path).header("If-Match", &seen).json(&edit("one")).send();
    assert_eq!(first.ok(200)["note"], "one");
    admin.request(Method::Patch, &path).header("If-Match", &seen).json(&edit("two")).send().problem(412, "stale");
    step(&admin, &number, "fulfillments").header("If-Match", &seen).json(&json!({})).send().problem(412, "stale");
    step(&admin, &number, "refunds").header("If-Match", &seen).json(&json!({})).send().problem(412, "stale");
    let now = admin.get(&path);
    assert_eq!(now.json()["note"], "one");
    let seen = now.header("ETag").unwrap().to_owned();
    step(&admin, &number, "notes").header("If-Match", &seen).json(&json!({ "text": "x" })).send().ok(200);
    step(&staff, &number, "notes").header("If-Match", &seen).json(&json!({ "text": "y" })).send().problem(412, "stale");
    assert_ne!(admin.get(&path).header("ETag").unwrap(), seen, "a note is a change, too");
}

#[test]
fn orders_that_nobody_pays_in_time_are_called_off_and_give_their_stock_back() {
    use nexus::services::{Actor, Ctx};
    let shop = shop_with_mugs(5);
    let guest = shop.anonymous();
    let online = buy(&guest, 2, "a", &super::till::by_test("pending"));
    let transfer = buy(&guest, 1, "b", &by_transfer());
    assert_eq!(mugs_left(&shop), 2);
    let later = |minutes: i64| {
        let now = nexus::domain::Timestamp::from_millis(Ctx::now(Actor::Shop).now.millis() + minutes * 60_000);
        Ctx { now, ..Ctx::now(Actor::Shop) }
    };
    let expire = |minutes| crate::support::wait(shop.shop.orders_expire(&later(minutes))).unwrap();
    assert_eq!(expire(29), 0);
    assert_eq!(expire(31), 1);
    assert_eq!(expire(31), 0);
    let of = |order: &Value| shop.staff().get(&format!("/api/v1/admin/orders/{}", order["number"].as_str().unwrap()));
    assert_eq!(of(&online).ok(200)["status"], "cancelled");
    assert_eq!(of(&transfer).ok(200)["status"], "pending", "a bank transfer takes days");
    assert_eq!(mugs_left(&shop), 4);
    is_sound(&shop);
}

#[test]
fn customer_cancels_their_own_order_while_nothing_of_it_was_sent() {
    let shop = shop_with_mugs(5);
    let customer = shop.customer();
    let order = buy(&customer, 2, "k", &by_transfer());
    let path = format!("/api/v1/me/orders/{}/cancel", order["number"].as_str().unwrap());
    let other = shop.other_customer().request(Method::Post, &path).send();
    other.problem(404, "not-found");
    let cancelled = customer.request(Method::Post, &path).send().ok(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert!(cancelled.get("staff").is_none() && cancelled.get("token").is_none(), "{cancelled}");
    assert_eq!(mugs_left(&shop), 5);
    customer.request(Method::Post, &path).send().problem(409, "illegal-move");
    is_sound(&shop);
}

#[test]
fn address_of_an_order_can_be_changed_until_something_is_sent() {
    let shop = shop_with_mugs(5);
    let order = order_in(&shop, "paid");
    let path = format!("/api/v1/admin/orders/{}", order["number"].as_str().unwrap());
    let staff = shop.staff();
    let mut elsewhere = builders::address();
    elsewhere["city"] = json!("Delft");
    let edit =
        json!({ "email": "bo@example.test", "shipping_address": elsewhere, "billing_address": null, "note": null });
    let edited = staff.patch(&path, &edit).ok(200);
    assert_eq!((&edited["email"], &edited["shipping_address"]["city"]), (&json!("bo@example.test"), &json!("Delft")));
    assert_eq!(edited["total"], order["total"], "what it costs was agreed on");
    for (body, field) in [
        (json!({ "email": null }), "email"),
        (json!({ "email": "x" }), "email"),
        (json!({ "shipping_address": { "city": "Delft" } }), "shipping_address.name"),
        (json!({ "status": "paid" }), "status"),
        (json!({ "total": "1.00" }), "total"),
    ] {
        let problem = staff.patch(&path, &body).problem(422, "validation");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}
