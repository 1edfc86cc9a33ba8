//! Pure types and rules of the trade: no I/O, no clock, no SQL, no web framework.
//!
//! Every value type here can only be built valid, so the layers above and below need not check twice.

pub mod account;
pub mod audit;
pub mod backup;
pub mod cart;
pub mod catalog;
pub mod change;
pub mod event;
pub mod fields;
pub mod hex;
pub mod id;
pub mod invoice;
pub mod job;
pub mod letters;
pub mod mail;
pub mod money;
pub mod order;
pub mod page;
pub mod payment;
pub mod pricing;
pub mod report;
pub mod review;
pub mod search;
pub mod sku;
pub mod slug;
pub mod stock;
pub mod time;
pub mod webhook;

pub use account::{Email, Right, Rights, Role};
pub use change::Change;
pub use event::EventKind;
pub use fields::{FieldError, Fields, Invalid};
pub use hex::{bytes_of_hex, hex};
pub use id::*;
pub use job::{Claim, Job, JobFailure, JobState};
pub use mail::Letter;
pub use money::{Currency, Money};
pub use page::{Direction, PageSize};
pub use sku::Sku;
pub use slug::Slug;
pub use time::Timestamp;
