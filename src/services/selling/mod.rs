//! Selling: stock, prices, carts, orders and what stands around them.

pub mod stock;
//! Selling: the rules by which baskets are priced.

mod rules;

pub use crate::store::DiscountUse;

pub use rules::{RulesQuery, rules_for};
