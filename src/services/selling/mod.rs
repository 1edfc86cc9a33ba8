//! Selling: stock, prices, carts, orders and what stands around them.

mod back_in_stock;
mod reviews;
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
