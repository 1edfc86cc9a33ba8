//! SQL of payments and refunds as their providers see them. How orders see them stands in `order_money.rs`.
//!
//! A payment only moves on: every update names the states it may move from, and tells whether it did.
//!
//! One job at a time asks providers, whatever their number: it is due when the first payment is to be asked about.

use super::error::StoreResult;
use super::order_money::{PAYMENT, payment};
use super::product::placeholders;
use super::tx::{ReadTx, WriteTx, params, params_from_iter};
use crate::domain::order::Payment;
use crate::domain::payment::{PaymentDetails, PaymentFlag};
use crate::domain::{Job, Money, OrderId, OrderNumber, PaymentId, RefundId, Timestamp};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The key under which there is at most one job that asks providers.
const RECONCILE: &str = "payments";

/// A payment with the number of its order, for lists.
#[derive(Clone, Debug)]
pub struct PaymentRow {
    /// The payment.
    pub payment: Payment,
    /// The number of its order; a draft has none.
    pub number: Option<OrderNumber>,
}

fn page(flagged: bool, backwards: bool) -> String {
    let (sign, direction) = if backwards { (">", "asc") } else { ("<", "desc") };
    let only = if flagged { "and flag is not null" } else { "" };
    format!("{PAYMENT} where id {sign} ?1 {only} order by id {direction} limit ?2")
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

    /// When a payment is to be asked about next.
    pub fn payments_next_at(&self) -> StoreResult<Option<Timestamp>> {
        let sql = "select min(check_at) from payment where check_at is not null";
        Ok(self.query_one(sql, [], |row| row.get(0))?.flatten())
    }

    /// Refunds on their way that are to be asked about by now, those heard of longest ago first: each waits for half of
    /// the time from when it was made to when it was last heard of, within these bounds.
    pub fn refunds_due(
        &self,
        now: Timestamp,
        pause: &RangeInclusive<Duration>,
        most: usize,
    ) -> StoreResult<Vec<RefundId>> {
        let sql = "select id from refund where status = 'pending' \
                   and updated_at + min(max((updated_at - created_at) / 2, ?2), ?3) <= ?1 order by updated_at, id limit ?4";
        let ms = |pause: &Duration| i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        self.query_all(sql, params![now, ms(pause.start()), ms(pause.end()), most], |row| row.get(0))
    }

    /// A page of payments, the newest first, from behind or before one; all, or those with a flag.
    pub fn payment_page(
        &self,
        flagged: bool,
        from: Option<PaymentId>,
        backwards: bool,
        limit: usize,
    ) -> StoreResult<Vec<PaymentRow>> {
        let start = if backwards { 0 } else { i64::MAX };
        let from = from.map_or(start, PaymentId::get);
        let payments = self.query_all(&page(flagged, backwards), params![from, limit], payment)?;
        let orders: Vec<OrderId> = payments.iter().map(|payment| payment.order_id).collect();
        let sql = format!("select id, number from shop_order where id in ({})", placeholders(orders.len()));
        let known = |row: &super::tx::Row<'_>| Ok((row.get::<_, OrderId>(0)?, row.get::<_, Option<OrderNumber>>(1)?));
        let numbers: HashMap<_, _> = self.query_all(&sql, params_from_iter(orders), known)?.into_iter().collect();
        let row = |payment: Payment| PaymentRow { number: numbers.get(&payment.order_id).copied().flatten(), payment };
        Ok(payments.into_iter().map(row).collect())
    }

    /// How the engine gets at a page of payments, for a test.
    pub fn payment_page_plan(&self, flagged: bool, backwards: bool) -> StoreResult<Vec<String>> {
        let sql = format!("explain query plan {}", page(flagged, backwards));
        self.query_all(&sql, params![0, 21], |row| row.get(3))
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

    /// Has the provider of a payment that waits asked at a time or sooner.
    pub fn payment_ask_by(&self, id: PaymentId, at: Timestamp, now: Timestamp) -> StoreResult<()> {
        let sql = "update payment set check_at = min(coalesce(check_at, ?2), ?2) \
                   where id = ?1 and status in ('pending', 'authorized')";
        self.execute(sql, params![id, at])?;
        self.reconcile_by(at, now)
    }

    /// Lets a payment that nobody was asked for yet begin now, since its order is placed now.
    pub fn payment_restart(&self, id: PaymentId, now: Timestamp) -> StoreResult<()> {
        let sql = "update payment set created_at = ?2, updated_at = ?2, check_at = ?2, version = version + 1 \
                   where id = ?1 and status = 'pending' and reference is null";
        self.execute(sql, params![id, now])?;
        self.reconcile_by(now, now)
    }

    /// Makes sure that a job asks providers at a time or sooner.
    pub fn reconcile_by(&self, at: Timestamp, now: Timestamp) -> StoreResult<()> {
        self.job_hurry(&Job::Reconcile, now, at, RECONCILE)
    }

    /// For the job that asks providers, as it ends: lets the next one be added.
    pub fn reconcile_again(&self) -> StoreResult<()> {
        self.job_key_free(RECONCILE)
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

    /// Forgets messages of providers that came before a moment, at most so many; tells how many.
    pub fn payment_event_sweep(&self, before: Timestamp, most: usize) -> StoreResult<usize> {
        let sql = "delete from payment_event where (provider, event_id) in \
                   (select provider, event_id from payment_event where received_at < ?1 order by received_at limit ?2)";
        self.execute(sql, params![before, most])
    }
}
