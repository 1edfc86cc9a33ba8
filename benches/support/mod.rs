//! What several measurements share.

pub mod client;
