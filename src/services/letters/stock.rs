//! Letters to the staff about stock that runs low.

use super::letter_id;
use super::shown::{LinksShown, ProductShown, StockData};
use super::templates::Template;
use crate::domain::letters::StockLetter;
use crate::domain::{Email, Job, JobFailure, Right, Role, Timestamp, VariantId};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{ReadTx, WriteTx};

/// The most people of the shop that one such letter goes to.
const MOST_READERS: usize = 20;

/// Queues a letter to the staff in the transaction that lets a variant run low. Asked for twice before it is sent, it is
/// sent once.
pub fn low_stock_letter_due(tx: &WriteTx<'_>, variant: VariantId, now: Timestamp) -> Outcome<()> {
    tx.job_add_at(&Job::StockLetter(StockLetter { variant, since: Some(now) }), now, now, Some(&job_key(variant)))?;
    Ok(())
}

/// The key under which one job at a time waits to tell of a variant.
fn job_key(variant: VariantId) -> String {
    format!("low stock {variant}")
}

/// What letters say of a variant; nothing when it is gone.
pub(super) fn product_shown(tx: &ReadTx<'_>, variant: VariantId) -> Outcome<Option<ProductShown>> {
    let Some(product) = tx.product_id_by_variant(variant)? else { return Ok(None) };
    let Some(product) = tx.product_by_id(product)? else { return Ok(None) };
    let found = product.variants.iter().find(|v| v.id == variant);
    Ok(found.map(|v| ProductShown {
        name: product.name.clone(),
        title: v.title.clone(),
        sku: v.sku.as_ref().map(|sku| sku.as_str().to_owned()),
        stock: v.stock,
    }))
}

impl Shop {
    /// Tells the staff that a variant runs low: one letter to each of them, queued on its own, so that an address that
    /// fails keeps none from the others.
    pub async fn stock_letter_send(&self, ctx: &Ctx, letter: StockLetter) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        let (shown, admins) = self.store.read(|tx| {
            let admins =
                if self.mail_staff.is_empty() { tx.user_emails(Role::Admin, MOST_READERS)? } else { Vec::new() };
            Ok::<_, Error>((product_shown(tx, letter.variant)?, admins))
        })?;
        let Some(product) = shown else { return Ok(()) };
        let data = StockData { shop: self.shown(), product, links: LinksShown::default(), token: String::new() };
        let readers = self.mail_staff.iter().chain(&admins).filter_map(|address| Email::parse(address));
        // The same in every attempt, so that one that was cut off after its letters were queued makes copies of them.
        let id = |to: &Email| letter_id(&format!("low stock {letter:?} {}", to.key()));
        let letters: Vec<_> = readers
            .take(MOST_READERS)
            .map(|to| self.letter_of(&id(&to), to, Template::StockLow, &data))
            .collect::<Result<_, _>>()?;
        let queued = self.store.write(move |tx| {
            // What runs low from now on is told in a letter of its own.
            tx.job_key_free(&job_key(letter.variant))?;
            letters.into_iter().try_for_each(|letter| tx.job_add(&Job::Mail(letter), now).map(drop))?;
            Ok::<_, Error>(())
        });
        Ok(queued.await?)
    }
}
