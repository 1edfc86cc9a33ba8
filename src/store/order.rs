//! SQL of orders: writing them down, reading them, moving them on. Their lines, shipments, payments and timeline stand
//! in `order_line.rs` and `order_money.rs`, their lists in `order_list.rs`.

use super::error::{StoreError, StoreResult};
use super::order_line::insert_lines;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::account::AddressDraft;
use crate::domain::order::{
    FulfillmentStatus, NewOrder, Order, OrderRef, OrderSource, OrderStatus, OrderSums, WholeOrder, new_order_terms,
    order_terms,
};
use crate::domain::{Email, OrderId, OrderNumber, Timestamp, UserId};

/// The series of numbers of orders.
const ORDER_SERIES: &str = "order";

pub(super) const ORDER: &str = "select o.id, o.number, o.token, o.account_id, o.email, o.source, o.status, \
     o.fulfillment_status, o.currency, o.tax_included, o.subtotal, o.discount_total, o.shipping_total, o.tax_total, \
     o.total, o.shipping_option, o.shipping_name, o.shipping_address, o.billing_address, o.discount_code, \
     o.explanation, o.note, o.client, o.version, o.placed_at, o.paid_at, o.cancelled_at, o.created_at, o.updated_at, \
     o.reference from shop_order o";

pub(super) fn order(row: &Row<'_>) -> RowResult<Order> {
    Ok(Order {
        id: row.get(0)?,
        number: row.get(1)?,
        token: row.get(2)?,
        account_id: row.get(3)?,
        email: row.get(4)?,
        source: OrderSource::parse(&row.get::<_, String>(5)?).unwrap_or(OrderSource::Web),
        status: OrderStatus::parse(&row.get::<_, String>(6)?).unwrap_or(OrderStatus::Pending),
        fulfillment_status: FulfillmentStatus::parse(&row.get::<_, String>(7)?)
            .unwrap_or(FulfillmentStatus::Unfulfilled),
        currency: row.get(8)?,
        tax_included: row.get(9)?,
        sums: OrderSums {
            subtotal: row.get(10)?,
            discount_total: row.get(11)?,
            shipping_total: row.get(12)?,
            tax_total: row.get(13)?,
            total: row.get(14)?,
        },
        shipping_option: row.get(15)?,
        shipping_name: row.get(16)?,
        shipping_address: address(row.get(17)?),
        billing_address: address(row.get(18)?),
        discount_code: row.get(19)?,
        explanation: row.get(20)?,
        note: row.get(21)?,
        client: row.get(22)?,
        version: row.get(23)?,
        placed_at: row.get(24)?,
        paid_at: row.get(25)?,
        cancelled_at: row.get(26)?,
        created_at: row.get(27)?,
        updated_at: row.get(28)?,
        reference: row.get(29)?,
    })
}

fn address(text: Option<String>) -> Option<AddressDraft> {
    serde_json::from_str(&text?).ok()
}

fn address_text(address: Option<&AddressDraft>) -> Option<String> {
    address.and_then(|address| serde_json::to_string(address).ok())
}

/// Where an order stands after a move, and when the marks on its way were set.
#[derive(Clone, Copy, Debug)]
pub struct OrderMove {
    /// Its status from now on.
    pub status: OrderStatus,
    /// How much of it is on its way.
    pub fulfillment: FulfillmentStatus,
    /// Now, if it is paid by this move.
    pub paid_at: Option<Timestamp>,
    /// Now, if it is called off by this move.
    pub cancelled_at: Option<Timestamp>,
}

impl OrderMove {
    /// A move to another status that changes nothing else.
    pub fn to(order: &Order, status: OrderStatus) -> Self {
        Self { status, fulfillment: order.fulfillment_status, paid_at: None, cancelled_at: None }
    }
}

