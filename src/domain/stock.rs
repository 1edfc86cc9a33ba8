//! Stock: how much lies on the shelf, how much is promised, what may be sold, and what moves it.

use super::{Fields, MovementId, OrderId, ProductId, Sku, Timestamp, VariantId};

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
    /// For which order.
    pub order_id: Option<OrderId>,
    /// When.
    pub created_at: Timestamp,
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

/// Which variant staff mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StockKey {
    /// By id.
    Id(VariantId),
    /// By the shop's code.
    Sku(Sku),
}

/// How staff change stock: by what came or went, or by what they counted. Never by overwriting, so that what is sold in
/// the meantime is not lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockStep {
    /// So many came, or went.
    Delta(i64),
    /// So many lie on the shelf.
    Count(i64),
}

/// Why staff change stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockReason {
    /// A delivery came in.
    Received,
    /// The shelf was counted.
    Counted,
    /// A buyer sent it back.
    Returned,
    /// An earlier number was wrong.
    Corrected,
    /// Broken or spoilt.
    Damaged,
    /// Not to be found.
    Lost,
    /// Used by the shop itself, or given away.
    Used,
}

impl StockReason {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Received, Self::Counted, Self::Returned, Self::Corrected, Self::Damaged, Self::Lost, Self::Used];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Counted => "counted",
            Self::Returned => "returned",
            Self::Corrected => "corrected",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::Used => "used",
        }
    }

    /// The reason of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    const fn kind(self) -> MovementKind {
        match self {
            Self::Received => MovementKind::Received,
            Self::Counted => MovementKind::Counted,
            Self::Returned => MovementKind::Returned,
            Self::Corrected | Self::Damaged | Self::Lost | Self::Used => MovementKind::Corrected,
        }
    }

    /// Whether stock moves this way for this reason.
    const fn allows(self, delta: i64) -> bool {
        match self {
            Self::Received | Self::Returned => delta > 0,
            Self::Damaged | Self::Lost | Self::Used => delta < 0,
            Self::Corrected => true,
            Self::Counted => false,
        }
    }
}

/// What staff ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockChange {
    /// Whose stock.
    pub key: StockKey,
    /// By how much.
    pub step: StockStep,
    /// Why.
    pub reason: StockReason,
    /// Why, in words.
    pub note: Option<String>,
}

impl StockChange {
    /// What the ledger calls it.
    pub const fn kind(&self) -> MovementKind {
        match self.step {
            StockStep::Count(_) => MovementKind::Counted,
            StockStep::Delta(_) => self.reason.kind(),
        }
    }

    /// By how much the shelf changes where so many lie on it.
    pub const fn delta(&self, on_hand: i64) -> i64 {
        match self.step {
            StockStep::Delta(delta) => delta,
            StockStep::Count(count) => count.saturating_sub(on_hand),
        }
    }

    /// Reads the body of a movement.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let id = fields.integer("variant_id", 1..=i64::MAX).map(VariantId::new);
        let sku = fields.parsed("sku", "a text of 1 to 100 characters", |text| Sku::parse(text.trim()));
        let delta = fields.integer("delta", -MOST_UNITS..=MOST_UNITS);
        let count = fields.integer("count", 0..=MOST_UNITS);
        let names = "received, counted, returned, corrected, damaged, lost or used";
        let reason = fields.parsed("reason", names, StockReason::parse);
        let note = fields.text("note", 0..=500).filter(|note| !note.is_empty());
        if fields.has("variant_id") && fields.has("sku") {
            fields.wrong("sku", "not_allowed", "names the variant once more; give variant_id or sku");
        } else if !fields.has("variant_id") && !fields.has("sku") {
            fields.wrong("variant_id", "required", "is required, or sku instead");
        }
        if fields.has("delta") && fields.has("count") {
            fields.wrong("count", "not_allowed", "goes without delta: give what was counted, or what came or went");
        } else if !fields.has("delta") && !fields.has("count") {
            fields.wrong("delta", "required", "is required, or count instead");
        }
        if delta.is_some() {
            check_delta(fields, delta.unwrap_or(0), reason);
        }
        let step = count.map_or(StockStep::Delta(delta.unwrap_or(0)), StockStep::Count);
        let key = id.map(StockKey::Id).or(sku.map(StockKey::Sku));
        let key = key.unwrap_or(StockKey::Id(VariantId::new(0)));
        Self { key, step, reason: reason.unwrap_or(StockReason::Counted), note }
    }
}

fn check_delta(fields: &mut Fields<'_>, delta: i64, reason: Option<StockReason>) {
    if delta == 0 {
        fields.wrong("delta", "out_of_range", "must not be 0");
    }
    match reason {
        None if !fields.has("reason") => fields.missing("reason"),
        Some(StockReason::Counted) => fields.wrong("reason", "invalid", "goes with count, not with delta"),
        Some(reason) if delta != 0 && !reason.allows(delta) => {
            let sign = if delta > 0 { "does not add stock" } else { "does not take stock away" };
            fields.wrong("reason", "invalid", format!("{} {sign}; use corrected", reason.as_str()));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

    #[test]
    fn a_change_is_a_delta_with_a_reason_or_a_count() {
        let read = |body: serde_json::Value| Fields::read(&body, StockChange::read);
        let counted = read(json!({"sku": "A", "count": 0})).unwrap();
        assert_eq!((counted.kind(), counted.delta(7)), (MovementKind::Counted, -7));
        let damaged = read(json!({"variant_id": 3, "delta": -2, "reason": "damaged", "note": "fell"})).unwrap();
        assert_eq!((damaged.kind(), damaged.delta(7)), (MovementKind::Corrected, -2));
        for (body, field, code) in [
            (json!({"count": 1}), "variant_id", "required"),
            (json!({"sku": "A", "variant_id": 1, "count": 1}), "sku", "not_allowed"),
            (json!({"sku": "A", "reason": "received"}), "delta", "required"),
            (json!({"sku": "A", "count": 1, "delta": 1, "reason": "received"}), "count", "not_allowed"),
            (json!({"sku": "A", "delta": 1}), "reason", "required"),
            (json!({"sku": "A", "delta": 0, "reason": "corrected"}), "delta", "out_of_range"),
            (json!({"sku": "A", "delta": -1, "reason": "received"}), "reason", "invalid"),
            (json!({"sku": "A", "delta": 1, "reason": "damaged"}), "reason", "invalid"),
            (json!({"sku": "A", "delta": 1, "reason": "counted"}), "reason", "invalid"),
            (json!({"sku": "A", "delta": 1, "reason": "sold"}), "reason", "invalid"),
            (json!({"sku": "A", "count": -1}), "count", "out_of_range"),
            (json!({"sku": "A", "count": 1.5}), "count", "not_an_integer"),
        ] {
            let invalid = read(body.clone()).unwrap_err();
            assert_eq!(invalid.0.len(), 1, "{body}: {invalid}");
            assert_eq!((invalid.0[0].field.as_str(), invalid.0[0].code), (field, code), "{body}");
        }
    }
}
