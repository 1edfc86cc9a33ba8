//! Builds the search index anew, and measures how well it ranks.

use super::catalog::CatalogWriter;
use super::{Ctx, Error, Outcome, Shop};
use crate::domain::{ProductId, Right};
use serde_json::json;

/// Products whose documents are built at a time.
const PIECE: usize = 500;

impl Shop {
    /// How many products there are, whatever their status.
    pub fn product_count(&self, ctx: &Ctx) -> Outcome<u64> {
        ctx.require(Right::CatalogWrite)?;
        let count = self.store.read(|tx| Ok::<_, Error>(tx.product_count()?))?;
        Ok(count.unsigned_abs())
    }

    /// Empties the search index and fills it from the products; `progress` is told how many are done.
    pub async fn reindex(&self, ctx: &Ctx, progress: impl Fn(u64) + Send + 'static) -> Outcome<u64> {
        ctx.require(Right::Maintain)?;
        let ctx = ctx.clone();
        self.store
            .write_alone(move |tx| {
                tx.search_clear()?;
                tx.search_bulk_begin()?;
                let mut writer = CatalogWriter::new(tx, &ctx);
                let (mut after, mut done) = (ProductId::new(0), 0);
                loop {
                    let ids = tx.product_ids_after(after, PIECE)?;
                    let Some(last) = ids.last() else { break };
                    after = *last;
                    writer.reindex(&ids)?;
                    done += ids.len() as u64;
                    progress(done);
                }
                tx.search_bulk_end()?;
                tx.audit(&ctx.entry("search.reindex", None, &json!({ "products": done })))?;
                Ok(done)
            })
            .await
    }
}
