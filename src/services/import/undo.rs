//! Undoes an import: what it created goes, what it changed becomes what it was.

use crate::domain::audit::Subject;
use crate::domain::catalog::{Product, ProductDraft};
use crate::domain::{ImportId, Invalid, ProductId, Right};
use crate::services::catalog::CatalogWriter;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{ImportChange, WriteTx};
use serde_json::{Value, json};

/// Changes looked at in one piece.
const PIECE: usize = 500;
/// Products a refusal names.
const NAMED: usize = 20;

/// What undoing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Products removed, since the import had created them.
    pub removed: u64,
    /// Products archived instead, since orders refer to them.
    pub archived: u64,
    /// Products restored.
    pub restored: u64,
    /// Products that are gone meanwhile.
    pub gone: u64,
}

impl Shop {
    /// Undoes a run. Refuses when somebody has changed its products since, unless `force` is given.
    pub async fn import_undo(&self, ctx: &Ctx, id: ImportId, force: bool) -> Outcome<Undone> {
        ctx.require(Right::Maintain)?;
        let (ctx, currency) = (ctx.clone(), self.settings.currency());
        self.store
            .write_alone(move |tx| {
                match tx.import_run(id)? {
                    None => return Err(Error::NotFound("import")),
                    Some(Some(at)) => {
                        return Err(refused(format!("import {id} was undone already, on {}", at.to_rfc3339())));
                    }
                    Some(None) => {}
                }
                if !force {
                    refuse_changed(tx, id)?;
                }
                let undone = undo(tx, id, &ctx, currency)?;
                tx.import_undone(id, ctx.now)?;
                let Undone { removed, archived, restored, gone } = undone;
                let detail = json!({
                    "removed": removed, "archived": archived, "restored": restored, "gone": gone, "force": force,
                });
                tx.audit(&ctx.entry("import.undo", Subject::from(id), &detail))?;
                Ok(undone)
            })
            .await
    }
}

fn refused(reason: String) -> Error {
    Error::Conflict("not_undoable", reason, Vec::new())
}

/// Calls `each` for every change of a run, with the product as it is now.
fn each_change(
    tx: &WriteTx<'_>,
    id: ImportId,
    mut each: impl FnMut(&ImportChange, Option<&Product>) -> Outcome<()>,
) -> Outcome<()> {
    let mut after = ProductId::new(0);
    loop {
        let changes = tx.import_changes_after(id, after, PIECE)?;
        let Some(last) = changes.last() else { return Ok(()) };
        after = last.product_id;
        let ids: Vec<ProductId> = changes.iter().map(|c| c.product_id).collect();
        let products = tx.products_by_ids(&ids)?;
        for change in &changes {
            each(change, products.iter().find(|p| p.id == change.product_id))?;
        }
    }
}

fn refuse_changed(tx: &WriteTx<'_>, id: ImportId) -> Outcome<()> {
    let (mut named, mut count) = (Vec::new(), 0_usize);
    each_change(tx, id, |change, product| {
        let name = match product {
            Some(now) if now.revision.own == change.version => return Ok(()),
            Some(now) => format!("{} (id {})", now.name, now.id),
            None if change.before.is_none() => return Ok(()),
            None => format!("id {}, which is gone", change.product_id),
        };
        count += 1;
        if named.len() < NAMED {
            named.push(name);
        }
        Ok(())
    })?;
    if count == 0 {
        return Ok(());
    }
    let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
    let list = named.join("; ");
    Err(refused(format!(
        "{count} products of import {id} were changed since: {list}{more}; --force undoes it all the same"
    )))
}

/// Removes before it restores, so that SKUs and slugs the import gave to new products are free again.
fn undo(tx: &WriteTx<'_>, id: ImportId, ctx: &Ctx, currency: crate::domain::Currency) -> Outcome<Undone> {
    let mut writer = CatalogWriter::bulk(tx, ctx, false);
    let mut undone = Undone::default();
    each_change(tx, id, |change, product| {
        match product {
            Some(product) if change.before.is_none() => {
                if writer.remove(product)? {
                    undone.removed += 1;
                } else {
                    undone.archived += 1;
                }
            }
            None => undone.gone += 1,
            Some(_) => {}
        }
        Ok(())
    })?;
    each_change(tx, id, |change, product| {
        let (Some(product), Some(before)) = (product, &change.before) else { return Ok(()) };
        let body: Value =
            serde_json::from_str(before).map_err(|e| Error::Internal(format!("a kept product is damaged: {e}")))?;
        let draft = ProductDraft::from_line(&body, currency).map_err(|e: Invalid| e.within(&product.name))?;
        writer.update(product, &draft)?;
        undone.restored += 1;
        Ok(())
    })?;
    Ok(undone)
}
