//! Stock: what an order takes, holds, gives back, and what staff count.
//!
//! Everything happens within the caller's write transaction. Each change is a conditional update of the variant's
//! numbers, a line of the ledger, and the sums and cards of its product.

use super::back_in_stock::stock_letters_due;
use crate::domain::catalog::VariantDraft;
use crate::domain::stock::{
    MOST_UNITS, MovementKind, Shortage, StockChange, StockLevel, StockNews, StockPolicy, StockReason, StockStep,
};
use crate::domain::{EventKind, FieldError, Invalid, MovementId, OrderId, ProductId, Timestamp, VariantId};
use crate::services::catalog::CatalogWriter;
use crate::services::{Ctx, Error, Outcome};
use crate::store::{MovementRow, WriteTx};
use serde_json::json;
use std::collections::BTreeMap;

/// Promises units to an order until `expires_at`, or until it is sold or released. All or nothing: when anything is
/// short, nothing has changed and every shortage is named. What is not counted is never short and leaves no trace.
pub fn stock_reserve(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    order: OrderId,
    wanted: &[(VariantId, i64)],
    expires_at: Option<Timestamp>,
) -> Outcome<Result<(), Vec<Shortage>>> {
    let (mut levels, mut short) = (Vec::new(), Vec::new());
    for (variant_id, wanted) in summed(wanted)? {
        match tx.stock_level(variant_id)? {
            None => short.push(Shortage { variant_id, wanted, available: 0 }),
            Some(level) if level.policy == StockPolicy::Deny && level.available < wanted => {
                short.push(Shortage { variant_id, wanted, available: level.available });
            }
            Some(level) if level.policy == StockPolicy::Untracked => {}
            Some(level) => levels.push((level, wanted)),
        }
    }
    if !short.is_empty() {
        return Ok(Err(short));
    }
    let mut desk = Desk::new(tx, ctx, Some(order));
    for (level, quantity) in &levels {
        desk.apply(level, MovementKind::Reserved, 0, *quantity)?;
        tx.reservation_add(order, level.variant_id, *quantity, expires_at)?;
    }
    desk.finish()?;
    Ok(Ok(()))
}

/// Turns what is promised to an order into sold. Without promises it changes nothing, so that it may be called again.
pub fn stock_sell(tx: &WriteTx<'_>, ctx: &Ctx, order: OrderId) -> Outcome<()> {
    settle(tx, ctx, order, MovementKind::Sold)
}

/// Gives back what is promised to an order. Without promises it changes nothing, so that it may be called again.
pub fn stock_release(tx: &WriteTx<'_>, ctx: &Ctx, order: OrderId) -> Outcome<()> {
    settle(tx, ctx, order, MovementKind::Released)
}

/// Puts sold units back on the shelf. What is not counted, or not offered any more, has no shelf.
pub fn stock_return(tx: &WriteTx<'_>, ctx: &Ctx, order: OrderId, back: &[(VariantId, i64)]) -> Outcome<()> {
    let mut desk = Desk::new(tx, ctx, Some(order));
    for (variant_id, quantity) in summed(back)? {
        match tx.stock_level(variant_id)? {
            Some(level) if level.policy != StockPolicy::Untracked => {
                desk.apply(&level, MovementKind::Returned, quantity, 0)?;
            }
            _ => {}
        }
    }
    desk.finish()
}

fn settle(tx: &WriteTx<'_>, ctx: &Ctx, order: OrderId, kind: MovementKind) -> Outcome<()> {
    let promised = tx.reservations_of(order)?;
    if promised.is_empty() {
        return Ok(());
    }
    // First the promises: the numbers of a variant refer to them.
    tx.reservations_end(order)?;
    let mut desk = Desk::new(tx, ctx, Some(order));
    for (variant_id, quantity) in promised {
        let gone = || Error::Internal(format!("variant {variant_id} is reserved but gone"));
        let level = tx.stock_level(variant_id)?.ok_or_else(gone)?;
        let shelf = if kind == MovementKind::Sold { -quantity } else { 0 };
        desk.apply(&level, kind, shelf, -quantity)?;
    }
    desk.finish()
}

/// How many of each variant, in one order for everybody.
fn summed(lines: &[(VariantId, i64)]) -> Outcome<BTreeMap<VariantId, i64>> {
    let mut sums = BTreeMap::new();
    for (variant, quantity) in lines {
        if *quantity <= 0 {
            return Err(Error::Internal(format!("{quantity} units of variant {variant} cannot be moved")));
        }
        let sum: &mut i64 = sums.entry(*variant).or_default();
        *sum = sum.saturating_add(*quantity);
    }
    Ok(sums)
}

/// Changes levels within one transaction and keeps what is derived from them.
struct Desk<'t, 'c> {
    tx: &'t WriteTx<'c>,
    ctx: &'t Ctx,
    actor: String,
    order: Option<OrderId>,
    reason: Option<&'static str>,
    note: Option<String>,
    /// By how much the stock of each product has changed.
    products: BTreeMap<ProductId, i64>,
}

impl<'t, 'c> Desk<'t, 'c> {
    fn new(tx: &'t WriteTx<'c>, ctx: &'t Ctx, order: Option<OrderId>) -> Self {
        Self { tx, ctx, actor: ctx.actor_name(), order, reason: None, note: None, products: BTreeMap::new() }
    }

