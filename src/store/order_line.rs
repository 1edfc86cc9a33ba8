//! SQL of the lines of orders, what was sent of them, and what happened to them.

use super::error::StoreResult;
use super::product::placeholders;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params, params_from_iter};
use crate::domain::order::{Fulfillment, NewLine, OrderLine, TimelineEntry};
use crate::domain::{FulfillmentId, OrderId, OrderLineId, Timestamp};
use serde_json::Value;

const LINE: &str = "select id, order_id, product_id, variant_id, sku, name, title, quantity, unit_price, discount, tax, \
     total, taxes, weight_grams, fulfilled, refunded, returned, withdrawn from order_line";

fn line(row: &Row<'_>) -> RowResult<OrderLine> {
    Ok(OrderLine {
        id: row.get(0)?,
        order_id: row.get(1)?,
        product_id: row.get(2)?,
        variant_id: row.get(3)?,
        sku: row.get(4)?,
        name: row.get(5)?,
        title: row.get(6)?,
        quantity: row.get(7)?,
        unit_price: row.get(8)?,
        discount: row.get(9)?,
        tax: row.get(10)?,
        total: row.get(11)?,
        taxes: serde_json::from_str(&row.get::<_, String>(12)?).unwrap_or_default(),
        weight_grams: row.get(13)?,
        fulfilled: row.get(14)?,
        refunded: row.get(15)?,
        returned: row.get(16)?,
        withdrawn: row.get(17)?,
    })
}

/// How units of a line are counted further.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineCount {
    /// So many more are sent.
    pub fulfilled: i64,
    /// So many more are paid back; negative when a refund failed.
    pub refunded: i64,
    /// So many more came back.
    pub returned: i64,
    /// So many more never will be sent; negative when a refund failed.
    pub withdrawn: i64,
}

impl ReadTx<'_> {
    /// The lines of orders, each order's in its own sequence.
    pub fn order_lines(&self, orders: &[OrderId]) -> StoreResult<Vec<OrderLine>> {
        let marks = placeholders(orders.len());
        let sql = format!("{LINE} where order_id in ({marks}) order by order_id, position");
        self.query_all(&sql, params_from_iter(orders), line)
    }

    /// What was sent of orders.
    pub fn order_fulfillments(&self, orders: &[OrderId]) -> StoreResult<Vec<Fulfillment>> {
        let sql = format!(
            "select f.id, f.order_id, f.carrier, f.tracking_number, f.actor, f.created_at, l.order_line_id, l.quantity \
             from fulfillment f join fulfillment_line l on l.fulfillment_id = f.id where f.order_id in ({}) \
             order by f.id, l.order_line_id",
            placeholders(orders.len())
        );
        let mut sent: Vec<Fulfillment> = Vec::new();
        self.query_each(&sql, params_from_iter(orders), |row| {
            let id: FulfillmentId = row.get(0)?;
            let units = (row.get(6)?, row.get(7)?);
            if let Some(last) = sent.last_mut().filter(|last| last.id == id) {
                last.lines.push(units);
                return Ok(());
            }
            sent.push(Fulfillment {
                id,
                order_id: row.get(1)?,
                carrier: row.get(2)?,
                tracking_number: row.get(3)?,
                actor: row.get(4)?,
                created_at: row.get(5)?,
                lines: vec![units],
            });
            Ok(())
        })?;
        Ok(sent)
    }

    /// What happened to orders.
    pub fn order_timeline(&self, orders: &[OrderId]) -> StoreResult<Vec<TimelineEntry>> {
        let sql = format!(
            "select id, order_id, kind, detail, visible, actor, created_at from order_event where order_id in ({}) \
             order by order_id, id",
            placeholders(orders.len())
        );
        self.query_all(&sql, params_from_iter(orders), |row| {
            Ok(TimelineEntry {
                id: row.get(0)?,
                order_id: row.get(1)?,
                kind: row.get(2)?,
                detail: serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or(Value::Null),
                visible: row.get(4)?,
                actor: row.get(5)?,
                created_at: row.get(6)?,
            })
        })
    }
}

pub(super) fn insert_lines(tx: &WriteTx<'_>, order: OrderId, lines: &[NewLine]) -> StoreResult<()> {
    let sql = "insert into order_line (order_id, position, product_id, variant_id, sku, name, title, quantity, \
               unit_price, discount, tax, total, taxes, weight_grams) \
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    for (position, new) in lines.iter().enumerate() {
        let NewLine { product_id, variant_id, sku, name, title, quantity, unit_price, discount, tax, total, .. } = new;
        let taxes = serde_json::to_string(&new.taxes).unwrap_or_else(|_| "[]".to_owned());
        tx.execute(
            sql,
            params![
                order,
                position,
                product_id,
                variant_id,
                sku,
                name,
                title,
                quantity,
                unit_price,
                discount,
                tax,
                total,
                taxes,
                new.weight_grams
            ],
        )?;
    }
    Ok(())
}

impl WriteTx<'_> {
    /// Counts units of a line further, unless a counter would pass what it must not: then nothing happens, and false
    /// is given.
    pub fn order_line_count(&self, line: OrderLineId, by: LineCount) -> StoreResult<bool> {
        let sql = "update order_line set fulfilled = fulfilled + ?2, refunded = refunded + ?3, returned = returned + ?4, \
                   withdrawn = withdrawn + ?5 where id = ?1 and fulfilled + ?2 + withdrawn + ?5 <= quantity \
                   and refunded + ?3 between 0 and quantity and returned + ?4 between 0 and fulfilled + ?2 \
                   and withdrawn + ?5 between 0 and refunded + ?3";
        let LineCount { fulfilled, refunded, returned, withdrawn } = by;
        Ok(self.execute(sql, params![line, fulfilled, refunded, returned, withdrawn])? > 0)
    }

    /// Writes down that something was sent. The lines are counted apart.
    pub fn fulfillment_insert(&self, sent: &Fulfillment) -> StoreResult<FulfillmentId> {
        let sql = "insert into fulfillment (order_id, carrier, tracking_number, actor, created_at) \
                   values (?1, ?2, ?3, ?4, ?5)";
        let Fulfillment { order_id, carrier, tracking_number, actor, created_at, .. } = sent;
        self.execute(sql, params![order_id, carrier, tracking_number, actor, created_at])?;
        let id = FulfillmentId::new(self.last_id());
        let sql = "insert into fulfillment_line (fulfillment_id, order_line_id, quantity) values (?1, ?2, ?3)";
        for (line, quantity) in &sent.lines {
            self.execute(sql, params![id, line, quantity])?;
        }
        Ok(id)
    }

    /// Adds an entry to the timeline of an order.
    pub fn order_event_add(
        &self,
        order: OrderId,
        kind: &str,
        detail: &Value,
        visible: bool,
        actor: &str,
        at: Timestamp,
    ) -> StoreResult<()> {
        let sql = "insert into order_event (order_id, kind, detail, visible, actor, created_at) \
                   values (?1, ?2, ?3, ?4, ?5, ?6)";
        self.execute(sql, params![order, kind, detail.to_string(), visible, actor, at]).map(drop)
    }
}
