//! Selling: stock, prices, carts, orders and what stands around them.

mod discounts;
mod rules;
mod shelf;
mod shipping_zones;
pub mod stock;
mod tax_rates;

pub use crate::store::{DiscountFilter, DiscountUse};
pub use rules::{RulesQuery, rules_for};
pub use shelf::StockMoved;
