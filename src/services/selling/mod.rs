//! Selling: the rules by which baskets are priced.

mod discounts;
mod rules;
mod shipping_zones;
mod tax_rates;

pub use crate::store::{DiscountFilter, DiscountUse};
pub use rules::{RulesQuery, rules_for};
