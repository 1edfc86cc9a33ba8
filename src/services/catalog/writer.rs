//! Writes products: the one path that create, update, batch and import share.
//!
//! A writer lives as long as one transaction and remembers the categories it has looked up, so that a thousand
//! rows of one category ask once. Everything that could be refused is checked before the first change of a
//! product, so a refused product leaves no trace and its neighbours in the same transaction stand.

use super::rows::{Extra, Parts, match_variants, same_variants, variant_row};
use super::taken::Bulk;
use crate::domain::catalog::{Category, CategoryRef, Product, ProductDraft, Status, Variant};
use crate::domain::search::{SearchDocument, of_product};
use crate::domain::{CategoryId, Change, FieldError, ProductId, Sku, Slug, Timestamp};
use crate::services::selling::{offered_letters_due, stock};
use crate::services::{Ctx, Error, Outcome};
use crate::store::WriteTx;
use std::collections::HashMap;
use std::rc::Rc;

/// Writes products within one transaction.
pub struct CatalogWriter<'t, 'c> {
    pub(super) tx: &'t WriteTx<'c>,
    pub(super) now: Timestamp,
    /// Who writes, for the ledger of stock.
    actor: String,
    pub(super) by_path: HashMap<Vec<String>, CategoryId>,
    pub(super) known: HashMap<CategoryId, Rc<Known>>,
    bulk: Option<Bulk>,
}

/// What the writer remembers of a category.
pub(super) struct Known {
    path: String,
    ancestors: Vec<CategoryRef>,
}

impl Known {
    /// The category itself.
    fn category(&self) -> Outcome<CategoryRef> {
        self.ancestors.first().cloned().ok_or_else(|| Error::Internal("a product without a category".to_owned()))
    }
}

impl<'t, 'c> CatalogWriter<'t, 'c> {
    /// A writer for this transaction.
    pub fn new(tx: &'t WriteTx<'c>, ctx: &Ctx) -> Self {
        Self { tx, now: ctx.now, actor: ctx.actor_name(), by_path: HashMap::new(), known: HashMap::new(), bulk: None }
    }

    /// A writer for very many products; `empty` tells that the shop had none before. It tells readers of lists
    /// once for each category and brand, and of single products only when these existed before.
    pub fn bulk(tx: &'t WriteTx<'c>, ctx: &Ctx, empty: bool) -> Self {
        Self { bulk: Some(Bulk::new(empty)), ..Self::new(tx, ctx) }
    }

    /// The product that has a variant of this SKU.
    pub fn product_by_sku(&self, sku: &Sku) -> Outcome<Option<ProductId>> {
        let free = self.bulk.as_ref().is_some_and(|bulk| bulk.sku_is_free(sku));
        if free { Ok(None) } else { Ok(self.tx.product_id_by_sku(sku)?) }
    }

    /// The product whose slug this is now.
    pub fn product_by_slug(&self, slug: &Slug) -> Outcome<Option<ProductId>> {
        let free = self.bulk.as_ref().is_some_and(|bulk| bulk.slug_is_free(slug.as_str()));
        if free { Ok(None) } else { Ok(self.tx.product_id_by_slug(slug.as_str())?) }
    }

    pub(super) fn slug_taken(&self, slug: &Slug, except: Option<ProductId>) -> Outcome<bool> {
        let free = self.bulk.as_ref().is_some_and(|bulk| bulk.slug_is_free(slug.as_str()));
        if free { Ok(false) } else { Ok(self.tx.product_slug_taken(slug, except)?) }
    }

    /// The transaction it writes in.
    pub fn tx(&self) -> &'t WriteTx<'c> {
        self.tx
    }

    /// Creates a product.
    pub fn create(&mut self, draft: &ProductDraft) -> Outcome<ProductId> {
        self.create_indexed(draft, None)
    }

    /// Creates a product whose search document has been made already, for its category as the draft names it.
    pub fn create_indexed(&mut self, draft: &ProductDraft, ready: Option<&SearchDocument>) -> Outcome<ProductId> {
        let category_id = self.category(&draft.category)?;
        let slug = self.slug_for(draft, None)?;
        self.check_skus(draft, None)?;
        let parts = Parts::new(draft);
        let created_at = draft.created_at.unwrap_or(self.now);
        let row = parts.row(draft, &slug, category_id, created_at, self.now);
        let id = match &mut self.bulk {
            Some(bulk) if bulk.is_fresh() => {
                let id = self.tx.product_insert_bare(&row)?;
                bulk.late.add(id, &draft.tags, &draft.attributes);
                if bulk.late.is_full() {
                    self.tx.late_terms_write(&mut bulk.late)?;
                }
                id
            }
            _ => self.tx.product_insert(&row)?,
        };
        let mut variants = Vec::with_capacity(draft.variants.len());
        for (position, variant) in (0..).zip(&draft.variants) {
            let extra = Extra::new(variant, &draft.options);
            let variant_id = self.tx.variant_insert(id, &variant_row(variant, position, &extra))?;
            variants.push(extra.variant(variant_id, id, variant));
        }
        let category = self.known(category_id)?.category()?;
        self.tx.card_put(&row.product(id, category, variants))?;
        match ready {
            Some(document) => self.tx.search_put(id, document)?,
            None => self.index(id, draft, category_id)?,
        }
        match &mut self.bulk {
            Some(bulk) => bulk.take(&slug, draft.variants.iter().filter_map(|v| v.sku.as_ref())),
            None => self.tx.changed(Change::Product(id)),
        }
        self.note_lists(category_id, draft.brand.as_deref())?;
        Ok(id)
    }

