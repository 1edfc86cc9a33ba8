//! Where a product goes: the category it names and the slug it gets.

use super::writer::CatalogWriter;
use crate::domain::catalog::{CategoryKey, Product, ProductDraft, Seo, Stored};
use crate::domain::{CategoryId, Change, Invalid, Slug};
use crate::services::{Error, Outcome};
use crate::store::CategoryRow;

impl CatalogWriter<'_, '_> {
    /// Finds a category; one named by its path is made when it is missing.
    pub fn category(&mut self, key: &CategoryKey) -> Outcome<CategoryId> {
        let missing = || Error::Invalid(Invalid::one("category", "unknown", "is not a category of this shop"));
        match key {
            CategoryKey::Id(id) if self.known.contains_key(id) => Ok(*id),
            CategoryKey::Id(id) => self.tx.category_by_id(*id)?.map(|c| c.id).ok_or_else(missing),
            CategoryKey::Slug(slug) => {
                let path = vec![slug.to_string()];
                if let Some(id) = self.by_path.get(&path) {
                    return Ok(*id);
                }
                let id = self.tx.category_by_slug(slug.as_str())?.map(|c| c.id).ok_or_else(missing)?;
                self.by_path.insert(path, id);
                Ok(id)
            }
            CategoryKey::Path(names) if names.is_empty() => Err(missing()),
            CategoryKey::Path(names) => self.category_path(names),
        }
    }

    fn category_path(&mut self, names: &[String]) -> Outcome<CategoryId> {
        // A key of its own, so that a path of one name is not taken for a slug.
        let mut key = vec![String::new()];
        let mut parent = None;
        for name in names {
            key.push(name.clone());
            let id = match self.by_path.get(&key) {
                Some(id) => *id,
                None => match self.tx.category_child(parent, name)? {
                    Some(id) => id,
                    None => self.category_make(parent, name)?,
                },
            };
            self.by_path.insert(key.clone(), id);
            parent = Some(id);
        }
        parent.ok_or_else(|| Error::Internal("a category path without names".to_owned()))
    }

    fn category_make(&self, parent: Option<CategoryId>, name: &str) -> Outcome<CategoryId> {
        let slug = free_slug(&Slug::from_text(name), |slug| Ok(self.tx.category_slug_taken(slug, None)?))?;
        let seo = Stored::new(&Seo::default());
        let row =
            CategoryRow { parent_id: parent, slug: &slug, name, description: "", position: 0, seo: &seo, at: self.now };
        let id = self.tx.category_insert(&row)?;
        self.tx.changed(Change::CategoryTree);
        Ok(id)
    }

    /// The slug a product gets: the asked one when it is free, else one made from the name.
    pub(super) fn slug_for(&self, draft: &ProductDraft, before: Option<&Product>) -> Outcome<Slug> {
        let except = before.map(|p| p.id);
        match (&draft.slug, before) {
            (Some(asked), Some(before)) if *asked == before.slug => Ok(asked.clone()),
            (Some(asked), _) => {
                // A former slug of another product may be taken over; a current one may not.
                match self.product_by_slug(asked)? {
                    Some(other) if Some(other) != except => Err(Error::taken("slug", "is another product's")),
                    _ => Ok(asked.clone()),
                }
            }
            (None, Some(before)) if before.name == draft.name => Ok(before.slug.clone()),
            (None, _) => free_slug(&Slug::from_text(&draft.name), |slug| self.slug_taken(slug, except)),
        }
    }
}

/// The first free slug: the plain one, else with the first free number of a growing series. The series doubles
/// first and then closes in, so that the ten-thousandth "cable" does not ask ten thousand times.
pub(super) fn free_slug(plain: &Slug, taken: impl Fn(&Slug) -> Outcome<bool>) -> Outcome<Slug> {
    if !taken(plain)? {
        return Ok(plain.clone());
    }
    let (mut low, mut high) = (1, 2);
    while taken(&plain.numbered(high))? {
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if taken(&plain.numbered(middle))? { low = middle } else { high = middle }
    }
    Ok(plain.numbered(high))
}
