//! Money that goes back, and goods that come back.
//!
//! A refund is set aside in one write, so that all refunds together never pass what came in; then its provider is
//! asked, outside of any write; then what came of it is written down. Who was paid by hand is paid back by hand: such
//! a refund is done in the first write.

use super::acting::{Answering, pending};
use super::books::post_refunded;
use super::units::{Units, units_of};
use super::{MANUAL, Told, proceed, ready, step, whole};
use crate::domain::event::EventKind;
use crate::domain::letters::OrderOccasion;
use crate::domain::order::{
    Action, FulfillmentStatus, Happening, OrderLine, OrderRef, OrderStatus, Payment, Refund, RefundLine, RefundStatus,
    WholeOrder,
};
use crate::domain::{Currency, Fields, Invalid, Money, OrderId, OrderLineId, RefundId, Right, VariantId};
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::invoices::credit_note_issue;
use crate::services::letters::order_letter_due;
use crate::services::selling::stock::stock_return;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{LineCount, NewRefund, OrderMove, WriteTx};
use serde_json::json;

const REFUND: Error = Error::NotFound("refund");

/// What is to be paid back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundWish {
    /// This much, for no line in particular.
    Amount(Money),
    /// These units.
    Lines(Vec<Units>),
    /// All that is left.
    Rest,
}

/// A refund that the staff asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundDraft {
    /// What is to be paid back.
    pub wish: RefundWish,
    /// Whether the units go back into stock.
    pub restock: bool,
    /// Why.
    pub reason: Option<String>,
}

impl RefundDraft {
    /// Reads the body.
    pub fn read(fields: &mut Fields<'_>, currency: Currency) -> Self {
        let amount = fields.money("amount", currency);
        let lines = Units::list(fields);
        let restock = fields.boolean("restock").unwrap_or(false);
        if amount.is_some() && lines.is_some() {
            fields.wrong("amount", "not_both", "cannot be given together with lines, which have their own amount");
        }
        if amount.is_some_and(|amount| amount.minor() == 0) {
            fields.wrong("amount", "out_of_range", "must be above zero");
        }
        if amount.is_some() && restock {
            fields.wrong("restock", "needs_lines", "needs lines: an amount does not say which units come back");
        }
        let wish = match (amount, lines) {
            (_, Some(lines)) => RefundWish::Lines(lines),
            (Some(amount), None) => RefundWish::Amount(amount),
            (None, None) => RefundWish::Rest,
        };
        Self { wish, restock, reason: fields.text("reason", 1..=500) }
    }
}

impl Shop {
    /// Pays money back.
    pub async fn order_refund(
        &self,
        ctx: &Ctx,
        name: OrderRef,
        known: Preconditions,
        draft: RefundDraft,
        how: Answering,
    ) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let before = ready(tx, name, &known, Action::Refund)?;
            refund_begin(tx, ctx, &before, &draft)?;
            Ok(before.order.id)
        };
        self.order_act(ctx, how, work).await
    }

    /// Asks providers for what an order's pending refunds are about. One that cannot be asked now stays pending, and a
    /// job asks again.
    pub(super) async fn order_refunds_carry_out(&self, ctx: &Ctx, order: OrderId) -> Outcome<()> {
        let waiting: Vec<RefundId> = self.store.read(|tx| Ok::<_, Error>(pending(&whole(tx, order)?).collect()))?;
        for refund in waiting {
            self.refund_send(ctx, refund).await?;
        }
        Ok(())
    }
}

