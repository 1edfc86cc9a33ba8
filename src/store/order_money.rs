//! SQL of payments and refunds as orders see them.

use super::error::StoreResult;
use super::product::placeholders;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params, params_from_iter};
use crate::domain::order::{NewPayment, Payment, PaymentStatus, Refund, RefundLine, RefundStatus};
use crate::domain::{Money, OrderId, PaymentId, RefundId, Timestamp};
use serde_json::Value;

pub(super) const PAYMENT: &str = "select id, order_id, provider, reference, status, amount, currency, captured, refunded, \
     client_secret, redirect_url, details, flag, check_at, version, created_at, updated_at from payment";

const REFUND: &str = "select r.id, r.order_id, r.payment_id, r.amount, r.status, r.reference, r.reason, r.restock, \
     r.actor, r.created_at, r.updated_at, l.order_line_id, l.quantity, l.withdrawn from refund r \
     left join refund_line l on l.refund_id = r.id";

pub(super) fn payment(row: &Row<'_>) -> RowResult<Payment> {
    Ok(Payment {
        id: row.get(0)?,
        order_id: row.get(1)?,
        provider: row.get(2)?,
        reference: row.get(3)?,
        status: PaymentStatus::parse(&row.get::<_, String>(4)?).unwrap_or(PaymentStatus::Pending),
        amount: row.get(5)?,
        currency: row.get(6)?,
        captured: row.get(7)?,
        refunded: row.get(8)?,
        client_secret: row.get(9)?,
        redirect_url: row.get(10)?,
        details: serde_json::from_str(&row.get::<_, String>(11)?).unwrap_or(Value::Null),
        flag: row.get(12)?,
        check_at: row.get(13)?,
        version: row.get(14)?,
        created_at: row.get(15)?,
        updated_at: row.get(16)?,
    })
}

/// A refund about to be asked for.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// Of which order.
    pub order_id: OrderId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: Option<String>,
    /// Whether the units go back into stock.
    pub restock: bool,
    /// Who asks for it.
    pub actor: String,
    /// The units it pays for.
    pub lines: Vec<RefundLine>,
}

impl ReadTx<'_> {
    /// The payments of orders, each order's newest last.
    pub fn order_payments(&self, orders: &[OrderId]) -> StoreResult<Vec<Payment>> {
        let marks = placeholders(orders.len());
        let sql = format!("{PAYMENT} where order_id in ({marks}) order by order_id, id");
        self.query_all(&sql, params_from_iter(orders), payment)
    }

    /// The payment with this id.
    pub fn payment_by_id(&self, id: PaymentId) -> StoreResult<Option<Payment>> {
        self.query_one(&format!("{PAYMENT} where id = ?1"), [id], payment)
    }

    /// The refunds of orders, each order's newest last.
    pub fn order_refunds(&self, orders: &[OrderId]) -> StoreResult<Vec<Refund>> {
        let marks = placeholders(orders.len());
        let sql = format!("{REFUND} where r.order_id in ({marks}) order by r.order_id, r.id, l.order_line_id");
        let mut refunds = Vec::new();
        self.query_each(&sql, params_from_iter(orders), |row| refund(&mut refunds, row))?;
        Ok(refunds)
    }

    /// The refund with this id.
    pub fn refund_by_id(&self, id: RefundId) -> StoreResult<Option<Refund>> {
        let mut refunds = Vec::new();
        self.query_each(&format!("{REFUND} where r.id = ?1 order by l.order_line_id"), [id], |row| {
            refund(&mut refunds, row)
        })?;
        Ok(refunds.pop())
    }
}

/// Adds a row of [`REFUND`] to what was read: to the last refund, or a new one.
fn refund(refunds: &mut Vec<Refund>, row: &Row<'_>) -> StoreResult<()> {
    let id: RefundId = row.get(0)?;
    if refunds.last().is_none_or(|last| last.id != id) {
        refunds.push(Refund {
            id,
            order_id: row.get(1)?,
            payment_id: row.get(2)?,
            amount: row.get(3)?,
            status: RefundStatus::parse(&row.get::<_, String>(4)?).unwrap_or(RefundStatus::Pending),
            reference: row.get(5)?,
            reason: row.get(6)?,
            restock: row.get(7)?,
            actor: row.get(8)?,
            created_at: row.get(9)?,
            updated_at: row.get(10)?,
            lines: Vec::new(),
        });
    }
    if let (Some(line_id), Some(last)) = (row.get(11)?, refunds.last_mut()) {
        last.lines.push(RefundLine { line_id, quantity: row.get(12)?, withdrawn: row.get(13)? });
    }
    Ok(())
}

