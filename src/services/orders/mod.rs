//! Orders: what may be done with them once they are placed, by whom, and what each step does to stock, money, books
//! and timeline.
//!
//! Steps that others take part in, such as a payment that came in, are functions on the caller's write transaction;
//! the rest are use cases. Each step goes through [`proceed`] or [`step`], so that none is missing from the timeline,
//! the audit log or the events.

mod acting;
mod books;
mod calling_off;
mod editing;
mod expiring;
mod fulfilling;
mod linking;
mod paying;
mod placing;
mod reading;
mod refunding;
mod returning;
mod staff;
mod units;

pub use acting::{Answering, Render};
pub(in crate::services) use books::post_placed;
pub use calling_off::CancelDraft;
pub use editing::{NoteDraft, OrderEdit};
pub use fulfilling::FulfillmentDraft;
pub(crate) use linking::orders_link;
pub use paying::{PaidOutcome, PaymentDraft, order_paid, order_payment_failed};
pub(in crate::services) use placing::order_reached;
pub use placing::{PlacedOrder, Placing, order_place_rows};
pub use refunding::{RefundDraft, RefundWish, order_refund_done, order_refund_failed, order_refunded_elsewhere};
pub use returning::ReturnDraft;
pub use staff::{StaffLine, StaffOrder};
pub use units::Units;

pub use crate::store::{OrderFilter, OrderPosition};

use super::catalog::Preconditions;
use super::{Ctx, Error, Outcome};
use crate::domain::audit::Subject;
use crate::domain::catalog::Revision;
use crate::domain::event::EventKind;
use crate::domain::order::{Action, Happening, Order, OrderRef, WholeOrder};
use crate::domain::{Currency, OrderId};
use crate::store::{OrderMove, ReadTx, WriteTx};
use serde_json::{Map, Value, json};

const ORDER: Error = Error::NotFound("order");
/// The provider whose money the staff moves by hand.
const MANUAL: &str = "manual";

/// The order of this name with all that hangs on it.
fn named(tx: &ReadTx<'_>, name: OrderRef) -> Outcome<WholeOrder> {
    let order = tx.order_named(name)?.ok_or(ORDER)?;
    tx.orders_whole(vec![order])?.pop().ok_or(ORDER)
}

/// The order of this id with all that hangs on it.
fn whole(tx: &ReadTx<'_>, id: OrderId) -> Outcome<WholeOrder> {
    tx.order_whole(id)?.ok_or(ORDER)
}

/// The order of this name, for somebody who wants to do this with it and knows it as it is.
fn ready(tx: &ReadTx<'_>, name: OrderRef, known: &Preconditions, action: Action) -> Outcome<WholeOrder> {
    let whole = named(tx, name)?;
    known.check(Revision::of(whole.revision()))?;
    check(&whole, action)?;
    Ok(whole)
}

/// Refuses what may not happen to an order as it stands, and says what may.
fn check(whole: &WholeOrder, action: Action) -> Outcome<()> {
    let situation = whole.situation();
    if situation.allows(action) {
        return Ok(());
    }
    let possible: Vec<&str> = situation.actions().into_iter().map(Action::as_str).collect();
    let possible = if possible.is_empty() { "nothing".to_owned() } else { possible.join(", ") };
    let Order { status, fulfillment_status, .. } = &whole.order;
    let detail = format!(
        "order {} is {} and {}, so it cannot be made to {}; possible now: {possible}",
        whole.order.name(),
        status.as_str(),
        fulfillment_status.as_str(),
        action.as_str()
    );
    Err(Error::Conflict("illegal_move", detail, Vec::new()))
}

/// What is told of a step, beside the order itself.
struct Told {
    /// What the audit log calls it.
    audit: &'static str,
    /// What the timeline calls it.
    timeline: Happening,
    /// What others are told, if they are.
    event: Option<EventKind>,
    /// More about it: ids, numbers and the like. It reaches all three, so nothing in it may be about a person.
    detail: Value,
    /// What somebody wrote about it, for the timeline alone.
    said: Option<String>,
}

/// Moves an order on and tells of it. The order must have been read in this transaction.
fn proceed(tx: &WriteTx<'_>, ctx: &Ctx, order: &Order, to: OrderMove, told: Told) -> Outcome<Order> {
    if !tx.order_move(order, to, ctx.now)? {
        return Err(Error::Stale);
    }
    tell(tx, ctx, order.id, told)
}

/// Notes a step that leaves the order where it stands, and tells of it.
fn step(tx: &WriteTx<'_>, ctx: &Ctx, order: OrderId, told: Told) -> Outcome<Order> {
    tx.order_touch(order, ctx.now)?;
    tell(tx, ctx, order, told)
}

fn tell(tx: &WriteTx<'_>, ctx: &Ctx, id: OrderId, told: Told) -> Outcome<Order> {
    let order = tx.order_by_id(id)?.ok_or(ORDER)?;
    report(tx, ctx, &order, told)?;
    Ok(order)
}

/// Writes into timeline, audit log and outbox what happened to an order.
fn report(tx: &WriteTx<'_>, ctx: &Ctx, order: &Order, told: Told) -> Outcome<()> {
    let Told { audit, timeline, event, detail, said } = told;
    let mut shown = detail.clone();
    put(&mut shown, "text", said);
    tx.order_event_add(order.id, timeline.as_str(), &shown, timeline.visible(), &ctx.actor_name(), ctx.now)?;
    let mut logged = detail.clone();
    put(&mut logged, "number", order.number.map(|number| number.to_string()));
    tx.audit(&ctx.entry(audit, Subject::from(order.id), &logged))?;
    if let Some(kind) = event {
        tx.event_add(kind, order.id, &payload(order, &detail), ctx.now)?;
    }
    Ok(())
}

fn put(object: &mut Value, name: &str, text: Option<String>) {
    if let (Some(object), Some(text)) = (object.as_object_mut(), text) {
        object.insert(name.to_owned(), text.into());
    }
}

/// What others are told of an order: small, and nothing about a person.
fn payload(order: &Order, detail: &Value) -> Value {
    let mut told = Map::new();
    told.insert("id".to_owned(), json!(order.id));
    told.insert("number".to_owned(), json!(order.name()));
    told.insert("status".to_owned(), json!(order.status));
    told.insert("fulfillment_status".to_owned(), json!(order.fulfillment_status));
    told.insert("total".to_owned(), json!(amount(order, order.sums.total.minor())));
    told.insert("currency".to_owned(), json!(order.currency));
    told.extend(detail.as_object().cloned().unwrap_or_default());
    Value::Object(told)
}

/// An amount of an order as it is written.
fn amount(order: &Order, minor: i64) -> String {
    let money = crate::domain::Money::from_minor(minor);
    Currency::from_code(&order.currency).map_or_else(|| minor.to_string(), |currency| currency.format(money))
}
