//! Calling orders off: by whoever bought or by the staff, and what that undoes whatever the reason.

use super::acting::Answering;
use super::books::post_cancelled;
use super::refunding::{RefundDraft, RefundWish, refund_begin};
use super::{ORDER, Told, check, proceed, ready, whole};
use crate::domain::event::EventKind;
use crate::domain::letters::OrderOccasion;
use crate::domain::order::{Action, FulfillmentStatus, Happening, OrderRef, OrderStatus, PaymentStatus, WholeOrder};
use crate::domain::{Fields, OrderId, OrderNumber, Right, Timestamp, VariantId};
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::letters::order_letter_due;
use crate::services::selling::stock::{stock_release, stock_return};
use crate::services::{Ctx, Outcome, Shop};
use crate::store::{OrderMove, WriteTx};
use serde_json::json;
use std::time::Duration;

/// How long a cart is kept at least whose order came to nothing.
const CART_KEPT: Duration = Duration::from_secs(86_400);

/// Why an order is called off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Whoever bought it changed their mind.
    Buyer,
    /// The staff did it, for this reason.
    Staff(Option<String>),
    /// It was not paid in time.
    Unpaid,
    /// Its payment did not work.
    PaymentFailed,
}

impl Why {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Buyer => "by_customer",
            Self::Staff(_) => "by_staff",
            Self::Unpaid => "not_paid_in_time",
            Self::PaymentFailed => "payment_failed",
        }
    }
}

/// What the staff says when it calls an order off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CancelDraft {
    /// Why.
    pub reason: Option<String>,
}

impl CancelDraft {
    /// Reads the body.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self { reason: fields.text("reason", 1..=500) }
    }
}

impl Shop {
    /// Calls an order off of which nothing is with the buyer. What was paid for it goes back.
    pub async fn order_cancel(
        &self,
        ctx: &Ctx,
        name: OrderRef,
        known: Preconditions,
        draft: CancelDraft,
        how: Answering,
    ) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let before = ready(tx, name, &known, Action::Cancel)?;
            cancel(tx, ctx, &before, &Why::Staff(draft.reason))
        };
        self.order_act(ctx, how, work).await
    }

    /// Calls an order of one's own off, as far as nothing of it was sent.
    pub async fn my_order_cancel(&self, ctx: &Ctx, number: OrderNumber, how: Answering) -> Outcome<Rendered> {
        let (user, _) = ctx.person()?;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let mine = tx.order_by_number(number)?.filter(|order| order.account_id == Some(user));
            let before = whole(tx, mine.ok_or(ORDER)?.id)?;
            check(&before, Action::Cancel)?;
            cancel(tx, ctx, &before, &Why::Buyer)
        };
        self.order_act(ctx, how, work).await
    }
}

/// Calls an order off, paid or not. The caller has checked that it may.
fn cancel(tx: &WriteTx<'_>, ctx: &Ctx, before: &WholeOrder, why: &Why) -> Outcome<OrderId> {
    match before.order.status {
        OrderStatus::Pending => call_off(tx, ctx, before, why)?,
        _ => call_off_paid(tx, ctx, before, why)?,
    }
    Ok(before.order.id)
}

/// Calls an order off that was paid: all of it goes back, its goods to the shelf and what is left of its money to whoever
/// paid.
fn call_off_paid(tx: &WriteTx<'_>, ctx: &Ctx, before: &WholeOrder, why: &Why) -> Outcome<()> {
    let order = &before.order;
    unsent_return(tx, ctx, before)?;
    let to = OrderMove { cancelled_at: Some(ctx.now), ..OrderMove::to(order, OrderStatus::Cancelled) };
    proceed(tx, ctx, order, to, told(why))?;
    order_letter_due(tx, order.id, OrderOccasion::Cancelled, ctx.now)?;
    if before.payments.iter().all(|payment| payment.refundable().minor() == 0) {
        // All of it went back before, or there never was any.
        return Ok(());
    }
    let draft = RefundDraft { wish: RefundWish::Rest, restock: false, reason: None };
    refund_begin(tx, ctx, &whole(tx, order.id)?, &draft).map(drop)
}

/// Puts what was sold and not sent back on the shelf.
fn unsent_return(tx: &WriteTx<'_>, ctx: &Ctx, whole: &WholeOrder) -> Outcome<()> {
    let kept = whole.lines.iter().filter(|line| line.to_ship() > 0);
    let back: Vec<(VariantId, i64)> = kept.filter_map(|line| Some((line.variant_id?, line.to_ship()))).collect();
    stock_return(tx, ctx, whole.order.id, &back)
}

/// Calls an order off that was not paid: gives back its stock and its discounts. The caller has checked that it may.
pub(super) fn call_off(tx: &WriteTx<'_>, ctx: &Ctx, whole: &WholeOrder, why: &Why) -> Outcome<()> {
    let order = &whole.order;
    for payment in whole.payments.iter().filter(|payment| payment.status.open()) {
        tx.payment_end(payment.id, PaymentStatus::Cancelled, ctx.now)?;
    }
    stock_release(tx, ctx, order.id)?;
    if order.fulfillment_status != FulfillmentStatus::Unfulfilled {
        // What is paid on delivery was sold, all of it, when the first of it was sent.
        unsent_return(tx, ctx, whole)?;
    }
    tx.discount_uses_release(order.id)?;
    post_cancelled(tx, order, ctx.now)?;
    if *why == Why::PaymentFailed {
        cart_open_again(tx, whole, ctx.now)?;
    }
    let to = OrderMove { cancelled_at: Some(ctx.now), ..OrderMove::to(order, OrderStatus::Cancelled) };
    proceed(tx, ctx, order, to, told(why))?;
    if *why != Why::PaymentFailed {
        order_letter_due(tx, order.id, OrderOccasion::Cancelled, ctx.now)?;
    }
    Ok(())
}

pub(super) fn told(why: &Why) -> Told {
    let said = if let Why::Staff(reason) = why { reason.clone() } else { None };
    Told {
        audit: "order.cancel",
        timeline: Happening::Cancelled,
        event: Some(EventKind::OrderCancelled),
        detail: json!({ "why": why.as_str() }),
        said,
    }
}

/// Lets the buyer go on with the cart that the order came from, unless they have begun another one meanwhile.
fn cart_open_again(tx: &WriteTx<'_>, whole: &WholeOrder, at: Timestamp) -> Outcome<()> {
    let Some(cart) = tx.cart_of_order(whole.order.id)? else { return Ok(()) };
    let other = cart.account.map(|account| tx.cart_open_of(account)).transpose()?.flatten();
    if other.is_none() {
        tx.cart_reopen(cart.id, cart.expires_at.max(at.plus(CART_KEPT)), at)?;
    }
    Ok(())
}
