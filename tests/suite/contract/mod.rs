//! What holds for every request, whatever it is about.

mod access;
mod addresses;
mod bodies;
mod edges;
mod hostile;
mod login;
mod openapi;
pub mod problems;
mod schemas;
mod tokens;