    /// Writes what a bulk load has kept back.
    pub fn finish(&mut self) -> Outcome<()> {
        match &mut self.bulk {
            Some(bulk) => Ok(self.tx.late_terms_write(&mut bulk.late)?),
            None => Ok(()),
        }
    }

    /// Makes a product what the draft says; false when it already was.
    pub fn update(&mut self, before: &Product, draft: &ProductDraft) -> Outcome<bool> {
        let category_id = self.category(&draft.category)?;
        let slug = self.slug_for(draft, Some(before))?;
        self.check_skus(draft, Some(before.id))?;
        let matched = match_variants(before, draft)?;
        let parts = Parts::new(draft);
        let created_at = draft.created_at.unwrap_or(before.created_at);
        if parts.same_as(before, draft, &slug, category_id, created_at) && same_variants(before, draft, &matched) {
            return Ok(false);
        }
        self.check_variants(before, draft, &matched)?;
        self.tx.product_update(before, &parts.row(draft, &slug, category_id, created_at, self.now))?;
        self.write_variants(before, draft, &matched)?;
        if let Some(written) = self.tx.product_by_id(before.id)? {
            self.tx.card_put(&written)?;
            offered_letters_due(self.tx, before, &written, self.now)?;
        }
        self.index(before.id, draft, category_id)?;
        self.note(before.id, before.category.id, before.brand.as_deref())?;
        self.note(before.id, category_id, draft.brand.as_deref())?;
        Ok(true)
    }

    /// Removes a product, or archives it when orders refer to it; tells whether it is gone.
    pub fn remove(&mut self, before: &Product) -> Outcome<bool> {
        if self.tx.product_in_use(before.id)? {
            self.update(before, &ProductDraft { status: Status::Archived, ..ProductDraft::of(before) })?;
            return Ok(false);
        }
        self.tx.search_remove(before.id)?;
        self.tx.product_delete(before)?;
        self.note(before.id, before.category.id, before.brand.as_deref())?;
        Ok(true)
    }

    /// Keeps what is derived from the stock of a product's variants, after it has changed by so many in all: its sum,
    /// its card, and what readers hold.
    pub fn restock(&mut self, id: ProductId, delta: i64) -> Outcome<()> {
        self.tx.product_stock_change(id, delta)?;
        let Some(product) = self.tx.product_by_id(id)? else { return Ok(()) };
        self.tx.card_put(&product)?;
        self.note(id, product.category.id, product.brand.as_deref())
    }

    /// Counts a change of a product's reviews, so many more that sum up to so much more, and keeps its card and what
    /// readers hold.
    pub fn rerate(&mut self, id: ProductId, (count, sum): (i64, i64)) -> Outcome<()> {
        self.tx.product_rate(id, count, sum)?;
        let Some(product) = self.tx.product_by_id(id)? else { return Ok(()) };
        self.tx.card_put(&product)?;
        self.note(id, product.category.id, product.brand.as_deref())
    }

    /// Makes what is derived from products anew: their cards and search documents, after their category changed.
    pub fn reindex(&mut self, ids: &[ProductId]) -> Outcome<()> {
        for product in self.tx.products_by_ids(ids)? {
            let known = self.known(product.category.id)?;
            self.tx.search_put(product.id, &of_product(&ProductDraft::of(&product), &known.path))?;
            self.tx.card_put(&product)?;
            self.tx.changed(Change::Product(product.id));
        }
        Ok(())
    }

    fn check_skus(&self, draft: &ProductDraft, own: Option<ProductId>) -> Outcome<()> {
        for sku in draft.variants.iter().filter_map(|v| v.sku.as_ref()) {
            if self.product_by_sku(sku)?.is_some_and(|other| Some(other) != own) {
                return Err(Error::taken("sku", format!("{sku} is another product's")));
            }
        }
        Ok(())
    }

