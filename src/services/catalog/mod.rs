//! The catalog: products, categories, and lists of them.

mod batch;
mod cards;
mod categories;
mod category_tree;
mod changed;
mod listing;
mod placing;
mod products;
mod rows;
mod taken;
mod writer;

pub use batch::{BatchAction, BatchRow};
pub(in crate::services) use listing::shown;
pub use listing::{ProductPage, Shown, listing_depends_on};
pub use products::{Key, Preconditions, ShownProduct};
pub use writer::CatalogWriter;
