//! SQL of reviews, and of the ratings of products that they come to.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::review::{Review, ReviewDraft, ReviewFilter, ReviewStatus};
use crate::domain::{OrderId, ProductId, ReviewId, Timestamp, UserId};

const REVIEW: &str = "select r.id, r.product_id, r.account_id, a.name, r.rating, r.title, r.text, r.verified, r.status, \
     r.version, r.created_at, r.updated_at from review r left join account a on a.id = r.account_id";

/// States of an order whose goods were paid for.
const BOUGHT: &str = "o.status in ('paid', 'fulfilled', 'completed', 'partially_refunded')";

fn review(row: &Row<'_>) -> RowResult<Review> {
    Ok(Review {
        id: row.get(0)?,
        product_id: row.get(1)?,
        account_id: row.get(2)?,
        author: row.get::<_, Option<String>>(3)?.filter(|name| !name.is_empty()),
        draft: ReviewDraft { rating: row.get(4)?, title: row.get(5)?, text: row.get(6)? },
        verified_buyer: row.get(7)?,
        status: ReviewStatus::parse(row.get_ref(8)?.as_str()?).unwrap_or(ReviewStatus::Pending),
        version: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
    })
}

/// A page of reviews, the newest first: from ?1 on, at most ?2, of product ?3, by ?4, in state ?5.
fn page(filter: &ReviewFilter, backwards: bool) -> String {
    let (sign, direction) = if backwards { (">", "asc") } else { ("<", "desc") };
    let product = if filter.product.is_some() { "r.product_id = ?3" } else { "?3 is null" };
    let author = if filter.author.is_some() { "r.account_id = ?4" } else { "?4 is null" };
    let status = if filter.status.is_some() { "r.status = ?5" } else { "?5 is null" };
    format!("{REVIEW} where r.id {sign} ?1 and {product} and {author} and {status} order by r.id {direction} limit ?2")
}

impl ReadTx<'_> {
    /// The review with this id.
    pub fn review_by_id(&self, id: ReviewId) -> StoreResult<Option<Review>> {
        self.query_one(&format!("{REVIEW} where r.id = ?1"), [id], review)
    }

    /// The review that a person has written of a product.
    pub fn review_of(&self, user: UserId, product: ProductId) -> StoreResult<Option<ReviewId>> {
        let sql = "select id from review where account_id = ?1 and product_id = ?2";
        self.query_one(sql, params![user, product], |row| row.get(0))
    }

    /// A page of reviews, the newest first, from behind or before one.
    pub fn review_page(
        &self,
        filter: &ReviewFilter,
        from: Option<ReviewId>,
        backwards: bool,
        limit: usize,
    ) -> StoreResult<Vec<Review>> {
        let start = if backwards { 0 } else { i64::MAX };
        let from = from.map_or(start, ReviewId::get);
        let status = filter.status.map(ReviewStatus::as_str);
        let params = params![from, limit, filter.product, filter.author, status];
        self.query_all(&page(filter, backwards), params, review)
    }

    /// How the engine goes about a page of reviews, for tests.
    pub fn review_plan(&self, filter: &ReviewFilter, backwards: bool) -> StoreResult<Vec<String>> {
        let sql = format!("explain query plan {}", page(filter, backwards));
        let status = filter.status.map(ReviewStatus::as_str);
        self.query_all(&sql, params![1, 21, filter.product, filter.author, status], |row| row.get(3))
    }

    /// How many reviews a person has written.
    pub fn review_count(&self, user: UserId) -> StoreResult<i64> {
        self.query_number("select count(*) from review where account_id = ?1", [user])
    }

    /// Whether a person has bought and paid for a product, and not all of it was paid back.
    pub fn review_is_verified(&self, user: UserId, product: ProductId) -> StoreResult<bool> {
        let sql = format!(
            "select exists (select 1 from shop_order o cross join order_line l on l.order_id = o.id \
             where o.account_id = ?1 and {BOUGHT} and l.product_id = ?2 and l.refunded < l.quantity)"
        );
        Ok(self.query_number(&sql, params![user, product])? != 0)
    }
}

impl WriteTx<'_> {
    /// Adds a review; a conflict when the person has written one of this product.
    pub fn review_insert(
        &self,
        product: ProductId,
        user: UserId,
        draft: &ReviewDraft,
        verified: bool,
        status: ReviewStatus,
        at: Timestamp,
    ) -> StoreResult<ReviewId> {
        let sql = "insert into review (product_id, account_id, rating, title, text, verified, status, created_at, \
                   updated_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)";
        let ReviewDraft { rating, title, text } = draft;
        self.execute(sql, params![product, user, rating, title, text, verified, status.as_str(), at])?;
        Ok(ReviewId::new(self.last_id()))
    }

    /// Overwrites what may change of a review.
    pub fn review_update(&self, review: &Review, at: Timestamp) -> StoreResult<()> {
        let sql = "update review set rating = ?2, title = ?3, text = ?4, verified = ?5, status = ?6, updated_at = ?7, \
                   version = version + 1 where id = ?1";
        let ReviewDraft { rating, title, text } = &review.draft;
        let params = params![review.id, rating, title, text, review.verified_buyer, review.status.as_str(), at];
        self.execute(sql, params).map(drop)
    }

    /// Removes a review.
    pub fn review_delete(&self, id: ReviewId) -> StoreResult<()> {
        self.execute("delete from review where id = ?1", [id]).map(drop)
    }

    /// Lets a person's reviews of what an order holds count as those of a buyer, if it is theirs and paid.
    pub fn reviews_verify(&self, order: OrderId) -> StoreResult<()> {
        let sql = format!(
            "update review set verified = 1, version = version + 1 where verified = 0 \
             and account_id = (select o.account_id from shop_order o where o.id = ?1 and {BOUGHT}) \
             and product_id in (select product_id from order_line where order_id = ?1 and refunded < quantity)"
        );
        self.execute(&sql, [order]).map(drop)
    }

    /// Takes the author off a person's reviews. The reviews stay, as others rely on them.
    pub(super) fn reviews_disown(&self, user: UserId) -> StoreResult<()> {
        let sql = "update review set account_id = null, version = version + 1 where account_id = ?1";
        self.execute(sql, [user]).map(drop)
    }

    /// Counts a change of reviews into the rating of their product. It is a change of what the product shows and not of
    /// the product itself, so `updated_at` stays. The average is rounded half up.
    pub fn product_rate(&self, id: ProductId, count: i64, sum: i64) -> StoreResult<()> {
        let sql = "update product set rating_count = rating_count + ?2, rating_sum = rating_sum + ?3, \
                   rating = case rating_count + ?2 when 0 then 0 else \
                   ((rating_sum + ?3) * 200 + rating_count + ?2) / (2 * (rating_count + ?2)) end, \
                   version = version + 1 where id = ?1";
        self.execute(sql, params![id, count, sum]).map(drop)
    }
}
