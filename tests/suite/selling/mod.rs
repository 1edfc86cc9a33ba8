//! Selling: stock and its ledger, the rules by which baskets are priced, carts and what they cost, checking out, orders.

mod carts;
mod carts_joining;
mod carts_prices;
mod checkout;
mod checkout_keys;
mod checkout_races;
mod invoices;
mod order_lookup;
mod orders;
mod orders_back;
mod orders_money;
mod orders_moves;
mod orders_owed;
mod orders_plans;
mod race;
mod rules;
mod rules_discounts;
mod rules_uses;
mod stock;
pub mod till;

use crate::support::{Requests, TestShop};
use nexus::domain::{OrderId, VariantId};
use nexus::services::{CheckDepth, Ctx, Error, Shop};
use serde_json::Value;

/// Puts in an order without lines, for what only refers to one.
pub fn bare_order(shop: &Shop) -> OrderId {
    let insert = "insert into shop_order (number, token, email, email_key, source, status, currency, tax_included, \
                  subtotal, discount_total, shipping_total, tax_total, total, placed_at, created_at, updated_at) \
                  select coalesce(max(number), 1000) + 1, 'token ' || count(*), 'a@b.test', 'a@b.test', 'web', \
                  'pending', 'EUR', 0, 0, 0, 0, 0, 0, 1, 1, 1 from shop_order";
    let made = shop.store().write_blocking(move |tx| {
        tx.execute(insert, [])?;
        Ok::<_, Error>(OrderId::new(tx.last_id()))
    });
    made.expect("an order")
}

/// Puts a line into an order.
pub fn order_line(shop: &Shop, order: OrderId, variant: VariantId) {
    let insert = "insert into order_line (order_id, position, product_id, variant_id, name, quantity, unit_price, \
                  discount, tax, total) select ?1, 0, product_id, id, 'Mug', 1, 0, 0, 0, 0 from variant where id = ?2";
    let put = shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute(insert, [order.get(), variant.get()])?));
    assert_eq!(put.expect("a line"), 1);
}

/// What `nexus check` finds.
pub fn findings(shop: &Shop) -> Vec<String> {
    let found = shop.check(&Ctx::owner(), CheckDepth::Full).expect("a check");
    found.into_iter().map(|finding| format!("{}: {}", finding.check, finding.problem)).collect()
}

/// On hand, reserved and available of a variant.
pub fn numbers(shop: &TestShop, variant: VariantId) -> (i64, i64, i64) {
    let found = shop.staff().results(&format!("/api/v1/admin/stock?variant_id={variant}"));
    let number = |field: &str| found[0][field].as_i64().expect("a number");
    (number("on_hand"), number("reserved"), number("available"))
}

/// The only variant of a product as it was answered.
pub fn variant_of(product: &Value) -> VariantId {
    VariantId::new(product["variants"][0]["id"].as_i64().expect("an id"))
}
