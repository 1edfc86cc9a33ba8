//! Writes products: the one path that create, update, batch and import share.
//!
//! A writer lives as long as one transaction and remembers the categories it has looked up, so that a thousand
//! rows of one category ask once. Everything that could be refused is checked before the first change of a
//! product, so a refused product leaves no trace and its neighbours in the same transaction stand.

use crate::domain::catalog::{
    Category, CategoryKey, CategoryRef, OptionType, Product, ProductDraft, Seo, Status, Stored, Variant, VariantDraft,
};
use crate::domain::search::{SearchDocument, SearchText};
use crate::domain::{CategoryId, Change, Invalid, Money, ProductId, Sku, Slug, Timestamp, VariantId};
use super::taken::Bulk;
use crate::services::{Error, Outcome};
use crate::store::{CategoryRow, ProductRow, VariantRow, WriteTx};
use std::collections::HashMap;
use std::rc::Rc;

/// Characters of a name by which lists are ordered.
const NAME_KEY_CHARS: usize = 60;

/// Writes products within one transaction.
pub struct CatalogWriter<'t, 'c> {
    tx: &'t WriteTx<'c>,
    now: Timestamp,
    by_path: HashMap<Vec<String>, CategoryId>,
    known: HashMap<CategoryId, Rc<Known>>,
    bulk: Option<Bulk>,
}

/// What the writer remembers of a category.
struct Known {
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
    pub fn new(tx: &'t WriteTx<'c>, now: Timestamp) -> Self {
        Self { tx, now, by_path: HashMap::new(), known: HashMap::new(), bulk: None }
    }

    /// A writer for very many products; `empty` tells that the shop had none before. It tells readers of lists
    /// once for each category and brand, and of single products only when these existed before.
    pub fn bulk(tx: &'t WriteTx<'c>, now: Timestamp, empty: bool) -> Self {
        Self { bulk: Some(Bulk::new(empty)), ..Self::new(tx, now) }
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

    fn slug_taken(&self, slug: &Slug, except: Option<ProductId>) -> Outcome<bool> {
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
        self.tx.product_update(before, &parts.row(draft, &slug, category_id, created_at, self.now))?;
        self.write_variants(before, draft, &matched)?;
        let written = self.tx.product_by_id(before.id)?;
        written.iter().try_for_each(|product| self.tx.card_put(product))?;
        self.index(before.id, draft, category_id)?;
        self.note(before.id, before.category.id, before.brand.as_deref())?;
        self.note(before.id, category_id, draft.brand.as_deref())?;
        Ok(true)
    }

    /// Removes a product.
    pub fn remove(&mut self, before: &Product) -> Outcome<()> {
        self.tx.search_remove(before.id)?;
        self.tx.product_delete(before)?;
        self.note(before.id, before.category.id, before.brand.as_deref())
    }

    /// Makes what is derived from products anew: their cards and search documents, after their category changed.
    pub fn reindex(&mut self, ids: &[ProductId]) -> Outcome<()> {
        for product in self.tx.products_by_ids(ids)? {
            let known = self.known(product.category.id)?;
            self.tx.search_put(product.id, &document(&ProductDraft::of(&product), &known.path))?;
            self.tx.card_put(&product)?;
            self.tx.changed(Change::Product(product.id));
        }
        Ok(())
    }

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
        let row = CategoryRow { parent_id: parent, slug: &slug, name, description: "", position: 0, seo: &seo, at: self.now };
        let id = self.tx.category_insert(&row)?;
        self.tx.changed(Change::CategoryTree);
        Ok(id)
    }

