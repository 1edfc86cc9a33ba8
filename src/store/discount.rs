//! SQL of discounts and of their uses.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::catalog::Stored;
use crate::domain::pricing::{Discount, DiscountDraft, DiscountKind};
use crate::domain::{CategoryId, DiscountId, Money, OrderId, ProductId, Timestamp, UserId};

/// What became of counting a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscountUse {
    /// It is counted.
    Counted,
    /// The discount has been used as often as it may be.
    UsedUp,
    /// This customer has used it as often as one may.
    UsedByCustomer,
}

/// Which discounts a list shows.
#[derive(Clone, Debug, Default)]
pub struct DiscountFilter {
    /// The one with this code, whatever its case.
    pub code: Option<String>,
    /// Those that apply, or that do not.
    pub active: Option<bool>,
}

const DISCOUNT: &str = "select id, version, created_at, updated_at, uses, name, code, kind, rate_ppm, amount, buy, get, \
     products, categories, tags, min_subtotal, min_quantity, starts_at, ends_at, usage_limit, per_customer_limit, \
     combinable, priority, active from discount";

fn discount(row: &Row<'_>) -> RowResult<Discount> {
    let kind: String = row.get(7)?;
    let kind = match kind.as_str() {
        "percent" => DiscountKind::Percent { rate_ppm: row.get(8)? },
        "fixed" => DiscountKind::Fixed { amount: row.get(9)? },
        "buy_x_get_y" => DiscountKind::BuyXGetY { buy: row.get(10)?, get: row.get(11)?, rate_ppm: row.get(8)? },
        _ => DiscountKind::FreeShipping,
    };
    Ok(Discount {
        id: row.get(0)?,
        version: row.get(1)?,
        created_at: row.get(2)?,
        updated_at: row.get(3)?,
        uses: row.get(4)?,
        draft: DiscountDraft {
            name: row.get(5)?,
            code: row.get(6)?,
            kind,
            products: Stored::trusted(row.get(12)?).value(),
            categories: Stored::trusted(row.get(13)?).value(),
            tags: Stored::trusted(row.get(14)?).value(),
            min_subtotal: row.get(15)?,
            min_quantity: row.get(16)?,
            starts_at: row.get(17)?,
            ends_at: row.get(18)?,
            usage_limit: row.get(19)?,
            per_customer_limit: row.get(20)?,
            combinable: row.get(21)?,
            priority: row.get(22)?,
            active: row.get(23)?,
        },
    })
}

/// A page of discounts: from ?1 on, at most ?2, with code ?3, of state ?4.
fn page(filter: &DiscountFilter, backwards: bool) -> String {
    let (sign, direction) = if backwards { ("<", "desc") } else { (">", "asc") };
    let code = if filter.code.is_some() { "code = ?3" } else { "?3 is null" };
    let active = if filter.active.is_some() { "active = ?4" } else { "?4 is null" };
    format!("{DISCOUNT} where id {sign} ?1 and {code} and {active} order by id {direction} limit ?2")
}

/// How often discount ?1 was used by whoever has the folded e-mail address ?2, or by this account. That of an account is
/// counted by the orders that are its own now, so those are among them that it was given later.
fn uses_by(account: &str) -> String {
    format!(
        "max((select count(*) from discount_use where discount_id = ?1 and customer = ?2), \
         (select count(*) from shop_order o cross join discount_use u on u.discount_id = ?1 and u.order_id = o.id \
         where o.account_id = {account}))"
    )
}

