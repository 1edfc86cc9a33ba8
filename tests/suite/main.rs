//! The integration tests, in one binary.
//!
//! `accounts`, `catalog`, `contract`, `door`, `jobs`, `reviews` and `selling` speak to a shop in this process; each test
//! owns one in a temporary folder (`support`). `binary` and `edge` start the built program, `faults` makes it meet what
//! can go wrong around it, `outside` has programs of others look at it, `seeing` does both. The rest look at the source,
//! the plans of statements and the store. Names say noun, action, outcome.

mod accounts;
mod architecture;
mod audit;
mod backup;
mod binary;
mod catalog;
mod contract;
mod door;
mod edge;
mod events;
mod faults;
mod jobs;
mod outside;
mod payments;
mod plans;
mod reviews;
mod seeing;
mod selling;
mod store;
mod support;