impl ReadTx<'_> {
    /// The order with this id, without what hangs on it.
    pub fn order_by_id(&self, id: OrderId) -> StoreResult<Option<Order>> {
        self.query_one(&format!("{ORDER} where o.id = ?1"), [id], order)
    }

    /// The order with this number.
    pub fn order_by_number(&self, number: OrderNumber) -> StoreResult<Option<Order>> {
        self.query_one(&format!("{ORDER} where o.number = ?1"), [number], order)
    }

    /// The order with this number, for whoever has its token.
    pub fn order_by_token(&self, number: OrderNumber, token: &str) -> StoreResult<Option<Order>> {
        let sql = format!("{ORDER} where o.token = ?2 and o.number = ?1");
        self.query_one(&sql, params![number, token], order)
    }

    /// The order, or the draft, of this name.
    pub fn order_named(&self, name: OrderRef) -> StoreResult<Option<Order>> {
        match name {
            OrderRef::Number(number) => self.order_by_number(number),
            OrderRef::Draft(id) => {
                Ok(self.order_by_id(id)?.filter(|order| order.status == OrderStatus::Draft && order.number.is_none()))
            }
        }
    }

    /// Orders with all that hangs on them, in the order given, by as many statements as one takes.
    pub fn orders_whole(&self, orders: Vec<Order>) -> StoreResult<Vec<WholeOrder>> {
        let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut lines = self.order_lines(&ids)?;
        let mut payments = self.order_payments(&ids)?;
        let mut fulfillments = self.order_fulfillments(&ids)?;
        let mut refunds = self.order_refunds(&ids)?;
        let mut timeline = self.order_timeline(&ids)?;
        let whole = |order: Order| WholeOrder {
            lines: lines.extract_if(.., |line| line.order_id == order.id).collect(),
            payments: payments.extract_if(.., |payment| payment.order_id == order.id).collect(),
            fulfillments: fulfillments.extract_if(.., |sent| sent.order_id == order.id).collect(),
            refunds: refunds.extract_if(.., |refund| refund.order_id == order.id).collect(),
            timeline: timeline.extract_if(.., |entry| entry.order_id == order.id).collect(),
            order,
        };
        Ok(orders.into_iter().map(whole).collect())
    }

    /// One order with all that hangs on it.
    pub fn order_whole(&self, id: OrderId) -> StoreResult<Option<WholeOrder>> {
        let order = self.order_by_id(id)?;
        Ok(self.orders_whole(order.into_iter().collect())?.pop())
    }
}

