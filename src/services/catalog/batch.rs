//! Many upserts by SKU in one transaction: all rows or none.

use super::products::current;
use super::writer::CatalogWriter;
use crate::domain::catalog::ProductDraft;
use crate::domain::{Currency, FieldError, Invalid, ProductId, Right, Sku};
use crate::services::idempotency::{Claim, Rendered, once};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::WriteTx;
use serde_json::Value;

/// Products that an entry of the audit log names; the others are counted.
const IDS_NAMED: usize = 100;

/// What happened to a row's product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchAction {
    /// It is new.
    Created,
    /// It changed.
    Updated,
    /// It already was so.
    Unchanged,
}

/// One row's outcome.
#[derive(Clone, Debug)]
pub struct BatchRow {
    /// The SKU by which it was found.
    pub sku: String,
    /// The product.
    pub id: ProductId,
    /// What happened.
    pub action: BatchAction,
}

impl Shop {
    /// Creates or changes products by SKU. A row of a known SKU is merged into its product like a PATCH, others
    /// are created. When any row is refused, every refused row is named and nothing is written.
    pub async fn product_batch(&self, ctx: &Ctx, rows: Vec<Value>) -> Outcome<Vec<BatchRow>> {
        ctx.require(Right::CatalogWrite)?;
        let (ctx, currency) = (ctx.clone(), self.settings.currency());
        self.store.write(move |tx| upsert_all(tx, &ctx, &rows, currency)).await
    }

    /// Like [`Shop::product_batch`], but once for a claim: rows name stock, and what was sold since a request was first
    /// sent is not to come back with its repetition. Answers with what `render` makes of the rows.
    pub async fn product_batch_once(
        &self,
        ctx: &Ctx,
        rows: Vec<Value>,
        claim: Option<Claim>,
        render: impl FnOnce(&[BatchRow]) -> Rendered + Send + 'static,
    ) -> Outcome<Rendered> {
        ctx.require(Right::CatalogWrite)?;
        let (ctx, currency) = (ctx.clone(), self.settings.currency());
        self.store
            .write(move |tx| once(claim.as_ref(), tx, ctx.now, || Ok(render(&upsert_all(tx, &ctx, &rows, currency)?))))
            .await
    }
}

fn upsert_all(tx: &WriteTx<'_>, ctx: &Ctx, rows: &[Value], currency: Currency) -> Outcome<Vec<BatchRow>> {
    let mut writer = CatalogWriter::new(tx, ctx);
    let mut done = Vec::with_capacity(rows.len());
    let mut wrong = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let place = format!("products[{index}]");
        match upsert(&mut writer, row, currency) {
            Ok(outcome) => done.push(outcome),
            Err(Error::Invalid(invalid)) => wrong.extend(invalid.within(&place).0),
            Err(Error::Conflict(_, _, fields)) if !fields.is_empty() => wrong.extend(Invalid(fields).within(&place).0),
            Err(other) => return Err(other),
        }
    }
    if !wrong.is_empty() {
        return Err(Invalid(wrong).into());
    }
    if done.iter().any(|row: &BatchRow| row.action != BatchAction::Unchanged) {
        tx.audit(&ctx.entry("product.batch", None, &batch_detail(&done)))?;
    }
    Ok(done)
}

/// What an entry says of a batch: counts, and the first of the products that changed.
fn batch_detail(rows: &[BatchRow]) -> Value {
    let of = |action| rows.iter().filter(move |row| row.action == action);
    let changed = rows.iter().filter(|row| row.action != BatchAction::Unchanged);
    let ids: Vec<ProductId> = changed.map(|row| row.id).take(IDS_NAMED).collect();
    serde_json::json!({
        "created": of(BatchAction::Created).count(), "updated": of(BatchAction::Updated).count(),
        "unchanged": of(BatchAction::Unchanged).count(), "ids": ids,
    })
}

fn upsert(writer: &mut CatalogWriter<'_, '_>, row: &Value, currency: Currency) -> Outcome<BatchRow> {
    let sku = row_sku(row)?;
    let Some(id) = writer.tx().product_id_by_sku(&sku)? else {
        let id = writer.create(&ProductDraft::from_body(row, currency)?)?;
        return Ok(BatchRow { sku: sku.to_string(), id, action: BatchAction::Created });
    };
    let before = current(writer.tx(), id)?;
    let body = ProductDraft::patched_by_sku(ProductDraft::body_of(&before, currency), row, &sku);
    let changed = writer.update(&before, &ProductDraft::from_body(&body, currency)?)?;
    let action = if changed { BatchAction::Updated } else { BatchAction::Unchanged };
    Ok(BatchRow { sku: sku.to_string(), id, action })
}

/// The SKU that names the row's product: its own, or that of its first variant.
fn row_sku(row: &Value) -> Result<Sku, Invalid> {
    let own = row.get("sku").or_else(|| row.get("variants")?.get(0)?.get("sku"));
    let missing = || {
        Invalid(vec![FieldError {
            field: "sku".to_owned(),
            code: "required",
            message: "is required in a batch".to_owned(),
        }])
    };
    own.and_then(Value::as_str).and_then(|text| Sku::parse(text.trim())).ok_or_else(missing)
}
