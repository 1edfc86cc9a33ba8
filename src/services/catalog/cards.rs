//! Keeps every product's card in the layout of this program.

use super::products::current;
use crate::domain::{ProductId, Right};
use crate::services::{Ctx, Error, Outcome, Shop};

/// Cards made in one transaction, few enough to let others write in between.
const PIECE: usize = 100;
/// What is remembered of the layout that all cards have.
const KNOWN: &str = "cards_layout";

impl Shop {
    /// Makes the cards that are missing or of another layout, as after an upgrade or a change of settings. Until
    /// then such products are encoded when they are read.
    pub fn cards_fill(&self, ctx: &Ctx) -> Outcome<u64> {
        ctx.require(Right::Maintain)?;
        let layout = self.store.card_layout().to_string();
        if self.store.read(|tx| tx.setting(KNOWN))?.as_ref() == Some(&layout) {
            return Ok(0);
        }
        let (mut after, mut made) = (ProductId::new(0), 0);
        loop {
            let ids = self.store.read_within(super::super::health::CHECK_TIME, |tx| tx.cards_missing(after, PIECE))?;
            let Some(last) = ids.last() else { break };
            after = *last;
            made += ids.len() as u64;
            self.store.write_blocking(move |tx| {
                ids.into_iter().try_for_each(|id| match current(tx, id) {
                    Ok(product) => Ok(tx.card_put(&product)?),
                    // Removed meanwhile.
                    Err(Error::NotFound(_)) => Ok(()),
                    Err(other) => Err(other),
                })
            })?;
        }
        self.store.write_blocking(move |tx| Ok::<_, Error>(tx.setting_put(KNOWN, &layout)?))?;
        Ok(made)
    }
}
