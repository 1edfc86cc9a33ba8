//! Sends money back through the provider that took it. How much may go back was settled when the refund was written
//! down; here it is asked for, once or again under the same key, and what came of it is noted.

use super::flags::{Aloud, flag};
use super::{Error, Outcome, PAYMENT, Shop};
use crate::domain::order::{Payment, Refund, RefundStatus};
use crate::domain::payment::PaymentFlag;
use crate::domain::{Currency, RefundId, Timestamp};
use crate::providers::PaymentError;
use crate::providers::payment::{RefundKey, RefundRequest, RefundStanding, RefundState};
use crate::services::Ctx;
use crate::services::orders::{order_refund_done, order_refund_failed};
use crate::store::WriteTx;
use std::time::Duration;

/// After that a refund that is on its way is something to look at.
const PATIENCE: Duration = Duration::from_secs(30 * 86_400);
/// A refund that is younger was asked for by nobody yet but whoever wrote it down.
const FRESH: Duration = Duration::from_secs(30);
const REFUND: Error = Error::NotFound("refund");

/// What a provider said of a refund.
#[derive(Clone, Debug)]
pub(super) enum RefundWord {
    /// Where it stands.
    Stands(RefundStanding),
    /// It was not made.
    NotMade(PaymentError),
}

impl Shop {
    /// Asks the provider for a refund that is pending, and notes what came of it. Called again, it goes on where it was
    /// cut off; one that is over is left alone.
    pub(in crate::services) async fn refund_send(&self, ctx: &Ctx, id: RefundId) -> Outcome<()> {
        let (refund, payment) = self.store.read(|tx| {
            let refund = tx.refund_by_id(id)?.ok_or(REFUND)?;
            let payment = tx.payment_by_id(refund.payment_id)?.ok_or(PAYMENT)?;
            Ok::<_, Error>((refund, payment))
        })?;
        if refund.status != RefundStatus::Pending {
            return Ok(());
        }
        let word = self.refund_ask(ctx, &refund, &payment).await?;
        let ctx = ctx.clone();
        self.store.write(move |tx| refund_note(tx, &ctx, id, &word)).await
    }

    async fn refund_ask(&self, ctx: &Ctx, refund: &Refund, payment: &Payment) -> Outcome<RefundWord> {
        let asked = if let Some(reference) = refund.reference.clone() {
            let now = ctx.now;
            self.provider_ask(&payment.provider, move |provider| provider.refund_look_up(&reference, now)).await
        } else {
            let currency = Currency::from_code(&payment.currency)
                .ok_or_else(|| Error::Internal(format!("payment {} has an unknown currency", payment.id)))?;
            let shop = self.payment_shop_key().await?;
            let request = RefundRequest {
                key: RefundKey { shop, refund: refund.id, made: refund.created_at },
                reference: payment.reference.clone().unwrap_or_default(),
                amount: refund.amount,
                currency,
                again: refund.updated_at > refund.created_at || ctx.now.since(refund.created_at) > FRESH,
            };
            self.provider_ask(&payment.provider, move |provider| provider.refund(&request)).await
        };
        Ok(asked.map_or_else(RefundWord::NotMade, RefundWord::Stands))
    }
}

/// Notes what a provider said of a refund. One that is over stays as it is.
pub(super) fn refund_note(tx: &WriteTx<'_>, ctx: &Ctx, id: RefundId, word: &RefundWord) -> Outcome<()> {
    let refund = tx.refund_by_id(id)?.ok_or(REFUND)?;
    match word {
        RefundWord::Stands(RefundStanding { reference, state }) => match state {
            RefundState::Succeeded => order_refund_done(tx, ctx, id, Some(reference)).map(drop),
            RefundState::Failed(why) => failed(tx, ctx, &refund, why, Some(reference)),
            RefundState::Pending => waits(tx, ctx, &refund, Some(reference)),
        },
        RefundWord::NotMade(PaymentError::Temporary(why)) => {
            tracing::warn!(refund = %id, why, "a refund could not be asked for; asking again later");
            waits(tx, ctx, &refund, None)
        }
        RefundWord::NotMade(PaymentError::Permanent(why) | PaymentError::Declined(why))
            if refund.reference.is_some() =>
        {
            // It was made; it is only not known where it stands.
            tracing::warn!(refund = %id, why, "a refund could not be looked up");
            waits(tx, ctx, &refund, None)
        }
        RefundWord::NotMade(PaymentError::Permanent(why) | PaymentError::Declined(why)) => {
            failed(tx, ctx, &refund, why, None)
        }
    }
}

/// The refund did not work: what was set aside can be refunded again, and a person has to look. One that had worked
/// before, and comes back from the bank, is for that person alone to put right.
fn failed(tx: &WriteTx<'_>, ctx: &Ctx, refund: &Refund, why: &str, reference: Option<&str>) -> Outcome<()> {
    let open = order_refund_failed(tx, ctx, refund.id, why, reference)?;
    if !open && refund.status == RefundStatus::Failed {
        return Ok(());
    }
    let payment = tx.payment_by_id(refund.payment_id)?.ok_or(PAYMENT)?;
    let what = if open { "did not work" } else { "had worked and came back" };
    let note = format!("refund {} {what}: {why}", refund.id);
    let aloud = if open { Aloud::ButForTheTimeline } else { Aloud::Yes };
    flag(tx, ctx, &payment, PaymentFlag::RefundFailed, &note, aloud)
}

fn waits(tx: &WriteTx<'_>, ctx: &Ctx, refund: &Refund, reference: Option<&str>) -> Outcome<()> {
    // Later than it was made in any case: that is how it is known to have been asked for.
    let heard = ctx.now.max(Timestamp::from_millis(refund.created_at.millis() + 1));
    tx.refund_heard(refund.id, reference, heard)?;
    if refund.status == RefundStatus::Pending && ctx.now.since(refund.created_at) > PATIENCE {
        let payment = tx.payment_by_id(refund.payment_id)?.ok_or(PAYMENT)?;
        let note = format!("refund {} has been on its way for a month", refund.id);
        flag(tx, ctx, &payment, PaymentFlag::NoAnswer, &note, Aloud::Yes)?;
    }
    Ok(())
}
