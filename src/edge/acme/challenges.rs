//! What an authority finds at the door of plain HTTP while it looks whether the shop answers under a name: at the token it
//! gave, and for as long as it may come for it, a text that only this shop can know (RFC 8555, section 8.3).

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Where tokens are asked for.
pub const PLACE: &str = "/.well-known/acme-challenge/";

/// The tokens that are pending, with what is to be found there.
#[derive(Debug, Default)]
pub struct Challenges(RwLock<HashMap<String, String>>);

impl Challenges {
    /// Answers at a token.
    pub fn put(&self, token: &str, answer: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned(), answer.to_owned());
    }

    /// What is answered at a token; nothing when none is expected.
    pub fn answer(&self, token: &str) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// Nobody is expected any more.
    pub fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
