//! Calling orders off.

use super::books::post_cancelled;
use super::{Told, proceed};
use crate::domain::Fields;
use crate::domain::Timestamp;
use crate::domain::event::EventKind;
use crate::domain::letters::OrderOccasion;
use crate::domain::order::{Happening, OrderStatus, PaymentStatus, WholeOrder};
use crate::services::letters::order_letter_due;
use crate::services::selling::stock::stock_release;
use crate::services::{Ctx, Outcome};
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
