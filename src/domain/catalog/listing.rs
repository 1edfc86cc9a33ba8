//! How a list of products is asked for: filters, ordering, page.

use super::Status;
use crate::domain::search::{SearchPosition, SearchQuery};
use crate::domain::{CategoryId, Direction, Money, PageSize, ProductId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A category as a filter names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CategoryPick {
    /// By id.
    Id(CategoryId),
    /// By slug.
    Slug(String),
}

impl CategoryPick {
    /// Reads an id or a slug; what is neither names no category.
    pub fn parse(text: &str) -> Self {
        CategoryId::parse(text).map_or_else(|| Self::Slug(text.to_owned()), Self::Id)
    }
}

/// Which products; every part must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductFilter {
    /// In one of these categories or below; all when empty.
    pub categories: Vec<CategoryPick>,
    /// Costs at least.
    pub min_price: Option<Money>,
    /// Costs at most.
    pub max_price: Option<Money>,
    /// Rated at least so, in hundredths.
    pub min_rating: Option<i64>,
    /// Has stock, or has none.
    pub in_stock: Option<bool>,
    /// Of one of these brands, whatever the case; all when empty.
    pub brands: Vec<String>,
    /// Carries each of these tags.
    pub tags: Vec<String>,
    /// For each name, one of the values.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Matches these words.
    pub search: Option<SearchQuery>,
    /// First offered later than this.
    pub created_after: Option<Timestamp>,
    /// Changed later than this.
    pub updated_after: Option<Timestamp>,
    /// One of these.
    pub ids: Option<Vec<ProductId>>,
    /// In one of these states.
    pub statuses: Vec<Status>,
}

impl Default for ProductFilter {
    fn default() -> Self {
        Self {
            categories: Vec::new(),
            min_price: None,
            max_price: None,
            min_rating: None,
            in_stock: None,
            brands: Vec::new(),
            tags: Vec::new(),
            attributes: BTreeMap::new(),
            search: None,
            created_after: None,
            updated_after: None,
            ids: None,
            statuses: vec![Status::Active],
        }
    }
}

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderingKey {
    /// The lowest price of its variants.
    Price,
    /// The name without case and accents.
    Name,
    /// When first offered.
    CreatedAt,
    /// When last changed.
    UpdatedAt,
    /// What its reviews come to.
    Rating,
    /// How well it matches the search.
    Relevance,
}

/// A key and a direction; equal keys are ordered by id the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ordering {
    /// What by.
    pub key: OrderingKey,
    /// Largest first.
    pub descending: bool,
}

impl Ordering {
    /// Every ordering with its name on the wire.
    pub const NAMED: [(&'static str, Self); 11] = [
        ("price", Self::of(OrderingKey::Price, false)),
        ("-price", Self::of(OrderingKey::Price, true)),
        ("name", Self::of(OrderingKey::Name, false)),
        ("-name", Self::of(OrderingKey::Name, true)),
        ("created_at", Self::of(OrderingKey::CreatedAt, false)),
        ("-created_at", Self::of(OrderingKey::CreatedAt, true)),
        ("updated_at", Self::of(OrderingKey::UpdatedAt, false)),
        ("-updated_at", Self::of(OrderingKey::UpdatedAt, true)),
        ("rating", Self::of(OrderingKey::Rating, false)),
        ("-rating", Self::of(OrderingKey::Rating, true)),
        ("relevance", Self::of(OrderingKey::Relevance, true)),
    ];

    const fn of(key: OrderingKey, descending: bool) -> Self {
        Self { key, descending }
    }

    /// The ordering of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(name, _)| *name == text).map(|(_, ordering)| *ordering)
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, ordering)| *ordering == self).map_or("-created_at", |(name, _)| name)
    }

    /// Best match first when something is searched, newest first otherwise.
    pub const fn default_for(searching: bool) -> Self {
        Self::of(if searching { OrderingKey::Relevance } else { OrderingKey::CreatedAt }, true)
    }
}

/// Where in a list an item stands: its key and its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ListingPosition {
    /// In an ordering by price, rating or time.
    #[serde(rename = "n")]
    Number(i64, ProductId),
    /// In an ordering by name.
    #[serde(rename = "t")]
    Text(String, ProductId),
    /// In an ordering by relevance.
    #[serde(rename = "s")]
    Search(SearchPosition),
}

/// One page of a filtered, ordered list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// Which products.
    pub filter: ProductFilter,
    /// In which order.
    pub ordering: Ordering,
    /// How many.
    pub page_size: PageSize,
    /// From where, which way; the first page when none.
    pub from: Option<(ListingPosition, Direction)>,
    /// Also count all that match.
    pub count: bool,
    /// Also count by category, brand, price and attribute.
    pub facets: bool,
}

/// How many of the matching products have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetCount {
    /// What a filter would take: an id, a brand, a value.
    pub value: String,
    /// What a person reads.
    pub label: String,
    /// How many.
    pub count: i64,
}

/// A span of prices and how many of the matching products are in it; the upper end is inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRange {
    /// From.
    pub min: Money,
    /// To, inclusive.
    pub max: Money,
    /// How many.
    pub count: i64,
}

/// What the matching products have in common, most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// By category they stand in.
    pub categories: Vec<FacetCount>,
    /// By brand.
    pub brands: Vec<FacetCount>,
    /// By price, in up to five spans.
    pub prices: Vec<PriceRange>,
    /// By attribute name.
    pub attributes: Vec<(String, Vec<FacetCount>)>,
}
