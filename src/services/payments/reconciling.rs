//! Asks providers where payments and refunds stand that nothing was heard of: what a crash, a lost answer or a message
//! that never came has left open is found here, so that whatever was paid there is paid here, or flagged.

use super::asking::{PaymentAnswer, Said};
use super::noting::{check_key, payment_note};
use super::{Error, Outcome, PAYMENT, Shop};
use crate::domain::order::{Payment, PaymentStatus};
use crate::domain::{Job, PaymentId, RefundId, Right, Timestamp};
use crate::providers::PaymentError;
use crate::providers::payment::PaymentState;
use crate::services::Ctx;
use crate::store::WriteTx;
use std::time::Duration;

/// The most that is looked at in one go.
pub const MOST_CHECKED: usize = 200;
/// How long after it was last heard of a refund is asked about.
const REFUND_PAUSE: Duration = Duration::from_secs(60);

/// A payment before and after its provider was asked.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Before.
    pub before: Payment,
    /// After.
    pub after: Payment,
}

impl Shop {
    /// Asks the provider of a payment where it stands, begins it if that was never done, captures what is held, calls
    /// off what the shop has called off, and notes all of it.
    pub async fn payment_check(&self, ctx: &Ctx, id: PaymentId) -> Outcome<Checked> {
        ctx.require(Right::Maintain)?;
        let read = || self.store.read(|tx| tx.payment_by_id(id)?.ok_or(PAYMENT));
        let before = read()?;
        let answer = match before.status {
            PaymentStatus::Pending | PaymentStatus::Authorized => self.payment_pursue(ctx, &before).await?,
            PaymentStatus::Cancelled if before.check_at.is_some() => self.payment_call_off(ctx, &before).await?,
            _ => PaymentAnswer { payment: id, said: Said::Known },
        };
        let (ctx, done) = (ctx.clone(), !before.status.open());
        let note = move |tx: &WriteTx<'_>| {
            if matches!(answer.said, Said::Known) && done {
                tx.payment_check_at(id, None)?;
            }
            payment_note(tx, &ctx, &answer)
        };
        self.store.write(note).await?;
        Ok(Checked { before, after: read()? })
    }

    async fn payment_pursue(&self, ctx: &Ctx, payment: &Payment) -> Outcome<PaymentAnswer> {
        let answer = self.payment_ask(ctx, payment.id).await?;
        let Said::Stands(standing) = &answer.said else { return Ok(answer) };
        let owed = (standing.received, standing.currency.as_str()) == (payment.amount, payment.currency.as_str());
        if standing.state != PaymentState::Authorized || !owed {
            return Ok(answer);
        }
        let (key, reference, now) = (self.payment_key(payment).await?, standing.reference.clone(), ctx.now);
        let ask = self.provider_ask(&payment.provider, move |provider| provider.capture(&reference, &key, now));
        Ok(PaymentAnswer { payment: payment.id, said: ask.await.map_or_else(Said::Silent, Said::Stands) })
    }

    /// Tells the provider that a payment is called off. What it says may be that it was paid before.
    async fn payment_call_off(&self, ctx: &Ctx, payment: &Payment) -> Outcome<PaymentAnswer> {
        let (now, reference) = (ctx.now, payment.reference.clone());
        let key = self.payment_key(payment).await?;
        let ask = self.provider_ask(&payment.provider, move |provider| {
            let reference = match reference {
                Some(reference) => Some(reference),
                None => provider.find(&key, now)?.map(|begun| begun.standing.reference),
            };
            reference.map(|reference| provider.cancel(&reference, now)).transpose()
        });
        let said = match ask.await {
            Ok(Some(standing)) => Said::Stands(standing),
            // Nothing of it ever came to be.
            Ok(None) => Said::Known,
            Err(PaymentError::Declined(why)) => Said::Silent(PaymentError::Permanent(why)),
            Err(error) => Said::Silent(error),
        };
        Ok(PaymentAnswer { payment: payment.id, said })
    }

    /// Sends a refund on its way, or finds out where it is.
    pub async fn refund_check(&self, ctx: &Ctx, id: RefundId) -> Outcome<()> {
        ctx.require(Right::Maintain)?;
        self.refund_send(ctx, id).await
    }

    /// Queues what is due: a job for each payment and refund whose provider is to be asked.
    pub async fn payment_reconcile(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let (payments, refunds) = self.payments_waiting(ctx.now)?;
        if payments.is_empty() && refunds.is_empty() {
            return Ok(0);
        }
        let now = ctx.now;
        let queue = move |tx: &WriteTx<'_>| {
            let mut count = 0;
            for payment in payments {
                let job = Job::PaymentCheck { payment };
                count += usize::from(tx.job_add_at(&job, now, now, Some(&check_key(payment)))?.is_some());
            }
            for refund in refunds {
                let (job, key) = (Job::RefundCheck { refund }, format!("refund-{refund}"));
                count += usize::from(tx.job_add_at(&job, now, now, Some(&key))?.is_some());
            }
            Ok::<_, Error>(count)
        };
        self.store.write(queue).await
    }

    /// Does at once what is due, and tells what has changed; for the command line.
    pub async fn payment_reconcile_now(&self, ctx: &Ctx) -> Outcome<Vec<Checked>> {
        ctx.require(Right::Maintain)?;
        let (payments, refunds) = self.payments_waiting(ctx.now)?;
        for refund in refunds {
            self.refund_send(ctx, refund).await?;
        }
        let mut checked = Vec::with_capacity(payments.len());
        for payment in payments {
            checked.push(self.payment_check(ctx, payment).await?);
        }
        Ok(checked)
    }

    fn payments_waiting(&self, now: Timestamp) -> Outcome<(Vec<PaymentId>, Vec<RefundId>)> {
        let pause = i64::try_from(REFUND_PAUSE.as_millis()).unwrap_or(0);
        let heard = Timestamp::from_millis(now.millis() - pause);
        self.store.read(|tx| Ok((tx.payments_due(now, MOST_CHECKED)?, tx.refunds_due(heard, MOST_CHECKED)?)))
    }
}
