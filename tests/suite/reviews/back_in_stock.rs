//! Requests to be told once when something is back.

use super::{letters, token};
use crate::support::{Requests, TestShop, category, product, variant, wait};
use nexus::config::LimitSettings;
use nexus::domain::letters::StockRequestLetter;
use nexus::domain::{Email, ProductId, StockRequestId, Timestamp, VariantId};
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
}

/// Puts the mug on sale, or takes it off.
fn status(shop: &TestShop, status: &str) {
    shop.staff().patch("/api/v1/products/1", &json!({"status": status})).ok(200);
}

/// The moment so many days from now.
fn in_days(days: i64) -> Timestamp {
    Timestamp::from_millis(Ctx::shop().now.millis() + days * 86_400_000)
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
    let later = |days: i64| Ctx { now: in_days(days), ..Ctx::shop() };
    assert_eq!(wait(shop.shop.stock_requests_sweep(&later(1))).unwrap(), 0);
    assert_eq!(wait(shop.shop.stock_requests_sweep(&later(3))).unwrap(), 1, "one that nobody confirmed");
    assert_eq!(wait(shop.shop.stock_requests_sweep(&later(179))).unwrap(), 0);
    shop.customer().delete("/api/v1/me").empty(204);
    assert_eq!(count().unwrap(), 0);
}

#[test]
fn what_comes_back_while_its_letters_are_queued_is_told_too() {
    let shop = shop();
    prove(&shop);
    shop.customer().post(ASK, &json!({})).empty(204);
    stock(&shop, 1);
    let count = |state: &str| {
        let sql = format!("select count(*) from job where kind = 'back_in_stock' and state = '{state}'");
        shop.shop.store().read(|tx| Ok::<_, Error>(tx.query_number(&sql, ())?)).unwrap()
    };
    let now = Ctx::shop().now;
    shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.job_claim(1, &[], now)?)).unwrap();
    assert_eq!((count("running"), count("waiting")), (1, 0));
    wait(shop.shop.back_in_stock_announce(&Ctx::shop(), VariantId::new(1))).unwrap();
    // The job is through with those it knew, but has not ended.
    stock(&shop, 0);
    shop.customer().post(ASK, &json!({"variant_id": 1})).empty(204);
    stock(&shop, 1);
    assert_eq!((count("running"), count("waiting")), (1, 1));
}

#[test]
fn product_that_is_put_on_sale_again_is_back() {
    let shop = shop();
    prove(&shop);
    shop.customer().post(ASK, &json!({})).empty(204);
    shop.anonymous().post(ASK, &json!({"email": "eve@example.test"})).empty(204);
    let code = token(&letters(&shop)[0]);
    status(&shop, "draft");
    stock(&shop, 5);
    shop.anonymous().post("/api/v1/back-in-stock/confirm", &json!({"token": code})).empty(204);
    assert!(letters(&shop).is_empty(), "nobody can buy it yet");
    status(&shop, "active");
    assert_eq!(letters(&shop).len(), 2);
}

#[test]
fn variant_that_is_new_and_in_stock_brings_its_product_back() {
    let shop = shop();
    let cap = product("Cap").option("Size", &["S", "L"]).variant(variant("5").choose("Size", "S")).create(&shop);
    prove(&shop);
    let path = format!("/api/v1/products/{}", cap["id"]);
    shop.customer().post(&format!("{path}/back-in-stock-requests"), &json!({})).empty(204);
    shop.staff().patch(&path, &json!({"description": "A cap."})).ok(200);
    assert!(letters(&shop).is_empty());
    let large = json!({"options": {"Size": "L"}, "price": "6.00", "stock": 3});
    shop.staff().post(&format!("{path}/variants"), &large).ok(201);
    let told = letters(&shop);
    assert!(told.len() == 1 && told[0].contains("Subject: Cap is back at Nexus"), "{told:?}");
}

#[test]
fn only_requests_that_still_wait_are_counted_and_told() {
    let shop = shop();
    prove(&shop);
    shop.customer().post(ASK, &json!({})).empty(204);
    let seen = |at: Timestamp| {
        let email = Email::parse("customer@example.test").unwrap();
        let read = shop.shop.store().read(|tx| {
            let waiting = tx.stock_requests_waiting(ProductId::new(1), VariantId::new(1), at, 9)?;
            Ok::<_, Error>((tx.stock_request_counts(&email, at)?, waiting.len()))
        });
        read.unwrap()
    };
    assert_eq!(seen(Ctx::shop().now), ((1, 0), 1));
    assert_eq!(seen(in_days(181)), ((0, 0), 0), "it has ended");
    stock(&shop, 1);
    assert_eq!(letters(&shop).len(), 1);
    assert_eq!(seen(Ctx::shop().now), ((0, 0), 0), "it was told");
}

#[test]
fn letter_that_is_made_again_has_a_token_and_an_id_of_its_own() {
    let shop = shop();
    shop.anonymous().post(ASK, &json!({"email": "eve@example.test"})).empty(204);
    let mut sent = letters(&shop);
    // As when nobody could note that it was sent.
    let again = StockRequestLetter { request: StockRequestId::new(1) };
    wait(shop.shop.stock_request_letter_send(&Ctx::shop(), again)).unwrap();
    sent.extend(letters(&shop));
    assert_eq!(sent.len(), 2);
    let id = |letter: &str| letter.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
    assert_ne!(id(&sent[0]), id(&sent[1]), "a mailbox must not drop the letter whose token is good");
    let confirm = |code: &str| shop.anonymous().post("/api/v1/back-in-stock/confirm", &json!({"token": code}));
    confirm(&token(&sent[0])).names_field("token", "invalid");
    confirm(&token(&sent[1])).empty(204);
}

#[test]
fn what_people_remember_and_wait_for_leaves_no_entry_in_the_audit_log() {
    let shop = shop();
    shop.customer().put("/api/v1/me/wishlist/1", &json!({})).empty(204);
    shop.customer().delete("/api/v1/me/wishlist/1").empty(204);
    shop.anonymous().post(ASK, &json!({"email": "eve@example.test"})).empty(204);
    let code = token(&letters(&shop)[0]);
    for what in ["confirm", "unsubscribe"] {
        shop.anonymous().post(&format!("/api/v1/back-in-stock/{what}"), &json!({"token": code})).empty(204);
    }
    for action in ["wishlist.", "stock_request."] {
        assert!(shop.admin().results(&format!("/api/v1/admin/audit?action={action}")).is_empty(), "{action}");
    }
}
