//! The integration tests, in one binary.
//!
//! `catalog`, `contract` and `door` speak HTTP to a shop in this process; each test owns one in a temporary folder
//! (`support`). The others look at the source, the plans of statements, the store and the built binary. Names say
//! noun, action, outcome.

mod architecture;
mod audit;
mod binary;
mod catalog;
mod contract;
mod door;
mod jobs;
mod plans;
mod store;
mod support;
