//! Who is calling, and under which conditions.

mod caller;
mod conditions;
mod slow;

pub use caller::{AuditRead, Caller, CatalogWrite, May};
pub use conditions::IfMatch;
pub use slow::SlowLane;
