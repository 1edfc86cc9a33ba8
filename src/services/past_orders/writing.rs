//! Writes past orders: sold, sent and paid for as one, and what came back refunded on the newest sale it fits.

use super::PastReport;
use super::rows::{PastLine, nobody};
use super::whole::{PastOrder, judge};
use crate::domain::order::{
    Fulfillment, FulfillmentStatus, Happening, NewLine, NewOrder, NewPayment, Order, OrderSource, OrderStatus, Payment,
    RefundLine, RefundStatus,
};
use crate::domain::pricing::allocate;
use crate::domain::{Currency, FulfillmentId, Money, OrderId, Sku, Timestamp};
use crate::services::identity::Secret;
use crate::services::orders::post_placed;
use crate::services::{Ctx, Error, Outcome};
use crate::store::{LedgerAccount, LineCount, NewRefund, OrderMove, WriteTx};
use serde_json::json;

/// What takes the money of a past order.
const PROVIDER: &str = "import";

/// Writes the orders of one file.
#[derive(Clone)]
pub(super) struct PastWriter {
    ctx: Ctx,
    currency: Currency,
    first_number: u32,
    shipping_skus: Vec<String>,
}

impl PastWriter {
    pub(super) fn new(ctx: &Ctx, currency: Currency, first_number: u32, shipping_skus: &[String]) -> Self {
        Self { ctx: ctx.clone(), currency, first_number, shipping_skus: shipping_skus.to_vec() }
    }

    /// Writes all rows that name one order.
    pub(super) fn write(&self, tx: &WriteTx<'_>, rows: &[PastLine], report: &mut PastReport) -> Outcome<()> {
        let Some(first) = rows.first() else { return Ok(()) };
        if tx.past_known(&first.order)? {
            report.known += 1;
            return Ok(());
        }
        // What is refused or left out was told of before.
        let Ok(Some(order)) = judge(rows, &self.shipping_skus) else { return Ok(()) };
        if order.is_sale {
            self.sale(tx, &order, report)?;
        }
        order.back.iter().try_for_each(|row| self.take_back(tx, row, report))
    }

    /// Notes in the audit log what a piece of the file has brought, in the write that brings it.
    pub(super) fn note(&self, tx: &WriteTx<'_>, done: &PastReport) -> Outcome<()> {
        if done.orders == 0 && done.returned == 0 {
            return Ok(());
        }
        let detail = json!({ "orders": done.orders, "returned": done.returned });
        Ok(tx.audit(&self.ctx.entry("order.import", None, &detail))?)
    }

    fn sale(&self, tx: &WriteTx<'_>, past: &PastOrder<'_>, report: &mut PastReport) -> Outcome<()> {
        let at = past.first.placed_at;
        let lines = self.lines(tx, past)?;
        report.linked += lines.iter().filter(|line| line.variant_id.is_some()).count() as u64;
        let order = NewOrder {
            token: Secret::new().text(),
            account_id: None,
            email: past.first.buyer.clone().unwrap_or_else(nobody),
            source: OrderSource::Import,
            status: OrderStatus::Completed,
            currency: self.currency.code().to_owned(),
            tax_included: past.tax_included,
            sums: past.sums,
            reference: Some(past.first.order.clone()),
            shipping_option: None,
            shipping_name: None,
            shipping_address: None,
            billing_address: None,
            discount_code: None,
            explanation: "[]".to_owned(),
            note: None,
            client: None,
            placed_at: at,
            lines,
        };
        let id = tx.order_insert(&order, self.first_number, at)?;
        tx.past_order_mark(id)?;
        self.paid_and_sent(tx, id, &order)?;
        if let Some((amount, at)) = past.refunded {
            let whole = tx.order_whole(id)?.ok_or(Error::NotFound("order"))?;
            let payment = whole.payments.last().ok_or(Error::NotFound("payment"))?;
            self.pay_back(tx, &whole.order, payment, amount, (Vec::new(), None), at)?;
        }
        report.orders += 1;
        Ok(())
    }

    /// The lines of a sale. What was taken off the whole order, and its tax, is spread over them by what they cost; of the
    /// tax, shipping has its share.
    fn lines(&self, tx: &WriteTx<'_>, past: &PastOrder<'_>) -> Outcome<Vec<NewLine>> {
        let sums = &past.sums;
        let wide = |amount: Money| i128::from(amount.minor());
        let goods: Vec<i128> = past.goods.iter().map(|row| row.worth().into()).collect();
        let discounts = allocate(wide(sums.discount_total), &goods);
        let mut taxed: Vec<i128> = goods.iter().zip(&discounts).map(|(price, off)| price - off).collect();
        taxed.push(wide(sums.shipping_total));
        let taxes = allocate(wide(sums.tax_total), &taxed);
        let narrow = |part: i128| Money::from_minor(i64::try_from(part).unwrap_or(0));
        let parts = past.goods.iter().zip(discounts).zip(taxes);
        parts.map(|((row, off), tax)| self.line(tx, row, (narrow(off), narrow(tax)), past.tax_included)).collect()
    }

