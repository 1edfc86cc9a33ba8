//! SQL of imports: what each run touched, so that it can be undone.

use super::error::StoreResult;
use super::terms::attribute_terms;
use super::tx::{ReadTx, WriteTx, params};
use crate::domain::catalog::Attributes;
use crate::domain::{ImportId, ProductId, Timestamp};

/// One run of an import.
#[derive(Clone, Debug)]
pub struct ImportRun {
    /// Its id.
    pub id: ImportId,
    /// The file's name as given.
    pub file: String,
    /// The format that was recognised.
    pub format: String,
    /// When it ran.
    pub started_at: Timestamp,
    /// Products it created.
    pub created: i64,
    /// Products it changed.
    pub updated: i64,
    /// When it was undone, if it was.
    pub undone_at: Option<Timestamp>,
}

/// What a run did to one product.
#[derive(Clone, Debug)]
pub struct ImportChange {
    /// Which product.
    pub product_id: ProductId,
    /// The product's version after the run.
    pub version: i64,
    /// The body that restores it; none when the run created it.
    pub before: Option<String>,
}

/// Tags and attributes of many new products, kept back to be written in the order of their tables: one product's
/// terms lie far apart there, and writing each where it belongs would touch most pages for every product.
#[derive(Default)]
pub struct LateTerms {
    tags: Vec<(String, ProductId)>,
    attributes: Vec<(String, String, ProductId)>,
}

/// Terms kept back at most, some 12 MB.
const MOST_LATE: usize = 100_000;

impl LateTerms {
    /// Keeps back the terms of a product.
    pub fn add(&mut self, id: ProductId, tags: &[String], attributes: &Attributes) {
        self.tags.extend(tags.iter().map(|tag| (tag.clone(), id)));
        let terms = attribute_terms(attributes).into_iter();
        self.attributes.extend(terms.map(|(name, value)| (name.to_owned(), value, id)));
    }

    /// Whether it is time to write them.
    pub fn is_full(&self) -> bool {
        self.tags.len() + self.attributes.len() >= MOST_LATE
    }
}

/// Indexes of the product table that a large import builds anew at its end instead of keeping them up to date.
const SECONDARY_INDEXES: &str = "select name, sql from sqlite_schema where type = 'index' and sql is not null \
     and tbl_name = 'product'";

impl ReadTx<'_> {
    /// The id of the newest product there ever was; ids are not given out twice.
    pub fn product_newest(&self) -> StoreResult<ProductId> {
        self.query_number("select seq from sqlite_sequence where name = 'product'", []).map(ProductId::new)
    }

    /// The runs so far, newest first.
    pub fn import_runs(&self) -> StoreResult<Vec<ImportRun>> {
        let sql = "select id, file, format, started_at, created, updated, undone_at from import_run order by id desc limit 100";
        self.query_all(sql, [], |row| {
            Ok(ImportRun {
                id: row.get(0)?,
                file: row.get(1)?,
                format: row.get(2)?,
                started_at: row.get(3)?,
                created: row.get(4)?,
                updated: row.get(5)?,
                undone_at: row.get(6)?,
            })
        })
    }

    /// The names of the indexes that a large import may build anew, in order.
    #[cfg(test)]
    pub fn product_index_names(&self) -> StoreResult<Vec<String>> {
        let mut names: Vec<String> = self.query_all(SECONDARY_INDEXES, [], |row| row.get(0))?;
        names.sort();
        Ok(names)
    }

    /// How many tags and attributes can be looked up.
    #[cfg(test)]
    pub fn term_count(&self) -> StoreResult<i64> {
        self.query_number("select (select count(*) from product_tag) + (select count(*) from product_attribute)", [])
    }

    /// Whether a run exists, and when it was undone.
    pub fn import_run(&self, id: ImportId) -> StoreResult<Option<Option<Timestamp>>> {
        self.query_one("select undone_at from import_run where id = ?1", [id], |row| row.get(0))
    }

    /// What a run did, a piece at a time in order of product id.
    pub fn import_changes_after(&self, id: ImportId, after: ProductId, most: usize) -> StoreResult<Vec<ImportChange>> {
        let sql = "select product_id, version, before from import_change where import_id = ?1 and product_id > ?2 \
                   order by product_id limit ?3";
        self.query_all(sql, params![id, after, most], |row| {
            Ok(ImportChange { product_id: row.get(0)?, version: row.get(1)?, before: row.get(2)? })
        })
    }
}

