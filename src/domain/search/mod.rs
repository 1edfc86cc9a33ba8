//! Full-text search without its SQL: how text becomes words, what a query asks for, and what a match is worth.

mod document;
mod position;
mod query;
mod relevance;
mod words;

pub use document::{SearchDocument, SearchText, TOP_LEVEL};
pub use position::{SearchPosition, SearchRank};
pub use query::{SearchQuery, SearchUnit, SearchWord};
pub use relevance::ndcg_at_10;
