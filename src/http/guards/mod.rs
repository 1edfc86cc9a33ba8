//! Who is calling, and under which conditions.

mod caller;
mod conditions;
mod slow;

pub use caller::{AuditRead, Caller, CatalogWrite, KeysManage, May, SignedIn, UsersRead, UsersWrite};
pub use conditions::IfMatch;
pub use slow::SlowLane;
