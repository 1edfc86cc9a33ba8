//! SQL of reports: sums over the orders and refunds of a span of time, found by the indexes of their times.

use super::error::StoreResult;
use super::tx::{ReadTx, params};
use crate::domain::report::{Sales, SalesBy, Span};
use std::collections::BTreeMap;

/// Products a report names at most: those that brought most.
const MOST_PRODUCTS: usize = 1_000;

/// What a period is called: the beginning of the date.
fn period(column: &str, chars: usize) -> String {
    format!("substr(strftime('%Y-%m-%d', {column} / 1000, 'unixepoch'), 1, {chars})")
}

impl ReadTx<'_> {
    /// Sales of a span, period by period, or product by product with those first that brought most.
    pub fn sales(&self, span: Span, by: SalesBy) -> StoreResult<Vec<Sales>> {
        match by.date_chars() {
            Some(chars) => self.sales_by_period(span, chars),
            None => self.sales_by_product(span),
        }
    }

    fn sales_by_period(&self, span: Span, chars: usize) -> StoreResult<Vec<Sales>> {
        let mut rows: BTreeMap<String, Sales> = BTreeMap::new();
        let sql = format!(
            "select {} as period, count(*), sum(subtotal), sum(discount_total), sum(shipping_total), sum(tax_total), \
             sum(total), sum((select sum(l.quantity) from order_line l where l.order_id = o.id)) \
             from shop_order o where placed_at >= ?1 and placed_at < ?2 and paid_at is not null group by period",
            period("placed_at", chars)
        );
        self.query_each(&sql, params![span.from, span.until], |row| {
            let key: String = row.get(0)?;
            let sales = Sales {
                key: key.clone(),
                name: None,
                orders: row.get(1)?,
                subtotal: row.get(2)?,
                discounts: row.get(3)?,
                shipping: row.get(4)?,
                tax: row.get(5)?,
                total: row.get(6)?,
                units: row.get::<_, Option<i64>>(7)?.unwrap_or(0),
                refunded: Default::default(),
            };
            rows.insert(key, sales);
            Ok(())
        })?;
        let sql = format!(
            "select {} as period, sum(amount) from refund where created_at >= ?1 and created_at < ?2 \
             and status = 'succeeded' group by period",
            period("created_at", chars)
        );
        self.query_each(&sql, params![span.from, span.until], |row| {
            let key: String = row.get(0)?;
            rows.entry(key.clone()).or_insert_with(|| Sales { key, ..Sales::default() }).refunded = row.get(1)?;
            Ok(())
        })?;
        Ok(rows.into_values().collect())
    }

    fn sales_by_product(&self, span: Span) -> StoreResult<Vec<Sales>> {
        let sql = format!(
            "select coalesce(l.sku, ''), max(l.name), count(distinct o.id), sum(l.quantity), \
             sum(l.unit_price * l.quantity), sum(l.discount), sum(l.tax), sum(l.total), \
             sum(l.total * l.refunded / l.quantity) \
             from shop_order o join order_line l on l.order_id = o.id \
             where o.placed_at >= ?1 and o.placed_at < ?2 and o.paid_at is not null \
             group by l.sku, case when l.sku is null then l.name end order by sum(l.total) desc, 1 limit {MOST_PRODUCTS}"
        );
        self.query_all(&sql, params![span.from, span.until], |row| {
            Ok(Sales {
                key: row.get(0)?,
                name: row.get(1)?,
                orders: row.get(2)?,
                units: row.get(3)?,
                subtotal: row.get(4)?,
                discounts: row.get(5)?,
                shipping: Default::default(),
                tax: row.get(6)?,
                total: row.get(7)?,
                refunded: row.get(8)?,
            })
        })
    }
}
