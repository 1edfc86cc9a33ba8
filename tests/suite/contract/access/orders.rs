//! Orders as the staff works on them, and as their buyers call them off.

use super::{Access, Row, row};
use crate::support::{Requests, TestShop, builders::address, product};
use nexus::domain::Right;
use rocket::http::Method::{self, Delete, Get, Patch, Post};
use serde_json::{Value, json};

/// An order that waits for its money, one that is paid and one that was sent; the first is the customer's.
pub(super) fn fill(shop: &TestShop) {
    product("Ordered").sku("ORDERED").stock(9).create(shop);
    place(&shop.customer(), "a");
    for (key, number, steps) in [("b", "1002", &["payments"][..]), ("c", "1003", &["payments", "fulfillments"])] {
        place(&shop.anonymous(), key);
        for step in steps {
            let path = format!("/api/v1/admin/orders/{number}/{step}");
            shop.staff().request(Post, &path).header("Idempotency-Key", &path).json(&json!({})).send().ok(200);
        }
    }
    draft(shop);
}

/// A draft, which has the id 4.
fn draft(shop: &TestShop) {
    let body = json!({
        "email": "bo@example.test", "lines": [{ "sku": "ORDERED", "quantity": 1 }], "payment": { "provider": "manual" },
        "draft": true,
    });
    assert_eq!(shop.staff().post("/api/v1/admin/orders", &body).ok(201)["number"], "d4");
}

fn place(who: &impl Requests, key: &str) {
    let cart = who.request(Post, "/api/v1/carts").send().ok(201);
    let path = format!("/api/v1/carts/{}", cart["token"].as_str().expect("a token"));
    who.post(&format!("{path}/lines"), &json!({ "sku": "ORDERED", "quantity": 1 })).ok(201);
    let mut home = address();
    home["country"] = json!("DE");
    let body = json!({ "email": "ann@example.test", "shipping_address": home, "payment": { "provider": "manual" } });
    let checkout = who.request(Method::Post, &format!("{path}/checkout")).header("Idempotency-Key", key);
    checkout.json(&body).send().ok(201);
}

pub(super) fn rows() -> Vec<Row> {
    let (reads, writes) = (Access::Right(Right::OrdersRead), Access::Right(Right::OrdersWrite));
    let one = "/admin/orders/{number}";
    let line = json!({ "lines": [{ "line_id": 3, "quantity": 1 }] });
    let step =
        |template: &'static str, path: &'static str, body: Option<Value>| row(Post, template, path, body, writes, 200);
    let staff_order = json!({
        "email": "bo@example.test", "lines": [{ "sku": "ORDERED", "quantity": 1 }], "payment": { "provider": "manual" },
    });
    vec![
        row(Post, "/admin/orders", "/admin/orders", Some(staff_order), writes, 201),
        step("/admin/orders/{number}/place", "/admin/orders/d4/place", None),
        row(Delete, one, "/admin/orders/d4", None, writes, 204),
        row(Get, "/admin/orders", "/admin/orders", None, reads, 200),
        row(Get, one, "/admin/orders/1001", None, reads, 200),
        row(Patch, one, "/admin/orders/1001", Some(json!({ "note": "New" })), writes, 200),
        step("/admin/orders/{number}/payments", "/admin/orders/1001/payments", Some(json!({}))),
        step("/admin/orders/{number}/fulfillments", "/admin/orders/1002/fulfillments", Some(json!({}))),
        step("/admin/orders/{number}/complete", "/admin/orders/1003/complete", None),
        step("/admin/orders/{number}/cancel", "/admin/orders/1001/cancel", Some(json!({}))),
        step("/admin/orders/{number}/refunds", "/admin/orders/1002/refunds", Some(json!({}))),
        step("/admin/orders/{number}/returns", "/admin/orders/1003/returns", Some(line)),
        step("/admin/orders/{number}/notes", "/admin/orders/1001/notes", Some(json!({ "text": "New" }))),
        row(Post, "/me/orders/{number}/cancel", "/me/orders/1001/cancel", None, Access::Owner, 200),
    ]
}
