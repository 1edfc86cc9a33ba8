//! Reports as clients see them.

use super::{Amount, SignedAmount};
use crate::domain::Currency;
use crate::domain::report::Sales;
use schemars::JsonSchema;
use serde::Serialize;

/// What was sold.
#[derive(Serialize, JsonSchema)]
pub struct SalesReport {
    /// ISO 4217 code of the currency of all amounts.
    currency: &'static str,
    results: Vec<SalesRow>,
}

/// What was sold in a period, or of a product.
#[derive(Serialize, JsonSchema)]
pub struct SalesRow {
    /// The period, such as `2026-01`, or the SKU of a product.
    key: String,
    /// The name of a product.
    name: Option<String>,
    orders: i64,
    units: i64,
    /// Goods before discounts.
    subtotal: Amount,
    discounts: Amount,
    /// For shipping; nothing for products.
    shipping: Amount,
    tax: Amount,
    /// What buyers paid.
    total: Amount,
    /// What they got back.
    refunded: Amount,
    /// Paid less refunded; below zero where more went back than came in.
    net: SignedAmount,
}

impl SalesReport {
    /// A report in a currency.
    pub fn new(sales: &[Sales], currency: Currency) -> Self {
        let row = |sales: &Sales| SalesRow {
            key: sales.key.clone(),
            name: sales.name.clone(),
            orders: sales.orders,
            units: sales.units,
            subtotal: Amount(sales.subtotal, currency),
            discounts: Amount(sales.discounts, currency),
            shipping: Amount(sales.shipping, currency),
            tax: Amount(sales.tax, currency),
            total: Amount(sales.total, currency),
            refunded: Amount(sales.refunded, currency),
            net: SignedAmount(sales.net(), currency),
        };
        Self { currency: currency.code(), results: sales.iter().map(row).collect() }
    }
}
