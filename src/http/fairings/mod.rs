//! What happens to every request: its headers are weighed, its address is tidied, it gets an id, browsers are told what its answer is,
//! it is logged.

mod addresses;
mod cors;
mod header_limit;
mod headers;
mod requests;
mod sealed;

pub use addresses::Addresses;
pub use cors::Cors;
pub use header_limit::HeaderLimit;
pub use headers::{Headers, everywhere};
pub use requests::{Requests, request_id};
pub use sealed::Sealed;
