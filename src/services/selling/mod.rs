//! Selling: stock, the rules by which baskets are priced, carts and what they cost, checking out.

mod cart_owner;
mod cart_price;
mod carts;
mod checkout;
mod own_orders;
mod rules;
pub mod stock;

pub(crate) use cart_owner::cart_bring;
pub use cart_price::{CartTerms, PricedCart, PricedLine};
pub use carts::{CartLineDraft, Wanted};
pub use checkout::{CheckoutAnswers, CheckoutDraft};
mod discounts;
mod rules;
mod shipping_zones;
mod tax_rates;

pub use crate::store::{DiscountFilter, DiscountUse};
pub use rules::{RulesQuery, rules_for};

pub use crate::store::{DiscountUse, OwnPosition};
