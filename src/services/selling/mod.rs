//! Selling: stock, the rules by which baskets are priced, carts and what they cost, checking out; reviews, wishlists and
//! who waits for what is sold out.

mod back_in_stock;
mod cart_owner;
mod cart_price;
mod carts;
mod checkout;
mod own_orders;
mod reviews;
mod rules;
pub mod stock;
mod wishlists;

pub use back_in_stock::{StockReader, StockWish, back_in_stock_due, stock_letters_due};
pub(crate) use cart_owner::cart_bring;
pub use cart_price::{CartTerms, PricedCart, PricedLine};
pub use carts::{CartLineDraft, Wanted};
pub use checkout::{CheckoutAnswers, CheckoutDraft};
pub use reviews::ReviewsFrom;
pub use rules::{RulesQuery, rules_for};
pub use wishlists::{Wish, WishPosition};

pub use crate::store::{DiscountUse, OwnPosition};
