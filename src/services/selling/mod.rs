//! Selling: carts, and the rules by which they are priced.

mod cart_owner;
mod cart_price;
mod carts;
mod rules;

pub use crate::store::DiscountUse;

pub(crate) use cart_owner::cart_bring;
pub use cart_price::{CartTerms, PricedCart, PricedLine};
pub use carts::{CartLineDraft, Wanted};
pub use rules::{RulesQuery, rules_for};