impl ReadTx<'_> {
    /// One discount.
    pub fn discount_by_id(&self, id: DiscountId) -> StoreResult<Option<Discount>> {
        self.query_one(&format!("{DISCOUNT} where id = ?1"), [id], discount)
    }

    /// The discount with this code, whatever its case and whether it applies or not.
    pub fn discount_by_code(&self, code: &str) -> StoreResult<Option<Discount>> {
        self.query_one(&format!("{DISCOUNT} where code = ?1"), [code], discount)
    }

    /// The discounts that apply by themselves at this moment, in the order in which they do.
    pub fn discounts_automatic(&self, now: Timestamp) -> StoreResult<Vec<Discount>> {
        let sql = format!(
            "{DISCOUNT} where code is null and active = 1 and (starts_at is null or starts_at <= ?1) \
             and (ends_at is null or ends_at > ?1) order by priority, id"
        );
        self.query_all(&sql, [now], discount)
    }

    /// A page of discounts in order of id, from behind or before one.
    pub fn discount_page(
        &self,
        filter: &DiscountFilter,
        from: Option<DiscountId>,
        backwards: bool,
        limit: usize,
    ) -> StoreResult<Vec<Discount>> {
        let start = from.map_or(if backwards { i64::MAX } else { 0 }, DiscountId::get);
        self.query_all(&page(filter, backwards), params![start, limit, filter.code, filter.active], discount)
    }

    /// How the engine goes about a page of discounts, for tests.
    pub fn discount_plan(&self, filter: &DiscountFilter, backwards: bool) -> StoreResult<Vec<String>> {
        let sql = format!("explain query plan {}", page(filter, backwards));
        self.query_all(&sql, params![0, 21, filter.code, filter.active], |row| row.get(3))
    }

    /// How many discounts apply by themselves or would within their time.
    pub fn discount_automatic_count(&self) -> StoreResult<i64> {
        self.query_number("select count(*) from discount where code is null and active = 1", [])
    }

    /// Which of these products do not exist.
    pub fn products_unknown(&self, ids: &[ProductId]) -> StoreResult<Vec<ProductId>> {
        let sql = "select value from json_each(?1) where value not in (select id from product) limit 20";
        self.query_all(sql, [Stored::new(&ids.to_vec()).json()], |row| row.get(0))
    }

    /// Which of these categories do not exist.
    pub fn categories_unknown(&self, ids: &[CategoryId]) -> StoreResult<Vec<CategoryId>> {
        let sql = "select value from json_each(?1) where value not in (select id from category) limit 20";
        self.query_all(sql, [Stored::new(&ids.to_vec()).json()], |row| row.get(0))
    }

    /// How often a customer has used a discount, known by the folded e-mail address, by the account, or by both: then
    /// whichever has used it more often counts.
    pub fn discount_uses_by(
        &self,
        id: DiscountId,
        customer: Option<&str>,
        account: Option<UserId>,
    ) -> StoreResult<i64> {
        self.query_number(&format!("select {}", uses_by("?3")), params![id, customer, account])
    }

    /// How the engine counts the uses of a customer, for a test.
    pub fn discount_uses_plan(&self) -> StoreResult<Vec<String>> {
        let sql = format!("explain query plan select {}", uses_by("?3"));
        self.query_all(&sql, params![1, "a@example.test", 1], |row| row.get(3))
    }
}

