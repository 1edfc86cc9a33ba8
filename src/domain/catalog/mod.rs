//! What the shop offers: categories, products and their variants, and how lists of them are asked for.

mod category;
mod draft;
mod listing;
mod patch;
mod product;
mod stored;

pub use category::{Category, CategoryDraft, CategoryNode, CategoryRef, CategoryRemoval};
pub use draft::{CategoryKey, DUPLICATE_SKU, ProductDraft, VariantDraft, image_url};
pub use listing::{
    CategoryPick, FacetCount, Facets, Listing, ListingPosition, Ordering, OrderingKey, PriceRange, ProductFilter,
};
pub use patch::merge_patch;
pub use product::{
    AttributeValue, Attributes, Image, OptionChoice, OptionType, Product, Rating, Revision, Seo, Status, Variant,
};
pub use stored::Stored;
