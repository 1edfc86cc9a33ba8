//! SQL of stock: levels, the ledger and reservations.

use super::error::StoreResult;
use super::sql::Sql;
use super::tx::{ReadTx, Row, RowResult, Value, WriteTx, params, params_from_iter};
use crate::domain::stock::{
    Movement, MovementFilter, MovementKind, StockFilter, StockItem, StockKey, StockLevel, StockPolicy,
};
use crate::domain::{Direction, MovementId, OrderId, ProductId, Sku, Timestamp, VariantId};

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

const ITEM: &str = "select v.id, v.product_id, v.sku, v.stock_policy, v.on_hand, v.reserved, v.stock, v.low_stock_at, \
     p.name, v.title from variant v";

const MOVEMENT: &str = "select m.id, m.variant_id, m.kind, m.on_hand, m.reserved, m.reason, m.note, m.actor, o.number, \
     m.created_at from stock_movement m";

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

fn item(row: &Row<'_>) -> RowResult<StockItem> {
    Ok(StockItem { level: level(row)?, name: row.get(8)?, title: row.get(9)? })
}

fn movement(row: &Row<'_>) -> RowResult<Movement> {
    Ok(Movement {
        id: row.get(0)?,
        variant_id: row.get(1)?,
        kind: MovementKind::parse(row.get_ref(2)?.as_str()?).unwrap_or(MovementKind::Corrected),
        on_hand: row.get(3)?,
        reserved: row.get(4)?,
        reason: row.get(5)?,
        note: row.get(6)?,
        actor: row.get(7)?,
        order: row.get(8)?,
        created_at: row.get(9)?,
    })
}

