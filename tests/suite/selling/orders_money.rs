//! Money that goes back: never more than came in, and once for each refund.

use super::till::{buy, by_transfer, is_sound, mugs_left, shop_with_mugs};
use crate::support::{Answer, Requests, TestShop, product, wait};
use nexus::domain::Fields;
use nexus::domain::order::OrderRef;
use nexus::services::catalog::Preconditions;
use nexus::services::idempotency::Rendered;
use nexus::services::orders::{Answering, RefundDraft};
use nexus::services::{Ctx, Error};
use rocket::http::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// A paid order of ten mugs, which came to 100.00.
fn paid(shop: &TestShop) -> Value {
    let order = buy(&shop.anonymous(), 10, "buy", &by_transfer());
    post(shop, &order, "payments", "pay", &json!({})).ok(200)
}

fn post(shop: &TestShop, order: &Value, what: &str, key: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/admin/orders/{}/{what}", order["number"].as_str().unwrap());
    shop.staff().request(Method::Post, &path).header("Idempotency-Key", key).json(body).send()
}

/// What the order's payment holds: what came in and what went back.
fn holds(shop: &TestShop, order: &Value) -> (String, String) {
    let path = format!("/api/v1/admin/orders/{}", order["number"].as_str().unwrap());
    let payment = shop.staff().get(&path).ok(200)["payment"].clone();
    (payment["captured"].as_str().unwrap().to_owned(), payment["refunded"].as_str().unwrap().to_owned())
}

#[test]
fn twenty_refunds_of_sixty_at_once_pay_sixty_back() {
    let shop = shop_with_mugs(10);
    let order = paid(&shop);
    let name = OrderRef::parse(order["number"].as_str().unwrap()).unwrap();
    let currency = shop.shop.settings().currency();
    let body = json!({ "amount": "60.00" });
    let cases = shop.shop.clone();
    let refund = || {
        let draft = Fields::read(&body, |fields| RefundDraft::read(fields, currency)).unwrap();
        let render = Arc::new(|_: &_, _| Rendered { status: 200, body: Vec::new(), location: None });
        let how = Answering { claim: None, render };
        wait(cases.order_refund(&Ctx::owner(), name, Preconditions(None), draft, how))
    };
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(refund)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = |outcome: &&Result<_, Error>| matches!(outcome, Err(Error::Conflict("exceeds_captured", ..)));
    assert_eq!(outcomes.iter().filter(refused).count(), 19);
    assert_eq!(holds(&shop, &order), ("100.00".to_owned(), "60.00".to_owned()));
    is_sound(&shop);
}

#[test]
fn refunds_never_pass_what_came_in() {
    let shop = shop_with_mugs(10);
    let order = paid(&shop);
    let half = post(&shop, &order, "refunds", "a", &json!({ "amount": "50" })).ok(200);
    assert_eq!(half["status"], "partially_refunded");
    let problem = post(&shop, &order, "refunds", "b", &json!({ "amount": "51" })).problem(409, "exceeds-captured");
    assert!(problem["detail"].as_str().unwrap().contains("50.00 is left"), "{problem}");
    assert_eq!(post(&shop, &order, "refunds", "c", &json!({ "amount": 50 })).ok(200)["status"], "refunded");
    post(&shop, &order, "refunds", "d", &json!({ "amount": "0.01" })).problem(409, "illegal-move");
    is_sound(&shop);
}

#[test]
fn same_refund_sent_again_is_answered_again_and_made_once() {
    let shop = shop_with_mugs(10);
    let order = paid(&shop);
    let body = json!({ "amount": "40.00" });
    let first = post(&shop, &order, "refunds", "k", &body);
    let again = post(&shop, &order, "refunds", "k", &body);
    assert_eq!((first.status, first.text()), (again.status, again.text()));
    assert_eq!(holds(&shop, &order).1, "40.00");
    post(&shop, &order, "refunds", "k", &json!({ "amount": "41.00" })).problem(422, "idempotency-key-reused");
    let path = format!("/api/v1/admin/orders/{}/refunds", order["number"].as_str().unwrap());
    shop.staff().post(&path, &body).problem(400, "bad-request");
    assert_eq!(holds(&shop, &order).1, "40.00");
}

#[test]
fn units_paid_back_cost_what_they_cost_to_the_smallest_coin() {
    let shop = shop_with_mugs(10);
    product("Odd").price("3.33").sku("ODD").stock(3).create(&shop);
    let guest = shop.anonymous();
    let token = super::till::cart(&guest, &[(2, 3)]);
    let order = super::till::checkout(&guest, &token, "k", &by_transfer()).ok(201);
    post(&shop, &order, "payments", "p", &json!({ "amount": "9.99" })).ok(200);
    let line = &order["lines"][0]["id"];
    let one = json!({ "lines": [{ "line_id": line, "quantity": 1 }], "restock": true });
    for (key, refunded, left) in [("a", "3.33", 1), ("b", "6.66", 2), ("c", "9.99", 3)] {
        let after = post(&shop, &order, "refunds", key, &one).ok(200);
        assert_eq!(after["payment"]["refunded"], refunded);
        assert_eq!(after["lines"][0]["refunded"], left);
        assert_eq!(after["fulfillment_status"], "unfulfilled");
        let stock = shop.anonymous().get("/api/v1/products/odd").ok(200)["stock"].as_i64();
        assert_eq!(stock, Some(left));
    }
    post(&shop, &order, "refunds", "d", &one).problem(409, "illegal-move");
    is_sound(&shop);
}

