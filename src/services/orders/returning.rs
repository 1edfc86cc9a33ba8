//! Goods that come back. Whether money goes back for them is another step.

use super::acting::Answering;
use super::units::{Units, units_of};
use super::{Told, ready, step};
use crate::domain::order::{Action, Happening, OrderRef};
use crate::domain::{Fields, Right, VariantId};
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::selling::stock::stock_return;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{LineCount, WriteTx};
use serde_json::json;

/// Goods that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnDraft {
    /// Which units.
    pub lines: Vec<Units>,
    /// Whether they go back into stock.
    pub restock: bool,
    /// Why they came back.
    pub reason: Option<String>,
}

impl ReturnDraft {
    /// Reads the body.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        if !fields.has("lines") {
            fields.missing("lines");
        }
        Self {
            lines: Units::list(fields).unwrap_or_default(),
            restock: fields.boolean("restock").unwrap_or(true),
            reason: fields.text("reason", 1..=500),
        }
    }
}

impl Shop {
    /// Notes that goods came back.
    pub async fn order_return(
        &self,
        ctx: &Ctx,
        name: OrderRef,
        known: Preconditions,
        draft: ReturnDraft,
        how: Answering,
    ) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let before = ready(tx, name, &known, Action::Return)?;
            let lines = units_of(&before, &draft.lines, "that were sent and have not come back", |line| {
                line.fulfilled - line.returned
            })?;
            let mut back: Vec<(VariantId, i64)> = Vec::new();
            for (id, quantity) in &lines {
                let by = LineCount { returned: *quantity, ..LineCount::default() };
                if !tx.order_line_count(*id, by)? {
                    return Err(Error::Stale);
                }
                let variant = before.line(*id).and_then(|line| line.variant_id);
                back.extend(variant.map(|variant| (variant, *quantity)));
            }
            if draft.restock {
                stock_return(tx, ctx, before.order.id, &back)?;
            }
            let units: i64 = lines.iter().map(|(_, quantity)| quantity).sum();
            let told = Told {
                audit: "order.return",
                timeline: Happening::Returned,
                event: None,
                detail: json!({ "units": units, "restock": draft.restock }),
                said: draft.reason,
            };
            Ok(step(tx, ctx, before.order.id, told)?.id)
        };
        self.order_act(ctx, how, work).await
    }
}
