//! Requests to be told once when something is back.

use super::{letters, token};
use crate::support::{Requests, TestShop, category, product, variant, wait};
use nexus::config::LimitSettings;
use nexus::domain::{ProductId, VariantId};
use nexus::services::selling::back_in_stock_due;
use nexus::services::{Ctx, Error};
use serde_json::{Value, json};

const ASK: &str = "/api/v1/products/1/back-in-stock-requests";

fn shop() -> TestShop {
    let shop = TestShop::new();
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    shop
}

/// Lets the mug be in stock again, or sold out.
fn stock(shop: &TestShop, units: i64) {
    shop.staff().patch("/api/v1/products/1", &json!({"stock": units})).ok(200);
    let told = shop.shop.store().write_blocking(move |tx| {
        if units > 0 {
            back_in_stock_due(tx, ProductId::new(1), VariantId::new(1), Ctx::shop().now)?;
        }
        Ok::<_, Error>(())
    });
    told.unwrap();
}

/// Lets mail have been proven to arrive at the customer's address.
fn prove(shop: &TestShop) {
    let proven = shop.shop.store().write_blocking(|tx| {
        let user = tx.user_by_id(nexus::domain::UserId::new(1))?.expect("the customer");
        Ok::<_, Error>(tx.user_set_verified(user.id, Ctx::shop().now)?)
    });
    proven.unwrap();
}

#[test]
fn guest_is_asked_first_and_told_once() {
    let shop = shop();
    let guest = json!({"email": "eve@example.test"});
    shop.anonymous().post(ASK, &guest).empty(204);
    let asked = letters(&shop);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].contains("Shall we tell you when Mug is back?") && asked[0].contains("To: eve@example.test"));
    // Nobody has confirmed, so nobody is told.
    stock(&shop, 5);
    assert!(letters(&shop).is_empty());
    stock(&shop, 0);
    let code = token(&asked[0]);
    shop.anonymous().post("/api/v1/back-in-stock/confirm", &json!({"token": code})).empty(204);
    shop.anonymous().post("/api/v1/back-in-stock/confirm", &json!({"token": code})).empty(204);
    shop.anonymous().post(ASK, &guest).empty(204);
    assert!(letters(&shop).is_empty(), "it is known already");
    stock(&shop, 5);
    let told = letters(&shop);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Subject: Mug is back at Nexus") && told[0].contains("/products/mug"), "{}", told[0]);
    assert!(told[0].contains("multipart/alternative"), "{}", told[0]);
    stock(&shop, 0);
    stock(&shop, 5);
    assert!(letters(&shop).is_empty(), "once");
    let code = token(&told[0]);
    shop.anonymous().post("/api/v1/back-in-stock/unsubscribe", &json!({"token": code})).empty(204);
    shop.anonymous().post("/api/v1/back-in-stock/unsubscribe", &json!({"token": code})).names_field("token", "invalid");
}

#[test]
fn somebody_signed_in_with_a_proven_mailbox_is_told_without_being_asked() {
    let shop = shop();
    shop.customer().post(ASK, &json!({})).empty(204);
    assert_eq!(letters(&shop).len(), 1, "mail to them was never proven to arrive");
    prove(&shop);
    shop.customer().post(ASK, &json!({})).empty(204);
    assert!(letters(&shop).is_empty());
    stock(&shop, 1);
    let told = letters(&shop);
    assert!(told.len() == 1 && told[0].contains("To: customer@example.test"), "{told:?}");
    // For another address they are like anybody else.
    stock(&shop, 0);
    shop.customer().post(ASK, &json!({"email": "other@example.test"})).empty(204);
    assert!(letters(&shop)[0].contains("Shall we tell you"));
}

#[test]
fn request_for_a_variant_waits_for_that_variant() {
    let shop = shop();
    let two = product("Cap").option("Size", &["S", "L"]);
    let two = two.variant(variant("5").choose("Size", "S").stock(2)).variant(variant("5").choose("Size", "L"));
    let tee = two.create(&shop);
    let sold_out = tee["variants"].as_array().unwrap().iter().find(|v| v["stock"] == 0).expect("one sold out").clone();
    let has = tee["variants"].as_array().unwrap().iter().find(|v| v["stock"] != 0).expect("one in stock").clone();
    let path = format!("/api/v1/products/{}/back-in-stock-requests", tee["id"]);
    let ask = |variant: &Value| shop.staff().post(&path, &json!({"variant_id": variant}));
    ask(&has["id"]).problem(409, "in-stock");
    shop.staff().post(&path, &json!({})).problem(409, "in-stock");
    ask(&json!(1)).names_field("variant_id", "unknown");
    ask(&sold_out["id"]).empty(204);
    assert!(letters(&shop)[0].contains(sold_out["title"].as_str().unwrap()));
    for (path, body) in [("/api/v1/products/99/back-in-stock-requests", json!({})), (ASK, json!({"phone": 1}))] {
        assert!(matches!(shop.staff().post(path, &body).status, 404 | 422));
    }
    shop.anonymous().post(ASK, &json!({})).names_field("email", "required");
    shop.anonymous().post(ASK, &json!({"email": "eve"})).names_field("email", "invalid");
}

#[test]
fn requests_say_the_same_whatever_is_known_of_an_address_and_are_bounded() {
    let shop = shop();
    for n in 2..12 {
        product(&format!("P{n}")).create(&shop);
    }
    let ask = |product: i64, email: &str| {
        let path = format!("/api/v1/products/{product}/back-in-stock-requests");
        shop.anonymous().post(&path, &json!({"email": email})).empty(204);
    };
    for product in 3..12 {
        ask(product, "eve@example.test");
    }
    ask(1, "customer@example.test");
    let sent = letters(&shop);
    let to = |who: &str| sent.iter().filter(|letter| letter.contains(&format!("To: {who}"))).count();
    assert_eq!((to("eve@example.test"), to("customer@example.test")), (5, 1), "nobody is flooded");
    for bad in ["", "x", &"A".repeat(43)] {
        shop.anonymous().post("/api/v1/back-in-stock/confirm", &json!({"token": bad})).names_field("token", "invalid");
    }
}

#[test]
fn requests_of_guests_count_against_the_budget_of_letters() {
    let shop = TestShop::with(|config| config.limits = LimitSettings::default());
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    let asked = (0..30).map(|n| shop.anonymous().post(ASK, &json!({"email": format!("{n}@example.test")})).status);
    assert_eq!(asked.filter(|status| *status == 204).count(), 10);
}

#[test]
fn requests_end_after_half_a_year_and_with_their_person() {
    let shop = shop();
    let count =
        || shop.shop.store().read(|tx| Ok::<_, Error>(tx.query_number("select count(*) from stock_request", ())?));
    prove(&shop);
    shop.customer().post(ASK, &json!({})).empty(204);
    shop.anonymous().post(ASK, &json!({"email": "eve@example.test"})).empty(204);
    let later = |days: i64| {
        let now = Ctx::shop().now.millis() + days * 86_400_000;
        Ctx { now: nexus::domain::Timestamp::from_millis(now), ..Ctx::shop() }
    };
    assert_eq!(wait(shop.shop.stock_requests_sweep(&later(1))).unwrap(), 0);
    assert_eq!(wait(shop.shop.stock_requests_sweep(&later(3))).unwrap(), 1, "one that nobody confirmed");
    assert_eq!(wait(shop.shop.stock_requests_sweep(&later(179))).unwrap(), 0);
    shop.customer().delete("/api/v1/me").empty(204);
    assert_eq!(count().unwrap(), 0);
}
