//! What happens to every request: its headers are weighed, its address is tidied, it gets an id, it is logged.

mod addresses;
mod headers;
mod requests;

pub use addresses::Addresses;
pub use headers::HeaderLimit;
pub use requests::{Requests, request_id};
