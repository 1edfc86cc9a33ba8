//! A guest's cart becomes the customer's: by signing in with it, by registering with it, and by using it.

use super::carts::{lines, made, put, shop, with};
use crate::support::{PASSWORD, Requests, TestShop};
use serde_json::{Value, json};

fn token(cart: &str) -> &str {
    cart.rsplit('/').next().unwrap()
}

/// Signs the customer in with a cart.
#[track_caller]
fn login(shop: &TestShop, cart: &str) -> String {
    let body = json!({ "email": "customer@example.test", "password": PASSWORD, "cart": token(cart) });
    let login = shop.anonymous().post("/api/v1/auth/login", &body).ok(200);
    login["access"].as_str().unwrap().to_owned()
}

fn carts_of(shop: &TestShop, email: &str) -> i64 {
    let sql = "select count(*) from cart c join account a on a.id = c.account_id where a.email_key = ?1";
    let count = shop.shop.store().read(|tx| tx.query_number(sql, [email]).map_err(nexus::services::Error::from));
    count.unwrap()
}

#[test]
fn guest_who_signs_in_with_their_cart_owns_it() {
    let shop = shop();
    let guest = shop.anonymous();
    let cart = with(&guest, &[(1, 2)]);
    let me = login(&shop, &cart);
    assert_eq!(lines(&shop.bearing(&me).get(&cart).ok(200)), [(1, 2)]);
    guest.get(&cart).problem(404, "not-found");
    shop.other_customer().get(&cart).problem(404, "not-found");
    assert_eq!(made(&shop.customer()), cart);
    // And again, on another device, with a cart that is theirs already.
    login(&shop, &cart);
    assert_eq!(lines(&shop.customer().get(&cart).ok(200)), [(1, 2)]);
}

#[test]
fn older_cart_joins_the_one_brought_up_to_what_there_is() {
    let shop = shop();
    let me = shop.customer();
    let older = with(&me, &[(1, 15), (2, 4), (3, 1)]);
    let guest = with(&shop.anonymous(), &[(2, 3), (1, 10)]);
    login(&shop, &guest);
    let joined = me.get(&guest).ok(200);
    assert_eq!(lines(&joined), [(2, 5), (1, 20), (3, 1)], "no more than is in stock");
    me.get(&older).problem(404, "not-found");
    assert_eq!(carts_of(&shop, "customer@example.test"), 1);
}

#[test]
fn customer_who_changes_a_guests_cart_takes_it_over_and_who_only_looks_does_not() {
    let shop = shop();
    let (me, guest) = (shop.customer(), shop.anonymous());
    let older = with(&me, &[(1, 1)]);
    let cart = with(&guest, &[(1, 1)]);
    me.get(&cart).ok(200);
    guest.get(&cart).ok(200);
    assert_eq!(lines(&put(&me, &cart, 3, 1).ok(201)), [(1, 2), (3, 1)]);
    guest.get(&cart).problem(404, "not-found");
    me.get(&older).problem(404, "not-found");
    assert_eq!(made(&me), cart);
    // What is refused takes nothing over.
    let cart = with(&guest, &[(1, 1)]);
    put(&me, &cart, 3, 99).problem(409, "out-of-stock");
    guest.get(&cart).ok(200);
}

#[test]
fn what_the_older_cart_says_is_kept_where_the_one_brought_says_nothing() {
    let shop = shop();
    let me = shop.customer();
    let older = with(&me, &[(1, 1)]);
    me.put(&format!("{older}/shipping-address"), &crate::support::builders::address()).ok(200);
    me.put(&format!("{older}/shipping-option"), &json!({ "id": "standard" })).ok(200);
    let cart = with(&shop.anonymous(), &[(3, 1)]);
    login(&shop, &cart);
    let joined = me.get(&cart).ok(200);
    assert_eq!(
        (&joined["shipping_address"]["city"], &joined["shipping_option"]),
        (&json!("Utrecht"), &json!("standard"))
    );
}

#[test]
fn cart_that_is_gone_or_somebody_elses_is_no_reason_not_to_be_signed_in() {
    let shop = shop();
    let other = with(&shop.other_customer(), &[(1, 3)]);
    let nowhere = "A".repeat(43);
    for cart in [other.as_str(), nowhere.as_str(), "", "x"] {
        login(&shop, cart);
    }
    assert_eq!(lines(&shop.other_customer().get(&other).ok(200)), [(1, 3)]);
    assert_eq!(carts_of(&shop, "customer@example.test"), 0);
    let body = json!({ "email": "customer@example.test", "password": PASSWORD, "cart": 7 });
    shop.anonymous().post("/api/v1/auth/login", &body).names_field("cart", "not_a_string");
    // A wrong password takes nothing over.
    let cart = with(&shop.anonymous(), &[(1, 1)]);
    let body = json!({ "email": "customer@example.test", "password": "not the password", "cart": token(&cart) });
    shop.anonymous().post("/api/v1/auth/login", &body).problem(401, "unauthenticated");
    shop.anonymous().get(&cart).ok(200);
}

#[test]
fn guest_who_registers_with_their_cart_owns_it() {
    let shop = shop();
    let register = |email: &str, cart: &str| -> Value {
        let body = json!({ "email": email, "password": "a long walk by the canal", "cart": token(cart) });
        shop.anonymous().post("/api/v1/auth/register", &body).ok(201)
    };
    let cart = with(&shop.anonymous(), &[(1, 1)]);
    let made = register("new@example.test", &cart);
    shop.anonymous().get(&cart).problem(404, "not-found");
    assert_eq!(lines(&shop.bearing(made["access"].as_str().unwrap()).get(&cart).ok(200)), [(1, 1)]);
    // An address that is taken is answered in the same way, and its owner's cart stays as it is.
    let theirs = with(&shop.customer(), &[(3, 1)]);
    let cart = with(&shop.anonymous(), &[(1, 1)]);
    let decoy = register("customer@example.test", &cart);
    assert_eq!(lines(&shop.bearing(decoy["access"].as_str().unwrap()).get(&cart).ok(200)), [(1, 1)]);
    assert_eq!(lines(&shop.customer().get(&theirs).ok(200)), [(3, 1)]);
}

#[test]
fn carts_go_with_their_owner_and_are_in_what_they_take_with_them() {
    let shop = shop();
    let me = shop.customer();
    let cart = with(&me, &[(1, 2)]);
    me.put(&format!("{cart}/shipping-address"), &crate::support::builders::address()).ok(200);
    let export = me.get("/api/v1/me/export").ok(200);
    let kept = &export["carts"][0];
    assert_eq!((&kept["ordered"], &kept["shipping_address"]["city"]), (&json!(false), &json!("Utrecht")));
    assert_eq!(kept["lines"], json!([{ "variant_id": 1, "sku": "MUG", "name": "Mug", "quantity": 2 }]));
    assert!(!export.to_string().contains(token(&cart)), "the token is no data about a person");
    let all = || {
        shop.shop
            .store()
            .read(|tx| tx.query_number("select count(*) from cart", []).map_err(nexus::services::Error::from))
            .unwrap()
    };
    assert_eq!(all(), 1);
    me.delete("/api/v1/me").empty(204);
    assert_eq!(all(), 0);

    let barred = with(&shop.other_customer(), &[(1, 2)]);
    shop.admin().patch("/api/v1/users/4", &json!({ "active": false })).ok(200);
    assert_eq!(all(), 0);
    shop.anonymous().get(&barred).problem(404, "not-found");
}
