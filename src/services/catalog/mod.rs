//! The catalog: products, categories, and lists of them.

mod batch;
mod categories;
mod category_tree;
mod listing;
mod products;
mod taken;
mod writer;

pub use batch::{BatchAction, BatchRow};
pub use listing::{ProductPage, listing_depends_on};
pub use products::{Key, Preconditions};
pub use writer::CatalogWriter;
pub(in crate::services) use writer::document;
