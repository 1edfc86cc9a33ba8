//! Checking out, and orders as those read them who placed them.

use super::{Access, Row, row};
use crate::support::builders::address;
use rocket::http::Method::{Get, Post};
use serde_json::json;

pub(super) fn rows() -> Vec<Row> {
    let body = json!({
        "email": "ann@example.test", "shipping_address": address(), "payment": { "provider": "manual" },
    });
    let checkout = "/carts/{token}/checkout";
    vec![
        row(Post, checkout, checkout, Some(body), Access::Public, 201),
        // Whoever has no token is told that there is no such order.
        row(Get, "/orders/{number}", "/orders/1001?token=x", None, Access::Public, 404),
        row(Get, "/me/orders", "/me/orders", None, Access::Person, 200),
        row(Get, "/me/orders/{number}", "/me/orders/1001", None, Access::Owner, 200),
    ]
}
