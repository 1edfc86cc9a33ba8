//! Use cases of staff who look after stock: see it, count it, move it, read its ledger.

use super::stock;
use crate::domain::audit::Subject;
use crate::domain::page::Page;
use crate::domain::stock::{Movement, MovementFilter, StockChange, StockFilter, StockItem, StockKey};
use crate::domain::{Direction, Invalid, MovementId, PageSize, Right, VariantId};
use crate::services::idempotency::{Claim, Rendered, once};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::WriteTx;
use serde_json::json;

/// What became of a change of stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockMoved {
    /// The line of the ledger; none when the count was what the shop knew.
    pub movement: Option<Movement>,
    /// The stock as it now stands.
    pub item: StockItem,
}

const VARIANT: Error = Error::NotFound("variant");

impl Shop {
    /// A page of levels in order of variant.
    pub fn stock_list(
        &self,
        ctx: &Ctx,
        filter: &StockFilter,
        size: PageSize,
        from: Option<(VariantId, Direction)>,
    ) -> Outcome<Page<StockItem, VariantId>> {
        ctx.require(Right::StockRead)?;
        let rows = self.store.read(|tx| Ok::<_, Error>(tx.stock_page(filter, from, size.get() + 1)?))?;
        Ok(Page::cut(rows, size, from, |item| item.level.variant_id))
    }

    /// A page of the ledger, newest first.
    pub fn movement_list(
        &self,
        ctx: &Ctx,
        filter: &MovementFilter,
        size: PageSize,
        from: Option<(MovementId, Direction)>,
    ) -> Outcome<Page<Movement, MovementId>> {
        ctx.require(Right::StockRead)?;
        let rows = self.store.read(|tx| Ok::<_, Error>(tx.movement_page(filter, from, size.get() + 1)?))?;
        Ok(Page::cut(rows, size, from, |movement| movement.id))
    }

    /// The stock of one variant.
    pub fn stock_get(&self, ctx: &Ctx, key: &StockKey) -> Outcome<StockItem> {
        ctx.require(Right::StockRead)?;
        self.store.read(|tx| {
            let level = tx.stock_level_by_key(key)?.ok_or(VARIANT)?;
            tx.stock_item(level.variant_id)?.ok_or(VARIANT)
        })
    }

    /// Moves stock by what came or went, or to what was counted.
    pub async fn stock_move(&self, ctx: &Ctx, change: StockChange) -> Outcome<StockMoved> {
        ctx.require(Right::StockWrite)?;
        let ctx = ctx.clone();
        self.store.write(move |tx| moved(tx, &ctx, &change)).await
    }

    /// Like [`Shop::stock_move`], but once for a claim, so that a request which is sent again because its answer was lost
    /// does not move the stock again. Answers with what `render` makes of the change.
    pub async fn stock_move_once(
        &self,
        ctx: &Ctx,
        change: StockChange,
        claim: Option<Claim>,
        render: impl FnOnce(StockMoved) -> Rendered + Send + 'static,
    ) -> Outcome<Rendered> {
        ctx.require(Right::StockWrite)?;
        let ctx = ctx.clone();
        self.store.write(move |tx| once(claim.as_ref(), tx, ctx.now, || Ok(render(moved(tx, &ctx, &change)?)))).await
    }
}

fn moved(tx: &WriteTx<'_>, ctx: &Ctx, change: &StockChange) -> Outcome<StockMoved> {
    let field = if matches!(change.key, StockKey::Id(_)) { "variant_id" } else { "sku" };
    let unknown = || Invalid::one(field, "unknown", "is not a variant of this shop");
    let level = tx.stock_level_by_key(&change.key)?.ok_or_else(unknown)?;
    let moved = stock::moved(tx, ctx, &level, change)?;
    let movement = moved.map(|id| tx.movement_by_id(id)).transpose()?.flatten();
    let item = tx.stock_item(level.variant_id)?.ok_or(VARIANT)?;
    if let Some(movement) = &movement {
        let detail = json!({
            "movement": movement.id, "kind": movement.kind, "delta": movement.on_hand,
            "on_hand": item.level.on_hand,
        });
        tx.audit(&ctx.entry("stock.move", Subject::from(level.variant_id), &detail))?;
    }
    Ok(StockMoved { movement, item })
}
