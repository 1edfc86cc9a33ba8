//! Sending what was bought, and closing what is over.

use super::acting::Answering;
use super::units::{Units, units_of};
use super::{Told, proceed, ready};
use crate::domain::event::EventKind;
use crate::domain::letters::OrderOccasion;
use crate::domain::order::{Action, Fulfillment, FulfillmentStatus, Happening, OrderRef, OrderStatus, WholeOrder};
use crate::domain::{Fields, FulfillmentId, OrderId, Right};
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::letters::order_letter_due;
use crate::services::selling::stock::stock_sell;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{LineCount, OrderMove, WriteTx};
use serde_json::json;

/// Something that is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FulfillmentDraft {
    /// Which units; all that is still to be sent when nothing is said.
    pub lines: Option<Vec<Units>>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// What the carrier calls it.
    pub tracking_number: Option<String>,
}

impl FulfillmentDraft {
    /// Reads the body.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            lines: Units::list(fields),
            carrier: fields.text("carrier", 1..=100),
            tracking_number: fields.text("tracking_number", 1..=100),
        }
    }
}

impl Shop {
    /// Notes that some or all of an order was sent.
    pub async fn order_fulfill(
        &self,
        ctx: &Ctx,
        name: OrderRef,
        known: Preconditions,
        draft: FulfillmentDraft,
        how: Answering,
    ) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let before = ready(tx, name, &known, Action::Fulfill)?;
            fulfill(tx, ctx, &before, &draft)
        };
        self.order_act(ctx, how, work).await
    }

    /// Says that an order is over and done.
    pub async fn order_complete(
        &self,
        ctx: &Ctx,
        name: OrderRef,
        known: Preconditions,
        how: Answering,
    ) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let before = ready(tx, name, &known, Action::Complete)?;
            let told = Told {
                audit: "order.complete",
                timeline: Happening::Completed,
                event: Some(EventKind::OrderCompleted),
                detail: json!({}),
                said: None,
            };
            let to = OrderMove::to(&before.order, OrderStatus::Completed);
            Ok(proceed(tx, ctx, &before.order, to, told)?.id)
        };
        self.order_act(ctx, how, work).await
    }
}

fn fulfill(tx: &WriteTx<'_>, ctx: &Ctx, before: &WholeOrder, draft: &FulfillmentDraft) -> Outcome<OrderId> {
    let order = &before.order;
    let rest = || before.lines.iter().filter(|line| line.to_ship() > 0).map(|line| (line.id, line.to_ship()));
    let lines = match &draft.lines {
        Some(units) => units_of(before, units, "still to be sent", |line| line.to_ship())?,
        None => rest().collect(),
    };
    if lines.is_empty() {
        let detail = format!("nothing of order {} is still to be sent", order.name());
        return Err(Error::Conflict("illegal_move", detail, Vec::new()));
    }
    for (line, quantity) in &lines {
        let by = LineCount { fulfilled: *quantity, ..LineCount::default() };
        if !tx.order_line_count(*line, by)? {
            return Err(Error::Stale);
        }
    }
    // What is paid on delivery leaves the shelf when the first of it is sent; otherwise it was sold when it was paid.
    stock_sell(tx, ctx, order.id)?;
    let sent = tx.fulfillment_insert(&Fulfillment {
        id: FulfillmentId::new(0),
        order_id: order.id,
        carrier: draft.carrier.clone(),
        tracking_number: draft.tracking_number.clone(),
        actor: ctx.actor_name(),
        created_at: ctx.now,
        lines,
    })?;
    let fulfillment = FulfillmentStatus::of(&tx.order_lines(&[order.id])?);
    let all = fulfillment == FulfillmentStatus::Fulfilled;
    let status = if all && order.status == OrderStatus::Paid { OrderStatus::Fulfilled } else { order.status };
    let told = Told {
        audit: "order.fulfill",
        timeline: Happening::Fulfilled,
        event: Some(EventKind::OrderFulfilled),
        detail: json!({ "fulfillment_id": sent, "complete": all }),
        said: None,
    };
    proceed(tx, ctx, order, OrderMove { fulfillment, ..OrderMove::to(order, status) }, told)?;
    order_letter_due(tx, order.id, OrderOccasion::Shipped(sent), ctx.now)?;
    Ok(order.id)
}
