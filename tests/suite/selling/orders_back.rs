//! Orders that come to nothing after all: their units go back to the shelf, once.

use super::numbers;
use super::orders_owed::{account, act, part_paid_and_cancelled, sums};
use super::till::{body, buy, by_transfer, is_sound, mugs_left, shop_with_mugs};
use crate::support::Requests;
use nexus::domain::VariantId;
use serde_json::json;

#[test]
fn units_of_a_cancelled_order_go_back_to_the_shelf_once() {
    let shop = shop_with_mugs(10);
    let order = part_paid_and_cancelled(&shop);
    assert_eq!(mugs_left(&shop), 10);
    act(&shop, &order, "refunds", &json!({ "restock": true })).ok(200);
    assert_eq!(mugs_left(&shop), 10);
    is_sound(&shop);
}

#[test]
fn cash_on_delivery_that_comes_back_unpaid_can_be_cancelled() {
    for sent in [2, 1] {
        let shop = shop_with_mugs(5);
        let by_cash = body(json!({ "provider": "manual", "method": "cash_on_delivery" }));
        let order = buy(&shop.anonymous(), 2, "k", &by_cash);
        let units = json!({ "lines": [{ "line_id": order["lines"][0]["id"], "quantity": sent }] });
        act(&shop, &order, "fulfillments", &units).ok(200);
        act(&shop, &order, "cancel", &json!({})).problem(409, "illegal-move");
        let back = act(&shop, &order, "returns", &units).ok(200);
        let actions = back["staff"]["actions"].as_array().unwrap();
        assert!(actions.contains(&json!("cancel")) && actions.contains(&json!("pay")), "{actions:?}");
        let cancelled = act(&shop, &order, "cancel", &json!({ "reason": "Nobody was at home" })).ok(200);
        assert_eq!((&cancelled["status"], &cancelled["staff"]["actions"]), (&json!("cancelled"), &json!([])));
        assert_eq!(numbers(&shop, VariantId::new(1)), (5, 0, 5), "{sent} were sent");
        assert_eq!((account(&shop, "receivable"), account(&shop, "sales")), (0, 0), "nothing is owed any more");
        is_sound(&shop);
    }
}

#[test]
fn order_paid_back_by_amount_before_it_was_sent_can_be_cancelled_and_gives_its_units_back() {
    let shop = shop_with_mugs(5);
    let order = buy(&shop.anonymous(), 2, "k", &by_transfer());
    act(&shop, &order, "payments", &json!({})).ok(200);
    let refunded = act(&shop, &order, "refunds", &json!({ "amount": "20.00" })).ok(200);
    assert_eq!((&refunded["status"], &refunded["fulfillment_status"]), (&json!("refunded"), &json!("unfulfilled")));
    assert_eq!(refunded["staff"]["actions"], json!(["cancel"]));
    assert_eq!(mugs_left(&shop), 3);
    let cancelled = act(&shop, &order, "cancel", &json!({})).ok(200);
    assert_eq!((&cancelled["status"], &cancelled["staff"]["actions"]), (&json!("cancelled"), &json!([])));
    assert_eq!(cancelled["refunds"].as_array().map(Vec::len), Some(1), "no money moves");
    assert_eq!(numbers(&shop, VariantId::new(1)), (5, 0, 5));
    assert_eq!(account(&shop, "refunds"), 2_000);
    assert_eq!(sums(&shop, "year"), json!([1, 2, "20.00", "20.00", "0.00"]));
    is_sound(&shop);
    // Units that were paid back as such are the buyer's business no more: nothing is left to cancel.
    let other = buy(&shop.anonymous(), 1, "l", &by_transfer());
    act(&shop, &other, "payments", &json!({})).ok(200);
    let refunded = act(&shop, &other, "refunds", &json!({ "restock": true })).ok(200);
    assert_eq!((&refunded["status"], &refunded["staff"]["actions"]), (&json!("refunded"), &json!([])));
    assert_eq!(mugs_left(&shop), 5);
    is_sound(&shop);
}

#[test]
fn order_that_costs_nothing_can_be_cancelled() {
    let shop = shop_with_mugs(5);
    let gift = json!({ "name": "Gift", "code": "GIFT", "kind": "percent", "percent": "100" });
    shop.staff().post("/api/v1/admin/discounts", &gift).ok(201);
    let lines = json!([{ "sku": "MUG", "quantity": 1 }]);
    let free = json!({ "email": "ann@example.test", "lines": lines, "discount_code": "GIFT", "payment": { "provider": "manual" } });
    let order = shop.staff().post("/api/v1/admin/orders", &free).ok(201);
    assert_eq!(order["total"], "0.00");
    act(&shop, &order, "payments", &json!({})).ok(200);
    act(&shop, &order, "cancel", &json!({})).ok(200);
    assert_eq!(mugs_left(&shop), 5);
    is_sound(&shop);
}