/// The statement of a page of levels. Which index it walks is decided here, by what says most.
fn stock_page(filter: &StockFilter, from: Option<(VariantId, Direction)>, limit: usize) -> Sql {
    let low = "v.low_stock_at is not null and v.stock <= v.low_stock_at and v.stock_policy <> 'untracked'";
    let mut found = Sql::default();
    let mut index = "not indexed";
    if let Some(id) = filter.variant {
        found.and("v.id = ?", [id.into()]);
    }
    match filter.low {
        Some(true) => {
            index = "indexed by variant_low";
            found.and(low, []);
        }
        Some(false) => found.and(&format!("not ({low})"), []),
        None => {}
    }
    if let Some(policy) = filter.policy {
        // The index holds what is not of the usual policy.
        let rare = policy != StockPolicy::Deny;
        if rare {
            index = "indexed by variant_policy";
        }
        let usual = if rare { "v.stock_policy <> 'deny' and v.stock_policy = ?" } else { "v.stock_policy = ?" };
        found.and(usual, [Value::Text(policy.as_str().to_owned())]);
    }
    if let Some(id) = filter.product {
        index = "indexed by variant_product";
        found.and("v.product_id = ?", [id.into()]);
    }
    if let Some(sku) = &filter.sku {
        index = "";
        found.and("v.sku = ?", [Value::Text(sku.to_string())]);
    }
    let backwards = matches!(from, Some((_, Direction::Previous)));
    let (sign, order) = if backwards { ("<", "desc") } else { (">", "asc") };
    if let Some((id, _)) = from {
        found.and(&format!("v.id {sign} ?"), [id.into()]);
    }
    let mut sql = Sql::new(format!("{ITEM} {index} join product p on p.id = v.product_id"), Vec::new());
    if !found.text.is_empty() {
        sql.append(" where ", found, "");
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    sql.push(&format!(" order by v.id {order} limit ?"), [Value::Integer(limit)]);
    sql
}

/// The statement of a page of movements, newest first.
fn movement_page(filter: &MovementFilter, from: Option<(MovementId, Direction)>, limit: usize) -> Sql {
    let mut found = Sql::default();
    let mut index = "not indexed";
    if let Some(kind) = filter.kind {
        index = "indexed by stock_movement_kind";
        found.and("m.kind = ?", [Value::Text(kind.as_str().to_owned())]);
    }
    if let Some(id) = filter.variant {
        index = "indexed by stock_movement_variant";
        found.and("m.variant_id = ?", [id.into()]);
    }
    if let Some(number) = filter.order {
        index = "indexed by stock_movement_order";
        found.and("m.order_id = (select id from shop_order where number = ?)", [Value::Integer(number)]);
    }
    let backwards = matches!(from, Some((_, Direction::Previous)));
    let (sign, order) = if backwards { (">", "asc") } else { ("<", "desc") };
    if let Some((id, _)) = from {
        found.and(&format!("m.id {sign} ?"), [id.into()]);
    }
    let mut sql = Sql::new(format!("{MOVEMENT} {index} left join shop_order o on o.id = m.order_id"), Vec::new());
    if !found.text.is_empty() {
        sql.append(" where ", found, "");
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    sql.push(&format!(" order by m.id {order} limit ?"), [Value::Integer(limit)]);
    sql
}

impl ReadTx<'_> {
    /// The stock of the variant that is meant.
    pub fn stock_level_by_key(&self, key: &StockKey) -> StoreResult<Option<StockLevel>> {
        match key {
            StockKey::Id(id) => self.stock_level(*id),
            StockKey::Sku(sku) => self.query_one(&format!("{LEVEL} where sku = ?1"), [sku.as_str()], level),
        }
    }

    /// The stock of a variant with what people know it by.
    pub fn stock_item(&self, id: VariantId) -> StoreResult<Option<StockItem>> {
        let sql = format!("{ITEM} join product p on p.id = v.product_id where v.id = ?1");
        self.query_one(&sql, [id], item)
    }

    /// A page of levels in order of variant.
    pub fn stock_page(
        &self,
        filter: &StockFilter,
        from: Option<(VariantId, Direction)>,
        limit: usize,
    ) -> StoreResult<Vec<StockItem>> {
        let sql = stock_page(filter, from, limit);
        self.query_all(&sql.text, params_from_iter(sql.values), item)
    }

    /// How the engine goes about a page of levels, for tests.
    pub fn stock_plan(&self, filter: &StockFilter, from: Option<(VariantId, Direction)>) -> StoreResult<Vec<String>> {
        let sql = stock_page(filter, from, 20);
        self.query_all(&format!("explain query plan {}", sql.text), params_from_iter(sql.values), |row| row.get(3))
    }

    /// A page of the ledger, newest first.
    pub fn movement_page(
        &self,
        filter: &MovementFilter,
        from: Option<(MovementId, Direction)>,
        limit: usize,
    ) -> StoreResult<Vec<Movement>> {
        let sql = movement_page(filter, from, limit);
        self.query_all(&sql.text, params_from_iter(sql.values), movement)
    }

    /// How the engine goes about a page of the ledger, for tests.
    pub fn movement_plan(
        &self,
        filter: &MovementFilter,
        from: Option<(MovementId, Direction)>,
    ) -> StoreResult<Vec<String>> {
        let sql = movement_page(filter, from, 20);
        self.query_all(&format!("explain query plan {}", sql.text), params_from_iter(sql.values), |row| row.get(3))
    }

    /// One movement.
    pub fn movement_by_id(&self, id: MovementId) -> StoreResult<Option<Movement>> {
        let sql = format!("{MOVEMENT} left join shop_order o on o.id = m.order_id where m.id = ?1");
        self.query_one(&sql, [id], movement)
    }

    /// The stock of a variant.
    pub fn stock_level(&self, id: VariantId) -> StoreResult<Option<StockLevel>> {
        self.query_one(&format!("{LEVEL} where id = ?1"), [id], level)
    }

    /// Whether orders refer to a product.
    pub fn product_in_use(&self, id: ProductId) -> StoreResult<bool> {
        let sql = "select exists (select 1 from order_line where product_id = ?1) or exists \
                   (select 1 from variant v join reservation r on r.variant_id = v.id where v.product_id = ?1)";
        Ok(self.query_number(sql, [id])? != 0)
    }

    /// Whether orders refer to a variant.
    pub fn variant_in_use(&self, id: VariantId) -> StoreResult<bool> {
        let sql = "select exists (select 1 from order_line where variant_id = ?1) \
                   or exists (select 1 from reservation where variant_id = ?1)";
        Ok(self.query_number(sql, [id])? != 0)
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

    /// Whether what is promised to an order has run out.
    pub fn reservations_are_due(&self, order: OrderId, now: Timestamp) -> StoreResult<bool> {
        let sql = "select exists (select 1 from reservation where order_id = ?1 and expires_at <= ?2)";
        Ok(self.query_number(sql, params![order, now])? == 1)
    }

    /// Whether some reservation runs out later than `end`.
    pub fn reservations_beyond(&self, end: Timestamp) -> StoreResult<bool> {
        let sql = "select exists (select 1 from reservation where expires_at is not null and expires_at > ?1)";
        Ok(self.query_number(sql, [end])? == 1)
    }
}

impl WriteTx<'_> {
    /// Lets reservations that run out later than `end` run out then.
    pub fn reservations_shorten(&self, end: Timestamp) -> StoreResult<usize> {
        self.execute("update reservation set expires_at = ?1 where expires_at is not null and expires_at > ?1", [end])
    }

    /// Changes the numbers of a variant by so many; false, without a change, when that would leave fewer on the shelf
    /// than are promised of something that must be there to be sold.
    pub fn stock_change(&self, id: VariantId, on_hand: i64, reserved: i64) -> StoreResult<bool> {
        let sql = "update variant set on_hand = on_hand + ?2, reserved = reserved + ?3, \
                   stock = max(on_hand + ?2 - reserved - ?3, 0) where id = ?1 and reserved + ?3 >= 0 \
                   and (stock_policy <> 'deny' or on_hand + ?2 >= reserved + ?3)";
        Ok(self.execute(sql, params![id, on_hand, reserved])? == 1)
    }

    /// Writes a line of the ledger.
    pub fn stock_movement_insert(&self, row: &MovementRow<'_>) -> StoreResult<MovementId> {
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
        Ok(MovementId::new(self.last_id()))
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

    /// Lets what is promised to an order run out no sooner than then; what never runs out stays so.
    pub fn reservations_prolong(&self, order: OrderId, until: Timestamp) -> StoreResult<()> {
        let sql = "update reservation set expires_at = ?2 where order_id = ?1 and expires_at < ?2";
        self.execute(sql, params![order, until]).map(drop)
    }

    /// Keeps the sum of a product's stock after that of its variants has changed by so many in all. That something was
    /// sold does not count as a change of the product itself, so `updated_at` stays.
    pub fn product_stock_change(&self, id: ProductId, delta: i64) -> StoreResult<()> {
        let sql = "update product set stock = stock + ?2, version = version + 1, in_stock = exists (select 1 from \
                   variant where product_id = ?1 and (stock > 0 or stock_policy <> 'deny')) where id = ?1";
        self.execute(sql, params![id, delta]).map(drop)
    }
}
