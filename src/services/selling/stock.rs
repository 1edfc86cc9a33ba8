//! Stock: what an order takes, holds, gives back, and what staff count.
//!
//! Everything happens within the caller's write transaction. Each change is a conditional update of the variant's
//! numbers, a line of the ledger, and the sums and cards of its product.

use crate::domain::stock::{MovementKind, Shortage, StockLevel, StockNews, StockPolicy};
use crate::domain::{OrderId, ProductId, Timestamp, VariantId};
use crate::services::catalog::CatalogWriter;
use crate::services::{Ctx, Error, Outcome};
use crate::store::{MovementRow, WriteTx};
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
    /// By how much the stock of each product has changed.
    products: BTreeMap<ProductId, i64>,
}

impl<'t, 'c> Desk<'t, 'c> {
    fn new(tx: &'t WriteTx<'c>, ctx: &'t Ctx, order: Option<OrderId>) -> Self {
        Self { tx, ctx, actor: ctx.actor_name(), order, products: BTreeMap::new() }
    }

    /// Changes one level and notes it in the ledger.
    fn apply(&mut self, level: &StockLevel, kind: MovementKind, on_hand: i64, reserved: i64) -> Outcome<StockLevel> {
        let after = level.moved(on_hand, reserved);
        if !self.tx.stock_change(level.variant_id, on_hand, reserved)? {
            return Err(Error::Internal(format!("stock of variant {} cannot be moved so", level.variant_id)));
        }
        self.tx.stock_movement_insert(&MovementRow {
            variant_id: level.variant_id,
            kind,
            on_hand,
            reserved,
            reason: None,
            note: None,
            actor: &self.actor,
            order_id: self.order,
            at: self.ctx.now,
        })?;
        if after.available != level.available {
            *self.products.entry(level.product_id).or_default() += after.available - level.available;
        }
        announce(self.tx, self.ctx, level, &after)?;
        Ok(after)
    }

    /// Keeps sums, cards and readers of the products whose stock has changed.
    fn finish(self) -> Outcome<()> {
        let mut writer = CatalogWriter::new(self.tx, self.ctx.now);
        self.products.into_iter().try_for_each(|(product, delta)| writer.restock(product, delta))
    }
}

/// Tells others that a variant runs low or can be bought again: `stock.low` and `stock.available`.
fn announce(_tx: &WriteTx<'_>, _ctx: &Ctx, before: &StockLevel, after: &StockLevel) -> Outcome<()> {
    match before.news(after) {
        Some(StockNews::Low | StockNews::Available) | None => Ok(()),
    }
}
