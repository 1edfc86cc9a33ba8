//! Messages of providers: each is taken once, and its effect stands in the same write as that it was taken.

use super::flags::{Aloud, flag};
use super::noting::{attempt_failed, standing_note};
use super::refunds::{RefundWord, refund_note};
use super::{Outcome, SHOP_KEY, Shop, WebhookRefusal};
use crate::domain::audit::Subject;
use crate::domain::order::{Payment, Refund, RefundStatus};
use crate::domain::payment::PaymentFlag;
use crate::domain::{Currency, Money, RefundId, Right, Timestamp};
use crate::providers::payment::{Event, PaymentKey, RefundKey, RefundState, Says, Standing};
use crate::services::Ctx;
use crate::services::orders::order_refunded_elsewhere;
use crate::store::{ReadTx, WriteTx};
use serde_json::json;
use std::time::Duration;

/// How long it is known which messages were taken. Stripe sends one again for three days, and by hand for a month.
const KEPT: Duration = Duration::from_secs(90 * 86_400);
/// By how much the provider's clock and that of the shop may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(300);
/// How many are forgotten in one transaction.
const SWEPT_AT_ONCE: usize = 1_000;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It was taken, now or before.
    Taken,
    /// It was not, and changed nothing.
    Refused(WebhookRefusal),
}

