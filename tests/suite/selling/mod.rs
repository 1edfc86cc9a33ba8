//! Selling: the rules by which baskets are priced, carts and what they cost, checking out, orders.

mod carts;
mod carts_joining;
mod carts_prices;
mod checkout;
mod checkout_keys;
mod checkout_races;
mod order_lookup;
mod rules;
mod rules_discounts;
mod rules_uses;
mod till;
