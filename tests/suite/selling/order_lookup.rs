//! Reading orders: a guest by the token, a customer by their sign-in, and nobody by guessing.

use super::till::{buy, by_transfer, path_of, shop_with_mugs};
use crate::support::Requests;

#[test]
fn wrong_token_and_unknown_number_are_the_same_answer() {
    let shop = shop_with_mugs(10);
    let (mine, theirs) =
        (buy(&shop.anonymous(), 1, "a", &by_transfer()), buy(&shop.customer(), 1, "b", &by_transfer()));
    let guest = shop.anonymous();
    guest.get(&path_of(&mine)).ok(200);
    let token = mine["token"].as_str().unwrap();
    let unknown = guest.get(&format!("/api/v1/orders/9999?token={token}"));
    unknown.problem(404, "not-found");
    let other = theirs["token"].as_str().unwrap();
    for path in [
        format!("/api/v1/orders/1001?token={other}"),
        format!("/api/v1/orders/1002?token={token}"),
        format!("/api/v1/orders/1001?token={}", &token[1..]),
        format!("/api/v1/orders/1001?token={token}A"),
        "/api/v1/orders/1001?token=".to_owned(),
        "/api/v1/orders/1001".to_owned(),
        "/api/v1/orders/9999".to_owned(),
        "/api/v1/orders/0?token=x".to_owned(),
        "/api/v1/orders/d1?token=x".to_owned(),
        "/api/v1/orders/9223372036854775808?token=x".to_owned(),
    ] {
        assert_eq!(guest.get(&path).told(), unknown.told(), "{path}");
        assert_eq!(shop.staff().get(&path).told(), unknown.told(), "{path}");
    }
    // Whoever has the token may read, signed in or not.
    shop.other_customer().get(&path_of(&mine)).ok(200);
    guest.get(&format!("{}&total=1", path_of(&mine))).problem(400, "bad-request");
}

#[test]
fn buyer_sees_no_notes_of_the_staff_and_no_token() {
    let shop = shop_with_mugs(10);
    let order = buy(&shop.anonymous(), 1, "a", &by_transfer());
    let seen = shop.anonymous().get(&path_of(&order)).ok(200);
    for hidden in ["token", "staff"] {
        assert!(seen.get(hidden).is_none(), "{hidden} in {seen}");
    }
    assert!(seen["timeline"].as_array().unwrap().iter().all(|entry| entry.get("actor").is_none()));
}
