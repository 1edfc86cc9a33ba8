//! Nexus: a shop in one file.
//!
//! Layers, each using only what stands below it: [`cli`] → [`app`] → [`edge`] beside [`http`] beside [`jobs`] →
//! [`services`] → `store` beside [`providers`] → [`domain`]; beside them the base: [`config`], `certificate`, `clock`,
//! `counters`, `folder`, `generations`, `machine`, `spans`.
//!
//! One read: `http/products.rs product_get` → `services/catalog/products.rs product_get` → `store/product.rs
//! products_by_ids` → [`domain::catalog::Product`] → `http/views/product.rs`.
//!
//! One write: `http/products.rs product_create` → `services/catalog/products.rs product_create` opens one write
//! transaction → `services/catalog/writer.rs` → `store/product.rs product_insert`; the writer thread commits it with
//! its neighbours and only then answers.
//!
//! One rule: what is acknowledged is on disk.

pub mod app;
mod certificate;
pub mod cli;
mod clock;
pub mod config;
mod counters;
pub mod domain;
pub mod edge;
pub mod folder;
mod generations;
pub mod http;
pub mod jobs;
mod log;
mod machine;
pub mod providers;
pub mod services;
mod spans;
mod store;
