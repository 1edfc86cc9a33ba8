//! The catalog: products, categories, and lists of them.

mod batch;
mod cards;
mod categories;
mod category_tree;
mod listing;
mod products;
mod taken;
mod writer;

pub use batch::{BatchAction, BatchRow};
pub use listing::{ProductPage, Shown, listing_depends_on};
pub use products::{Key, Preconditions, ShownProduct};
pub use writer::CatalogWriter;
pub(in crate::services) use writer::document;
