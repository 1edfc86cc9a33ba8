//! Tax rates.

use crate::domain::audit::Subject;
use crate::domain::catalog::Revision;
use crate::domain::page::Page;
use crate::domain::pricing::{TaxRate, TaxRateDraft};
use crate::domain::{Direction, Invalid, PageSize, Right, TaxRateId};
use crate::services::catalog::Preconditions;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::ReadTx;
use serde_json::json;

/// Rates a shop may have.
const MOST_RATES: i64 = 10_000;

const TAX_RATE: Error = Error::NotFound("tax rate");

impl Shop {
    /// A page of rates in order of id.
    pub fn tax_rate_list(
        &self,
        ctx: &Ctx,
        size: PageSize,
        from: Option<(TaxRateId, Direction)>,
    ) -> Outcome<Page<TaxRate, TaxRateId>> {
        ctx.require(Right::SettingsRead)?;
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| tx.tax_rate_page(start, backwards, most),
            |rate| rate.id,
        )
    }

    /// One rate.
    pub fn tax_rate_get(&self, ctx: &Ctx, id: TaxRateId) -> Outcome<TaxRate> {
        ctx.require(Right::SettingsRead)?;
        self.store.read(|tx| current(tx, id))
    }

    /// Adds a rate.
    pub async fn tax_rate_create(&self, ctx: &Ctx, draft: TaxRateDraft) -> Outcome<TaxRate> {
        ctx.require(Right::SettingsWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                if tx.tax_rate_count()? >= MOST_RATES {
                    let detail = format!("a shop has at most {MOST_RATES} tax rates: remove one first");
                    return Err(Error::Conflict("too_many", detail, Vec::new()));
                }
                refuse_twin(tx, &draft, None)?;
                let id = tx.tax_rate_insert(&draft, ctx.now)?;
                tx.audit(&ctx.entry("tax_rate.create", Subject::from(id), &draft.body()))?;
                current(tx, id)
            })
            .await
    }

    /// Changes one to what `edit` makes of it.
    pub async fn tax_rate_update(
        &self,
        ctx: &Ctx,
        id: TaxRateId,
        known: Preconditions,
        edit: impl FnOnce(&TaxRate) -> Result<TaxRateDraft, Invalid> + Send + 'static,
    ) -> Outcome<TaxRate> {
        ctx.require(Right::SettingsWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(Revision::of(before.version))?;
                let draft = edit(&before)?;
                refuse_twin(tx, &draft, Some(id))?;
                tx.tax_rate_update(id, &draft, ctx.now)?;
                let detail = json!({ "before": before.draft.body(), "after": draft.body() });
                tx.audit(&ctx.entry("tax_rate.update", Subject::from(id), &detail))?;
                current(tx, id)
            })
            .await
    }

    /// Removes one.
    pub async fn tax_rate_remove(&self, ctx: &Ctx, id: TaxRateId, known: Preconditions) -> Outcome<()> {
        ctx.require(Right::SettingsWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(Revision::of(before.version))?;
                tx.tax_rate_delete(id)?;
                Ok(tx.audit(&ctx.entry("tax_rate.remove", Subject::from(id), &before.draft.body()))?)
            })
            .await
    }
}

fn current(tx: &ReadTx<'_>, id: TaxRateId) -> Outcome<TaxRate> {
    tx.tax_rate_by_id(id)?.ok_or(TAX_RATE)
}

/// Two rates of one name for the same goods in the same place would be the same tax twice.
fn refuse_twin(tx: &ReadTx<'_>, draft: &TaxRateDraft, except: Option<TaxRateId>) -> Outcome<()> {
    match tx.tax_rate_taken(draft, except)? {
        true => Err(Error::taken("name", "is another rate's for the same country, region and tax class")),
        false => Ok(()),
    }
}