/// Sets money aside to be paid back, counts the units it pays for, and writes the refunds down. There is one refund for
/// each payment that gives money back: one, but for an order that was paid twice.
pub(super) fn refund_begin(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    before: &WholeOrder,
    draft: &RefundDraft,
) -> Outcome<Vec<RefundId>> {
    let lines = match &draft.wish {
        RefundWish::Amount(_) => Vec::new(),
        RefundWish::Rest => {
            let left = |line: &OrderLine| line.quantity - line.refunded;
            before.lines.iter().filter(|line| left(line) > 0).map(|line| (line.id, left(line))).collect()
        }
        RefundWish::Lines(units) => units_of(before, units, "not paid back yet", |line| line.quantity - line.refunded)?,
    };
    let wanted = match &draft.wish {
        RefundWish::Amount(amount) => Some(*amount),
        RefundWish::Rest => None,
        RefundWish::Lines(_) => Some(sum_of(before, &lines)),
    };
    let mut counted = count_units(tx, before, &lines)?;
    let mut refunds = Vec::new();
    for (payment, amount) in sources(before, wanted)? {
        let new = NewRefund {
            order_id: before.order.id,
            payment_id: payment.id,
            amount,
            reason: draft.reason.clone(),
            restock: draft.restock,
            actor: ctx.actor_name(),
            lines: std::mem::take(&mut counted),
        };
        let id = tx.refund_insert(&new, ctx.now)?.ok_or_else(|| beyond(before, amount))?;
        refunds.push(id);
        let told = Told {
            audit: "order.refund",
            timeline: Happening::RefundRequested,
            event: None,
            detail: json!({ "refund_id": id, "amount": super::amount(&before.order, amount.minor()) }),
            said: draft.reason.clone(),
        };
        step(tx, ctx, before.order.id, told)?;
        if payment.provider == MANUAL {
            order_refund_done(tx, ctx, id, None)?;
        }
    }
    Ok(refunds)
}

/// From which payments how much is taken: all that is left, or this much from the newest payment that holds it.
fn sources(whole: &WholeOrder, wanted: Option<Money>) -> Outcome<Vec<(&Payment, Money)>> {
    let holding = || whole.payments.iter().rev().filter(|payment| payment.refundable().minor() > 0);
    match wanted {
        None => Ok(holding().map(|payment| (payment, payment.refundable())).collect()),
        Some(amount) if amount.minor() == 0 => {
            Err(Invalid::one("lines", "worth_nothing", "cost nothing, so there is nothing to pay back").into())
        }
        Some(amount) => match holding().find(|payment| payment.refundable() >= amount) {
            Some(payment) => Ok(vec![(payment, amount)]),
            None => Err(beyond(whole, amount)),
        },
    }
}

fn beyond(whole: &WholeOrder, amount: Money) -> Error {
    let left: i64 = whole.payments.iter().map(|payment| payment.refundable().minor()).sum();
    let (order, asked) = (&whole.order, amount.minor());
    let detail = format!(
        "{} {} cannot be paid back: of order {} only {} is left",
        super::amount(order, asked),
        order.currency,
        order.name(),
        super::amount(order, left)
    );
    Error::Conflict("exceeds_captured", detail, Vec::new())
}

fn sum_of(whole: &WholeOrder, lines: &[(OrderLineId, i64)]) -> Money {
    let worth = |(id, units): &(OrderLineId, i64)| whole.line(*id).map_or(0, |line| line.refund_of(*units).minor());
    Money::from_minor(lines.iter().map(worth).fold(0, i64::saturating_add))
}

/// Counts units as paid back, and those that had not been sent as never to be sent.
fn count_units(tx: &WriteTx<'_>, whole: &WholeOrder, lines: &[(OrderLineId, i64)]) -> Outcome<Vec<RefundLine>> {
    let mut counted = Vec::new();
    for (line_id, quantity) in lines {
        let withdrawn = whole.line(*line_id).map_or(0, |line| line.withdraw(*quantity));
        let by = LineCount { refunded: *quantity, withdrawn, ..LineCount::default() };
        if !tx.order_line_count(*line_id, by)? {
            return Err(Error::Stale);
        }
        counted.push(RefundLine { line_id: *line_id, quantity: *quantity, withdrawn });
    }
    Ok(counted)
}

