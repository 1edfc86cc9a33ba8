//! How staff change stock, and why.

use super::{MOST_UNITS, MovementKind};
use crate::domain::{Fields, Sku, VariantId};

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
