//! The catalog as its readers and keepers see it.

mod batch;
mod cache;
mod categories;
mod conditions;
mod cursors;
mod facets;
mod filters;
mod money;
mod ordering;
mod products;
mod search;
mod slugs;
mod variants;
mod visibility;
