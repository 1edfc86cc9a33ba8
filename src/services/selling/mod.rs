//! Selling: stock, the rules by which baskets are priced, carts and what they cost, checking out; reviews, wishlists and
//! who waits for what is sold out.

mod back_in_stock;
mod cart_owner;
mod cart_price;
mod carts;
mod checkout;
mod discounts;
mod opinions;
mod own_orders;
mod reviews;
mod rules;
mod shelf;
mod shipping_zones;
pub mod stock;
mod tax_rates;
mod wishlists;

pub(in crate::services) use back_in_stock::offered_letters_due;
pub use back_in_stock::{StockReader, StockWish};
pub(crate) use cart_owner::cart_bring;
pub use cart_owner::{CART, CartLife, cart_close, cart_of, cart_take_back, cart_to_change};
pub use cart_price::{CartTerms, PricedCart, PricedLine, cart_price, cart_price_at};
pub use carts::{CartLineDraft, Wanted};
pub use checkout::{CheckoutAnswers, CheckoutDraft};
pub use opinions::Opinions;
pub(in crate::services) use own_orders::{order_of_bearer, order_of_person};
pub use reviews::ReviewsFrom;
pub use rules::{RulesQuery, rules_for};
pub use shelf::StockMoved;
pub use wishlists::{Wish, WishPosition};

pub use crate::store::{DiscountFilter, DiscountUse, OwnPosition};
