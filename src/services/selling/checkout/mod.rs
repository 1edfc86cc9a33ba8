//! Checking out: a cart becomes an order, once.

mod draft;

pub use draft::CheckoutDraft;