impl WriteTx<'_> {
    /// Writes a payment down, nothing of which has come in.
    pub fn payment_insert(&self, order: OrderId, new: &NewPayment, at: Timestamp) -> StoreResult<PaymentId> {
        let sql = "insert into payment (order_id, provider, status, amount, currency, details, check_at, created_at, \
                   updated_at) values (?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, ?7)";
        let NewPayment { provider, amount, currency, details, check_at } = new;
        self.execute(sql, params![order, provider, amount, currency, details.to_string(), check_at, at])?;
        Ok(PaymentId::new(self.last_id()))
    }

    /// Notes that all of a payment came in, whatever was thought to have become of it; false, without a change, when
    /// that was known.
    pub fn payment_capture(&self, id: PaymentId, reference: Option<&str>, at: Timestamp) -> StoreResult<bool> {
        let sql = "update payment set status = 'captured', captured = amount, reference = coalesce(?2, reference), \
                   check_at = null, updated_at = ?3, version = version + 1 \
                   where id = ?1 and status <> 'captured'";
        Ok(self.execute(sql, params![id, reference, at])? > 0)
    }

    /// Notes that nothing will come of a payment, unless it is over already. The provider of one that is called off here
    /// does not know yet, and is told when it is asked next, which is soon.
    pub fn payment_end(&self, id: PaymentId, status: PaymentStatus, at: Timestamp) -> StoreResult<bool> {
        let sql = "update payment set status = ?2, updated_at = ?3, version = version + 1, \
                   check_at = iif(?2 = 'cancelled' and provider <> 'manual', ?3, null) \
                   where id = ?1 and status in ('pending', 'authorized')";
        Ok(self.execute(sql, params![id, status.as_str(), at])? > 0)
    }

    /// Sets an amount aside to be paid back and writes the refund down; none when the payment does not hold as much.
    pub fn refund_insert(&self, new: &NewRefund, at: Timestamp) -> StoreResult<Option<RefundId>> {
        let sql = "update payment set refunded = refunded + ?2, updated_at = ?3, version = version + 1 \
                   where id = ?1 and refunded + ?2 <= captured";
        if self.execute(sql, params![new.payment_id, new.amount, at])? == 0 {
            return Ok(None);
        }
        let sql = "insert into refund (order_id, payment_id, amount, status, reason, restock, actor, created_at, \
                   updated_at) values (?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7, ?7)";
        let NewRefund { order_id, payment_id, amount, reason, restock, actor, lines } = new;
        self.execute(sql, params![order_id, payment_id, amount, reason, restock, actor, at])?;
        let id = RefundId::new(self.last_id());
        let sql = "insert into refund_line (refund_id, order_line_id, quantity, withdrawn) values (?1, ?2, ?3, ?4)";
        for line in lines {
            self.execute(sql, params![id, line.line_id, line.quantity, line.withdrawn])?;
        }
        Ok(Some(id))
    }

    /// Notes how a refund that was pending ended; false when it had ended already. What a failed one had set aside is
    /// given back to its payment.
    pub fn refund_end(
        &self,
        refund: &Refund,
        status: RefundStatus,
        reference: Option<&str>,
        at: Timestamp,
    ) -> StoreResult<bool> {
        let sql = "update refund set status = ?2, reference = coalesce(?3, reference), updated_at = ?4 \
                   where id = ?1 and status = 'pending'";
        if self.execute(sql, params![refund.id, status.as_str(), reference, at])? == 0 {
            return Ok(false);
        }
        if status == RefundStatus::Failed {
            let sql =
                "update payment set refunded = refunded - ?2, updated_at = ?3, version = version + 1 where id = ?1";
            self.execute(sql, params![refund.payment_id, refund.amount, at])?;
        }
        Ok(true)
    }
}
