//! Selling: carts and what they cost.

mod carts;
mod carts_joining;
mod carts_prices;
