//! Discounts: what they take off what, when, and why not.

use super::BasketLine;
use crate::domain::{CategoryId, DiscountId, Money, ProductId, Timestamp};

/// What a discount does to what is in its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscountKind {
    /// Takes a part of it off.
    Percent {
        /// How much, in parts per million.
        rate_ppm: i64,
    },
    /// Takes an amount off.
    Fixed {
        /// How much.
        amount: Money,
    },
    /// Ships the whole basket for nothing when something in scope is in it.
    FreeShipping,
    /// Of each `buy + get` units, dearest first, the `get` cheapest cost less.
    BuyXGetY {
        /// How many are bought at their price.
        buy: i64,
        /// How many cost less.
        get: i64,
        /// How much less, in parts per million.
        rate_ppm: i64,
    },
}

impl DiscountKind {
    /// The names of all kinds.
    pub const NAMES: [&'static str; 4] = ["percent", "fixed", "free_shipping", "buy_x_get_y"];

    /// Its name in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Percent { .. } => "percent",
            Self::Fixed { .. } => "fixed",
            Self::FreeShipping => "free_shipping",
            Self::BuyXGetY { .. } => "buy_x_get_y",
        }
    }
}

/// A discount as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscountDraft {
    /// What the buyer reads.
    pub name: String,
    /// What the buyer enters; without one the discount applies by itself.
    pub code: Option<String>,
    /// What it does.
    pub kind: DiscountKind,
    /// These products are in scope. When products, categories and tags are all empty, everything is.
    pub products: Vec<ProductId>,
    /// What stands in these categories or below them is in scope.
    pub categories: Vec<CategoryId>,
    /// What has one of these tags is in scope.
    pub tags: Vec<String>,
    /// The least value of what is in scope, before any discount.
    pub min_subtotal: Option<Money>,
    /// The least number of units in scope.
    pub min_quantity: Option<i64>,
    /// From when on.
    pub starts_at: Option<Timestamp>,
    /// Until when; at that moment it is over.
    pub ends_at: Option<Timestamp>,
    /// How often it may be used at all.
    pub usage_limit: Option<i64>,
    /// How often one customer may use it.
    pub per_customer_limit: Option<i64>,
    /// Whether it goes together with other combinable ones.
    pub combinable: bool,
    /// The lower, the earlier it applies.
    pub priority: i64,
    /// Whether it applies at all.
    pub active: bool,
}

/// A discount of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// Its id.
    pub id: DiscountId,
    /// What it says.
    pub draft: DiscountDraft,
    /// How often it was used.
    pub uses: i64,
    /// Counts its changes.
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why a code takes nothing off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such code, or it is switched off.
    Unknown,
    /// It starts later.
    NotStarted,
    /// It is over.
    Expired,
    /// It was used as often as it may be.
    UsedUp,
    /// This customer used it as often as one may.
    UsedByCustomer,
    /// Nothing it is for is in the basket.
    NotInScope,
    /// Too little of what it is for is in the basket, by value.
    BelowSubtotal,
    /// Too little of what it is for is in the basket, by number.
    BelowQuantity,
    /// There is nothing to take off, as no shipping was chosen or it costs nothing.
    NothingToTakeOff,
    /// Others that it does not go together with take off more.
    OthersAreBetter,
}

impl Refusal {
    /// A stable word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "discount_unknown",
            Self::NotStarted => "discount_not_started",
            Self::Expired => "discount_expired",
            Self::UsedUp => "discount_used_up",
            Self::UsedByCustomer => "discount_used_by_customer",
            Self::NotInScope => "discount_not_in_scope",
            Self::BelowSubtotal => "discount_below_subtotal",
            Self::BelowQuantity => "discount_below_quantity",
            Self::NothingToTakeOff => "discount_nothing_to_take_off",
            Self::OthersAreBetter => "discount_others_are_better",
        }
    }

    /// A sentence for the buyer.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unknown => "There is no such discount code; check its spelling.",
            Self::NotStarted => "This discount code is not valid yet.",
            Self::Expired => "This discount code is no longer valid.",
            Self::UsedUp => "This discount code has been used as often as it may be.",
            Self::UsedByCustomer => "You have used this discount code as often as you may.",
            Self::NotInScope => "Nothing in the cart is what this discount code is for.",
            Self::BelowSubtotal => "The cart holds too little of what this discount code is for, by value.",
            Self::BelowQuantity => "The cart holds too few units of what this discount code is for.",
            Self::NothingToTakeOff => "There is nothing that this discount code could take off yet.",
            Self::OthersAreBetter => "Another discount takes off more, and the two do not go together.",
        }
    }
}

impl DiscountDraft {
    /// Whether a line is in its scope.
    pub fn covers(&self, line: &BasketLine) -> bool {
        let tagged = |tag: &String| line.tags.iter().any(|t| t.to_lowercase() == tag.to_lowercase());
        (self.products.is_empty() && self.categories.is_empty() && self.tags.is_empty())
            || self.products.contains(&line.product)
            || self.categories.iter().any(|c| line.categories.contains(c))
            || self.tags.iter().any(tagged)
    }
}

impl Discount {
    /// Why it cannot be used now, whatever is in the basket.
    pub fn refusal(&self, now: Timestamp) -> Option<Refusal> {
        if !self.draft.active {
            Some(Refusal::Unknown)
        } else if self.draft.starts_at.is_some_and(|at| now < at) {
            Some(Refusal::NotStarted)
        } else if self.draft.ends_at.is_some_and(|at| now >= at) {
            Some(Refusal::Expired)
        } else if self.draft.usage_limit.is_some_and(|limit| self.uses >= limit) {
            Some(Refusal::UsedUp)
        } else {
            None
        }
    }
}