impl WriteTx<'_> {
    /// Opens a run.
    pub fn import_begin(&self, file: &str, format: &str, actor: &str, at: Timestamp) -> StoreResult<ImportId> {
        let sql = "insert into import_run (file, format, actor, started_at) values (?1, ?2, ?3, ?4)";
        self.execute(sql, params![file, format, actor, at])?;
        Ok(ImportId::new(self.last_id()))
    }

    /// Notes what the run did to a product; the first state is the one to restore.
    pub fn import_note(&self, id: ImportId, change: &ImportChange) -> StoreResult<()> {
        let sql = "insert into import_change (import_id, product_id, version, before) values (?1, ?2, ?3, ?4) \
                   on conflict (import_id, product_id) do update set version = excluded.version";
        self.execute(sql, params![id, change.product_id, change.version, change.before]).map(drop)
    }

    /// Closes a run with its counts.
    pub fn import_end(
        &self,
        id: ImportId,
        created: i64,
        updated: i64,
        unchanged: i64,
        skipped: i64,
    ) -> StoreResult<()> {
        let sql = "update import_run set created = ?2, updated = ?3, unchanged = ?4, skipped = ?5 where id = ?1";
        self.execute(sql, params![id, created, updated, unchanged, skipped]).map(drop)
    }

    /// Notes that a run was undone.
    pub fn import_undone(&self, id: ImportId, at: Timestamp) -> StoreResult<()> {
        self.execute("update import_run set undone_at = ?2 where id = ?1", params![id, at]).map(drop)
    }

    /// Writes terms that were kept back, and forgets them.
    pub fn late_terms_write(&self, late: &mut LateTerms) -> StoreResult<()> {
        let order =
            |a: &str, b: &str| a.bytes().map(|c| c.to_ascii_lowercase()).cmp(b.bytes().map(|c| c.to_ascii_lowercase()));
        late.tags.sort_unstable_by(|a, b| order(&a.0, &b.0).then(a.1.cmp(&b.1)));
        for (tag, id) in late.tags.drain(..) {
            self.execute("insert into product_tag (tag, product_id) values (?1, ?2)", params![tag, id])?;
        }
        late.attributes.sort_unstable_by(|a, b| order(&a.0, &b.0).then_with(|| order(&a.1, &b.1)).then(a.2.cmp(&b.2)));
        for (name, value, id) in late.attributes.drain(..) {
            let sql = "insert or ignore into product_attribute (name, value, product_id) values (?1, ?2, ?3)";
            self.execute(sql, params![name, value, id])?;
        }
        Ok(())
    }

    /// Drops the indexes that are cheaper to build at the end of a large import, and gives their definitions.
    pub fn indexes_drop(&self) -> StoreResult<Vec<String>> {
        let indexes: Vec<(String, String)> =
            self.query_all(SECONDARY_INDEXES, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (name, _) in &indexes {
            self.execute_script(&format!("drop index {name}"))?;
        }
        Ok(indexes.into_iter().map(|(_, sql)| sql).collect())
    }

    /// Builds indexes from their definitions. Sorting takes as much memory as the cache may, beside the cache, so
    /// that is made small first.
    pub fn indexes_build(&self, definitions: &[String]) -> StoreResult<()> {
        self.execute_script("pragma cache_size = -16000")?;
        definitions.iter().try_for_each(|sql| self.execute_script(sql))
    }

    /// Makes the query planner take all tables for large. What it learnt from an empty shop would have it scan
    /// whole tables, those of the search index above all, that a large import is filling. Deleting what it learnt
    /// is not enough: it would keep the sizes it has read already.
    pub fn statistics_forget(&self) -> StoreResult<()> {
        let known = self.query_number("select count(*) from sqlite_schema where name = 'sqlite_stat1'", [])?;
        if known == 0 {
            return Ok(());
        }
        self.execute_script(
            "delete from sqlite_stat1 where idx is not null;
             update sqlite_stat1 set stat = '1000000';
             analyze sqlite_schema;",
        )
    }

    /// Tells the query planner the sizes of tables as they are now, from a look at some rows of each index.
    pub fn statistics_gather(&self) -> StoreResult<()> {
        self.execute_script("pragma analysis_limit = 400; analyze; pragma analysis_limit = 0;")
    }

    /// Settings of the connection for a bulk load, and back to those of everyday writes: more pages in memory,
    /// so that the unique indexes are not read again for every row, and sorting in files, since the indexes of a
    /// million rows would not fit beside them.
    pub fn bulk_settings(&self, on: bool) -> StoreResult<()> {
        self.execute_script(if on {
            "pragma cache_size = -40960; pragma temp_store = file;"
        } else {
            "pragma cache_size = -16000; pragma temp_store = memory;"
        })
    }
}
