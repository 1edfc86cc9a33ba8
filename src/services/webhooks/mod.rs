//! Telling others of events.

use crate::domain::Right;
use crate::services::{Ctx, Outcome, Shop};

impl Shop {
    /// Tells others of events, as far as that is due.
    pub async fn webhooks_deliver(&self, ctx: &Ctx) -> Outcome<()> {
        ctx.require(Right::Maintain)
    }
}
