//! Calling orders off that nobody paid while their stock was held. Their providers are asked first: a message that did not
//! come is no reason to call off what was paid.

use super::calling_off::{Why, call_off};
use super::{MANUAL, whole};
use crate::domain::order::{Action, OrderStatus, Payment};
use crate::domain::{OrderId, Right};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::WriteTx;
use std::collections::BTreeSet;
use std::time::Duration;

/// Orders that are looked at in one run.
const PIECE: usize = 100;
/// How much longer an order waits whose provider gives no answer,
const ASK_AGAIN: Duration = Duration::from_secs(600);
/// and after which time it waits no longer: stock is not held for ever for a provider that is gone.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

impl Shop {
    /// Calls some of the orders off that were not paid while their stock was held; tells how many.
    pub async fn orders_expire(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        // What was ordered by a clock that was ahead, and is set right, would be held for as long as it was ahead.
        let longest = now.plus(Duration::from_secs(60 * u64::from(self.selling.reservation_minutes)).max(ASK_AGAIN));
        if self.store.read(|tx| Ok::<_, Error>(tx.reservations_beyond(longest)?))? {
            self.store.write(move |tx| Ok::<_, Error>(tx.reservations_shorten(longest)?)).await?;
        }
        let due = self.store.read(|tx| Ok::<_, Error>(tx.reservations_due(now, PIECE)?))?;
        let (mut silent, mut count) = (BTreeSet::new(), 0);
        for id in due {
            let (heard, ctx) = (self.order_payments_ask(ctx, id, &mut silent).await?, ctx.clone());
            count += usize::from(self.store.write(move |tx| expire(tx, &ctx, id, heard)).await?);
        }
        Ok(count)
    }

    /// Asks where the open payments of an order stand that their provider knows. False when one gives no answer; then it
    /// is not asked about the next orders either, since each would take as long.
    async fn order_payments_ask(&self, ctx: &Ctx, id: OrderId, silent: &mut BTreeSet<String>) -> Outcome<bool> {
        let begun = |one: &Payment| one.status.open() && one.provider != MANUAL && one.reference.is_some();
        let payments = self.store.read(|tx| Ok::<_, Error>(tx.order_payments(&[id])?))?;
        for payment in payments.into_iter().filter(begun) {
            if silent.contains(&payment.provider) || !self.payment_check(ctx, payment.id).await?.heard {
                silent.insert(payment.provider);
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Calls an order off whose stock was held long enough. One that is paid by now, or is over, keeps what it has.
fn expire(tx: &WriteTx<'_>, ctx: &Ctx, id: OrderId, heard: bool) -> Outcome<bool> {
    if !tx.reservations_are_due(id, ctx.now)? {
        // It was paid just now, or its money is on its way.
        return Ok(false);
    }
    let before = whole(tx, id)?;
    if before.order.status != OrderStatus::Pending || !before.situation().allows(Action::Cancel) {
        // Whoever looks next must not meet the same order again.
        tx.reservations_extend(id, None)?;
        return Ok(false);
    }
    if !heard && ctx.now.since(before.order.placed_at) < LONGEST_WAIT {
        tx.reservations_extend(id, Some(ctx.now.plus(ASK_AGAIN)))?;
        return Ok(false);
    }
    call_off(tx, ctx, &before, &Why::Unpaid)?;
    Ok(true)
}
