//! `/admin`: what only those who run the shop see.

pub mod api_keys;
pub mod audit;
pub mod order_steps;
pub mod orders;
pub mod reviews;
