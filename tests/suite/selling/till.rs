//! Short ways to buy: a shop with a mug, a cart with things in it, a checkout.

use crate::support::{Answer, Requests, TestShop, builders, category, product};
use rocket::http::Method;
use serde_json::{Value, json};

/// A shop that sells a mug at 10.00, of which there are so many. Its variant has the id 1.
pub fn shop_with_mugs(stock: i64) -> TestShop {
    let shop = TestShop::new();
    fill(&shop, stock);
    shop
}

/// Puts the mug into a shop.
pub fn fill(shop: &TestShop, stock: i64) {
    category("Kitchen").create(shop);
    product("Mug").sku("MUG").stock(stock).create(shop);
}

/// A cart with so many of each variant, and its token.
#[track_caller]
pub fn cart(who: &impl Requests, lines: &[(i64, i64)]) -> String {
    let cart = who.request(Method::Post, "/api/v1/carts").send().ok(201);
    let token = cart["token"].as_str().expect("a token").to_owned();
    for (variant, quantity) in lines {
        put(who, &token, *variant, *quantity).ok(201);
    }
    token
}

/// Puts something into a cart.
pub fn put(who: &impl Requests, token: &str, variant: i64, quantity: i64) -> Answer {
    who.post(&format!("/api/v1/carts/{token}/lines"), &json!({ "variant_id": variant, "quantity": quantity }))
}

/// What somebody sends to check out, paying like this.
pub fn body(payment: Value) -> Value {
    json!({ "email": "ann@example.test", "shipping_address": builders::address(), "payment": payment })
}

/// By bank transfer.
pub fn by_transfer() -> Value {
    body(json!({ "provider": "manual" }))
}

/// By the test provider, which does this.
pub fn by_test(outcome: &str) -> Value {
    body(json!({ "provider": "test", "outcome": outcome }))
}

/// Checks a cart out.
pub fn checkout(who: &impl Requests, token: &str, key: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/carts/{token}/checkout");
    who.request(Method::Post, &path).header("Idempotency-Key", key).json(body).send()
}

/// Buys so many mugs and gives the order.
#[track_caller]
pub fn buy(who: &impl Requests, quantity: i64, key: &str, body: &Value) -> Value {
    checkout(who, &cart(who, &[(1, quantity)]), key, body).ok(201)
}

/// The path of a guest's order.
pub fn path_of(order: &Value) -> String {
    let text = |field: &str| order[field].as_str().expect("a text").to_owned();
    format!("/api/v1/orders/{}?token={}", text("number"), text("token"))
}

/// How many mugs can still be had.
pub fn mugs_left(shop: &TestShop) -> i64 {
    shop.anonymous().get("/api/v1/products/mug").ok(200)["stock"].as_i64().expect("a number")
}

/// Holds the shop to what `nexus check` looks at.
#[track_caller]
pub fn is_sound(shop: &TestShop) {
    let findings = shop.shop.check(&nexus::services::Ctx::owner(), nexus::services::CheckDepth::Full).expect("a check");
    assert!(findings.is_empty(), "{findings:?}");
}
