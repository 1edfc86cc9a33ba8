//! What a basket costs: prices, discounts, shipping and tax, exact to the minor unit.
//!
//! Everything is counted in whole minor units and worked out in 128 bits. Discounts come first, in whole units spread
//! over the lines they are for; then tax, on what is left of each line and on shipping. The same basket costs the same
//! whatever the order of its lines.

mod allocate;
mod basket;
mod discount;
mod price;
mod promotions;
mod quote;
mod shipping;
mod tax;
mod tax_rate;

pub use allocate::{allocate, half_up};
pub use basket::{Basket, BasketLine, Place, PriceSettings, Rounding, Rules};
pub use discount::{Discount, DiscountDraft, DiscountKind, Refusal};
pub use price::price;
pub use quote::{Applied, Explained, ExplainedKind, Quote, QuoteLine, TaxShare};
pub use shipping::{
    ShippingArea, ShippingKind, ShippingOption, ShippingRate, ShippingRateDraft, ShippingRules, ShippingZone,
    ShippingZoneDraft, Step,
};
pub use tax_rate::{STANDARD, TaxRate, TaxRateDraft};

/// The most lines a basket may have.
pub const MOST_LINES: usize = 500;

/// The most units of one line.
pub const MOST_QUANTITY: i64 = 999;
