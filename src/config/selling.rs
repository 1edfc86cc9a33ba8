//! How the shop sells: prices and taxes, carts, stock that is held.

pub use crate::domain::pricing::Rounding;
use serde::{Deserialize, Serialize};

/// How the shop sells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SellingSettings {
    /// Whether the prices of products and shipping contain the tax.
    pub prices_include_tax: bool,
    /// What tax is rounded at: each unit, each line, or the order as a whole.
    pub rounding: Rounding,
    /// Where the shop is at home, as an ISO 3166-1 alpha-2 code. A cart that has no address yet is taxed as if it stayed
    /// there, and buyers there are never exempt. Empty when there is none.
    pub country: String,
    /// Whether buyers outside the home country whose address has a VAT number owe no tax. Prices that include tax stay
    /// as they are, and then contain none.
    pub exempt_vat_numbers: bool,
    /// Minutes for which stock is held for an order that is to be paid online.
    pub reservation_minutes: u32,
    /// Days after which a cart that nobody touches is removed.
    pub cart_days: u32,
    /// The number of the first order.
    pub first_order_number: u32,
    /// Whether orders that are paid get an invoice, numbered without gaps.
    pub invoices: bool,
}

impl Default for SellingSettings {
    fn default() -> Self {
        Self {
            prices_include_tax: false,
            rounding: Rounding::Line,
            country: String::new(),
            exempt_vat_numbers: false,
            reservation_minutes: 30,
            cart_days: 30,
            first_order_number: 1001,
            invoices: false,
        }
    }
}
