//! `/admin/…`: what only those see who look after the shop.

pub mod audit;
