//! Notes what is known of a payment at its provider. A payment only moves on, so it does not matter in which order, or
//! how often, the same is heard.

use super::asking::{PaymentAnswer, Said};
use super::flags::{Aloud, flag};
use super::{Error, FIRST_CHECK, Outcome, PAYMENT};
use crate::domain::order::{Happening, Payment, PaymentStatus};
use crate::domain::payment::{PaymentDetails, PaymentFlag};
use crate::domain::{Currency, Timestamp};
use crate::providers::PaymentError;
use crate::providers::payment::{Begun, PaymentState, Standing};
use crate::services::Ctx;
use crate::services::orders::{PaidOutcome, order_paid, order_payment_failed, order_reached};
use crate::store::WriteTx;
use serde_json::json;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The pause between two times of asking: half as long as the payment, or the refund, is old, within these bounds.
pub(super) const PAUSE: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(6 * 3_600);
/// After that a person has to look.
const PATIENCE: Duration = Duration::from_secs(7 * 86_400);
/// After that a person has to look at money that is on its way: a direct debit may take two weeks.
const PATIENCE_WITH_BANKS: Duration = Duration::from_secs(21 * 86_400);
/// How much longer stock is held each time that money is found to be on its way; longer than the longest pause.
const HELD_ON: Duration = Duration::from_secs(86_400);

/// How far a payment is, for whoever waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentProgress {
    /// The order is paid.
    Paid,
    /// It waits: for the buyer, for staff, or for the provider to answer.
    Pending,
    /// The buyer cannot pay like this; the order is cancelled and its cart open again. The reason is for the buyer.
    Declined(String),
    /// The provider does not take it, for no fault of the buyer's; the order is cancelled and its cart open again.
    Unavailable,
}

/// Notes what a provider said of a payment, and tells how far it is then.
pub fn payment_note(tx: &WriteTx<'_>, ctx: &Ctx, answer: &PaymentAnswer) -> Outcome<PaymentProgress> {
    let payment = tx.payment_by_id(answer.payment)?.ok_or(PAYMENT)?;
    match &answer.said {
        Said::Known => {}
        Said::Free => {
            order_paid(tx, ctx, payment.order_id, payment.id, None)?;
        }
        Said::Begun(begun) => begun_note(tx, ctx, &payment, begun)?,
        Said::Stands(standing) => standing_note(tx, ctx, &payment, standing)?,
        Said::NotBegun(PaymentError::Declined(why)) => not_begun(tx, ctx, &payment, why, Some(why))?,
        Said::NotBegun(PaymentError::Permanent(why)) => {
            tracing::error!(payment = %payment.id, why, "a payment could not be begun");
            not_begun(tx, ctx, &payment, "The payment could not be begun.", None)?;
        }
        Said::NotBegun(PaymentError::Temporary(why)) | Said::Silent(PaymentError::Temporary(why)) => {
            tracing::warn!(payment = %payment.id, why, "where a payment stands is not known; asking again later");
            check_again(tx, ctx, &payment, PATIENCE)?;
        }
        Said::Silent(PaymentError::Permanent(why) | PaymentError::Declined(why)) => {
            tx.payment_check_at(payment.id, None)?;
            flag(tx, ctx, &payment, PaymentFlag::NoAnswer, why, Aloud::Yes)?;
        }
    }
    let after = tx.payment_by_id(answer.payment)?.ok_or(PAYMENT)?;
    Ok(match after.status {
        PaymentStatus::Captured => PaymentProgress::Paid,
        PaymentStatus::Pending | PaymentStatus::Authorized => PaymentProgress::Pending,
        PaymentStatus::Failed | PaymentStatus::Cancelled => {
            PaymentDetails::of(&after.details).failure.map_or(PaymentProgress::Unavailable, PaymentProgress::Declined)
        }
    })
}

fn not_begun(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment, why: &str, shown: Option<&str>) -> Outcome<()> {
    if let Some(shown) = shown {
        let details = PaymentDetails { failure: Some(shown.to_owned()), ..PaymentDetails::of(&payment.details) };
        tx.payment_details(payment.id, &details, ctx.now)?;
    }
    order_payment_failed(tx, ctx, payment.order_id, payment.id, why)?;
    // What was declined may lie open at the provider: it is looked for and called off there, so that nobody pays it.
    Ok(tx.payment_check_at(payment.id, Some(ctx.now.plus(FIRST_CHECK)))?)
}

fn begun_note(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment, begun: &Begun) -> Outcome<()> {
    if named(tx, ctx, payment, &begun.standing.reference)? {
        tx.payment_ways(payment.id, begun.client_secret.as_deref(), begun.redirect_url.as_deref(), ctx.now)?;
        standing_note(tx, ctx, payment, &begun.standing)?;
        if let Some(at) = begun.ask_at {
            tx.payment_ask_by(payment.id, at.max(ctx.now), ctx.now)?;
        }
    }
    Ok(())
}

/// Keeps what a provider calls a payment. False, with a flag, when it is known by another name.
fn named(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment, reference: &str) -> Outcome<bool> {
    let named = tx.payment_name(payment.id, reference, ctx.now)?;
    if !named {
        // Only a provider that forgets its keys can make two payments of one.
        tracing::error!(payment = %payment.id, "a second payment was begun for it at its provider");
        let note = format!("a second payment at the provider: {reference}");
        flag(tx, ctx, payment, PaymentFlag::AmountMismatch, &note, Aloud::Yes)?;
    }
    Ok(named)
}

