//! Selling: stock, prices, carts, orders and what stands around them.

mod shelf;
pub mod stock;

pub use shelf::StockMoved;
