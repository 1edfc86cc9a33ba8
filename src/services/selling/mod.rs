//! Selling: carts, and the rules by which they are priced.

mod cart_owner;
mod cart_price;
mod carts;
mod rules;

pub use crate::store::DiscountUse;

pub(crate) use cart_owner::cart_bring;
pub use cart_owner::{CART, CartLife, cart_close, cart_of, cart_take_back, cart_to_change};
pub use cart_price::{CartTerms, PricedCart, PricedLine, cart_price};
pub use carts::{CartLineDraft, Wanted};
pub use rules::{RulesQuery, rules_for};
