//! Full-text search without its SQL: how text becomes words, what a query asks for, and what a match is worth.

mod document;
mod of_product;
mod position;
mod query;
mod relevance;
mod words;

pub use document::{SearchDocument, SearchText, TOP_LEVEL};
pub use of_product::of_product;
pub use position::{SearchPosition, SearchRank};
pub use query::{SearchQuery, SearchUnit, SearchWord};
pub use relevance::ndcg_at_10;