    fn line(
        &self,
        tx: &WriteTx<'_>,
        row: &PastLine,
        (discount, tax): (Money, Money),
        tax_included: bool,
    ) -> Outcome<NewLine> {
        let sku = row.sku.as_deref().and_then(Sku::parse);
        let known = match sku {
            Some(sku) => tx.variant_by_sku(&sku)?,
            None => None,
        };
        let on_top = if tax_included { 0 } else { tax.minor() };
        Ok(NewLine {
            product_id: known.map(|(product, _)| product),
            variant_id: known.map(|(_, variant)| variant),
            sku: row.sku.clone(),
            name: row.item.clone(),
            title: String::new(),
            quantity: row.quantity,
            unit_price: row.unit_price,
            discount,
            tax,
            total: Money::from_minor(row.worth() - discount.minor() + on_top),
            taxes: Vec::new(),
            weight_grams: None,
        })
    }

    fn paid_and_sent(&self, tx: &WriteTx<'_>, id: OrderId, order: &NewOrder) -> Outcome<()> {
        let (at, code, amount) = (order.placed_at, self.currency.code(), order.sums.total);
        let actor = self.ctx.actor_name();
        let payment = NewPayment {
            provider: PROVIDER.to_owned(),
            amount,
            currency: code.to_owned(),
            details: json!({}),
            check_at: None,
        };
        let payment = tx.payment_insert(id, &payment, at)?;
        tx.payment_capture(payment, None, at)?;
        let placed = tx.order_by_id(id)?.ok_or(Error::NotFound("order"))?;
        post_placed(tx, &placed, at)?;
        let paid = [(LedgerAccount::Money, amount.minor()), (LedgerAccount::Receivable, -amount.minor())];
        tx.ledger_post(id, &format!("pay:{payment}"), code, &paid, at)?;
        let lines = tx.order_lines(&[id])?;
        for line in &lines {
            tx.order_line_count(line.id, LineCount { fulfilled: line.quantity, ..LineCount::default() })?;
        }
        let sent = Fulfillment {
            id: FulfillmentId::new(0),
            order_id: id,
            carrier: None,
            tracking_number: None,
            actor: actor.clone(),
            created_at: at,
            lines: lines.iter().map(|line| (line.id, line.quantity)).collect(),
        };
        if !lines.is_empty() {
            tx.fulfillment_insert(&sent)?;
        }
        let before = tx.order_by_id(id)?.ok_or(Error::NotFound("order"))?;
        let done = OrderMove { fulfillment: FulfillmentStatus::Fulfilled, ..OrderMove::to(&before, before.status) };
        tx.order_move(&before, done, at)?;
        Ok(tx.order_event_add(id, Happening::Placed.as_str(), &json!({ "imported": true }), false, &actor, at)?)
    }

    /// Refunds what came back, on the newest sale to that buyer it fits.
    fn take_back(&self, tx: &WriteTx<'_>, row: &PastLine, report: &mut PastReport) -> Outcome<()> {
        let units = -row.quantity;
        let found = match (&row.buyer, &row.sku) {
            (Some(buyer), Some(sku)) => tx.past_line_to_return(&buyer.key(), sku, units, row.placed_at)?,
            _ => None,
        };
        let whole = match found {
            Some((order, _)) => tx.order_whole(order)?,
            None => None,
        };
        let line = found.and_then(|(_, line)| whole.as_ref()?.line(line));
        let (Some(whole), Some(line)) = (&whole, line) else {
            report.unmatched += 1;
            return Ok(());
        };
        let amount = line.refund_of(units);
        let Some(payment) = whole.payments.last().filter(|_| amount.minor() > 0) else {
            report.unmatched += 1;
            return Ok(());
        };
        let lines = vec![RefundLine { line_id: line.id, quantity: units, withdrawn: 0 }];
        let how = (lines, Some(row.order.as_str()));
        if !self.pay_back(tx, &whole.order, payment, amount, how, row.placed_at)? {
            report.unmatched += 1;
            return Ok(());
        }
        let counted = LineCount { refunded: units, returned: units, ..LineCount::default() };
        tx.order_line_count(line.id, counted)?;
        report.returned += 1;
        Ok(())
    }

    /// Refunds a part of what was paid for an order, or all of it; false when not so much is left. A refund is for lines
    /// or for none, and the file may have a name for it.
    fn pay_back(
        &self,
        tx: &WriteTx<'_>,
        order: &Order,
        payment: &Payment,
        amount: Money,
        (lines, reference): (Vec<RefundLine>, Option<&str>),
        at: Timestamp,
    ) -> Outcome<bool> {
        let refund = NewRefund {
            order_id: order.id,
            payment_id: payment.id,
            amount,
            reason: None,
            restock: false,
            actor: self.ctx.actor_name(),
            lines,
        };
        let Some(refund) = tx.refund_insert(&refund, at)? else { return Ok(false) };
        let refund = tx.refund_by_id(refund)?.ok_or(Error::NotFound("refund"))?;
        tx.refund_end(&refund, RefundStatus::Succeeded, reference, at)?;
        let back = [(LedgerAccount::Refunds, amount.minor()), (LedgerAccount::Money, -amount.minor())];
        tx.ledger_post(order.id, &format!("refund:{}", refund.id), self.currency.code(), &back, at)?;
        let all = payment.refundable() == amount;
        let status = if all { OrderStatus::Refunded } else { OrderStatus::PartiallyRefunded };
        tx.order_move(order, OrderMove::to(order, status), at)?;
        Ok(true)
    }
}
