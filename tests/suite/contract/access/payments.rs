//! Payments as staff looks after them, and the address that their providers send messages to.

use super::{Access, Row, row};
use nexus::domain::Right;
use rocket::http::Method::{Get, Post};
use serde_json::json;

pub(super) fn rows() -> Vec<Row> {
    let (reads, writes) = (Access::Right(Right::OrdersRead), Access::Right(Right::OrdersWrite));
    let (webhook, resolve) = ("/payments/{provider}/webhook", "/admin/payments/{id}/resolve");
    vec![
        // No provider of the shop that is looked at takes messages.
        row(Post, webhook, "/payments/stripe/webhook", Some(json!({})), Access::Public, 404),
        row(Get, "/admin/payments", "/admin/payments", None, reads, 200),
        // Nothing is odd about the payment.
        row(Post, resolve, "/admin/payments/1/resolve", Some(json!({ "note": "Looked at" })), writes, 409),
    ]
}
