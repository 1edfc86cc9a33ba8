//! Tax rates, shipping zones and discounts.

use super::{Access, Row, row};
use crate::support::{Requests, TestShop};
use nexus::domain::Right;
use rocket::http::Method::{Delete, Get, Patch, Post, Put};
use serde_json::{Value, json};

fn rate(name: &str) -> Value {
    json!({ "name": name, "country": "DE", "rate": "19" })
}

fn parcel() -> Value {
    json!({ "name": "Parcel", "kind": "flat", "price": "5.00" })
}

fn zone(name: &str, country: &str) -> Value {
    json!({ "name": name, "areas": [{ "country": country }], "rates": [parcel()] })
}

fn discount(code: &str) -> Value {
    json!({ "name": "Off", "code": code, "kind": "percent", "percent": "10" })
}

/// One of each.
pub(super) fn fill(shop: &TestShop) {
    shop.admin().post("/api/v1/admin/tax-rates", &rate("VAT")).ok(201);
    shop.admin().post("/api/v1/admin/shipping-zones", &zone("Home", "DE")).ok(201);
    // Its way to ship, the second, is the one of carts that do not say where they go.
    shop.admin().post("/api/v1/admin/shipping-zones", &zone("World", "*")).ok(201);
    shop.staff().post("/api/v1/admin/discounts", &discount("OFF")).ok(201);
}

pub(super) fn rows() -> Vec<Row> {
    let (reads, writes) = (Access::Right(Right::SettingsRead), Access::Right(Right::SettingsWrite));
    let (sees, makes) = (Access::Right(Right::DiscountsRead), Access::Right(Right::DiscountsWrite));
    let some = Some;
    let (rates, one_rate) = ("/admin/tax-rates", "/admin/tax-rates/{id}");
    let (zones, one_zone) = ("/admin/shipping-zones", "/admin/shipping-zones/{id}");
    let (discounts, one_discount) = ("/admin/discounts", "/admin/discounts/{id}");
    vec![
        row(Get, rates, rates, None, reads, 200),
        row(Post, rates, rates, some(rate("New")), writes, 201),
        row(Get, one_rate, "/admin/tax-rates/1", None, reads, 200),
        row(Put, one_rate, "/admin/tax-rates/1", some(rate("New")), writes, 200),
        row(Patch, one_rate, "/admin/tax-rates/1", some(json!({ "rate": "7" })), writes, 200),
        row(Delete, one_rate, "/admin/tax-rates/1", None, writes, 204),
        row(Get, zones, zones, None, reads, 200),
        row(Post, zones, zones, some(zone("New", "FR")), writes, 201),
        row(Get, one_zone, "/admin/shipping-zones/1", None, reads, 200),
        row(Put, one_zone, "/admin/shipping-zones/1", some(zone("New", "FR")), writes, 200),
        row(Patch, one_zone, "/admin/shipping-zones/1", some(json!({ "name": "New" })), writes, 200),
        row(Delete, one_zone, "/admin/shipping-zones/1", None, writes, 204),
        row(Get, discounts, discounts, None, sees, 200),
        row(Post, discounts, discounts, some(discount("NEW")), makes, 201),
        row(Get, one_discount, "/admin/discounts/1", None, sees, 200),
        row(Put, one_discount, "/admin/discounts/1", some(discount("NEW")), makes, 200),
        row(Patch, one_discount, "/admin/discounts/1", some(json!({ "active": false })), makes, 200),
        row(Delete, one_discount, "/admin/discounts/1", None, makes, 204),
    ]
}
