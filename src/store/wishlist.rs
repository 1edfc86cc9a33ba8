//! SQL of wishlists.

use super::error::StoreResult;
use super::tx::{ReadTx, WriteTx, params};
use crate::domain::{ProductId, Timestamp, UserId};

/// Where an item stands in a list: when it was added, and the product.
pub type WishPosition = (Timestamp, ProductId);

/// A page of what is on sale of a wishlist, the newest first.
fn page(backwards: bool) -> String {
    let (sign, direction) = if backwards { (">", "asc") } else { ("<", "desc") };
    format!(
        "select w.created_at, w.product_id from wishlist_item w cross join product p on p.id = w.product_id \
         where w.account_id = ?1 and (w.created_at, w.product_id) {sign} (?2, ?3) and p.status = 1 \
         order by w.created_at {direction}, w.product_id {direction} limit ?4"
    )
}

impl ReadTx<'_> {
    /// A page of a person's wishlist, the newest first, from behind or before an item. What is not on sale is left out.
    pub fn wishlist_page(
        &self,
        user: UserId,
        from: Option<WishPosition>,
        backwards: bool,
        limit: usize,
    ) -> StoreResult<Vec<WishPosition>> {
        let start = if backwards { i64::MIN } else { i64::MAX };
        let (at, product) = from.unwrap_or((Timestamp::from_millis(start), ProductId::new(start)));
        self.query_all(&page(backwards), params![user, at, product, limit], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// How the engine goes about a page of a wishlist, for tests.
    pub fn wishlist_plan(&self, backwards: bool) -> StoreResult<Vec<String>> {
        let sql = format!("explain query plan {}", page(backwards));
        self.query_all(&sql, params![1, 1, 1, 21], |row| row.get(3))
    }

    /// All products on a person's wishlist, on sale or not.
    pub fn wishlist_all(&self, user: UserId) -> StoreResult<Vec<ProductId>> {
        let sql = "select product_id from wishlist_item where account_id = ?1 order by product_id";
        self.query_all(sql, [user], |row| row.get(0))
    }

    /// How many products a person's wishlist holds.
    pub fn wishlist_count(&self, user: UserId) -> StoreResult<i64> {
        self.query_number("select count(*) from wishlist_item where account_id = ?1", [user])
    }
}

impl WriteTx<'_> {
    /// Puts a product on a person's wishlist; false when it stands there already.
    pub fn wishlist_add(&self, user: UserId, product: ProductId, at: Timestamp) -> StoreResult<bool> {
        let sql = "insert into wishlist_item (account_id, product_id, created_at) values (?1, ?2, ?3) \
                   on conflict (account_id, product_id) do nothing";
        Ok(self.execute(sql, params![user, product, at])? > 0)
    }

    /// Takes a product off a person's wishlist; false when it does not stand there.
    pub fn wishlist_remove(&self, user: UserId, product: ProductId) -> StoreResult<bool> {
        let sql = "delete from wishlist_item where account_id = ?1 and product_id = ?2";
        Ok(self.execute(sql, params![user, product])? > 0)
    }

    /// Empties a person's wishlist.
    pub(super) fn wishlist_clear(&self, user: UserId) -> StoreResult<()> {
        self.execute("delete from wishlist_item where account_id = ?1", [user]).map(drop)
    }
}