impl WriteTx<'_> {
    /// Writes an order down with its lines. Unless it is a draft it gets the next number, the first being `first`; the
    /// series has no gaps, since a write that fails gives its number back.
    pub fn order_insert(&self, new: &NewOrder, first: u32, at: Timestamp) -> StoreResult<OrderId> {
        let number = if new.status == OrderStatus::Draft { None } else { Some(self.order_number_next(first)?) };
        let sql = "insert into shop_order (number, token, account_id, email, email_key, source, status, currency, \
                   tax_included, subtotal, discount_total, shipping_total, tax_total, total, shipping_option, \
                   shipping_name, shipping_address, billing_address, discount_code, explanation, note, client, \
                   placed_at, created_at, updated_at, reference) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, \
                   ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?24, ?25)";
        let OrderSums { subtotal, discount_total, shipping_total, tax_total, total } = new.sums;
        self.execute(
            sql,
            params![
                number,
                new.token,
                new.account_id,
                new.email.as_str(),
                new.email.key(),
                new.source.as_str(),
                new.status.as_str(),
                new.currency,
                new.tax_included,
                subtotal,
                discount_total,
                shipping_total,
                tax_total,
                total,
                new.shipping_option,
                new.shipping_name,
                address_text(new.shipping_address.as_ref()),
                address_text(new.billing_address.as_ref()),
                new.discount_code,
                new.explanation,
                new.note,
                new.client,
                new.placed_at,
                at,
                new.reference,
            ],
        )?;
        let id = OrderId::new(self.last_id());
        insert_lines(self, id, &new.lines)?;
        self.order_terms_insert(id, &new_order_terms(number, new))?;
        Ok(id)
    }

    /// The next number of the series of orders.
    pub fn order_number_next(&self, first: u32) -> StoreResult<OrderNumber> {
        self.number_next(ORDER_SERIES, i64::from(first)).map(OrderNumber::new)
    }

    /// The next number of a series that begins at `first` and has no gaps.
    pub fn number_next(&self, series: &str, first: i64) -> StoreResult<i64> {
        let sql = "insert into number_series (name, last) values (?1, ?2) \
                   on conflict (name) do update set last = last + 1 returning last";
        let last: Option<i64> = self.query_one(sql, params![series, first], |row| row.get(0))?;
        last.ok_or_else(|| StoreError::Internal(format!("the series {series} gave no number")))
    }

    /// Moves an order on, unless it has changed since it was read: then nothing happens, and false is given.
    pub fn order_move(&self, before: &Order, to: OrderMove, at: Timestamp) -> StoreResult<bool> {
        let sql = "update shop_order set status = ?4, fulfillment_status = ?5, paid_at = coalesce(?6, paid_at), \
                   cancelled_at = coalesce(?7, cancelled_at), updated_at = ?8, version = version + 1 \
                   where id = ?1 and status = ?2 and version = ?3";
        let OrderMove { status, fulfillment, paid_at, cancelled_at } = to;
        let (id, from, version) = (before.id, before.status.as_str(), before.version);
        let (status, fulfillment) = (status.as_str(), fulfillment.as_str());
        Ok(self.execute(sql, params![id, from, version, status, fulfillment, paid_at, cancelled_at, at])? > 0)
    }

    /// Counts a change that is none of the order itself, such as a note: editors who have not seen it are stale.
    pub fn order_touch(&self, id: OrderId, at: Timestamp) -> StoreResult<()> {
        let sql = "update shop_order set updated_at = ?2, version = version + 1 where id = ?1";
        self.execute(sql, params![id, at]).map(drop)
    }

    /// Overwrites what the staff may edit, unless the order has changed since it was read.
    pub fn order_edit(&self, edited: &Order, email: &Email, at: Timestamp) -> StoreResult<bool> {
        let sql = "update shop_order set email = ?3, email_key = ?4, shipping_address = ?5, billing_address = ?6, \
                   note = ?7, updated_at = ?8, version = version + 1 where id = ?1 and version = ?2";
        let (shipping, billing) = (edited.shipping_address.as_ref(), edited.billing_address.as_ref());
        let changed = self.execute(
            sql,
            params![
                edited.id,
                edited.version,
                email.as_str(),
                email.key(),
                address_text(shipping),
                address_text(billing),
                edited.note,
                at
            ],
        )?;
        self.order_terms_refresh(edited.id)?;
        Ok(changed > 0)
    }

    /// Gives a draft its number, unless somebody was faster.
    pub fn order_place_draft(&self, draft: &Order, first: u32, at: Timestamp) -> StoreResult<bool> {
        let number = self.order_number_next(first)?;
        let sql = "update shop_order set number = ?3, status = 'pending', placed_at = ?4, updated_at = ?4, \
                   version = version + 1 where id = ?1 and version = ?2 and status = 'draft'";
        let placed = self.execute(sql, params![draft.id, draft.version, number, at])? > 0;
        self.order_terms_refresh(draft.id)?;
        Ok(placed)
    }

    /// Removes a draft and what hangs on it.
    pub fn order_discard(&self, draft: OrderId) -> StoreResult<()> {
        for table in ["order_line", "order_event", "payment", "draft_discount"] {
            self.execute(&format!("delete from {table} where order_id = ?1"), [draft])?;
        }
        self.execute("delete from shop_order where id = ?1 and status = 'draft'", [draft]).map(drop)
    }

    /// Writes down anew by which words an order is found.
    fn order_terms_refresh(&self, id: OrderId) -> StoreResult<()> {
        let Some(order) = self.order_by_id(id)? else { return Ok(()) };
        let lines = self.order_lines(&[id])?;
        self.execute("delete from order_term where order_id = ?1", [id])?;
        self.order_terms_insert(id, &order_terms(&order, &lines))
    }

    /// All at once: an order has a dozen of them.
    fn order_terms_insert(&self, id: OrderId, terms: &[String]) -> StoreResult<()> {
        let sql = "insert into order_term (term, order_id) select value, ?2 from json_each(?1)";
        let terms = serde_json::to_string(terms).unwrap_or_else(|_| "[]".to_owned());
        self.execute(sql, params![terms, id]).map(drop)
    }

    /// Gives the orders that were placed with an address, and belong to nobody, to the account whose address it is.
    pub fn orders_link(&self, user: UserId, email: &Email, at: Timestamp) -> StoreResult<Vec<OrderId>> {
        let sql = "update shop_order set account_id = ?1, updated_at = ?3, version = version + 1 \
                   where email_key = ?2 and account_id is null returning id";
        self.query_all(sql, params![user, email.key(), at], |row| row.get(0))
    }

    /// Takes the orders of somebody who is erased away from their account. The orders stay, as books must.
    pub fn orders_unlink(&self, user: UserId, at: Timestamp) -> StoreResult<usize> {
        let sql =
            "update shop_order set account_id = null, updated_at = ?2, version = version + 1 where account_id = ?1";
        self.execute(sql, params![user, at])
    }
}
