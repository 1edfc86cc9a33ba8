//! Selling: stock, the rules by which baskets are priced, carts and what they cost, checking out.

mod cart_owner;
mod cart_price;
mod carts;
mod checkout;
mod discounts;
mod own_orders;
mod rules;
mod shelf;
mod shipping_zones;
pub mod stock;
mod tax_rates;

pub(crate) use cart_owner::cart_bring;
pub use cart_owner::{CART, CartLife, cart_close, cart_of, cart_take_back, cart_to_change};
pub use cart_price::{CartTerms, PricedCart, PricedLine, cart_price, cart_price_at};
pub use carts::{CartLineDraft, Wanted};
pub use checkout::{CheckoutAnswers, CheckoutDraft};
pub use rules::{RulesQuery, rules_for};
pub use shelf::StockMoved;

pub use crate::store::{DiscountFilter, DiscountUse, OwnPosition};
