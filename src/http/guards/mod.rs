//! Who is calling, from where, and under which conditions.

mod caller;
mod client;
mod conditions;
mod described;
mod forwarded;
mod idempotency;
mod seal;
mod slow;

pub use caller::{
    AuditRead, Caller, CatalogWrite, DiscountsRead, DiscountsWrite, KeysManage, Maintain, May, OrdersRead, OrdersWrite,
    ReportsRead, ReviewsWrite, SettingsRead, SettingsWrite, SignedIn, StockRead, StockWrite, UsersRead, UsersWrite,
    WebhooksWrite,
};
pub use client::{Client, Uncounted, client_address};
pub use conditions::IfMatch;
pub use forwarded::Proxies;
pub use idempotency::{IdempotencyKey, OptionalIdempotencyKey};
pub use seal::Seal;
pub use slow::SlowLane;
