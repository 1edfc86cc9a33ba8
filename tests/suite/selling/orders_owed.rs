//! Money that no sale has used up: the shop owes it back, and its way back is no refund of a sale.

use super::findings;
use super::till::{buy, by_transfer, is_sound, shop_with_mugs};
use crate::support::{Answer, Requests, TestShop};
use nexus::services::Error;
use rocket::http::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// What the staff does with an order.
pub fn act(shop: &TestShop, order: &Value, what: &str, body: &Value) -> Answer {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let key = COUNT.fetch_add(1, Ordering::Relaxed).to_string();
    let path = format!("/api/v1/admin/orders/{}/{what}", order["number"].as_str().unwrap());
    shop.staff().request(Method::Post, &path).header("Idempotency-Key", &key).json(body).send()
}

/// An order of ten mugs of which 60.00 of 100.00 had come in when it was called off.
pub fn part_paid_and_cancelled(shop: &TestShop) -> Value {
    let order = buy(&shop.anonymous(), 10, "part paid", &by_transfer());
    act(shop, &order, "payments", &json!({ "amount": "60.00" })).ok(200);
    act(shop, &order, "cancel", &json!({})).ok(200);
    order
}

/// What stands in an account of the books.
pub fn account(shop: &TestShop, name: &str) -> i64 {
    let sql = format!("select coalesce(sum(amount), 0) from ledger_entry where account = '{name}'");
    shop.shop.store().read(|tx| Ok::<_, Error>(tx.query_number(&sql, [])?)).unwrap()
}

fn execute(shop: &TestShop, sql: &'static str) {
    shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute_script(sql)?)).unwrap();
}

/// The one row of the report of sales: orders, units, total, refunded, net.
pub fn sums(shop: &TestShop, by: &str) -> Value {
    let path = format!("/api/v1/admin/reports/sales?by={by}&from=2020-01-01&to=2100-01-01");
    let rows = shop.staff().get(&path).ok(200)["results"].clone();
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    json!([rows[0]["orders"], rows[0]["units"], rows[0]["total"], rows[0]["refunded"], rows[0]["net"]])
}

#[test]
fn money_that_no_sale_used_up_goes_back_without_touching_sales_and_refunds() {
    let shop = shop_with_mugs(12);
    let sold = buy(&shop.anonymous(), 2, "sold", &by_transfer());
    act(&shop, &sold, "payments", &json!({})).ok(200);
    act(&shop, &sold, "refunds", &json!({ "lines": [{ "line_id": sold["lines"][0]["id"], "quantity": 1 }] })).ok(200);
    let order = part_paid_and_cancelled(&shop);
    assert_eq!((account(&shop, "receivable"), account(&shop, "refunds")), (-6_000, 1_000), "60.00 are owed back");
    is_sound(&shop);
    act(&shop, &order, "refunds", &json!({})).ok(200);
    assert_eq!((account(&shop, "receivable"), account(&shop, "refunds")), (0, 1_000));
    assert_eq!(account(&shop, "money"), 1_000);
    for by in ["year", "product"] {
        assert_eq!(sums(&shop, by), json!([1, 2, "20.00", "10.00", "10.00"]), "{by}");
    }
    is_sound(&shop);
}

#[test]
fn check_sees_what_was_owed_posted_as_a_refund_of_a_sale_and_the_migration_puts_it_right() {
    let shop = shop_with_mugs(10);
    let order = part_paid_and_cancelled(&shop);
    act(&shop, &order, "refunds", &json!({ "amount": "15.00" })).ok(200);
    is_sound(&shop);
    execute(
        &shop,
        "update ledger_entry set account = 'refunds' where posting like 'refund:%' and account = 'receivable'",
    );
    let found = findings(&shop.shop);
    assert!(found.len() == 1 && found[0].starts_with("books and what is owed: order 1:"), "{found:?}");
    execute(&shop, include_str!("../../../migrations/V0012__owed_back.sql"));
    is_sound(&shop);
    assert_eq!((account(&shop, "receivable"), account(&shop, "refunds")), (-4_500, 0));
    act(&shop, &order, "refunds", &json!({})).ok(200);
    assert_eq!((account(&shop, "receivable"), account(&shop, "refunds")), (0, 0));
    // Where nothing is wrong it changes nothing.
    let entries = "select count(*) from ledger_entry";
    let count = || shop.shop.store().read(|tx| Ok::<_, Error>(tx.query_number(entries, [])?)).unwrap();
    let before = count();
    execute(&shop, include_str!("../../../migrations/V0012__owed_back.sql"));
    assert_eq!(count(), before);
}
