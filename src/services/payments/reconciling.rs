//! Asks providers where payments and refunds stand that nothing was heard of: what a crash, a lost answer or a message
//! that never came has left open is found here, so that whatever was paid there is paid here, or flagged.

use super::asking::{PaymentAnswer, Said};
use super::noting::{PAUSE, payment_note};
use super::{Error, Outcome, PAYMENT, Shop};
use crate::domain::order::{Payment, PaymentStatus, RefundStatus};
use crate::domain::{PaymentId, RefundId, Right, Timestamp};
use crate::providers::PaymentError;
use crate::providers::payment::PaymentState;
use crate::services::Ctx;
use crate::store::WriteTx;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most that is looked at in one go.
const MOST_CHECKED: usize = 200;
/// How long one job goes on beginning to ask; the next one carries on.
const SHIFT: Duration = Duration::from_secs(60);
/// The least time from one job to the next.
const REST: Duration = Duration::from_secs(1);
/// The same when something could not be noted.
const REST_AFTER_TROUBLE: Duration = Duration::from_secs(60);
/// A payment of which the provider knows nothing may still come to be for so long: a call that was cut off may yet be
/// carried out, and what was begun is not found at once by its key.
const MAY_COME_TO_BE: Duration = Duration::from_secs(86_400);

/// A payment before and after its provider was asked.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Before.
    pub before: Payment,
    /// After.
    pub after: Payment,
    /// Whether the provider gave an answer, if it was asked.
    pub heard: bool,
}

/// What was asked about at once.
#[derive(Clone, Debug, Default)]
pub struct Reconciled {
    /// The payments.
    pub payments: Vec<Checked>,
    /// The refunds on their way, and where each stands then.
    pub refunds: Vec<(RefundId, RefundStatus)>,
}

/// What a provider is to be asked about.
#[derive(Clone, Copy)]
enum Due {
    Payment(PaymentId),
    Refund(RefundId),
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
            PaymentStatus::Cancelled | PaymentStatus::Failed if before.check_at.is_some() => {
                self.payment_call_off(ctx, &before).await?
            }
            _ => PaymentAnswer { payment: id, said: Said::Known },
        };
        let silent = matches!(
            answer.said,
            Said::Silent(PaymentError::Temporary(_)) | Said::NotBegun(PaymentError::Temporary(_))
        );
        let (ctx, done) = (ctx.clone(), !before.status.open());
        let note = move |tx: &WriteTx<'_>| {
            // There is nobody to ask, or nothing to ask about; but for one that was called off just now.
            let over = || Ok::<_, Error>(done || tx.payment_by_id(id)?.is_some_and(|now| now.status.open()));
            if matches!(answer.said, Said::Known) && over()? {
                tx.payment_check_at(id, None)?;
            }
            payment_note(tx, &ctx, &answer)
        };
        self.store.write(note).await?;
        Ok(Checked { before, after: read()?, heard: !silent })
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
            Ok(None) if ctx.now.since(payment.created_at) < MAY_COME_TO_BE => {
                Said::Silent(PaymentError::Temporary("the provider knows no such payment, so far".to_owned()))
            }
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

    /// Has a job ask about what is due, if anything is.
    pub async fn payment_reconcile_due(&self, ctx: &Ctx) -> Outcome<()> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        if self.payments_waiting(now)?.is_empty() {
            return Ok(());
        }
        self.store.write(move |tx| Ok(tx.reconcile_by(now, now)?)).await
    }

    /// The job: asks about what is due, two at a time. There is one such job at a time, so a provider that hangs takes one
    /// of the runner's places however many payments are open there, and mail goes on beside it.
    pub async fn payment_reconcile(&self, ctx: &Ctx) -> Outcome<()> {
        ctx.require(Right::Maintain)?;
        let started = Instant::now();
        let waiting = Mutex::new(self.payments_waiting(ctx.now)?);
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let ask = async || {
            let mut troubled = false;
            while started.elapsed() < SHIFT
                && let Some(due) = next()
            {
                let ctx = Ctx { now: ctx.now.plus(started.elapsed()), ..ctx.clone() };
                let asked = match due {
                    Due::Payment(id) => self.payment_check(&ctx, id).await.map(drop),
                    Due::Refund(id) => self.refund_check(&ctx, id).await,
                };
                if let Err(error) = &asked {
                    tracing::warn!(%error, "what a provider says could not be noted; asking again later");
                }
                troubled |= asked.is_err();
            }
            troubled
        };
        let (one, other) = tokio::join!(ask(), ask());
        let now = ctx.now.plus(started.elapsed());
        let rest = now.plus(if one || other { REST_AFTER_TROUBLE } else { REST });
        let end = move |tx: &WriteTx<'_>| {
            // From here on whoever wants a provider to be asked adds a job for it.
            tx.reconcile_again()?;
            let next = tx.payments_next_at()?;
            Ok::<_, Error>(next.map_or(Ok(()), |next| tx.reconcile_by(next.max(rest), now))?)
        };
        self.store.write(end).await
    }

    /// Does at once what is due, and tells what has become of the payments and refunds; for the command line.
    pub async fn payment_reconcile_now(&self, ctx: &Ctx) -> Outcome<Reconciled> {
        ctx.require(Right::Maintain)?;
        let mut done = Reconciled::default();
        for due in self.payments_waiting(ctx.now)? {
            match due {
                Due::Payment(id) => done.payments.push(self.payment_check(ctx, id).await?),
                Due::Refund(id) => {
                    self.refund_send(ctx, id).await?;
                    let after = self.store.read(|tx| Ok::<_, Error>(tx.refund_by_id(id)?))?;
                    done.refunds.extend(after.map(|refund| (id, refund.status)));
                }
            }
        }
        Ok(done)
    }

    /// What is due, by turns a refund and a payment, so that neither holds up the other.
    fn payments_waiting(&self, now: Timestamp) -> Outcome<VecDeque<Due>> {
        let (payments, refunds) = self.store.read(|tx| {
            Ok::<_, Error>((tx.payments_due(now, MOST_CHECKED)?, tx.refunds_due(now, &PAUSE, MOST_CHECKED)?))
        })?;
        let (mut payments, mut refunds) = (payments.into_iter(), refunds.into_iter());
        let mut due = VecDeque::with_capacity(payments.len() + refunds.len());
        while payments.len() + refunds.len() > 0 {
            due.extend(refunds.next().map(Due::Refund));
            due.extend(payments.next().map(Due::Payment));
        }
        Ok(due)
    }
}
