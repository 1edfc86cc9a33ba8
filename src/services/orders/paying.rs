//! What a payment that came in, or did not, means for its order.

use super::books::post_paid;
use super::calling_off::{Why, call_off};
use super::{Told, proceed, step, whole};
use crate::domain::event::EventKind;
use crate::domain::letters::OrderOccasion;
use crate::domain::order::{Action, FulfillmentStatus, Happening, OrderStatus, PaymentStatus};
use crate::domain::{OrderId, PaymentId};
use crate::services::letters::order_letter_due;
use crate::services::selling::stock::stock_sell;
use crate::services::{Ctx, Error, Outcome};
use crate::store::{OrderMove, WriteTx};
use serde_json::json;

const PAYMENT: Error = Error::NotFound("payment");

/// What became of a payment that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidOutcome {
    /// The order is paid.
    Paid,
    /// The payment was known; nothing has changed.
    Already,
    /// The money is in the books, but the order did not wait for it: it was called off, or paid otherwise. Somebody has
    /// to look, and can refund it.
    Late,
}

/// All of a payment came in: the order is paid, what was reserved is sold. Called again it changes nothing.
/// The provider's own name of the payment is kept when it is told.
pub fn order_paid(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    order: OrderId,
    payment: PaymentId,
    reference: Option<&str>,
) -> Outcome<PaidOutcome> {
    let before = whole(tx, order)?;
    let paid = before.payments.iter().find(|one| one.id == payment).ok_or(PAYMENT)?;
    if !tx.payment_capture(payment, reference, ctx.now)? {
        return Ok(PaidOutcome::Already);
    }
    post_paid(tx, &before.order, paid, ctx.now)?;
    let detail = json!({ "payment_id": payment, "provider": paid.provider });
    if !before.situation().allows(Action::Pay) {
        let told =
            Told { audit: "order.pay_late", timeline: Happening::PaymentFlagged, event: None, detail, said: None };
        step(tx, ctx, order, told)?;
        return Ok(PaidOutcome::Late);
    }
    stock_sell(tx, ctx, order)?;
    // What is paid on delivery may have been sent before.
    let sent = before.order.fulfillment_status == FulfillmentStatus::Fulfilled;
    let status = if sent { OrderStatus::Fulfilled } else { OrderStatus::Paid };
    let to = OrderMove { paid_at: Some(ctx.now), ..OrderMove::to(&before.order, status) };
    let event = Some(EventKind::OrderPaid);
    let told = Told { audit: "order.pay", timeline: Happening::Paid, event, detail, said: None };
    proceed(tx, ctx, &before.order, to, told)?;
    order_letter_due(tx, order, OrderOccasion::Paid, ctx.now)?;
    Ok(PaidOutcome::Paid)
}

/// Nothing came of a payment: when its order waits for no other, it is called off, its stock and discounts are given
/// back, and its cart is open again. False when the payment was over already: then nothing has changed.
pub fn order_payment_failed(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    order: OrderId,
    payment: PaymentId,
    reason: &str,
) -> Outcome<bool> {
    let before = whole(tx, order)?;
    let failed = before.payments.iter().find(|one| one.id == payment).ok_or(PAYMENT)?;
    if !tx.payment_end(payment, PaymentStatus::Failed, ctx.now)? {
        return Ok(false);
    }
    let told = Told {
        audit: "order.payment_failed",
        timeline: Happening::PaymentFailed,
        event: Some(EventKind::PaymentFailed),
        detail: json!({ "payment_id": payment, "provider": failed.provider }),
        said: Some(reason.to_owned()),
    };
    step(tx, ctx, order, told)?;
    let waits = before.payments.iter().any(|one| one.id != payment && one.status.open());
    if !waits && before.situation().allows(Action::Cancel) && before.order.status == OrderStatus::Pending {
        call_off(tx, ctx, &whole(tx, order)?, &Why::PaymentFailed)?;
    }
    Ok(true)
}