    /// The slug a product gets: the asked one when it is free, else one made from the name.
    fn slug_for(&self, draft: &ProductDraft, before: Option<&Product>) -> Outcome<Slug> {
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

    fn check_skus(&self, draft: &ProductDraft, own: Option<ProductId>) -> Outcome<()> {
        for sku in draft.variants.iter().filter_map(|v| v.sku.as_ref()) {
            if self.product_by_sku(sku)?.is_some_and(|other| Some(other) != own) {
                return Err(Error::taken("sku", format!("{sku} is another product's")));
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
        let moved = matched.iter().zip(&draft.variants).any(|(m, v)| m.is_some_and(|m| before.variants[m].sku != v.sku));
        if moved {
            self.tx.variant_skus_release(before.id)?;
        }
        for (position, (variant, old)) in (0..).zip(draft.variants.iter().zip(matched)) {
            let extra = Extra::new(variant, &draft.options);
            let row = variant_row(variant, position, &extra);
            match old {
                Some(index) => self.tx.variant_update(before.variants[*index].id, &row)?,
                None => drop(self.tx.variant_insert(before.id, &row)?),
            }
        }
        Ok(())
    }

    fn index(&mut self, id: ProductId, draft: &ProductDraft, category_id: CategoryId) -> Outcome<()> {
        let known = self.known(category_id)?;
        Ok(self.tx.search_put(id, &document(draft, &known.path))?)
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

/// What a draft becomes in the product's row.
struct Parts {
    name_key: String,
    tags: Stored<Vec<String>>,
    attributes: Stored<crate::domain::catalog::Attributes>,
    options: Stored<Vec<OptionType>>,
    images: Stored<Vec<crate::domain::catalog::Image>>,
    seo: Stored<Seo>,
    price: Money,
    price_max: Money,
    stock: i64,
}

impl Parts {
    fn new(draft: &ProductDraft) -> Self {
        let prices = || draft.variants.iter().map(|v| v.price);
        Self {
            name_key: name_key(&draft.name),
            tags: Stored::new(&draft.tags),
            attributes: Stored::new(&draft.attributes),
            options: Stored::new(&draft.options),
            images: Stored::new(&draft.images),
            seo: Stored::new(&draft.seo),
            price: prices().min().unwrap_or_default(),
            price_max: prices().max().unwrap_or_default(),
            stock: draft.variants.iter().map(|v| v.stock).sum(),
        }
    }

    fn row<'a>(&'a self, draft: &'a ProductDraft, slug: &'a Slug, category_id: CategoryId, created_at: Timestamp, now: Timestamp) -> ProductRow<'a> {
        ProductRow {
            slug,
            name: &draft.name,
            name_key: &self.name_key,
            status: draft.status,
            category_id,
            brand: draft.brand.as_deref(),
            tags: &self.tags,
            options: &self.options,
            images: &self.images,
            seo: &self.seo,
            attributes: &self.attributes,
            description: &draft.description,
            price: self.price,
            price_max: self.price_max,
            stock: self.stock,
            created_at,
            updated_at: now,
        }
    }

    fn same_as(&self, before: &Product, draft: &ProductDraft, slug: &Slug, category_id: CategoryId, created_at: Timestamp) -> bool {
        before.slug == *slug
            && before.name == draft.name
            && before.status == draft.status
            && before.category.id == category_id
            && before.brand == draft.brand
            && before.description == draft.description
            && before.created_at == created_at
            && before.tags == self.tags
            && before.attributes == self.attributes
            && before.options == self.options
            && before.images == self.images
            && before.seo == self.seo
    }
}

/// What a variant draft becomes beside its plain fields.
struct Extra {
    title: String,
    options: Stored<crate::domain::catalog::OptionChoice>,
}

impl Extra {
    fn new(variant: &VariantDraft, options: &[OptionType]) -> Self {
        let ordered = options.iter().filter_map(|o| Some((o.name.clone(), variant.options.get(&o.name)?.clone())));
        Self { title: ProductDraft::variant_title(options, &variant.options), options: Stored::new(&ordered.collect()) }
    }
}

impl Extra {
    /// The variant as it was written.
    fn variant(self, id: VariantId, product_id: ProductId, draft: &VariantDraft) -> Variant {
        Variant {
            id,
            product_id,
            sku: draft.sku.clone(),
            title: self.title,
            options: self.options,
            price: draft.price,
            compare_at_price: draft.compare_at_price,
            stock: draft.stock,
            weight_grams: draft.weight_grams,
            barcode: draft.barcode.clone(),
        }
    }
}

fn variant_row<'a>(variant: &'a VariantDraft, position: i64, extra: &'a Extra) -> VariantRow<'a> {
    VariantRow {
        position,
        sku: variant.sku.as_ref(),
        title: &extra.title,
        options: &extra.options,
        price: variant.price,
        compare_at_price: variant.compare_at_price,
        stock: variant.stock,
        weight_grams: variant.weight_grams,
        barcode: variant.barcode.as_deref(),
    }
}

/// For each variant of a draft, which existing one it is: by id, else by SKU, else by options.
fn match_variants(before: &Product, draft: &ProductDraft) -> Outcome<Vec<Option<usize>>> {
    let old = &before.variants;
    let mut matched: Vec<Option<usize>> = Vec::with_capacity(draft.variants.len());
    for variant in &draft.variants {
        let free = |index: &usize| !matched.contains(&Some(*index));
        let found = match variant.id {
            Some(id) => {
                let unknown = || Invalid::one("variants", "unknown_variant", format!("{id} is not a variant of this product"));
                Some(old.iter().position(|v| v.id == id).ok_or_else(unknown)?)
            }
            None => {
                let by_sku = variant.sku.as_ref().and_then(|sku| old.iter().position(|v| v.sku.as_ref() == Some(sku)));
                let only = (old.len() == 1 && draft.variants.len() == 1).then_some(0);
                by_sku.or_else(|| old.iter().position(|v| v.options.value() == variant.options)).or(only)
            }
        };
        matched.push(found.filter(free));
    }
    Ok(matched)
}

fn same_variants(before: &Product, draft: &ProductDraft, matched: &[Option<usize>]) -> bool {
    let same = |old: &Variant, new: &VariantDraft| {
        let extra = Extra::new(new, &draft.options);
        old.sku == new.sku
            && old.title == extra.title
            && old.options == extra.options
            && old.price == new.price
            && old.compare_at_price == new.compare_at_price
            && old.stock == new.stock
            && old.weight_grams == new.weight_grams
            && old.barcode == new.barcode
    };
    before.variants.len() == draft.variants.len()
        && matched.iter().enumerate().all(|(i, m)| *m == Some(i) && same(&before.variants[i], &draft.variants[i]))
}

/// The name without case and accents, as lists are ordered by it.
pub(super) fn name_key(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    let folded = name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    folded.take(NAME_KEY_CHARS).collect()
}

/// What the search index holds of a product that stands in a category of this path.
pub(in crate::services) fn document(draft: &ProductDraft, category_path: &str) -> SearchDocument {
    let codes = draft.variants.iter().flat_map(|v| v.sku.iter().map(Sku::as_str).chain(v.barcode.as_deref()));
    let attributes = draft.attributes.iter().map(|(name, value)| (name.as_str(), attribute_text(value)));
    let options = draft.options.iter().map(|o| (o.name.as_str(), o.values.join(" ")));
    SearchDocument::new(&SearchText {
        name: &draft.name,
        brand: draft.brand.as_deref().unwrap_or(""),
        codes: codes.collect(),
        category: category_path,
        tags: draft.tags.iter().map(String::as_str).collect(),
        attributes: attributes.chain(options).collect(),
        description: &draft.description,
    })
}

fn attribute_text(value: &crate::domain::catalog::AttributeValue) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(attribute_text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
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
