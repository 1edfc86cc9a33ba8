//! Invoices, as the staff and as buyers read them.

use super::{Access, Row, row};
use nexus::domain::Right;
use rocket::http::Method::Get;

/// Order 1002 is paid and has the invoice with the id 1; 1001, the customer's, is not, and whoever has no token is told
/// that there is no such order.
pub(super) fn rows() -> Vec<Row> {
    let reads = Access::Right(Right::OrdersRead);
    let get = |template, path, access, success| row(Get, template, path, None, access, success);
    vec![
        get("/admin/orders/{number}/invoices", "/admin/orders/1002/invoices", reads, 200),
        get("/admin/invoices/{id}", "/admin/invoices/1", reads, 200),
        get("/admin/invoices/{id}/pdf", "/admin/invoices/1/pdf", reads, 200),
        get("/me/orders/{number}/invoices", "/me/orders/1001/invoices", Access::Owner, 200),
        get("/me/orders/{number}/invoices/{id}", "/me/orders/1001/invoices/1", Access::Owner, 404),
        get("/me/orders/{number}/invoices/{id}/pdf", "/me/orders/1001/invoices/1/pdf", Access::Owner, 404),
        get("/orders/{number}/invoices", "/orders/1002/invoices?token=x", Access::Public, 404),
        get("/orders/{number}/invoices/{id}", "/orders/1002/invoices/1?token=x", Access::Public, 404),
        get("/orders/{number}/invoices/{id}/pdf", "/orders/1002/invoices/1/pdf?token=x", Access::Public, 404),
    ]
}
