//! Selling: stock, prices, carts, orders and what stands around them.

pub mod stock;
//! Selling: carts and what they cost.

mod cart_owner;
mod cart_price;
mod carts;

pub(crate) use cart_owner::cart_bring;
pub use cart_price::{CartTerms, PricedCart, PricedLine};
pub use carts::{CartLineDraft, Wanted};
//! Selling: the rules by which baskets are priced.

mod checkout;
mod rules;
pub mod stock;

pub use checkout::CheckoutDraft;
pub use rules::{RulesQuery, rules_for};

pub use crate::store::DiscountUse;
