//! Stock: how much lies on the shelf, how much is promised, what may be sold, and what moves it.

mod change;

pub use change::{StockChange, StockKey, StockReason, StockStep};

use super::{MovementId, ProductId, Sku, Timestamp, VariantId};

/// The most units a variant can have.
pub const MOST_UNITS: i64 = 1_000_000_000;

/// What happens when more is asked for than there is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StockPolicy {
    /// It is not sold.
    #[default]
    Deny,
    /// It is sold and delivered later; numbers are kept and may fall below zero.
    Backorder,
    /// It is sold without counting, as services and downloads are.
    Untracked,
}

impl StockPolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Deny, Self::Backorder, Self::Untracked];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Backorder => "backorder",
            Self::Untracked => "untracked",
        }
    }

    /// The policy of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }

    /// Whether something of this policy can be bought while this many are left.
    pub const fn sells(self, available: i64) -> bool {
        available > 0 || !matches!(self, Self::Deny)
    }
}

/// What a movement of stock was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Came in from a supplier.
    Received,
    /// The shelf was counted, or the catalog was written with a number.
    Counted,
    /// Left with an order.
    Sold,
    /// Came back from a buyer.
    Returned,
    /// Promised to an order that is not paid.
    Reserved,
    /// Promised no more.
    Released,
    /// Set right for another reason: damaged, lost, found.
    Corrected,
}

impl MovementKind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Received, Self::Counted, Self::Sold, Self::Returned, Self::Reserved, Self::Released, Self::Corrected];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Counted => "counted",
            Self::Sold => "sold",
            Self::Returned => "returned",
            Self::Reserved => "reserved",
            Self::Released => "released",
            Self::Corrected => "corrected",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The stock of a variant as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLevel {
    /// The variant.
    pub variant_id: VariantId,
    /// Its product.
    pub product_id: ProductId,
    /// The shop's code.
    pub sku: Option<Sku>,
    /// What happens when there is not enough.
    pub policy: StockPolicy,
    /// What lies on the shelf and is not sold.
    pub on_hand: i64,
    /// What of it is promised to orders that are not paid.
    pub reserved: i64,
    /// What can still be sold: never below zero.
    pub available: i64,
    /// At this many left the shop says that stock is low.
    pub low_stock_at: Option<i64>,
}

/// What somebody is to be told of when a level changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockNews {
    /// No more than the threshold is left.
    Low,
    /// It can be bought again.
    Available,
}

impl StockLevel {
    /// The level after the shelf and the promises have changed by so many.
    #[must_use]
    pub fn moved(&self, on_hand: i64, reserved: i64) -> Self {
        let (on_hand, reserved) = (self.on_hand.saturating_add(on_hand), self.reserved.saturating_add(reserved));
        Self { on_hand, reserved, available: on_hand.saturating_sub(reserved).max(0), ..self.clone() }
    }

    /// Whether the numbers may stand: what is promised lies on the shelf, unless it may be sold without being there.
    pub const fn is_possible(&self) -> bool {
        let bounded = self.on_hand <= MOST_UNITS && self.on_hand >= -MOST_UNITS;
        bounded && self.reserved >= 0 && (self.reserved <= self.on_hand || !matches!(self.policy, StockPolicy::Deny))
    }

    /// Whether it can be bought.
    pub const fn sells(&self) -> bool {
        self.policy.sells(self.available)
    }

    /// Whether no more is left than the threshold says.
    pub fn is_low(&self) -> bool {
        self.policy != StockPolicy::Untracked && self.low_stock_at.is_some_and(|at| self.available <= at)
    }

    /// What is new when this level has become another. Only what was crossed counts: a level that was low and sinks
    /// further is no news.
    pub fn news(&self, after: &Self) -> Option<StockNews> {
        if !self.sells() && after.sells() {
            return Some(StockNews::Available);
        }
        (after.is_low() && !self.is_low() && after.available < self.available).then_some(StockNews::Low)
    }
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Its id.
    pub id: MovementId,
    /// Whose stock moved.
    pub variant_id: VariantId,
    /// What it was.
    pub kind: MovementKind,
    /// By how much the shelf changed.
    pub on_hand: i64,
    /// By how much the promises changed.
    pub reserved: i64,
    /// Why, in a word.
    pub reason: Option<String>,
    /// Why, in words.
    pub note: Option<String>,
    /// Who did it.
    pub actor: String,
    /// For which order, by its number.
    pub order: Option<i64>,
    /// When.
    pub created_at: Timestamp,
}

/// The stock of a variant with what people know it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockItem {
    /// What the product is called.
    pub name: String,
    /// The option values of the variant; empty for an only one.
    pub title: String,
    /// The numbers.
    pub level: StockLevel,
}

/// Which variants a list of stock shows; every part must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockFilter {
    /// This one.
    pub variant: Option<VariantId>,
    /// Those of this product.
    pub product: Option<ProductId>,
    /// The one of this code.
    pub sku: Option<Sku>,
    /// Whose stock is low, or is not.
    pub low: Option<bool>,
    /// Of this policy.
    pub policy: Option<StockPolicy>,
}

/// Which movements a list shows; every part must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MovementFilter {
    /// Of this variant.
    pub variant: Option<VariantId>,
    /// For the order of this number.
    pub order: Option<i64>,
    /// Of this kind.
    pub kind: Option<MovementKind>,
}

/// More was wanted of a variant than can be sold.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Shortage {
    /// The variant.
    pub variant_id: VariantId,
    /// How much was wanted.
    pub wanted: i64,
    /// How much there is.
    pub available: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(policy: StockPolicy, on_hand: i64, reserved: i64, low: Option<i64>) -> StockLevel {
        StockLevel {
            variant_id: VariantId::new(1),
            product_id: ProductId::new(1),
            sku: None,
            policy,
            on_hand,
            reserved,
            available: (on_hand - reserved).max(0),
            low_stock_at: low,
        }
    }

    #[test]
    fn what_is_promised_lies_on_the_shelf_unless_it_may_be_sold_without() {
        assert!(level(StockPolicy::Deny, 5, 5, None).is_possible());
        assert!(!level(StockPolicy::Deny, 4, 5, None).is_possible());
        assert!(level(StockPolicy::Backorder, -3, 5, None).is_possible());
        assert!(!level(StockPolicy::Backorder, 3, -1, None).is_possible());
        assert!(!level(StockPolicy::Deny, MOST_UNITS + 1, 0, None).is_possible());
    }

    #[test]
    fn news_comes_when_a_threshold_is_crossed_and_only_then() {
        let low = |on_hand| level(StockPolicy::Deny, on_hand, 0, Some(3));
        assert_eq!(low(4).news(&low(3)), Some(StockNews::Low));
        assert_eq!(low(10).news(&low(0)), Some(StockNews::Low));
        assert_eq!(low(3).news(&low(2)), None, "it was low before");
        assert_eq!(low(5).news(&low(4)), None);
        assert_eq!(low(2).news(&low(3)), None, "it rose");
        assert_eq!(low(0).news(&low(1)), Some(StockNews::Available));
        let untracked = level(StockPolicy::Untracked, 0, 0, Some(3));
        assert_eq!(low(0).news(&untracked), Some(StockNews::Available));
        assert_eq!(untracked.news(&untracked), None);
    }
}