impl WriteTx<'_> {
    /// Adds a discount.
    pub fn discount_insert(&self, draft: &DiscountDraft, at: Timestamp) -> StoreResult<DiscountId> {
        let sql = "insert into discount (id, created_at, updated_at, name, code, kind, rate_ppm, amount, buy, get, \
                   products, categories, tags, min_subtotal, min_quantity, starts_at, ends_at, usage_limit, \
                   per_customer_limit, combinable, priority, active) values (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \
                   ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";
        self.discount_write(sql, None, draft, at)?;
        Ok(DiscountId::new(self.last_id()))
    }

    /// Overwrites a discount; its uses stay.
    pub fn discount_update(&self, id: DiscountId, draft: &DiscountDraft, at: Timestamp) -> StoreResult<()> {
        let sql = "update discount set updated_at = ?2, name = ?3, code = ?4, kind = ?5, rate_ppm = ?6, amount = ?7, \
                   buy = ?8, get = ?9, products = ?10, categories = ?11, tags = ?12, min_subtotal = ?13, \
                   min_quantity = ?14, starts_at = ?15, ends_at = ?16, usage_limit = ?17, per_customer_limit = ?18, \
                   combinable = ?19, priority = ?20, active = ?21, version = version + 1 where id = ?1";
        self.discount_write(sql, Some(id), draft, at)
    }

    /// Runs a statement that takes an id, a time and the whole of a discount, in this order.
    fn discount_write(
        &self,
        sql: &str,
        id: Option<DiscountId>,
        draft: &DiscountDraft,
        at: Timestamp,
    ) -> StoreResult<()> {
        let (rate_ppm, amount, buy, get) = match draft.kind {
            DiscountKind::Percent { rate_ppm } => (rate_ppm, Money::default(), 0, 0),
            DiscountKind::Fixed { amount } => (0, amount, 0, 0),
            DiscountKind::FreeShipping => (0, Money::default(), 0, 0),
            DiscountKind::BuyXGetY { buy, get, rate_ppm } => (rate_ppm, Money::default(), buy, get),
        };
        self.execute(
            sql,
            params![
                id,
                at,
                draft.name,
                draft.code,
                draft.kind.as_str(),
                rate_ppm,
                amount,
                buy,
                get,
                Stored::new(&draft.products).json(),
                Stored::new(&draft.categories).json(),
                Stored::new(&draft.tags).json(),
                draft.min_subtotal,
                draft.min_quantity,
                draft.starts_at,
                draft.ends_at,
                draft.usage_limit,
                draft.per_customer_limit,
                draft.combinable,
                draft.priority,
                draft.active
            ],
        )
        .map(drop)
    }

    /// Removes a discount, which nobody may have used.
    pub fn discount_delete(&self, id: DiscountId) -> StoreResult<()> {
        self.execute("delete from discount where id = ?1", [id]).map(drop)
    }

    /// Counts that an order uses a discount, if that may still be; `customer` is the folded e-mail address, and the account
    /// is that of the order. Whoever meets a refusal must undo what else was done for the order, by failing.
    pub fn discount_use(
        &self,
        id: DiscountId,
        order: OrderId,
        customer: &str,
        amount: Money,
    ) -> StoreResult<DiscountUse> {
        let sql = format!(
            "update discount set uses = uses + 1 where id = ?1 and (usage_limit is null or uses < usage_limit) \
             and (per_customer_limit is null or per_customer_limit > {})",
            uses_by("(select account_id from shop_order where id = ?3)")
        );
        if self.execute(&sql, params![id, customer, order])? == 0 {
            let sql = "select usage_limit is null or uses < usage_limit from discount where id = ?1";
            let room = self.query_number(sql, [id])? != 0;
            return Ok(if room { DiscountUse::UsedByCustomer } else { DiscountUse::UsedUp });
        }
        let sql = "insert into discount_use (discount_id, order_id, customer, amount) values (?1, ?2, ?3, ?4)";
        self.execute(sql, params![id, order, customer, amount])?;
        Ok(DiscountUse::Counted)
    }

    /// Takes back that an order used discounts, since it was cancelled before it was paid.
    pub fn discount_uses_release(&self, order: OrderId) -> StoreResult<()> {
        let sql = "update discount set uses = uses - 1 where id in (select discount_id from discount_use where order_id = ?1)";
        self.execute(sql, [order])?;
        self.execute("delete from discount_use where order_id = ?1", [order]).map(drop)
    }

    /// Keeps what a draft takes off, to be counted when it is placed.
    pub fn draft_discount_add(&self, draft: OrderId, id: DiscountId, amount: Money) -> StoreResult<()> {
        let sql = "insert into draft_discount (order_id, discount_id, amount) values (?1, ?2, ?3)";
        self.execute(sql, params![draft, id, amount]).map(drop)
    }

    /// What a draft takes off, discount by discount with its name; it is forgotten with that.
    pub fn draft_discounts_take(&self, draft: OrderId) -> StoreResult<Vec<(DiscountId, String, Money)>> {
        let sql = "select d.id, d.name, a.amount from draft_discount a join discount d on d.id = a.discount_id \
                   where a.order_id = ?1 order by d.id";
        let taken = self.query_all(sql, [draft], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        self.execute("delete from draft_discount where order_id = ?1", [draft])?;
        Ok(taken)
    }
}
