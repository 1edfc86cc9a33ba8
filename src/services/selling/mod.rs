//! Selling: stock, prices, carts, orders and what stands around them.

mod checkout;
mod rules;
pub mod stock;

pub use checkout::CheckoutDraft;
pub use rules::{RulesQuery, rules_for};

pub use crate::store::DiscountUse;
