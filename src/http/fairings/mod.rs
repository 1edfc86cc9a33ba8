//! What happens to every request: its address is tidied, it gets an id, browsers are told what its answer is, it is
//! logged.

mod addresses;
mod cors;
mod headers;
mod requests;

pub use addresses::Addresses;
pub use cors::Cors;
pub use headers::Headers;
pub use requests::{Requests, request_id};
