//! An order about to be written down.

use super::{LineTax, OrderSource, OrderStatus, OrderSums};
use crate::domain::account::AddressDraft;
use crate::domain::cart::Offer;
use crate::domain::pricing::{Quote, QuoteLine, TaxShare};
use crate::domain::{Email, Money, ProductId, Timestamp, UserId, VariantId};

/// An order about to be written down. It is trusted to add up: it comes out of a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Lets whoever has it see the order: at least 128 random bits.
    pub token: String,
    /// Whose it is, when they have an account.
    pub account_id: Option<UserId>,
    /// Where letters about it go.
    pub email: Email,
    /// Where it came from.
    pub source: OrderSource,
    /// Where it stands: `Draft`, `Pending`, or what a past order came to.
    pub status: OrderStatus,
    /// The currency of its amounts.
    pub currency: String,
    /// Whether the unit prices contain the tax.
    pub tax_included: bool,
    /// Its sums.
    pub sums: OrderSums,
    /// What another shop called it that it comes from.
    pub reference: Option<String>,
    /// The way it is shipped, by id.
    pub shipping_option: Option<String>,
    /// The way it is shipped, by name.
    pub shipping_name: Option<String>,
    /// Where it goes.
    pub shipping_address: Option<AddressDraft>,
    /// Who is billed, when it is somebody else.
    pub billing_address: Option<AddressDraft>,
    /// The code that was given.
    pub discount_code: Option<String>,
    /// How the total came about: a JSON list.
    pub explanation: String,
    /// What whoever bought it had to say.
    pub note: Option<String>,
    /// The address of the client that placed it.
    pub client: Option<String>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// What was bought.
    pub lines: Vec<NewLine>,
}

/// A line about to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    /// The product.
    pub product_id: Option<ProductId>,
    /// The variant.
    pub variant_id: Option<VariantId>,
    /// Its SKU.
    pub sku: Option<String>,
    /// What the product is called.
    pub name: String,
    /// What the variant is called.
    pub title: String,
    /// How many units.
    pub quantity: i64,
    /// What one costs.
    pub unit_price: Money,
    /// What is taken off the line.
    pub discount: Money,
    /// The tax on the line.
    pub tax: Money,
    /// What the line comes to.
    pub total: Money,
    /// The taxes one by one.
    pub taxes: Vec<LineTax>,
    /// What one unit weighs.
    pub weight_grams: Option<i64>,
}

impl NewLine {
    /// The line that sells what is offered at what it was quoted.
    pub fn of(offer: &Offer, quote: &QuoteLine) -> Self {
        Self {
            product_id: Some(offer.product_id),
            variant_id: Some(offer.variant_id),
            sku: offer.sku.clone(),
            name: offer.name.clone(),
            title: offer.title.clone(),
            quantity: quote.quantity,
            unit_price: quote.unit_price,
            discount: quote.discount,
            tax: quote.tax,
            total: quote.total,
            taxes: quote.taxes.iter().map(LineTax::from).collect(),
            weight_grams: offer.weight_grams,
        }
    }
}

impl From<&TaxShare> for LineTax {
    fn from(share: &TaxShare) -> Self {
        Self { name: share.name.clone(), rate_ppm: share.rate_ppm, amount: share.amount }
    }
}

impl From<&Quote> for OrderSums {
    fn from(quote: &Quote) -> Self {
        Self {
            subtotal: quote.subtotal,
            discount_total: quote.discount_total,
            shipping_total: quote.shipping_total,
            tax_total: quote.tax_total,
            total: quote.total,
        }
    }
}
