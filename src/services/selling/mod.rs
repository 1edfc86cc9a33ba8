//! Selling: stock, the rules by which baskets are priced, carts and what they cost, checking out.
//! Selling: carts, and the rules by which they are priced.

mod back_in_stock;
mod reviews;
mod cart_owner;
mod cart_price;
mod carts;
mod checkout;
mod own_orders;
mod rules;
pub mod stock;
mod rules;
pub mod stock;
mod stock_news;
mod wishlists;

pub use crate::store::DiscountUse;

pub use back_in_stock::{StockReader, StockWish, back_in_stock_due};
pub use reviews::ReviewsFrom;
pub use rules::{RulesQuery, rules_for};
pub use stock_news::stock_news_told;
pub use wishlists::{Wish, WishPosition};
pub(crate) use cart_owner::cart_bring;
pub use cart_price::{CartTerms, PricedCart, PricedLine};
pub use carts::{CartLineDraft, Wanted};
pub use checkout::{CheckoutAnswers, CheckoutDraft};
pub use rules::{RulesQuery, rules_for};

pub use crate::store::{DiscountUse, OwnPosition};