    /// Refuses to take away a variant that orders refer to, and to deny what is promised already.
    fn check_variants(&self, before: &Product, draft: &ProductDraft, matched: &[Option<usize>]) -> Outcome<()> {
        for (index, old) in before.variants.iter().enumerate() {
            if !matched.contains(&Some(index)) && self.tx.variant_in_use(old.id)? {
                return Err(in_use(old));
            }
        }
        for (old, new) in matched.iter().zip(&draft.variants) {
            let Some(old) = old.map(|index| &before.variants[index]) else { continue };
            if old.stock_policy != new.stock_policy
                && let Some(level) = self.tx.stock_level(old.id)?
            {
                stock::check_policy(&level, new)?;
            }
        }
        Ok(())
    }

    fn write_variants(&self, before: &Product, draft: &ProductDraft, matched: &[Option<usize>]) -> Outcome<()> {
        for (index, old) in before.variants.iter().enumerate() {
            if !matched.contains(&Some(index)) {
                self.tx.variant_delete(old.id)?;
            }
        }
        let moved =
            matched.iter().zip(&draft.variants).any(|(m, v)| m.is_some_and(|m| before.variants[m].sku != v.sku));
        if moved {
            self.tx.variant_skus_release(before.id)?;
        }
        for (position, (variant, old)) in (0..).zip(draft.variants.iter().zip(matched)) {
            let extra = Extra::new(variant, &draft.options);
            let row = variant_row(variant, position, &extra);
            match old.map(|index| &before.variants[index]) {
                Some(old) => {
                    let moves = (old.stock, old.stock_policy, old.low_stock_at)
                        != (variant.stock, variant.stock_policy, variant.low_stock_at);
                    let level = if moves { self.tx.stock_level(old.id)? } else { None };
                    self.tx.variant_update(old.id, &row)?;
                    if let Some(level) = level {
                        stock::written(self.tx, self.now, &self.actor, &level, variant)?;
                    }
                }
                None => drop(self.tx.variant_insert(before.id, &row)?),
            }
        }
        Ok(())
    }

    fn index(&mut self, id: ProductId, draft: &ProductDraft, category_id: CategoryId) -> Outcome<()> {
        let known = self.known(category_id)?;
        Ok(self.tx.search_put(id, &of_product(draft, &known.path))?)
    }

    /// Tells readers what changed.
    fn note(&mut self, id: ProductId, category_id: CategoryId, brand: Option<&str>) -> Outcome<()> {
        self.tx.changed(Change::Product(id));
        self.note_lists(category_id, brand)
    }

    /// Tells readers of lists what changed.
    fn note_lists(&mut self, category_id: CategoryId, brand: Option<&str>) -> Outcome<()> {
        if self.bulk.as_mut().is_some_and(|bulk| !bulk.tells(category_id, brand)) {
            return Ok(());
        }
        self.tx.changed(Change::AnyProduct);
        note_ancestors(self.tx, &self.known(category_id)?.ancestors);
        if let Some(brand) = brand {
            self.tx.changed(Change::ProductsOf(brand.to_lowercase()));
        }
        Ok(())
    }

    fn known(&mut self, id: CategoryId) -> Outcome<Rc<Known>> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let ancestors = self.tx.category_ancestors(id)?;
        let names: Vec<&str> = ancestors.iter().rev().map(|c| c.name.as_str()).collect();
        let known = Rc::new(Known { path: names.join(" "), ancestors });
        self.known.insert(id, known.clone());
        Ok(known)
    }
}

fn in_use(variant: &Variant) -> Error {
    let name = variant.sku.as_ref().map_or_else(|| variant.id.to_string(), ToString::to_string);
    let detail = format!("orders refer to variant {name}: set its stock to 0, or archive the product");
    let error = FieldError { field: "variants".to_owned(), code: "in_use", message: detail.clone() };
    Error::Conflict("in_use", detail, vec![error])
}

/// What else must be told when a category itself changes.
pub(super) fn note_category(tx: &WriteTx<'_>, category: &Category) -> Outcome<()> {
    tx.changed(Change::CategoryTree);
    tx.changed(Change::Category(category.id));
    tx.changed(Change::AnyProduct);
    note_ancestors(tx, &tx.category_ancestors(category.id)?);
    Ok(())
}

fn note_ancestors(tx: &WriteTx<'_>, ancestors: &[CategoryRef]) {
    for ancestor in ancestors {
        tx.changed(Change::ProductsIn(ancestor.id));
        tx.changed(Change::ProductsUnder(ancestor.slug.to_string()));
    }
}

/// Whether a caller who sees only what is on sale may see a product.
pub(super) fn is_public(product: &Product) -> bool {
    product.status == Status::Active
}
