//! Selling: stock, prices, carts, orders and what stands around them.

pub mod stock;
