//! Selling: stock, prices, carts, orders and what stands around them.

mod rules;
pub mod stock;

pub use crate::store::DiscountUse;

pub use rules::{RulesQuery, rules_for};
