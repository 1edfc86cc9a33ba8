//! Orders and the accounts they belong to.

use super::mailbox::post;
use crate::selling::till::{buy, by_test, by_transfer, shop_with_mugs};
use crate::support::{PASSWORD, Requests};
use serde_json::{Value, json};

#[test]
fn guest_orders_find_their_account_once_its_mailbox_is_proven() {
    let shop = shop_with_mugs(5);
    let guest = shop.anonymous();
    let mut order = by_transfer();
    order["email"] = json!("Cara@Example.test");
    buy(&guest, 1, "a", &order);
    let register = json!({ "email": "cara@example.test", "password": PASSWORD });
    guest.post("/api/v1/auth/register", &register).ok(201);
    let login = || {
        let login = guest.post("/api/v1/auth/login", &register).ok(200);
        shop.bearing(login["access"].as_str().unwrap())
    };
    assert!(login().results("/api/v1/me/orders").is_empty(), "to know an address proves nothing");
    let letters = post(&shop);
    let confirm = letters.iter().find(|letter| letter.text.contains("verify-email")).expect("a letter to confirm");
    assert_eq!(guest.post("/api/v1/auth/verify", &json!({ "token": confirm.token() })).status, 204);
    let mine = login().results("/api/v1/me/orders");
    assert_eq!(mine.len(), 1);
    let read = shop.staff().get("/api/v1/admin/orders/1001").ok(200);
    let kinds: Vec<&str> = read["timeline"].as_array().unwrap().iter().filter_map(|e| e["kind"].as_str()).collect();
    assert_eq!(kinds.last(), Some(&"linked"), "{kinds:?}");
}

#[test]
fn review_written_before_its_author_was_known_to_have_bought_becomes_a_buyers() {
    let shop = shop_with_mugs(5);
    let guest = shop.anonymous();
    let mut order = by_test("paid");
    order["email"] = json!("cara@example.test");
    buy(&guest, 1, "a", &order);
    let register = json!({ "email": "cara@example.test", "password": PASSWORD });
    guest.post("/api/v1/auth/register", &register).ok(201);
    let login = guest.post("/api/v1/auth/login", &register).ok(200);
    let cara = shop.bearing(login["access"].as_str().unwrap());
    let made = cara.post("/api/v1/products/1/reviews", &json!({ "rating": 5 })).ok(201);
    assert_eq!(made["verified_buyer"], false);
    let letters = post(&shop);
    let confirm = letters.iter().find(|letter| letter.text.contains("verify-email")).expect("a letter to confirm");
    assert_eq!(guest.post("/api/v1/auth/verify", &json!({ "token": confirm.token() })).status, 204);
    let path = format!("/api/v1/me/reviews/{}", made["id"]);
    assert_eq!(cara.get(&path).ok(200)["verified_buyer"], true);
}

#[test]
fn erasing_a_person_keeps_their_orders_without_the_account() {
    let shop = shop_with_mugs(5);
    let order = buy(&shop.customer(), 1, "a", &by_transfer());
    let path = format!("/api/v1/admin/orders/{}", order["number"].as_str().unwrap());
    assert!(shop.staff().get(&path).ok(200)["staff"]["customer_id"].is_number());
    assert_eq!(shop.customer().delete("/api/v1/me").status, 204);
    let kept = shop.staff().get(&path).ok(200);
    assert_eq!((&kept["staff"]["customer_id"], &kept["total"]), (&Value::Null, &order["total"]));
}
