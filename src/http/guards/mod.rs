//! Who is calling, from where, and under which conditions.

mod caller;
mod client;
mod conditions;
mod forwarded;
mod slow;

pub use caller::{Caller, CatalogWrite, May};
pub use client::{Client, client_address};
pub use conditions::IfMatch;
pub use forwarded::Proxies;
pub use slow::SlowLane;