/// Notes where a payment stands at its provider. What is older than what is known changes nothing.
pub(super) fn standing_note(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment, standing: &Standing) -> Outcome<()> {
    if !named(tx, ctx, payment, &standing.reference)? {
        return Ok(());
    }
    if payment.reference.is_none() && standing.state != PaymentState::Cancelled {
        order_reached(tx, ctx, payment)?;
    }
    match standing.state {
        // What was taken never waits again.
        PaymentState::Pending | PaymentState::Processing | PaymentState::Authorized
            if payment.status == PaymentStatus::Captured =>
        {
            Ok(())
        }
        PaymentState::Pending => check_again(tx, ctx, payment, PATIENCE),
        PaymentState::Processing => {
            tx.reservations_prolong(payment.order_id, ctx.now.plus(HELD_ON))?;
            check_again(tx, ctx, payment, PATIENCE_WITH_BANKS)
        }
        // Nothing is taken here: whoever asks next captures it, or calls it off.
        PaymentState::Authorized if payment.status.open() => {
            if mismatch(tx, ctx, payment, standing)? {
                Ok(())
            } else {
                authorized(tx, ctx, payment)
            }
        }
        PaymentState::Authorized => check_again(tx, ctx, payment, PATIENCE),
        PaymentState::Captured => captured(tx, ctx, payment, standing),
        PaymentState::Cancelled => {
            if payment.status.open() {
                let why = "The payment was called off at the provider.";
                order_payment_failed(tx, ctx, payment.order_id, payment.id, why)?;
            }
            Ok(tx.payment_check_at(payment.id, None)?)
        }
    }
}

fn authorized(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment) -> Outcome<()> {
    if tx.payment_authorize(payment.id, ctx.now)? {
        return Ok(tx.reconcile_by(ctx.now, ctx.now)?);
    }
    check_again(tx, ctx, payment, PATIENCE)
}

fn captured(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment, standing: &Standing) -> Outcome<()> {
    if payment.status == PaymentStatus::Captured || mismatch(tx, ctx, payment, standing)? {
        return Ok(());
    }
    // One that was called off here and paid there nevertheless: its money is put into the books, to be given back.
    tx.payment_reopen(payment.id, ctx.now)?;
    let outcome = order_paid(tx, ctx, payment.order_id, payment.id, Some(&standing.reference))?;
    match outcome {
        PaidOutcome::Late => {
            let note = "the money came in when the order did not wait for it any more";
            flag(tx, ctx, payment, PaymentFlag::PaidAfterCancel, note, Aloud::ButForTheTimeline)
        }
        PaidOutcome::Over => {
            let note = "a part of the order had been paid otherwise: that is too much and waits to be refunded";
            flag(tx, ctx, payment, PaymentFlag::PaidTwice, note, Aloud::Yes)
        }
        PaidOutcome::Paid | PaidOutcome::Already => Ok(()),
    }
}

/// Whether the provider has taken something else than what is owed; then a person has to look, and nothing is paid.
fn mismatch(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment, standing: &Standing) -> Outcome<bool> {
    let (is, of) = if standing.currency != payment.currency {
        (PaymentFlag::CurrencyMismatch, standing.currency.as_str())
    } else if standing.received != payment.amount {
        (PaymentFlag::AmountMismatch, payment.currency.as_str())
    } else {
        return Ok(false);
    };
    let minor = standing.received.minor();
    let took = Currency::from_code(of).map_or_else(|| minor.to_string(), |known| known.format(standing.received));
    tx.payment_check_at(payment.id, None)?;
    flag(tx, ctx, payment, is, &format!("the provider says {took} {of}"), Aloud::Yes)?;
    Ok(true)
}

/// Decides when the provider is asked again about a payment that has not come to an end.
fn check_again(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment, patience: Duration) -> Outcome<()> {
    let at = next_check(payment.created_at, ctx.now, patience);
    tx.payment_check_at(payment.id, at)?;
    if at.is_none() {
        let note = format!("the provider has given no final answer for {} days", patience.as_secs() / 86_400);
        flag(tx, ctx, payment, PaymentFlag::NoAnswer, &note, Aloud::Yes)?;
    }
    Ok(())
}

/// When to ask about a payment that was made then; none when it is time for a person to look.
fn next_check(made: Timestamp, now: Timestamp, patience: Duration) -> Option<Timestamp> {
    let age = now.since(made);
    (age < patience).then(|| now.plus((age / 2).clamp(*PAUSE.start(), *PAUSE.end())))
}

/// Notes that an attempt of the buyer to pay did not work. The payment waits for the next one.
pub(super) fn attempt_failed(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment, why: &str) -> Outcome<()> {
    let known = PaymentDetails::of(&payment.details);
    if !payment.status.open() || known.failure.as_deref() == Some(why) {
        return Ok(());
    }
    let details = PaymentDetails { failure: Some(why.to_owned()), ..known };
    tx.payment_details(payment.id, &details, ctx.now)?;
    let happening = Happening::PaymentFailed;
    let detail = json!({ "payment_id": payment.id, "provider": payment.provider, "text": why });
    let actor = ctx.actor_name();
    tx.order_event_add(payment.order_id, happening.as_str(), &detail, happening.visible(), &actor, ctx.now)?;
    Ok::<_, Error>(tx.order_touch(payment.order_id, ctx.now)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_the_age_of_a_payment_and_end_after_a_week() {
        let at = Timestamp::from_millis;
        let (minute, hour, day) = (60_000, 3_600_000, 86_400_000);
        assert_eq!(next_check(at(0), at(1_000), PATIENCE), Some(at(1_000 + minute)));
        assert_eq!(next_check(at(0), at(hour), PATIENCE), Some(at(hour + hour / 2)));
        assert_eq!(next_check(at(0), at(3 * day), PATIENCE), Some(at(3 * day + 6 * hour)));
        assert_eq!(next_check(at(0), at(7 * day), PATIENCE), None);
        assert_eq!(next_check(at(hour), at(0), PATIENCE), Some(at(minute)), "a clock that was set back");
    }
}
