//! How the shop sells: prices and taxes, carts, stock that is held.

use serde::{Deserialize, Serialize};

/// How the shop sells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SellingSettings {
    /// Whether the prices of products and shipping contain the tax.
    pub prices_include_tax: bool,
    /// What tax is rounded at: each unit, each line, or the order as a whole.
    pub rounding: Rounding,
    /// Minutes for which stock is held for an order that is to be paid online.
    pub reservation_minutes: u32,
    /// Days after which a cart that nobody touches is removed.
    pub cart_days: u32,
    /// The number of the first order.
    pub first_order_number: u32,
    /// Whether orders that are paid get an invoice, numbered without gaps.
    pub invoices: bool,
}

/// What tax is rounded at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Each unit; its tax times the quantity is the tax of the line.
    Unit,
    /// Each line.
    Line,
    /// The whole order; its tax is spread over the lines.
    Order,
}

impl Default for SellingSettings {
    fn default() -> Self {
        Self {
            prices_include_tax: false,
            rounding: Rounding::Line,
            reservation_minutes: 30,
            cart_days: 30,
            first_order_number: 1001,
            invoices: false,
        }
    }
}
