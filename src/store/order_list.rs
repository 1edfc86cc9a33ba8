//! SQL of lists of orders: the newest first, by the time of placing and then by id.

use super::error::StoreResult;
use super::order::{ORDER, order};
use super::product::placeholders;
use super::sql::Sql;
use super::tx::{ReadTx, Value, params_from_iter};
use crate::domain::order::{Order, OrderStatus};
use crate::domain::{Direction, OrderId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// Orders that a word of a search names at most: those found first by its letters.
const FOUND_AT_MOST: i64 = 2_000;

/// Which orders a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only these; all but drafts when none is named.
    pub statuses: Vec<OrderStatus>,
    /// Only this person's.
    pub account: Option<UserId>,
    /// Only those with this address, in lower case.
    pub email_key: Option<String>,
    /// Only those placed then or later.
    pub placed_from: Option<Timestamp>,
    /// Only those placed earlier.
    pub placed_to: Option<Timestamp>,
    /// Only those with a word that begins like each of these; none where there is no word to look for.
    pub words: Option<Vec<String>>,
    /// Only those with a payment that somebody has to look at.
    pub flagged: bool,
}

/// Where a page of orders begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPosition {
    placed_at: Timestamp,
    id: OrderId,
}

impl OrderPosition {
    /// The position of an order.
    pub fn of(order: &Order) -> Self {
        Self { placed_at: order.placed_at, id: order.id }
    }
}

impl OrderFilter {
    fn statuses(&self) -> Vec<OrderStatus> {
        if self.statuses.is_empty() {
            return OrderStatus::ALL.into_iter().filter(|status| *status != OrderStatus::Draft).collect();
        }
        let mut asked = self.statuses.clone();
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    /// Conditions beside those that a walk is by.
    fn conditions(&self, from: Option<(OrderPosition, Direction)>) -> Sql {
        let mut sql = Sql::default();
        if let Some((OrderPosition { placed_at, id }, direction)) = from {
            let sign = if direction == Direction::Next { "<" } else { ">" };
            sql.and(&format!("(o.placed_at, o.id) {sign} (?, ?)"), [placed_at.into(), id.into()]);
        }
        if let Some(at) = self.placed_from {
            sql.and("o.placed_at >= ?", [at.into()]);
        }
        if let Some(at) = self.placed_to {
            sql.and("o.placed_at < ?", [at.into()]);
        }
        if self.flagged {
            sql.and("o.id in (select order_id from payment where flag is not null)", []);
        }
        if self.words.as_ref().is_some_and(Vec::is_empty) {
            sql.and("false", []);
        }
        for word in self.words.iter().flatten() {
            let end = format!("{word}\u{10ffff}");
            let found = "o.id in (select order_id from order_term where term >= ? and term < ? limit ?)";
            sql.and(found, [Value::Text(word.clone()), Value::Text(end), Value::Integer(FOUND_AT_MOST)]);
        }
        sql
    }

    /// A page: walks of indexes that stand in the order of the list, merged where there are several.
    fn page(&self, from: Option<(OrderPosition, Direction)>, limit: usize) -> Sql {
        let backwards = matches!(from, Some((_, Direction::Previous)));
        let way = if backwards { "asc" } else { "desc" };
        let order = format!("order by o.placed_at {way}, o.id {way} limit ?");
        let statuses = self.statuses();
        let limit = Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX));
        // A person's orders are few, and so is what a search finds or a flag marks; a status may be most of the shop.
        let narrow = self.account.is_some() || self.email_key.is_some() || self.flagged || self.words.is_some();
        if !self.statuses.is_empty() && !narrow {
            return self.walks(&statuses, from, way, limit);
        }
        let mut sql = Sql::default();
        if let Some(user) = self.account {
            sql.and("o.account_id = ?", [user.into()]);
        }
        if let Some(key) = &self.email_key {
            sql.and("o.email_key = ?", [Value::Text(key.clone())]);
        }
        // The sign keeps the engine from walking by status what is walked by time.
        let names = statuses.iter().map(|status| Value::Text(status.as_str().to_owned()));
        sql.and(&format!("+o.status in ({})", placeholders(statuses.len())), names);
        let rest = self.conditions(from);
        if !rest.text.is_empty() {
            sql.append(" and ", rest, "");
        }
        let mut page = Sql::new(format!("{ORDER} where "), Vec::new());
        page.append("", sql, &format!(" {order}"));
        page.values.push(limit);
        page
    }

    /// A walk for each status, merged.
    fn walks(
        &self,
        statuses: &[OrderStatus],
        from: Option<(OrderPosition, Direction)>,
        way: &str,
        limit: Value,
    ) -> Sql {
        let mut ids = Sql::default();
        for (place, status) in statuses.iter().enumerate() {
            let mut one = Sql::default();
            one.and("o.status = ?", [Value::Text(status.as_str().to_owned())]);
            let rest = self.conditions(from);
            if !rest.text.is_empty() {
                one.append(" and ", rest, "");
            }
            let before = "select * from (select o.id, o.placed_at from shop_order o where ";
            let before = if place == 0 { before.to_owned() } else { format!(" union all {before}") };
            ids.append(&before, one, &format!(" order by o.placed_at {way}, o.id {way} limit ?)"));
            ids.values.push(limit.clone());
        }
        let mut page = Sql::new(format!("{ORDER} where o.id in (select id from ("), Vec::new());
        page.append("", ids, &format!(") order by placed_at {way}, id {way} limit ?)"));
        page.values.push(limit);
        page.push(&format!(" order by o.placed_at {way}, o.id {way}"), []);
        page
    }
}

impl ReadTx<'_> {
    /// A page of orders, from behind or before a position; before one, they come the other way round.
    pub fn order_page(
        &self,
        filter: &OrderFilter,
        from: Option<(OrderPosition, Direction)>,
        limit: usize,
    ) -> StoreResult<Vec<Order>> {
        let Sql { text, values } = filter.page(from, limit);
        self.query_all(&text, params_from_iter(values), order)
    }

    /// How the engine goes about a page of orders, for tests.
    pub fn order_plan(
        &self,
        filter: &OrderFilter,
        from: Option<(OrderPosition, Direction)>,
    ) -> StoreResult<Vec<String>> {
        let Sql { text, values } = filter.page(from, 21);
        self.query_all(&format!("explain query plan {text}"), params_from_iter(values), |row| row.get(3))
    }
}
