//! Selling: the rules by which baskets are priced.

mod rules;
mod rules_discounts;
mod rules_uses;
