//! SQL of orders as those see them who placed them.

use super::error::StoreResult;
use super::order::{ORDER, order};
use super::tx::{ReadTx, params};
use crate::domain::order::Order;
use crate::domain::{OrderId, Timestamp, UserId};

/// A place in the list of somebody's orders: when one was placed, and which it is.
pub type OwnPosition = (Timestamp, OrderId);

impl ReadTx<'_> {
    /// A page of somebody's orders, the newest first: from behind a place, or backwards from before it.
    pub fn orders_of_account(
        &self,
        account: UserId,
        from: Option<OwnPosition>,
        backwards: bool,
        limit: usize,
    ) -> StoreResult<Vec<Order>> {
        let (at, id) = from.unwrap_or((Timestamp::from_millis(i64::MAX), OrderId::new(i64::MAX)));
        self.query_all(&own_list(backwards), params![account, at, id, limit], order)
    }

    /// How the engine finds such a page.
    pub fn orders_of_account_plan(&self, backwards: bool) -> StoreResult<Vec<String>> {
        let sql = format!("explain query plan {}", own_list(backwards));
        self.query_all(&sql, params![1, 1, 1, 1], |row| row.get("detail"))
    }

    /// How many orders of a client, placed after a moment, are not paid; counts no further than `most`.
    pub fn orders_unpaid_of_client(&self, client: &str, since: Timestamp, most: u32) -> StoreResult<i64> {
        let sql = "select count(*) from (select 1 from shop_order where client = ?1 and status = 'pending' \
                   and placed_at > ?2 limit ?3)";
        self.query_number(sql, params![client, since, most])
    }
}

fn own_list(backwards: bool) -> String {
    let (sign, way) = if backwards { (">", "asc") } else { ("<", "desc") };
    format!(
        "{ORDER} where account_id = ?1 and (placed_at, id) {sign} (?2, ?3) order by placed_at {way}, id {way} limit ?4"
    )
}
