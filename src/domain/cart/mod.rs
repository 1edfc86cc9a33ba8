//! Carts: what somebody means to buy, before it is an order. What it costs is not kept here: see `pricing`.

mod changes;
mod quantity;

pub use changes::{CartChange, Joined, Offer, changes, joined, shown_available};
pub use quantity::{MOST_QUANTITY, Quantity};

use super::account::AddressDraft;
use super::{CartId, CartLineId, Money, OrderId, Timestamp, UserId, VariantId};

/// Lines in one cart.
pub const MOST_LINES: usize = 100;

/// What somebody means to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// Its id, which stays inside.
    pub id: CartId,
    /// What it is addressed by; whoever knows it may use a cart that is nobody's.
    pub token: String,
    /// Whose it is; nobody else may use it then.
    pub account: Option<UserId>,
    /// The order it became.
    pub order: Option<OrderId>,
    /// A discount code, which counted for something when it was given.
    pub discount_code: Option<String>,
    /// Where the buyer is written to.
    pub email: Option<String>,
    /// Where it goes.
    pub shipping_address: Option<AddressDraft>,
    /// How it goes there.
    pub shipping_option: Option<String>,
    /// Counts its changes.
    pub version: i64,
    /// When it is removed unless somebody changes it.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What is in it, in the order it was put in.
    pub lines: Vec<CartLine>,
}

/// One variant in a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Its id.
    pub id: CartLineId,
    /// What is meant. It may be gone meanwhile.
    pub variant_id: VariantId,
    /// How many.
    pub quantity: Quantity,
    /// The price of one that the buyer was last told.
    pub seen_price: Money,
    /// How many the buyer was last told they can have.
    pub seen_available: i64,
    /// What it was called when it was put in, for when it is gone.
    pub name: String,
    /// Its code then.
    pub sku: Option<String>,
}

impl Cart {
    /// The line of a variant.
    pub fn line_of(&self, variant: VariantId) -> Option<&CartLine> {
        self.lines.iter().find(|line| line.variant_id == variant)
    }

    /// One of its lines.
    pub fn line(&self, id: CartLineId) -> Option<&CartLine> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// Whether it can be used at this moment.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.order.is_none() && self.expires_at > now
    }
}
