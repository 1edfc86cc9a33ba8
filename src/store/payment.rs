//! SQL of payments and refunds as their providers see them. How orders see them stands in `order_money.rs`.
//!
//! A payment only moves on: every update names the states it may move from, and tells whether it did.

use super::error::StoreResult;
use super::order_money::{PAYMENT, payment};
use super::tx::{ReadTx, WriteTx, params};
use crate::domain::order::Payment;
use crate::domain::payment::{PaymentDetails, PaymentFlag};
use crate::domain::{Money, OrderNumber, PaymentId, RefundId, Timestamp};

/// A payment with the number of its order, for lists.
#[derive(Clone, Debug)]
pub struct PaymentRow {
    /// The payment.
    pub payment: Payment,
    /// The number of its order; a draft has none.
    pub number: Option<OrderNumber>,
}

impl ReadTx<'_> {
    /// The payment that a provider calls so.
    pub fn payment_by_reference(&self, provider: &str, reference: &str) -> StoreResult<Option<Payment>> {
        let sql = format!("{PAYMENT} where provider = ?1 and reference = ?2");
        self.query_one(&sql, [provider, reference], payment)
    }

    /// The refund of a payment that its provider calls so.
    pub fn refund_by_reference(&self, payment: PaymentId, reference: &str) -> StoreResult<Option<RefundId>> {
        let sql = "select id from refund where payment_id = ?1 and reference = ?2";
        self.query_one(sql, params![payment, reference], |row| row.get(0))
    }

    /// Payments whose provider is to be asked by now, those that wait longest first.
    pub fn payments_due(&self, now: Timestamp, most: usize) -> StoreResult<Vec<PaymentId>> {
        let sql = "select id from payment where check_at is not null and check_at <= ?1 order by check_at limit ?2";
        self.query_all(sql, params![now, most], |row| row.get(0))
    }

    /// Refunds of which nothing was heard since a moment, the oldest first.
    pub fn refunds_due(&self, before: Timestamp, most: usize) -> StoreResult<Vec<RefundId>> {
        let sql = "select id from refund where status = 'pending' and updated_at <= ?1 order by id limit ?2";
        self.query_all(sql, params![before, most], |row| row.get(0))
    }

    /// A page of payments, the newest first, from behind or before one; all, or those with a flag.
    pub fn payment_page(
        &self,
        flagged: bool,
        from: Option<PaymentId>,
        backwards: bool,
        limit: usize,
    ) -> StoreResult<Vec<PaymentRow>> {
        let (sign, direction, start) = if backwards { (">", "asc", 0) } else { ("<", "desc", i64::MAX) };
        let only = if flagged { "and flag is not null" } else { "" };
        let sql = format!("{PAYMENT} where id {sign} ?1 {only} order by id {direction} limit ?2");
        let payments = self.query_all(&sql, params![from.map_or(start, PaymentId::get), limit], payment)?;
        payments.into_iter().map(|payment| self.payment_row(payment)).collect()
    }

    /// The payment with the number of its order.
    pub fn payment_row(&self, payment: Payment) -> StoreResult<PaymentRow> {
        let sql = "select number from shop_order where id = ?1";
        let number = self.query_one(sql, [payment.order_id], |row| row.get(0))?.flatten();
        Ok(PaymentRow { payment, number })
    }
}