impl Shop {
    /// Takes a message that came to the address of a provider, if it is genuine. Whoever sends it is nobody: only the
    /// signature counts.
    pub async fn payment_message(
        &self,
        ctx: &Ctx,
        provider: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Outcome<Received> {
        let Some(known) = self.providers.payments.by_name(provider) else {
            return Ok(Received::Refused(WebhookRefusal::Disabled));
        };
        let event = match known.event(body, headers, ctx.now) {
            // What does not matter here leaves no trace: some accounts send a hundred of these for one that does.
            Ok(Event { says: Says::Nothing, .. }) => return Ok(Received::Taken),
            Ok(event) => event,
            Err(refusal) => return Ok(Received::Refused(refusal)),
        };
        let (ctx, provider) = (ctx.clone(), known.name());
        self.store.write(move |tx| take(tx, &ctx, provider, &event)).await
    }

    /// Forgets messages that are older than any provider sends again, some at a time; tells how many.
    pub async fn payment_events_sweep(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::from_millis(ctx.now.millis().saturating_sub(kept));
        self.store.write(move |tx| Ok(tx.payment_event_sweep(before, SWEPT_AT_ONCE)?)).await
    }
}

fn take(tx: &WriteTx<'_>, ctx: &Ctx, provider: &'static str, event: &Event) -> Outcome<Received> {
    if !tx.payment_event_take(provider, &event.id, &event.kind, ctx.now)? {
        return Ok(Received::Taken);
    }
    match &event.says {
        Says::Payment { standing, key, failure } => {
            if let Some(payment) = payment_named(tx, provider, standing, key.as_ref())? {
                heard(tx, ctx, &payment, event)?;
                if let Some(why) = failure {
                    attempt_failed(tx, ctx, &payment, why)?;
                }
                standing_note(tx, ctx, &payment, standing)?;
            }
        }
        Says::Refund { payment, standing, key } => {
            if let Some(refund) = refund_named(tx, provider, payment.as_deref(), &standing.reference, key.as_ref())? {
                refund_note(tx, ctx, refund, &RefundWord::Stands(standing.clone()))?;
            } else if let (Some(payment), RefundState::Failed(why), None) = (payment, &standing.state, key) {
                // The shop knows it by another name, if at all: whether it counts is for a person to find out.
                if let Some(payment) = tx.payment_by_reference(provider, payment)? {
                    let note = format!("a refund made at the provider, {}, did not work: {why}", standing.reference);
                    flag(tx, ctx, &payment, PaymentFlag::RefundFailed, &note, Aloud::Yes)?;
                }
            }
        }
        Says::Refunded { reference, total, at } => {
            if let Some(payment) = tx.payment_by_reference(provider, reference)? {
                refunded_in_all(tx, ctx, &payment, (*total, *at), &event.id)?;
            }
        }
        Says::Disputed { reference, reason } => {
            if let Some(payment) = tx.payment_by_reference(provider, reference)? {
                let note = format!("the buyer disputes the payment: {reason}");
                flag(tx, ctx, &payment, PaymentFlag::Disputed, &note, Aloud::Yes)?;
            }
        }
        Says::Nothing => {}
    }
    Ok(Received::Taken)
}

fn heard(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment, event: &Event) -> Outcome<()> {
    let detail = json!({ "provider": payment.provider, "event": event.kind });
    Ok(tx.audit(&ctx.entry("payment.hear", Subject::from(payment.id), &detail))?)
}

/// The payment that a message is about. One whose reference is not known yet, since the message came before the answer
/// of the call that began it, is known by its key.
fn payment_named(
    tx: &ReadTx<'_>,
    provider: &str,
    standing: &Standing,
    key: Option<&PaymentKey>,
) -> Outcome<Option<Payment>> {
    if let Some(payment) = tx.payment_by_reference(provider, &standing.reference)? {
        return Ok(Some(payment));
    }
    let Some(key) = key else { return Ok(None) };
    if !is_ours(tx, &key.shop)? {
        return Ok(None);
    }
    let payment = tx.payment_by_id(key.payment)?.filter(|payment| {
        (payment.provider.as_str(), payment.created_at) == (provider, key.made) && payment.reference.is_none()
    });
    if payment.is_none() {
        tracing::error!(payment = %key.payment, "a message names a payment that this shop has not got");
    }
    Ok(payment)
}

fn refund_named(
    tx: &ReadTx<'_>,
    provider: &str,
    payment: Option<&str>,
    reference: &str,
    key: Option<&RefundKey>,
) -> Outcome<Option<RefundId>> {
    if let Some(key) = key
        && is_ours(tx, &key.shop)?
    {
        let refund = tx.refund_by_id(key.refund)?.filter(|refund| refund.created_at == key.made);
        return Ok(refund.map(|refund| refund.id));
    }
    let payment = payment.map(|name| tx.payment_by_reference(provider, name)).transpose()?.flatten();
    let Some(payment) = payment else { return Ok(None) };
    Ok(tx.refund_by_reference(payment.id, reference)?)
}

fn is_ours(tx: &ReadTx<'_>, shop: &str) -> Outcome<bool> {
    Ok(tx.setting(SHOP_KEY)?.as_deref() == Some(shop))
}

/// So much was refunded in all. What the shop does not know of somebody did at the provider: it is noted as a refund, named
/// after the message, and a person has to look. Only the difference counts, so that messages may come twice and in any
/// order.
fn refunded_in_all(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    payment: &Payment,
    (total, at): (Money, Option<Timestamp>),
    message: &str,
) -> Outcome<()> {
    if total <= payment.refunded {
        return Ok(());
    }
    let unknown = total.minor() - payment.refunded.minor() - failed_around(tx, payment, at)?;
    let elsewhere = unknown.min(payment.refundable().minor());
    let said = |amount: Money| {
        Currency::from_code(&payment.currency).map_or_else(String::new, |currency| currency.format(amount))
    };
    let mut note = format!("the provider has refunded {} {} in all", said(total), payment.currency);
    if elsewhere > 0 {
        let amount = Money::from_minor(elsewhere);
        let refund = order_refunded_elsewhere(tx, ctx, payment, amount, message)?;
        note.push_str(&format!("; refund {refund} stands for {} of it", said(amount)));
    }
    flag(tx, ctx, payment, PaymentFlag::RefundedElsewhere, &note, Aloud::Yes)
}

/// Refunds of the shop that the provider had made, and that failed about when a message was written, or later: its total
/// may count them still.
fn failed_around(tx: &ReadTx<'_>, payment: &Payment, written: Option<Timestamp>) -> Outcome<i64> {
    let counted = |refund: &Refund| {
        let made = refund.payment_id == payment.id && refund.reference.is_some();
        let late = written.is_none_or(|written| refund.updated_at.plus(CLOCKS_DIFFER) >= written);
        made && refund.status == RefundStatus::Failed && late
    };
    let refunds = tx.order_refunds(&[payment.order_id])?;
    Ok(refunds.iter().filter(|refund| counted(refund)).map(|refund| refund.amount.minor()).sum())
}