#[test]
fn units_refunded_before_they_are_sent_are_never_sent() {
    let shop = shop_with_mugs(10);
    let order = paid(&shop);
    let line = &order["lines"][0]["id"];
    let units = |quantity: i64| json!({ "lines": [{ "line_id": line, "quantity": quantity }] });
    post(&shop, &order, "fulfillments", "a", &units(4)).ok(200);
    post(&shop, &order, "refunds", "b", &units(3)).ok(200);
    let problem = post(&shop, &order, "fulfillments", "c", &units(4)).problem(409, "too-many-units");
    assert!(problem["errors"][0]["message"].as_str().unwrap().contains("the 3 of"), "{problem}");
    let sent = post(&shop, &order, "fulfillments", "d", &json!({})).ok(200);
    assert_eq!((&sent["lines"][0]["fulfilled"], &sent["fulfillment_status"]), (&json!(7), &json!("fulfilled")));
    assert_eq!(sent["status"], "partially_refunded");
    post(&shop, &order, "refunds", "e", &units(8)).problem(409, "too-many-units");
    is_sound(&shop);
}

#[test]
fn goods_that_come_back_are_restocked_once() {
    let shop = shop_with_mugs(10);
    let order = paid(&shop);
    let line = &order["lines"][0]["id"];
    let units = |quantity: i64, restock: bool| json!({ "lines": [{ "line_id": line, "quantity": quantity }], "restock": restock });
    post(&shop, &order, "returns", "a", &units(1, true)).problem(409, "illegal-move");
    post(&shop, &order, "fulfillments", "b", &json!({})).ok(200);
    let back = post(&shop, &order, "returns", "c", &units(3, true)).ok(200);
    assert_eq!((&back["lines"][0]["returned"], mugs_left(&shop)), (&json!(3), 3));
    // Paying for what came back already must not put it on the shelf again.
    post(&shop, &order, "refunds", "d", &units(3, false)).ok(200);
    assert_eq!(mugs_left(&shop), 3);
    post(&shop, &order, "refunds", "e", &units(2, true)).ok(200);
    assert_eq!(mugs_left(&shop), 5);
    post(&shop, &order, "returns", "f", &units(6, true)).problem(409, "too-many-units");
    post(&shop, &order, "returns", "g", &units(5, false)).ok(200);
    assert_eq!(mugs_left(&shop), 5);
    is_sound(&shop);
}

#[test]
fn cancelling_a_paid_order_pays_all_of_it_back() {
    let shop = shop_with_mugs(10);
    let order = paid(&shop);
    assert_eq!(mugs_left(&shop), 0);
    let cancelled = post(&shop, &order, "cancel", "k", &json!({ "reason": "No longer made" })).ok(200);
    assert_eq!((&cancelled["status"], &cancelled["payment"]["refunded"]), (&json!("cancelled"), &json!("100.00")));
    assert_eq!(mugs_left(&shop), 10);
    assert_eq!(cancelled["staff"]["actions"], json!([]));
    is_sound(&shop);
}

#[test]
fn money_received_adds_up_to_what_is_due_and_is_counted_once() {
    let shop = shop_with_mugs(10);
    let order = buy(&shop.anonymous(), 1, "buy", &by_transfer());
    let problem = post(&shop, &order, "payments", "a", &json!({ "amount": "10.01" })).problem(422, "validation");
    assert_eq!(problem["errors"][0]["field"], "amount");
    let part = post(&shop, &order, "payments", "b", &json!({ "amount": "9.99", "reference": "A-6" })).ok(200);
    assert_eq!((&part["status"], &part["payment"]["captured"]), (&json!("pending"), &json!("9.99")));
    let path = format!("/api/v1/admin/orders/{}", order["number"].as_str().unwrap());
    let told = shop.staff().get(&path).ok(200)["timeline"].to_string();
    assert!(told.contains("A-6"), "the reference of a part is kept: {told}");
    is_sound(&shop);
    let rest = json!({ "reference": "7", "amount": "0.01" });
    assert_eq!(post(&shop, &order, "payments", "c", &rest).ok(200)["status"], "paid");
    post(&shop, &order, "payments", "d", &json!({ "reference": "8" })).problem(409, "illegal-move");
    let other = buy(&shop.anonymous(), 1, "buy again", &by_transfer());
    let problem = post(&shop, &other, "payments", "e", &json!({ "reference": "7" })).problem(422, "validation");
    assert_eq!(problem["errors"][0]["field"], "reference");
    is_sound(&shop);
}