impl WriteTx<'_> {
    /// Keeps what a provider calls a payment; false when it is known by another name already.
    pub fn payment_name(&self, id: PaymentId, reference: &str, now: Timestamp) -> StoreResult<bool> {
        let sql = "update payment set reference = ?2, updated_at = ?3, version = version + 1 \
                   where id = ?1 and reference is null";
        if self.execute(sql, params![id, reference, now])? > 0 {
            return Ok(true);
        }
        let known: Option<Option<String>> =
            self.query_one("select reference from payment where id = ?1", [id], |row| row.get(0))?;
        Ok(known.flatten().as_deref() == Some(reference))
    }

    /// Keeps what the buyer needs to pay, while it may be paid.
    pub fn payment_ways(
        &self,
        id: PaymentId,
        client_secret: Option<&str>,
        redirect_url: Option<&str>,
        now: Timestamp,
    ) -> StoreResult<()> {
        let sql = "update payment set client_secret = ?2, redirect_url = ?3, updated_at = ?4, version = version + 1 \
                   where id = ?1 and status in ('pending', 'authorized')";
        self.execute(sql, params![id, client_secret, redirect_url, now]).map(drop)
    }

    /// Notes that the provider holds the money; false when the payment has moved on already.
    pub fn payment_authorize(&self, id: PaymentId, now: Timestamp) -> StoreResult<bool> {
        let sql = "update payment set status = 'authorized', check_at = ?2, updated_at = ?2, version = version + 1 \
                   where id = ?1 and status = 'pending'";
        Ok(self.execute(sql, params![id, now])? > 0)
    }

    /// Says when the provider is to be asked again, if at all. Nobody sees that, so it counts as no change.
    pub fn payment_check_at(&self, id: PaymentId, at: Option<Timestamp>) -> StoreResult<()> {
        self.execute("update payment set check_at = ?2 where id = ?1", params![id, at]).map(drop)
    }

    /// Lets a payment that had come to nothing wait again, since its money came in after all; false when it had not.
    pub fn payment_reopen(&self, id: PaymentId, now: Timestamp) -> StoreResult<bool> {
        let sql = "update payment set status = 'pending', updated_at = ?2, version = version + 1 \
                   where id = ?1 and status in ('failed', 'cancelled')";
        Ok(self.execute(sql, params![id, now])? > 0)
    }

    /// Adds a part of the amount that came in, which must leave something to come; false when it does not.
    pub fn payment_part(&self, id: PaymentId, part: Money, now: Timestamp) -> StoreResult<bool> {
        let sql = "update payment set captured = captured + ?2, updated_at = ?3, version = version + 1 \
                   where id = ?1 and status = 'pending' and ?2 > 0 and captured + ?2 < amount";
        Ok(self.execute(sql, params![id, part, now])? > 0)
    }

    /// Keeps what else is known of a payment.
    pub fn payment_details(&self, id: PaymentId, details: &PaymentDetails, now: Timestamp) -> StoreResult<()> {
        let sql = "update payment set details = ?2, updated_at = ?3, version = version + 1 where id = ?1";
        self.execute(sql, params![id, details.to_text(), now]).map(drop)
    }

    /// Says why a person has to look at a payment; false when that was said already.
    pub fn payment_flag(&self, id: PaymentId, flag: PaymentFlag, now: Timestamp) -> StoreResult<bool> {
        let sql = "update payment set flag = ?2, updated_at = ?3, version = version + 1 \
                   where id = ?1 and flag is not ?2";
        Ok(self.execute(sql, params![id, flag.as_str(), now])? > 0)
    }

    /// A person has looked; false when there was nothing to look at.
    pub fn payment_unflag(&self, id: PaymentId, now: Timestamp) -> StoreResult<bool> {
        let sql = "update payment set flag = null, updated_at = ?2, version = version + 1 \
                   where id = ?1 and flag is not null";
        Ok(self.execute(sql, params![id, now])? > 0)
    }

    /// Keeps what a provider calls a refund that is on its way, and that it was heard of.
    pub fn refund_heard(&self, id: RefundId, reference: Option<&str>, now: Timestamp) -> StoreResult<()> {
        let sql = "update refund set reference = coalesce(reference, ?2), updated_at = ?3 \
                   where id = ?1 and status = 'pending'";
        self.execute(sql, params![id, reference, now]).map(drop)
    }

    /// Notes that a message of a provider was taken; false when it was before.
    pub fn payment_event_take(&self, provider: &str, event: &str, kind: &str, now: Timestamp) -> StoreResult<bool> {
        let sql = "insert into payment_event (provider, event_id, kind, received_at) values (?1, ?2, ?3, ?4) \
                   on conflict (provider, event_id) do nothing";
        Ok(self.execute(sql, params![provider, event, kind, now])? > 0)
    }
}
