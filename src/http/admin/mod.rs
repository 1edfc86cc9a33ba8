//! `/admin`: what only those who run the shop see.

pub mod api_keys;
pub mod audit;
pub mod backups;
pub mod discounts;
pub mod invoices;
pub mod order_steps;
pub mod orders;
pub mod payments;
pub mod reports;
pub mod reviews;
pub mod shipping_zones;
pub mod stock;
pub mod tax_rates;
pub mod webhooks;
