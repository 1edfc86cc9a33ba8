//! SQL of categories.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::catalog::{Category, CategoryPick, CategoryRef, Revision, Seo, Stored};
use crate::domain::{CategoryId, ProductId, Slug, Timestamp};

const CATEGORY: &str = "select id, parent_id, slug, name, position, seo, version, created_at, updated_at, description \
     from category";

fn category(row: &Row<'_>) -> RowResult<Category> {
    Ok(Category {
        id: row.get(0)?,
        parent_id: row.get(1)?,
        slug: Slug::trusted(row.get(2)?),
        name: row.get(3)?,
        position: row.get(4)?,
        seo: Stored::trusted(row.get(5)?),
        revision: Revision::of(row.get(6)?),
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
        description: row.get(9)?,
    })
}

/// A category as it is written.
pub struct CategoryRow<'a> {
    /// The node above.
    pub parent_id: Option<CategoryId>,
    /// Its name in addresses.
    pub slug: &'a Slug,
    /// What it is called.
    pub name: &'a str,
    /// What it holds.
    pub description: &'a str,
    /// Place among its siblings.
    pub position: i64,
    /// For search engines.
    pub seo: &'a Stored<Seo>,
    /// When it is written.
    pub at: Timestamp,
}

impl ReadTx<'_> {
    /// One category.
    pub fn category_by_id(&self, id: CategoryId) -> StoreResult<Option<Category>> {
        self.query_one(&format!("{CATEGORY} where id = ?1"), [id], category)
    }

    /// The category whose slug this is now.
    pub fn category_by_slug(&self, slug: &str) -> StoreResult<Option<Category>> {
        self.query_one(&format!("{CATEGORY} where slug = ?1"), [slug], category)
    }

    /// The slug now of the category whose slug this was.
    pub fn category_moved(&self, slug: &str) -> StoreResult<Option<Slug>> {
        let sql = "select c.slug from slug_redirect r join category c on c.id = r.target_id \
                   where r.kind = 'category' and r.slug = ?1";
        self.query_one(sql, [slug], |row| row.get(0).map(Slug::trusted))
    }

    /// The category whose slug this is or, when it is nobody's now, was; and whether it is so now.
    pub fn category_id_by_any_slug(&self, slug: &str) -> StoreResult<Option<(CategoryId, bool)>> {
        let sql = "select id, 1 as rank from category where slug = ?1 union all \
                   select c.id, 0 from slug_redirect r join category c on c.id = r.target_id \
                   where r.kind = 'category' and r.slug = ?1 order by rank desc limit 1";
        self.query_one(sql, [slug], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? == 1)))
    }

    /// Every category, parents' children in their order.
    pub fn category_all(&self) -> StoreResult<Vec<Category>> {
        self.query_all(&format!("{CATEGORY} order by parent_id, position, name, id"), [], category)
    }

    /// A page of categories in order of id, from behind or before one.
    pub fn category_page(&self, from: Option<CategoryId>, backwards: bool, limit: usize) -> StoreResult<Vec<Category>> {
        let (sign, direction, start) = if backwards { ("<", "desc", i64::MAX) } else { (">", "asc", 0) };
        let sql = format!("{CATEGORY} where id {sign} ?1 order by id {direction} limit ?2");
        self.query_all(&sql, params![from.map_or(start, CategoryId::get), limit], category)
    }

    /// The child of a node that has this name, whatever the case of its letters.
    pub fn category_child(&self, parent: Option<CategoryId>, name: &str) -> StoreResult<Option<CategoryId>> {
        let sql = "select id from category where parent_id is ?1 and name = ?2 collate nocase order by id limit 1";
        self.query_one(sql, params![parent, name], |row| row.get(0))
    }

    /// The ids of a category as a filter names it and of all below it; empty when there is none.
    pub fn category_subtree(&self, pick: &CategoryPick) -> StoreResult<Vec<CategoryId>> {
        let start = match pick {
            CategoryPick::Id(_) => "id = ?1",
            CategoryPick::Slug(_) => "slug = ?1",
        };
        let sql = format!(
            "with recursive below (id) as (select id from category where {start} union \
             select c.id from below b cross join category c on c.parent_id = b.id) select id from below"
        );
        match pick {
            CategoryPick::Id(id) => self.query_all(&sql, [id], |row| row.get(0)),
            CategoryPick::Slug(slug) => self.query_all(&sql, [slug], |row| row.get(0)),
        }
    }

    /// A category and all above it, from itself up.
    pub fn category_ancestors(&self, id: CategoryId) -> StoreResult<Vec<CategoryRef>> {
        let sql = "with recursive up (id, parent_id, slug, name, height) as \
                   (select id, parent_id, slug, name, 0 from category where id = ?1 union all \
                   select c.id, c.parent_id, c.slug, c.name, u.height + 1 from up u cross join category c on c.id = u.parent_id) \
                   select id, slug, name from up order by height limit 100";
        self.query_all(sql, [id], |row| {
            Ok(CategoryRef { id: row.get(0)?, slug: Slug::trusted(row.get(1)?), name: row.get(2)? })
        })
    }

    /// The names from the root down to a category.
    pub fn category_path(&self, id: CategoryId) -> StoreResult<Vec<String>> {
        Ok(self.category_ancestors(id)?.into_iter().rev().map(|c| c.name).collect())
    }

    /// How many levels a category and all below it make.
    pub fn category_height(&self, id: CategoryId) -> StoreResult<i64> {
        let sql = "with recursive below (id, level) as (select ?1, 1 union all \
                   select c.id, b.level + 1 from below b cross join category c on c.parent_id = b.id) \
                   select max(level) from below";
        self.query_number(sql, [id])
    }

    /// Whether a slug is or was another category's.
    pub fn category_slug_taken(&self, slug: &Slug, except: Option<CategoryId>) -> StoreResult<bool> {
        let sql = "select exists (select 1 from category where slug = ?1 and id <> ?2) \
                   or exists (select 1 from slug_redirect where kind = 'category' and slug = ?1 and target_id <> ?2)";
        Ok(self.query_number(sql, params![slug.as_str(), except.map_or(0, CategoryId::get)])? != 0)
    }

    /// How many products and children stand directly in a category.
    pub fn category_contents(&self, id: CategoryId) -> StoreResult<(i64, i64)> {
        let products = self.query_number("select count(*) from product where category_id = ?1", [id])?;
        Ok((products, self.query_number("select count(*) from category where parent_id = ?1", [id])?))
    }

    /// The products that stand directly in a category.
    pub fn category_product_ids(&self, id: CategoryId) -> StoreResult<Vec<ProductId>> {
        self.query_all("select id from product where category_id = ?1 order by id", [id], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Inserts a category.
    pub fn category_insert(&self, row: &CategoryRow<'_>) -> StoreResult<CategoryId> {
        let sql = "insert into category (parent_id, slug, name, description, position, seo, created_at, updated_at) \
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
        self.execute(
            sql,
            params![row.parent_id, row.slug.as_str(), row.name, row.description, row.position, row.seo.json(), row.at],
        )?;
        Ok(CategoryId::new(self.last_id()))
    }

    /// Overwrites a category; `before` is what it was.
    pub fn category_update(&self, before: &Category, row: &CategoryRow<'_>) -> StoreResult<()> {
        let sql = "update category set parent_id = ?2, slug = ?3, name = ?4, description = ?5, position = ?6, seo = ?7, \
                   updated_at = ?8, version = version + 1 where id = ?1";
        self.execute(
            sql,
            params![
                before.id,
                row.parent_id,
                row.slug.as_str(),
                row.name,
                row.description,
                row.position,
                row.seo.json(),
                row.at
            ],
        )?;
        if *row.slug != before.slug {
            self.slug_moved("category", before.slug.as_str(), row.slug.as_str(), before.id.get())?;
        }
        Ok(())
    }

    /// Removes a category that holds nothing.
    pub fn category_delete(&self, id: CategoryId) -> StoreResult<()> {
        self.execute("delete from slug_redirect where kind = 'category' and target_id = ?1", [id])?;
        self.execute("delete from category where id = ?1", [id]).map(drop)
    }

    /// Puts the children of a category under another node.
    pub fn category_children_move(&self, from: CategoryId, to: CategoryId, at: Timestamp) -> StoreResult<()> {
        let sql = "update category set parent_id = ?2, updated_at = ?3, version = version + 1 where parent_id = ?1";
        self.execute(sql, params![from, to, at]).map(drop)
    }

    /// Puts the products of a category into another.
    pub fn category_products_move(&self, from: CategoryId, to: CategoryId, at: Timestamp) -> StoreResult<()> {
        let sql = "update product set category_id = ?2, updated_at = ?3, version = version + 1 where category_id = ?1";
        self.execute(sql, params![from, to, at]).map(drop)
    }
}
