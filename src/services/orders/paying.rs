//! What a payment that came in, or did not, means for its order.

use super::acting::Answering;
use super::books::post_paid;
use super::calling_off::{Why, call_off};
use super::placing::thank;
use super::{MANUAL, Told, amount, proceed, ready, step, whole};
use crate::domain::event::EventKind;
use crate::domain::letters::OrderOccasion;
use crate::domain::order::{
    Action, FulfillmentStatus, Happening, NewPayment, OrderRef, OrderStatus, Payment, PaymentStatus, WholeOrder,
};
use crate::domain::{Currency, Fields, Invalid, Money, OrderId, PaymentId, Right};
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::invoices::invoice_issue;
use crate::services::letters::order_letter_due;
use crate::services::selling::stock::stock_sell;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{OrderMove, WriteTx};
use serde_json::json;

const PAYMENT: Error = Error::NotFound("payment");

/// What became of a payment that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidOutcome {
    /// The order is paid.
    Paid,
    /// The order is paid, and a part of it had been paid otherwise: that is too much. Somebody has to look, and can
    /// refund it.
    Over,
    /// The payment was known; nothing has changed.
    Already,
    /// The money is in the books, but the order did not wait for it: it was called off, or paid otherwise. Somebody has
    /// to look, and can refund it.
    Late,
}

/// A payment that the staff has received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentDraft {
    /// How much, if it is said.
    pub amount: Option<Money>,
    /// What a statement of account or a receipt calls it.
    pub reference: Option<String>,
}

impl PaymentDraft {
    /// Reads the body.
    pub fn read(fields: &mut Fields<'_>, currency: Currency) -> Self {
        Self { amount: fields.money("amount", currency), reference: fields.text("reference", 1..=200) }
    }
}

impl Shop {
    /// Notes that the staff has received the money for an order: all that is left to pay, or a part.
    pub async fn order_pay(
        &self,
        ctx: &Ctx,
        name: OrderRef,
        known: Preconditions,
        draft: PaymentDraft,
        how: Answering,
    ) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let before = ready(tx, name, &known, Action::Pay)?;
            let payment = by_hand(tx, ctx, &before)?;
            let payment = tx.payment_by_id(payment)?.ok_or(PAYMENT)?;
            receive(tx, ctx, &before, &payment, &draft)?;
            Ok(before.order.id)
        };
        self.order_act(ctx, how, work).await
    }
}

/// The payment that money received by hand is for: the one the order waits for, or, when that is to come from another
/// provider, a new one in its place.
fn by_hand(tx: &WriteTx<'_>, ctx: &Ctx, before: &WholeOrder) -> Outcome<PaymentId> {
    let mut open = before.payments.iter().filter(|payment| payment.status.open());
    if let Some(payment) = open.clone().find(|payment| payment.provider == MANUAL) {
        return Ok(payment.id);
    }
    open.try_for_each(|payment| tx.payment_end(payment.id, PaymentStatus::Cancelled, ctx.now).map(drop))?;
    let new = NewPayment {
        provider: MANUAL.to_owned(),
        amount: before.order.sums.total,
        currency: before.order.currency.clone(),
        details: json!({}),
        check_at: None,
    };
    let payment = tx.payment_insert(before.order.id, &new, ctx.now)?;
    if !before.stands() {
        thank(tx, ctx, before.order.id)?;
    }
    Ok(payment)
}

/// Notes that money for a payment by hand has come in: all that is left, or a part. Parts add up; with the last one the
/// order is paid.
fn receive(tx: &WriteTx<'_>, ctx: &Ctx, before: &WholeOrder, payment: &Payment, draft: &PaymentDraft) -> Outcome<()> {
    let reference = draft.reference.as_deref();
    if let Some(reference) = reference
        && tx.payment_by_reference(MANUAL, reference)?.is_some_and(|other| other.id != payment.id)
    {
        return Err(Invalid::one("reference", "taken", "is that of another payment; leave it out or add to it").into());
    }
    let left = Money::from_minor(payment.amount.minor() - payment.captured.minor());
    let came = draft.amount.unwrap_or(left);
    if came.minor() == 0 && left.minor() > 0 {
        return Err(Invalid::one("amount", "out_of_range", "must be above zero").into());
    }
    if came > left {
        let left = amount(&before.order, left.minor());
        let why = format!("must be at most {left}, which is what is left");
        return Err(Invalid::one("amount", "too_large", why).into());
    }
    if came < left {
        return part_paid(tx, ctx, before, payment, came, reference);
    }
    order_paid(tx, ctx, before.order.id, payment.id, reference).map(drop)
}

/// All of a payment came in: the order is paid, what was reserved is sold, and nothing else is waited for. Called again it
/// changes nothing.
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
    post_paid(tx, &before.order, payment, paid.amount.minor() - paid.captured.minor(), ctx.now)?;
    let mut detail = json!({ "payment_id": payment, "provider": paid.provider });
    if !before.situation().allows(Action::Pay) {
        let told =
            Told { audit: "order.pay_late", timeline: Happening::PaymentFlagged, event: None, detail, said: None };
        step(tx, ctx, order, told)?;
        return Ok(PaidOutcome::Late);
    }
    // Whatever else it waits for would be too much; providers are told when they are asked next, which is soon.
    let others = || before.payments.iter().filter(|one| one.id != payment);
    for other in others().filter(|other| other.status.open()) {
        tx.payment_end(other.id, PaymentStatus::Cancelled, ctx.now)?;
    }
    let over = others().any(|other| other.refundable().minor() > 0);
    stock_sell(tx, ctx, order)?;
    // What is paid on delivery may have been sent before.
    let sent = before.order.fulfillment_status == FulfillmentStatus::Fulfilled;
    let status = if sent { OrderStatus::Fulfilled } else { OrderStatus::Paid };
    let to = OrderMove { paid_at: Some(ctx.now), ..OrderMove::to(&before.order, status) };
    super::put(&mut detail, "invoice", invoice_issue(tx, &before, ctx.now)?);
    let event = Some(EventKind::OrderPaid);
    let told = Told { audit: "order.pay", timeline: Happening::Paid, event, detail, said: None };
    proceed(tx, ctx, &before.order, to, told)?;
    if !before.stands() {
        thank(tx, ctx, order)?;
    }
    order_letter_due(tx, order, OrderOccasion::Paid, ctx.now)?;
    tx.reviews_verify(order)?;
    Ok(if over { PaidOutcome::Over } else { PaidOutcome::Paid })
}

/// A part of a payment came in; the order waits for the rest. What the statement of account calls the part stands in the
/// timeline: the payment has the name of what completes it.
fn part_paid(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    before: &WholeOrder,
    payment: &Payment,
    part: Money,
    reference: Option<&str>,
) -> Outcome<()> {
    if !tx.payment_part(payment.id, part, ctx.now)? {
        return Err(Error::Stale);
    }
    let order = &before.order;
    post_paid(tx, order, payment.id, part.minor(), ctx.now)?;
    let came = Money::from_minor(payment.captured.minor() + part.minor());
    let detail = json!({
        "payment_id": payment.id,
        "provider": payment.provider,
        "amount": amount(order, part.minor()),
        "paid": amount(order, came.minor()),
    });
    let said = reference.map(str::to_owned);
    let told = Told { audit: "order.pay_part", timeline: Happening::PartPaid, event: None, detail, said };
    step(tx, ctx, order.id, told).map(drop)
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
