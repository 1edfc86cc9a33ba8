//! The full-text index: what a write puts into it, how it is filled in bulk, and how it is checked.
//!
//! `search_index` holds the words of each product once for every level they reach and no positions;
//! `search_weight` holds the exact weights, by which `page.rs` orders what the index found. Both are
//! written in the transaction that changes the product.

mod page;
mod stages;
#[cfg(test)]
mod tests;

use super::error::StoreResult;
use super::sql::Sql;
use super::tx::{ReadTx, Value, WriteTx, params};
use crate::domain::ProductId;
use crate::domain::catalog::Status;
use crate::domain::search::{SearchDocument, SearchQuery};

impl WriteTx<'_> {
    /// Puts a product's words into the index, in place of what was there.
    pub fn search_put(&self, id: ProductId, document: &SearchDocument) -> StoreResult<()> {
        let id = id.get();
        self.execute(
            "insert or replace into search_index (rowid, words) values (?1, ?2)",
            params![id, document.words],
        )?;
        self.execute(
            "insert or replace into search_weight (product_id, weights) values (?1, ?2)",
            params![id, document.weights],
        )?;
        Ok(())
    }

    /// Takes a product out of the index; one that is not there is no error.
    pub fn search_remove(&self, id: ProductId) -> StoreResult<()> {
        self.execute("delete from search_index where rowid = ?1", params![id.get()])?;
        self.execute("delete from search_weight where product_id = ?1", params![id.get()])?;
        Ok(())
    }

    /// Prepares the index for very many documents in one transaction: pieces are merged once at the end instead of
    /// all along. A larger `hashsize` would save little, and the connection would pay for its memory at every
    /// later write.
    pub fn search_bulk_begin(&self) -> StoreResult<()> {
        self.search_setting("automerge", 0)?;
        self.search_setting("crisismerge", BULK_PIECES)
    }

    /// Ends what `search_bulk_begin` began, and merges the index into one piece, which is the fastest to read.
    pub fn search_bulk_end(&self) -> StoreResult<()> {
        self.execute("insert into search_index (search_index) values ('optimize')", params![])?;
        self.search_setting("crisismerge", PIECES)?;
        self.search_setting("automerge", MERGED_PIECES)
    }

    /// Empties the index.
    pub fn search_clear(&self) -> StoreResult<()> {
        self.execute("insert into search_index (search_index) values ('delete-all')", params![])?;
        self.execute("delete from search_weight", params![]).map(drop)
    }

    fn search_setting(&self, name: &str, value: i64) -> StoreResult<()> {
        self.execute("insert into search_index (search_index, rank) values (?1, ?2)", params![name, value])?;
        Ok(())
    }
}

/// Pieces of one level at which FTS5 merges some with each write, and at which it merges all at once; its defaults.
const MERGED_PIECES: i64 = 4;
const PIECES: i64 = 16;

/// Pieces of one level during a bulk load.
const BULK_PIECES: i64 = 64;

impl ReadTx<'_> {
    /// The best products on sale for a query, as many as asked, for measuring how well they are ordered.
    pub fn search_ranking(&self, query: &SearchQuery, most: usize) -> StoreResult<Vec<ProductId>> {
        let on_sale = Sql::new("p.status = ?", vec![Value::Integer(Status::Active.code())]);
        Ok(self.search_page(query, &on_sale, None, most, None)?.into_iter().map(|(id, _)| id).collect())
    }

    /// Whether each product is in the index and nothing else is; returns what is wrong, in words.
    pub fn search_check(&self) -> StoreResult<Vec<String>> {
        let mut problems = Vec::new();
        for (sql, what) in [
            ("select id from product except select product_id from search_weight", "has no search weights"),
            ("select product_id from search_weight except select id from product", "is in the search weights but gone"),
            ("select id from product except select id from search_index_docsize", "is not in the search index"),
            ("select id from search_index_docsize except select id from product", "is in the search index but gone"),
        ] {
            let ids = self.query_all(&format!("{sql} limit 10"), params![], |row| row.get::<_, i64>(0))?;
            problems.extend(ids.into_iter().map(|id| format!("product {id} {what}")));
        }
        Ok(problems)
    }
}