/// A refund went through: books, stock, status, timeline, event and letter follow. Called again it changes nothing, and
/// false is given.
pub fn order_refund_done(tx: &WriteTx<'_>, ctx: &Ctx, id: RefundId, reference: Option<&str>) -> Outcome<bool> {
    let refund = tx.refund_by_id(id)?.ok_or(REFUND)?;
    if !tx.refund_end(&refund, RefundStatus::Succeeded, reference, ctx.now)? {
        return Ok(false);
    }
    let after = whole(tx, refund.order_id)?;
    let order = &after.order;
    post_refunded(tx, order, &refund, ctx.now)?;
    if refund.restock {
        restock(tx, ctx, &after, &refund)?;
    }
    let lines = tx.order_lines(&[order.id])?;
    let fulfillment = FulfillmentStatus::of(&lines);
    let mut detail = json!({ "refund_id": id, "amount": super::amount(order, refund.amount.minor()) });
    super::put(&mut detail, "credit_note", credit_note_issue(tx, &after, &refund, ctx.now)?);
    let told = Told {
        audit: "order.refunded",
        timeline: Happening::Refunded,
        event: Some(EventKind::OrderRefunded),
        detail,
        said: None,
    };
    proceed(tx, ctx, order, OrderMove { fulfillment, ..OrderMove::to(order, standing(&after)) }, told)?;
    order_letter_due(tx, order.id, OrderOccasion::Refunded(id), ctx.now)?;
    Ok(true)
}

/// Somebody has paid money back at the provider: it is noted as a refund that went through, of no units in particular.
/// Nobody is asked for it.
pub fn order_refunded_elsewhere(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    payment: &Payment,
    amount: Money,
    reference: &str,
) -> Outcome<RefundId> {
    let new = NewRefund {
        order_id: payment.order_id,
        payment_id: payment.id,
        amount,
        reason: None,
        restock: false,
        actor: ctx.actor_name(),
        lines: Vec::new(),
    };
    let beyond = || Error::Internal(format!("payment {} does not hold what was refunded of it", payment.id));
    let id = tx.refund_insert(&new, ctx.now)?.ok_or_else(beyond)?;
    order_refund_done(tx, ctx, id, Some(reference))?;
    Ok(id)
}

/// A refund did not go through: its money and units are open again, and somebody has to look. False when it was over.
/// The provider's own name of the refund is kept when it is told.
pub fn order_refund_failed(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    id: RefundId,
    reason: &str,
    reference: Option<&str>,
) -> Outcome<bool> {
    let refund = tx.refund_by_id(id)?.ok_or(REFUND)?;
    if !tx.refund_end(&refund, RefundStatus::Failed, reference, ctx.now)? {
        return Ok(false);
    }
    for line in &refund.lines {
        let by = LineCount { refunded: -line.quantity, withdrawn: -line.withdrawn, ..LineCount::default() };
        if !tx.order_line_count(line.line_id, by)? {
            return Err(Error::Internal(format!("refund {id} counts units that were not counted")));
        }
    }
    let told = Told {
        audit: "order.refund_failed",
        timeline: Happening::RefundFailed,
        event: None,
        detail: json!({ "refund_id": id }),
        said: Some(reason.to_owned()),
    };
    step(tx, ctx, refund.order_id, told)?;
    Ok(true)
}

/// Where an order stands by what the shop still has of its money.
fn standing(whole: &WholeOrder) -> OrderStatus {
    use OrderStatus::{Completed, Fulfilled, Paid, PartiallyRefunded, Refunded};
    let status = whole.order.status;
    if !matches!(status, Paid | Fulfilled | Completed | PartiallyRefunded) {
        return status;
    }
    match whole.money_kept() {
        0 => Refunded,
        // Of an order that was paid twice, only what was too much went back.
        left if left >= whole.order.sums.total.minor() => status,
        _ => PartiallyRefunded,
    }
}

/// Puts the units of a refund back into stock: those that were not sent, and those that come back with it.
fn restock(tx: &WriteTx<'_>, ctx: &Ctx, whole: &WholeOrder, refund: &Refund) -> Outcome<()> {
    let mut back = Vec::new();
    // An order that was called off has given back what was not sent.
    let called_off = whole.order.status == OrderStatus::Cancelled;
    for units in &refund.lines {
        let Some(line) = whole.line(units.line_id) else { continue };
        let sent = (units.quantity - units.withdrawn).min(line.fulfilled - line.returned);
        let by = LineCount { returned: sent, ..LineCount::default() };
        if sent > 0 && !tx.order_line_count(line.id, by)? {
            return Err(Error::Stale);
        }
        let unsent = if called_off { 0 } else { units.withdrawn };
        back.extend(line.variant_id.map(|variant| (variant, unsent + sent)));
    }
    back.retain(|(_, units): &(VariantId, i64)| *units > 0);
    stock_return(tx, ctx, whole.order.id, &back)
}
