//! What happens to every request: its address is tidied, it gets an id, it is logged.

mod addresses;
mod requests;

pub use addresses::Addresses;
pub use requests::{Requests, request_id};
