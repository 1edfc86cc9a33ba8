//! SQL of orders that were made elsewhere before and are read from a file.

use super::error::StoreResult;
use super::tx::{ReadTx, WriteTx, params};
use crate::domain::{OrderId, OrderLineId, Timestamp};

impl ReadTx<'_> {
    /// Whether an order, or a refund, of this name has been read before.
    pub fn past_known(&self, reference: &str) -> StoreResult<bool> {
        let sql = "select exists (select 1 from shop_order where reference = ?1) \
                   or exists (select 1 from refund where reference = ?1)";
        Ok(self.query_number(sql, [reference])? > 0)
    }

    /// The newest line of a buyer's past orders of which so many units can be given back.
    pub fn past_line_to_return(
        &self,
        email_key: &str,
        sku: &str,
        units: i64,
        before: Timestamp,
    ) -> StoreResult<Option<(OrderId, OrderLineId)>> {
        let sql = "select o.id, l.id from shop_order o join order_line l on l.order_id = o.id \
                   where o.email_key = ?1 and o.placed_at <= ?4 and o.source = 'import' and l.sku = ?2 \
                   and l.refunded + ?3 <= l.quantity and l.returned + ?3 <= l.fulfilled \
                   order by o.placed_at desc, o.id desc, l.position limit 1";
        self.query_one(sql, params![email_key, sku, units, before], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl WriteTx<'_> {
    /// Notes that a past order was paid when it was placed.
    pub fn past_order_mark(&self, id: OrderId) -> StoreResult<()> {
        self.execute("update shop_order set paid_at = placed_at where id = ?1", [id]).map(drop)
    }
}
