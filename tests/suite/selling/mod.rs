//! Selling: carts and what they cost, checking out, orders.

mod carts;
mod carts_joining;
mod carts_prices;
mod checkout;
mod checkout_keys;
mod order_lookup;
mod orders;
mod orders_money;
mod orders_moves;
mod till;
