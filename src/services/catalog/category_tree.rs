//! The category tree as readers see it.

use super::products::Key;
use crate::domain::catalog::{Category, CategoryNode};
use crate::domain::page::Page;
use crate::domain::{CategoryId, Direction, PageSize};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::ReadTx;
use std::collections::BTreeMap;

const CATEGORY: Error = Error::NotFound("category");

impl Shop {
    /// One category. A former slug is answered with [`Error::Moved`].
    pub fn category_get(&self, _ctx: &Ctx, key: &Key) -> Outcome<Category> {
        self.store.read(|tx| match key {
            Key::Id(id) => current(tx, CategoryId::new(*id)),
            Key::Slug(slug) => match tx.category_by_slug(slug)? {
                Some(category) => Ok(category),
                None => Err(tx.category_moved(slug)?.map_or(CATEGORY, Error::Moved)),
            },
        })
    }

    /// A page of categories in order of id.
    pub fn category_list(
        &self,
        _ctx: &Ctx,
        size: PageSize,
        from: Option<(CategoryId, Direction)>,
    ) -> Outcome<Page<Category, CategoryId>> {
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| tx.category_page(start, backwards, most),
            |category| category.id,
        )
    }

    /// The whole tree, siblings in their order.
    pub fn category_tree(&self, _ctx: &Ctx) -> Outcome<Vec<CategoryNode>> {
        let all = self.store.read(|tx| Ok::<_, Error>(tx.category_all()?))?;
        let mut children: BTreeMap<Option<CategoryId>, Vec<Category>> = BTreeMap::new();
        for category in all {
            children.entry(category.parent_id).or_default().push(category);
        }
        Ok(nodes(None, &mut children))
    }
}

fn nodes(parent: Option<CategoryId>, children: &mut BTreeMap<Option<CategoryId>, Vec<Category>>) -> Vec<CategoryNode> {
    let here = children.remove(&parent).unwrap_or_default();
    here.into_iter().map(|category| CategoryNode { children: nodes(Some(category.id), children), category }).collect()
}

/// A category as it now stands in the transaction.
pub(super) fn current(tx: &ReadTx<'_>, id: CategoryId) -> Outcome<Category> {
    tx.category_by_id(id)?.ok_or(CATEGORY)
}
