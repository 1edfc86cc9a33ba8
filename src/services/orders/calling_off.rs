//! Calling orders off: by whoever bought, by the staff, or because nobody paid in time.

use super::acting::Answering;
use super::books::post_cancelled;
use super::refunding::{RefundDraft, RefundWish, refund_begin};
use super::{ORDER, Told, check, proceed, ready, whole};
use crate::domain::event::EventKind;
use crate::domain::letters::OrderOccasion;
use crate::domain::order::{Action, Happening, OrderRef, OrderStatus, PaymentStatus, WholeOrder};
use crate::domain::{Fields, OrderId, OrderNumber, Right, Timestamp, VariantId};
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::letters::order_letter_due;
use crate::services::selling::stock::{stock_release, stock_return};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{OrderMove, WriteTx};
use serde_json::json;
use std::time::Duration;

/// Orders that are called off in one run because nobody paid.
const PIECE: usize = 100;

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
    /// Calls an order off that has not been sent. What was paid for it goes back.
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

    /// Calls an order of one's own off that has not been sent.
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

    /// Calls some of the orders off that were not paid while their stock was held; tells how many.
    pub async fn orders_expire(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        // What was ordered by a clock that was ahead, and is set right, would be held for as long as it was ahead.
        let longest = now.plus(Duration::from_secs(60 * u64::from(self.selling.reservation_minutes)));
        if self.store.read(|tx| Ok::<_, Error>(tx.reservations_beyond(longest)?))? {
            self.store.write(move |tx| Ok::<_, Error>(tx.reservations_shorten(longest)?)).await?;
        }
        let due = self.store.read(|tx| Ok::<_, Error>(tx.reservations_due(now, PIECE)?))?;
        let mut count = 0;
        for id in due {
            let ctx = ctx.clone();
            count += usize::from(self.store.write(move |tx| expire(tx, &ctx, id)).await?);
        }
        Ok(count)
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

/// Calls an order off whose stock was held long enough. One that is paid by now, or is over, keeps what it has.
fn expire(tx: &WriteTx<'_>, ctx: &Ctx, id: OrderId) -> Outcome<bool> {
    let before = whole(tx, id)?;
    if before.order.status != OrderStatus::Pending || !before.situation().allows(Action::Cancel) {
        // Whoever looks next must not meet the same order again.
        tx.reservations_extend(id, None)?;
        return Ok(false);
    }
    call_off(tx, ctx, &before, &Why::Unpaid)?;
    Ok(true)
}

/// Calls an order off that was paid: all of it goes back, its goods to the shelf and its money to whoever paid.
fn call_off_paid(tx: &WriteTx<'_>, ctx: &Ctx, before: &WholeOrder, why: &Why) -> Outcome<()> {
    let order = &before.order;
    let kept = before.lines.iter().filter(|line| line.to_ship() > 0);
    let back: Vec<(VariantId, i64)> = kept.filter_map(|line| Some((line.variant_id?, line.to_ship()))).collect();
    stock_return(tx, ctx, order.id, &back)?;
    let to = OrderMove { cancelled_at: Some(ctx.now), ..OrderMove::to(order, OrderStatus::Cancelled) };
    proceed(tx, ctx, order, to, told(why))?;
    order_letter_due(tx, order.id, OrderOccasion::Cancelled, ctx.now)?;
    let draft = RefundDraft { wish: RefundWish::Rest, restock: false, reason: None };
    refund_begin(tx, ctx, &whole(tx, order.id)?, &draft).map(drop)
}

/// Calls an order off that was not paid: gives back its stock and its discounts. The caller has checked that it may.
pub(super) fn call_off(tx: &WriteTx<'_>, ctx: &Ctx, whole: &WholeOrder, why: &Why) -> Outcome<()> {
    let order = &whole.order;
    for payment in whole.payments.iter().filter(|payment| payment.status.open()) {
        tx.payment_end(payment.id, PaymentStatus::Cancelled, ctx.now)?;
    }
    stock_release(tx, ctx, order.id)?;
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
