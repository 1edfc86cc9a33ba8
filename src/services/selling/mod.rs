//! Selling: stock, the rules by which baskets are priced, carts and what they cost, checking out.

mod cart_owner;
mod cart_price;
mod carts;
mod checkout;
mod rules;
pub mod stock;

pub(crate) use cart_owner::cart_bring;
pub use cart_price::{CartTerms, PricedCart, PricedLine};
pub use carts::{CartLineDraft, Wanted};
pub use checkout::CheckoutDraft;
pub use rules::{RulesQuery, rules_for};

pub use crate::store::DiscountUse;
