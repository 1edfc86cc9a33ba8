//! What a bulk load remembers of its own rows instead of asking the database about each.
//!
//! Only for a shop that had no products before: everything that can be taken then was taken by an earlier row.
//! Sixteen bytes a product bound the memory of a million rows; since two texts may share a hash, "taken" is
//! always confirmed by the database, "free" never needs to be.

use crate::domain::{CategoryId, Sku, Slug};
use crate::store::LateTerms;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::xxh3_64;

/// Slugs and SKUs given out, and readers already told.
pub struct Bulk {
    taken: Option<Taken>,
    /// What filters look up, written later in good order.
    pub late: LateTerms,
    told_categories: HashSet<CategoryId>,
    told_brands: HashSet<String>,
}

#[derive(Default)]
struct Taken {
    slugs: Hashes,
    skus: Hashes,
}

/// Numbers that are hashes already.
type Hashes = HashSet<u64, BuildHasherDefault<AsItIs>>;

/// Passes a hash on as it is.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl Bulk {
    /// For a shop that holds no products, or for one that does.
    pub fn new(empty: bool) -> Self {
        Self {
            taken: empty.then(Taken::default),
            late: LateTerms::default(),
            told_categories: HashSet::new(),
            told_brands: HashSet::new(),
        }
    }

    /// Whether no row can mean an earlier product, so that what is looked up may be written late.
    pub fn is_fresh(&self) -> bool {
        self.taken.is_some()
    }

    /// Whether no product can have this slug.
    pub fn slug_is_free(&self, slug: &str) -> bool {
        self.taken.as_ref().is_some_and(|taken| !taken.slugs.contains(&xxh3_64(slug.as_bytes())))
    }

    /// Whether no variant can have this SKU.
    pub fn sku_is_free(&self, sku: &Sku) -> bool {
        self.taken.as_ref().is_some_and(|taken| !taken.skus.contains(&xxh3_64(sku.as_str().as_bytes())))
    }

    /// Remembers what a product has taken.
    pub fn take<'a>(&mut self, slug: &Slug, skus: impl Iterator<Item = &'a Sku>) {
        if let Some(taken) = &mut self.taken {
            taken.slugs.insert(xxh3_64(slug.as_str().as_bytes()));
            taken.skus.extend(skus.map(|sku| xxh3_64(sku.as_str().as_bytes())));
        }
    }

    /// Whether readers of lists of this category and brand have yet to be told of a change.
    pub fn tells(&mut self, category: CategoryId, brand: Option<&str>) -> bool {
        let brand = brand.map(str::to_lowercase).filter(|brand| !self.told_brands.contains(brand));
        let new_brand = brand.is_some_and(|brand| self.told_brands.insert(brand));
        self.told_categories.insert(category) || new_brand
    }
}
