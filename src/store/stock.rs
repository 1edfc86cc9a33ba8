//! SQL of stock: levels, the ledger and reservations.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::stock::{MovementKind, StockLevel, StockPolicy};
use crate::domain::{OrderId, ProductId, Sku, Timestamp, VariantId};

/// A line of the ledger about to be written.
pub struct MovementRow<'a> {
    /// Whose stock moves.
    pub variant_id: VariantId,
    /// What it is.
    pub kind: MovementKind,
    /// By how much the shelf changes.
    pub on_hand: i64,
    /// By how much the promises change.
    pub reserved: i64,
    /// Why, in a word.
    pub reason: Option<&'a str>,
    /// Why, in words.
    pub note: Option<&'a str>,
    /// Who does it.
    pub actor: &'a str,
    /// For which order.
    pub order_id: Option<OrderId>,
    /// When.
    pub at: Timestamp,
}

const LEVEL: &str = "select id, product_id, sku, stock_policy, on_hand, reserved, stock, low_stock_at from variant";

fn level(row: &Row<'_>) -> RowResult<StockLevel> {
    Ok(StockLevel {
        variant_id: row.get(0)?,
        product_id: row.get(1)?,
        sku: row.get::<_, Option<String>>(2)?.map(Sku::trusted),
        policy: StockPolicy::parse(row.get_ref(3)?.as_str()?).unwrap_or_default(),
        on_hand: row.get(4)?,
        reserved: row.get(5)?,
        available: row.get(6)?,
        low_stock_at: row.get(7)?,
    })
}

impl ReadTx<'_> {
    /// The stock of a variant.
    pub fn stock_level(&self, id: VariantId) -> StoreResult<Option<StockLevel>> {
        self.query_one(&format!("{LEVEL} where id = ?1"), [id], level)
    }

    /// The stock of the variant of a SKU.
    pub fn stock_level_by_sku(&self, sku: &Sku) -> StoreResult<Option<StockLevel>> {
        self.query_one(&format!("{LEVEL} where sku = ?1"), [sku.as_str()], level)
    }

    /// What is reserved for an order: variants and how many of each.
    pub fn reservations_of(&self, order: OrderId) -> StoreResult<Vec<(VariantId, i64)>> {
        let sql = "select variant_id, quantity from reservation where order_id = ?1 order by variant_id";
        self.query_all(sql, [order], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Orders whose reservations have run out, those that ran out first before others.
    pub fn reservations_due(&self, now: Timestamp, most: usize) -> StoreResult<Vec<OrderId>> {
        let sql = "select order_id from reservation where expires_at is not null and expires_at <= ?1 \
                   group by order_id order by min(expires_at), order_id limit ?2";
        self.query_all(sql, params![now, most], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Changes the numbers of a variant by so many; false, without a change, when that would leave fewer on the shelf
    /// than are promised of something that must be there to be sold.
    pub fn stock_change(&self, id: VariantId, on_hand: i64, reserved: i64) -> StoreResult<bool> {
        let sql = "update variant set on_hand = on_hand + ?2, reserved = reserved + ?3, \
                   stock = max(on_hand + ?2 - reserved - ?3, 0) where id = ?1 and reserved + ?3 >= 0 \
                   and (stock_policy <> 'deny' or on_hand + ?2 >= reserved + ?3)";
        Ok(self.execute(sql, params![id, on_hand, reserved])? == 1)
    }

    /// Writes a line of the ledger.
    pub fn stock_movement_insert(&self, row: &MovementRow<'_>) -> StoreResult<i64> {
        let sql = "insert into stock_movement (variant_id, kind, on_hand, reserved, reason, note, actor, order_id, \
                   created_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        self.execute(
            sql,
            params![
                row.variant_id,
                row.kind.as_str(),
                row.on_hand,
                row.reserved,
                row.reason,
                row.note,
                row.actor,
                row.order_id,
                row.at
            ],
        )?;
        Ok(self.last_id())
    }

    /// Promises units of a variant to an order, beside those it has.
    pub fn reservation_add(
        &self,
        order: OrderId,
        variant: VariantId,
        quantity: i64,
        expires_at: Option<Timestamp>,
    ) -> StoreResult<()> {
        let sql = "insert into reservation (order_id, variant_id, quantity, expires_at) values (?1, ?2, ?3, ?4) \
                   on conflict (order_id, variant_id) do update set quantity = quantity + excluded.quantity, \
                   expires_at = excluded.expires_at";
        self.execute(sql, params![order, variant, quantity, expires_at]).map(drop)
    }

    /// Ends all that is promised to an order.
    pub fn reservations_end(&self, order: OrderId) -> StoreResult<()> {
        self.execute("delete from reservation where order_id = ?1", [order]).map(drop)
    }

    /// Lets what is promised to an order run out at another moment, or never.
    pub fn reservations_extend(&self, order: OrderId, expires_at: Option<Timestamp>) -> StoreResult<()> {
        self.execute("update reservation set expires_at = ?2 where order_id = ?1", params![order, expires_at]).map(drop)
    }

    /// Keeps the sum of a product's stock after that of its variants has changed by so many in all. That something was
    /// sold does not count as a change of the product itself, so `updated_at` stays.
    pub fn product_stock_change(&self, id: ProductId, delta: i64) -> StoreResult<()> {
        let sql = "update product set stock = stock + ?2, version = version + 1, in_stock = exists (select 1 from \
                   variant where product_id = ?1 and (stock > 0 or stock_policy <> 'deny')) where id = ?1";
        self.execute(sql, params![id, delta]).map(drop)
    }
}
