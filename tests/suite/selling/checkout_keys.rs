//! Idempotency keys: one effect, the same answer again, and nobody else's.

use super::till::{by_transfer, cart, checkout, is_sound, mugs_left, shop_with_mugs};
use crate::support::Requests;
use rocket::http::Method;
use serde_json::json;

#[test]
fn same_request_again_is_answered_byte_for_byte_also_after_a_restart() {
    let shop = shop_with_mugs(10);
    let token = cart(&shop.anonymous(), &[(1, 1)]);
    let first = checkout(&shop.anonymous(), &token, "k", &by_transfer());
    let order = first.ok(201);
    // What happens to the order meanwhile changes nothing in the answer.
    shop.staff().patch("/api/v1/products/1", &json!({ "price": "99.00" })).ok(200);
    let again = checkout(&shop.anonymous(), &token, "k", &by_transfer());
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("Location"), first.header("Location"));
    let shop = shop.restarted();
    let again = checkout(&shop.anonymous(), &token, "k", &by_transfer());
    assert_eq!((again.status, &again.body), (201, &first.body));
    // With a slash at the end or without a version it is the same request.
    let path = format!("/api/carts/{token}/checkout/");
    let guest = shop.anonymous();
    let again = guest.request(Method::Post, &path).header("Idempotency-Key", "k").json(&by_transfer());
    assert_eq!(again.send().body, first.body);
    assert_eq!((mugs_left(&shop), order["number"].as_str()), (9, Some("1001")));
    is_sound(&shop);
}

#[test]
fn keys_are_refused_that_are_missing_malformed_or_of_another_request() {
    let shop = shop_with_mugs(10);
    let guest = shop.anonymous();
    let token = cart(&guest, &[(1, 1)]);
    let path = format!("/api/v1/carts/{token}/checkout");
    guest.post(&path, &by_transfer()).problem(400, "bad-request");
    let long = "k".repeat(1024);
    for bad in ["", "schl\u{fc}ssel", "a\tb", "\u{1f511}", &long] {
        let answer = checkout(&guest, &token, bad, &by_transfer());
        answer.problem(400, "bad-request");
    }
    let twice = guest.request(Method::Post, &path).header("Idempotency-Key", "a").header("Idempotency-Key", "a");
    twice.json(&by_transfer()).send().problem(400, "bad-request");
    assert_eq!(mugs_left(&shop), 10);
    let first = checkout(&guest, &token, "k", &by_transfer());
    first.ok(201);
    let mut other = by_transfer();
    other["note"] = json!("another");
    checkout(&guest, &token, "k", &other).problem(422, "idempotency-key-reused");
    // The same words in another order are another body.
    let reordered =
        json!({ "payment": other["payment"], "email": other["email"], "shipping_address": other["shipping_address"] });
    checkout(&guest, &token, "k", &reordered).problem(422, "idempotency-key-reused");
    assert_eq!(checkout(&guest, &token, "k", &by_transfer()).body, first.body);
    assert_eq!(checkout(&guest, &token, &"k".repeat(255), &by_transfer()).status, 409, "the cart was ordered");
}

#[test]
fn key_of_another_caller_is_another_key() {
    let shop = shop_with_mugs(10);
    let (one, two) = (cart(&shop.customer(), &[(1, 1)]), cart(&shop.other_customer(), &[(1, 1)]));
    let guest = cart(&shop.anonymous(), &[(1, 1)]);
    let first = checkout(&shop.customer(), &one, "k", &by_transfer()).ok(201);
    let second = checkout(&shop.other_customer(), &two, "k", &by_transfer()).ok(201);
    let third = checkout(&shop.anonymous(), &guest, "k", &by_transfer()).ok(201);
    let numbers = [&first["number"], &second["number"], &third["number"]];
    assert_eq!(numbers, [&json!("1001"), &json!("1002"), &json!("1003")]);
    // Nobody is answered what somebody else was, whatever they send.
    checkout(&shop.other_customer(), &one, "k", &by_transfer()).problem(422, "idempotency-key-reused");
    checkout(&shop.anonymous(), &one, "k", &by_transfer()).problem(404, "not-found");
    assert_eq!(mugs_left(&shop), 7);
}

#[test]
fn refusal_leaves_the_key_free() {
    let shop = shop_with_mugs(1);
    let guest = shop.anonymous();
    let token = cart(&guest, &[(1, 1)]);
    shop.staff().patch("/api/v1/variants/1", &json!({ "stock": 0 })).ok(200);
    checkout(&guest, &token, "k", &by_transfer()).problem(409, "out-of-stock");
    shop.staff().patch("/api/v1/variants/1", &json!({ "stock": 1 })).ok(200);
    checkout(&guest, &token, "k", &by_transfer()).ok(201);
}
