//! Writing down that an order is placed. What leads there, from a cart or from the staff, stands elsewhere.

use super::books::post_placed;
use super::{MANUAL, ORDER, Told, report};
use crate::counters::Count;
use crate::domain::event::EventKind;
use crate::domain::letters::OrderOccasion;
use crate::domain::order::{Happening, NewOrder, NewPayment, Order, OrderSource, OrderStatus, Payment};
use crate::domain::{OrderId, PaymentId};
use crate::services::letters::order_letter_due;
use crate::services::{Ctx, Outcome};
use crate::store::WriteTx;
use serde_json::json;

/// An order about to be placed.
#[derive(Clone, Debug)]
pub struct Placing {
    /// The order; its status is `Pending`, or `Draft` for one that the staff is still putting together.
    pub order: NewOrder,
    /// How it is to be paid.
    pub payment: NewPayment,
    /// The number of the first order there ever is.
    pub first_number: u32,
}

/// An order just placed.
#[derive(Clone, Debug)]
pub struct PlacedOrder {
    /// The order as it was written down.
    pub order: Order,
    /// Its payment, nothing of which has come in.
    pub payment: PaymentId,
}

/// Writes an order down with lines, payment, books, timeline and event, and with the letter when it stands already. What
/// it takes from stock and from discounts is the caller's to take, in the same transaction; if that fails, nothing of this
/// has happened and its number is free again.
pub fn order_place_rows(tx: &WriteTx<'_>, ctx: &Ctx, placing: &Placing) -> Outcome<PlacedOrder> {
    let Placing { order: new, payment, first_number } = placing;
    let stands = new.source != OrderSource::Web || payment.provider == MANUAL;
    let id = tx.order_insert(new, *first_number, ctx.now)?;
    let payment = tx.payment_insert(id, payment, ctx.now)?;
    let order = tx.order_by_id(id)?.ok_or(ORDER)?;
    if order.status == OrderStatus::Draft {
        let (audit, timeline, detail) = ("order.draft", Happening::Drafted, json!({}));
        report(tx, ctx, &order, Told { audit, timeline, event: None, detail, said: None })?;
    } else {
        placed(tx, ctx, &order)?;
        if stands {
            thank(tx, ctx, id)?;
        }
    }
    Ok(PlacedOrder { order, payment })
}

/// Posts and tells that an order is placed.
pub(super) fn placed(tx: &WriteTx<'_>, ctx: &Ctx, order: &Order) -> Outcome<()> {
    post_placed(tx, order, ctx.now)?;
    let by_buyer = order.source == OrderSource::Web;
    tx.count(if by_buyer { Count::OrdersByBuyers } else { Count::OrdersByStaff }, 1);
    let told = Told {
        audit: "order.place",
        timeline: Happening::Placed,
        event: Some(EventKind::OrderPlaced),
        detail: json!({ "source": order.source }),
        said: None,
    };
    report(tx, ctx, order, told)
}

/// Queues the letter that thanks for an order. Whoever makes an order stand that did not before calls it, in the same
/// transaction: so each order is thanked for once, and none that was declined.
pub(super) fn thank(tx: &WriteTx<'_>, ctx: &Ctx, order: OrderId) -> Outcome<()> {
    order_letter_due(tx, order, OrderOccasion::Placed, ctx.now)
}

/// The provider of a payment is heard of for the first time, and has not declined it: if its order stands by that, the
/// buyer is thanked.
pub(in crate::services) fn order_reached(tx: &WriteTx<'_>, ctx: &Ctx, payment: &Payment) -> Outcome<()> {
    let order = tx.order_by_id(payment.order_id)?.ok_or(ORDER)?;
    let others = tx.order_payments(&[order.id])?.into_iter().filter(|other| other.id != payment.id);
    let stood = order.source != OrderSource::Web || others.into_iter().any(|other| other.stands());
    if stood || order.status != OrderStatus::Pending { Ok(()) } else { thank(tx, ctx, order.id) }
}
