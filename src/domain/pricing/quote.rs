//! What a basket costs, and why.

use super::Refusal;
use crate::domain::{DiscountId, Money, TaxRateId};
use serde::{Deserialize, Serialize};

/// What a basket costs: `total = subtotal - discount_total + shipping_total + (tax_included ? 0 : tax_total)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The lines in the order they were given.
    pub lines: Vec<QuoteLine>,
    /// The sum of unit price times quantity.
    pub subtotal: Money,
    /// What is taken off the lines; a discount on shipping is not in it.
    pub discount_total: Money,
    /// What shipping costs after a discount on it.
    pub shipping_total: Money,
    /// The tax on shipping.
    pub shipping_tax: Money,
    /// The tax on shipping, rate by rate.
    pub shipping_taxes: Vec<TaxShare>,
    /// All tax, that on shipping included.
    pub tax_total: Money,
    /// What is to be paid.
    pub total: Money,
    /// Whether the amounts contain the tax.
    pub tax_included: bool,
    /// Which discounts took off how much, in the order in which they did.
    pub applied: Vec<Applied>,
    /// Why the code that was entered takes nothing off.
    pub refused: Option<Refusal>,
    /// Each thing that made the total.
    pub explanation: Vec<Explained>,
}

/// A line with its price: `total = subtotal - discount + (tax_included ? 0 : tax)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteLine {
    /// The caller's number of the line.
    pub key: i64,
    /// What one costs.
    pub unit_price: Money,
    /// How many.
    pub quantity: i64,
    /// Unit price times quantity.
    pub subtotal: Money,
    /// What is taken off.
    pub discount: Money,
    /// The tax on it.
    pub tax: Money,
    /// What is paid for it.
    pub total: Money,
    /// The tax, rate by rate.
    pub taxes: Vec<TaxShare>,
}

/// One rate's part of a tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxShare {
    /// Which rate.
    pub rate_id: TaxRateId,
    /// What it is called.
    pub name: String,
    /// How much it is, in parts per million.
    pub rate_ppm: i64,
    /// The tax.
    pub amount: Money,
}

/// A discount that took something off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Which discount.
    pub discount: DiscountId,
    /// What it is called.
    pub name: String,
    /// Its code, when it has one.
    pub code: Option<String>,
    /// How much it took off lines and shipping.
    pub amount: Money,
}

/// One thing that made the total. The amounts of those that are not `included` add up to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// What sort of thing.
    pub kind: ExplainedKind,
    /// What it is called.
    pub name: String,
    /// What it adds; negative for a discount.
    pub amount: Money,
    /// Whether the amount is contained in others already, as tax is in prices that include it.
    pub included: bool,
}

/// The sorts of things that make a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExplainedKind {
    /// A line of the basket.
    Line,
    /// A discount.
    Discount,
    /// Shipping.
    Shipping,
    /// A tax.
    Tax,
}

impl ExplainedKind {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Discount => "discount",
            Self::Shipping => "shipping",
            Self::Tax => "tax",
        }
    }
}
