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

/// The part of a line's total that falls on its first units, the fraction of a coin left out, as `OrderLine::share` has
/// it: in an order that never passes what an integer holds.
fn share(units: &str) -> String {
    format!("(l.total / l.quantity * ({units}) + l.total % l.quantity * ({units}) / l.quantity)")
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
        // What went back of money that no sale had used up takes nothing off the sales: the books tell which it was.
        let sql = format!(
            "select {} as period, sum(gone) from (select r.created_at, (select coalesce(sum(e.amount), 0) \
             from ledger_entry e where e.order_id = r.order_id and e.posting = 'refund:' || r.id \
             and e.account = 'refunds') as gone from refund r join shop_order o on o.id = r.order_id \
             where r.created_at >= ?1 and r.created_at < ?2 and r.status = 'succeeded' and o.paid_at is not null) \
             where gone > 0 group by period",
            period("created_at", chars)
        );
        self.query_each(&sql, params![span.from, span.until], |row| {
            let key: String = row.get(0)?;
            rows.entry(key.clone()).or_insert_with(|| Sales { key, ..Sales::default() }).refunded = row.get(1)?;
            Ok(())
        })?;
        Ok(rows.into_values().collect())
    }

    /// Sold in the span, or paid back in it whenever it was sold; what never was a sale takes nothing off. What was paid back
    /// for no units in particular belongs to no product. A refund of units is the part of their line that falls on them,
    /// after those of refunds before.
    fn sales_by_product(&self, span: Span) -> StoreResult<Vec<Sales>> {
        let sql = format!(
            "with part as ( \
               select l.sku, l.name, o.id as sold, l.quantity as units, l.unit_price * l.quantity as subtotal, \
                 l.discount, l.tax, l.total, 0 as refunded \
               from shop_order o join order_line l on l.order_id = o.id \
               where o.placed_at >= ?1 and o.placed_at < ?2 and o.paid_at is not null \
               union all \
               select l.sku, l.name, null, 0, 0, 0, 0, 0, \
                 {} - {} \
               from ( \
                 select u.order_line_id, u.quantity, coalesce((select sum(v.quantity) from refund s \
                   join refund_line v on v.refund_id = s.id and v.order_line_id = u.order_line_id \
                   where s.order_id = r.order_id and s.id < r.id and s.status <> 'failed'), 0) as before \
                 from refund r join shop_order o on o.id = r.order_id and o.paid_at is not null \
                 join refund_line u on u.refund_id = r.id \
                 where r.created_at >= ?1 and r.created_at < ?2 and r.status = 'succeeded' \
               ) b join order_line l on l.id = b.order_line_id \
             ) \
             select coalesce(sku, ''), max(name), count(distinct sold), sum(units), sum(subtotal), sum(discount), \
               sum(tax), sum(total), sum(refunded) \
             from part group by sku, case when sku is null then name end \
             order by sum(total) desc, 1 limit {MOST_PRODUCTS}",
            share("b.before + b.quantity"),
            share("b.before")
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