    /// Changes one level and notes it in the ledger.
    fn apply(&mut self, level: &StockLevel, kind: MovementKind, on_hand: i64, reserved: i64) -> Outcome<MovementId> {
        let after = level.moved(on_hand, reserved);
        if !self.tx.stock_change(level.variant_id, on_hand, reserved)? {
            return Err(Error::Internal(format!("stock of variant {} cannot be moved so", level.variant_id)));
        }
        let movement = self.tx.stock_movement_insert(&MovementRow {
            variant_id: level.variant_id,
            kind,
            on_hand,
            reserved,
            reason: self.reason,
            note: self.note.as_deref(),
            actor: &self.actor,
            order_id: self.order,
            at: self.ctx.now,
        })?;
        if after.available != level.available {
            *self.products.entry(level.product_id).or_default() += after.available - level.available;
        }
        announce(self.tx, self.ctx.now, level, &after)?;
        Ok(movement)
    }

    /// Keeps sums, cards and readers of the products whose stock has changed.
    fn finish(self) -> Outcome<()> {
        let mut writer = CatalogWriter::new(self.tx, self.ctx);
        self.products.into_iter().try_for_each(|(product, delta)| writer.restock(product, delta))
    }
}

/// What staff do to a level; none when they counted what was known.
pub(super) fn moved(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    level: &StockLevel,
    change: &StockChange,
) -> Outcome<Option<MovementId>> {
    let delta = change.delta(level.on_hand);
    if delta == 0 {
        return Ok(None);
    }
    let after = level.moved(delta, 0);
    if after.on_hand > MOST_UNITS || after.on_hand < -MOST_UNITS {
        let field = if matches!(change.step, StockStep::Count(_)) { "count" } else { "delta" };
        return Err(Invalid::one(field, "out_of_range", format!("would leave more than {MOST_UNITS} units")).into());
    }
    if !after.is_possible() {
        let StockLevel { on_hand, reserved, .. } = level;
        let detail = format!(
            "{on_hand} units are on the shelf and {reserved} of them are promised to orders: {} would be left; release \
             orders first, or let the variant be sold on backorder",
            after.on_hand
        );
        return Err(conflict("on_hand", detail));
    }
    let mut desk = Desk { reason: Some(change.reason.as_str()), note: change.note.clone(), ..Desk::new(tx, ctx, None) };
    let movement = desk.apply(level, change.kind(), delta, 0)?;
    desk.finish()?;
    Ok(Some(movement))
}

/// What the catalog makes of a level. A number that differs from what could be sold is one that was counted.
fn after_write(level: &StockLevel, draft: &VariantDraft) -> StockLevel {
    let counted = draft.stock != level.available;
    let delta = if counted { level.reserved.saturating_add(draft.stock).saturating_sub(level.on_hand) } else { 0 };
    StockLevel { policy: draft.stock_policy, low_stock_at: draft.low_stock_at, ..level.moved(delta, 0) }
}

/// Refuses to sell only what is there when more than that is promised already.
pub(in crate::services) fn check_policy(level: &StockLevel, draft: &VariantDraft) -> Outcome<()> {
    let after = after_write(level, draft);
    if after.is_possible() {
        return Ok(());
    }
    let StockLevel { on_hand, reserved, .. } = after;
    let detail = format!(
        "{reserved} units are promised and {on_hand} are on the shelf: count the stock first, then let the policy be deny"
    );
    Err(conflict("stock_policy", detail))
}

/// Notes in the ledger what the catalog has made of a level.
pub(in crate::services) fn written(
    tx: &WriteTx<'_>,
    now: Timestamp,
    actor: &str,
    level: &StockLevel,
    draft: &VariantDraft,
) -> Outcome<()> {
    let after = after_write(level, draft);
    if after.on_hand != level.on_hand {
        tx.stock_movement_insert(&MovementRow {
            variant_id: level.variant_id,
            kind: MovementKind::Counted,
            on_hand: after.on_hand - level.on_hand,
            reserved: 0,
            reason: Some(StockReason::Counted.as_str()),
            note: None,
            actor,
            order_id: None,
            at: now,
        })?;
    }
    announce(tx, now, level, &after)
}

fn conflict(field: &str, detail: String) -> Error {
    let error = FieldError { field: field.to_owned(), code: "stock_promised", message: detail.clone() };
    Error::Conflict("stock_promised", detail, vec![error])
}

/// Tells others that a variant runs low or can be bought again.
fn announce(tx: &WriteTx<'_>, now: Timestamp, before: &StockLevel, after: &StockLevel) -> Outcome<()> {
    let Some(news) = before.news(after) else { return Ok(()) };
    let kind = match news {
        StockNews::Low => EventKind::StockLow,
        StockNews::Available => EventKind::StockAvailable,
    };
    let payload = json!({
        "variant_id": after.variant_id, "product_id": after.product_id, "sku": after.sku,
        "available": after.available, "low_stock_at": after.low_stock_at,
    });
    tx.event_add(kind, after.variant_id, &payload, now)?;
    stock_letters_due(tx, after, news, now)
}
