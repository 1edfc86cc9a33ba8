//! Products, their options and variants.

use super::{CategoryRef, Stored};
use crate::domain::stock::StockPolicy;
use crate::domain::{Money, ProductId, Sku, Slug, Timestamp, VariantId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whether a product is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being prepared; only staff see it.
    Draft,
    /// On sale.
    Active,
    /// No longer offered; orders still refer to it.
    Archived,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Active, Self::Archived];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The number under which it is stored.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The status stored under a number.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

/// One choice a buyer makes, such as Size with S, M and L.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OptionType {
    /// What is chosen.
    pub name: String,
    /// What there is to choose from, in order.
    pub values: Vec<String>,
}

/// The choices a variant stands for: option name to value, in the product's order of options.
pub type OptionChoice = serde_json::Map<String, serde_json::Value>;

/// A picture by its address; the shop never fetches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Image {
    /// `http`, `https` or a path on this server.
    pub url: String,
    /// What the picture shows, in words.
    pub alt: String,
    /// Place in the order, from 0.
    pub position: u32,
}

/// Title and description for search engines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Seo {
    /// Page title, where it should differ from the name.
    pub title: Option<String>,
    /// Page description.
    pub description: Option<String>,
}

/// A typed property of a product: text, number, yes/no, or a list of these.
pub type AttributeValue = serde_json::Value;

/// Properties by name.
pub type Attributes = BTreeMap<String, AttributeValue>;

/// What is bought: one combination of a product's options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its id.
    pub id: VariantId,
    /// The product it belongs to.
    pub product_id: ProductId,
    /// The shop's code, unique over all variants.
    pub sku: Option<Sku>,
    /// The option values joined by ` / `; empty for the only variant of a product.
    pub title: String,
    /// Which option values it stands for.
    pub options: Stored<OptionChoice>,
    /// What it costs.
    pub price: Money,
    /// What it used to cost.
    pub compare_at_price: Option<Money>,
    /// Units that can be sold: what lies on the shelf and is not promised.
    pub stock: i64,
    /// Weight for shipping.
    pub weight_grams: Option<i64>,
    /// EAN, UPC, ISBN or the like.
    pub barcode: Option<String>,
    /// What happens when there is not enough.
    pub stock_policy: StockPolicy,
    /// At this many left the shop says that stock is low.
    pub low_stock_at: Option<i64>,
}

impl Variant {
    /// Whether it can be bought.
    pub const fn in_stock(&self) -> bool {
        self.stock_policy.sells(self.stock)
    }
}

/// Something the shop offers, with its variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its name in addresses, unique.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
    /// What it is, as plain text or HTML.
    pub description: String,
    /// Whether it is shown.
    pub status: Status,
    /// Where it stands in the tree.
    pub category: CategoryRef,
    /// Who makes it.
    pub brand: Option<String>,
    /// Free words.
    pub tags: Stored<Vec<String>>,
    /// Typed properties.
    pub attributes: Stored<Attributes>,
    /// What a buyer chooses.
    pub options: Stored<Vec<OptionType>>,
    /// Pictures in order.
    pub images: Stored<Vec<Image>>,
    /// For search engines.
    pub seo: Stored<Seo>,
    /// The lowest price of its variants.
    pub price: Money,
    /// The highest price of its variants.
    pub price_max: Money,
    /// Units of all variants that can be sold.
    pub stock: i64,
    /// Whether any variant can be bought.
    pub in_stock: bool,
    /// What is sold, in order; at least one.
    pub variants: Vec<Variant>,
    /// When it was first offered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Which state of the product and of its category this is.
    pub revision: Revision,
}

/// The state of a product as a client saw it: it changes with each write to the product, to its variants or to
/// the category whose name it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Counts the writes to the resource.
    pub own: i64,
    /// Counts the writes to the category it shows; 0 for a category itself.
    pub category: i64,
}

impl Revision {
    /// The revision of a resource that shows nothing else.
    pub const fn of(own: i64) -> Self {
        Self { own, category: 0 }
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.own, self.category)
    }
}
