//! A value kept as its JSON text.
//!
//! Options, images, tags and attributes are read far more often than looked into: a listing passes them on
//! as they are. Keeping the text saves parsing and printing them for each of twenty products on a page.

use serde::{Serialize, de::DeserializeOwned};
use std::marker::PhantomData;

/// The canonical JSON text of a `T`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    json: Box<str>,
    value: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned + Default> Stored<T> {
    /// Keeps a value.
    pub fn new(value: &T) -> Self {
        // The stored types are plain lists and maps of text and numbers, which always have a JSON form.
        Self::trusted(serde_json::to_string(value).unwrap_or_default())
    }

    /// Takes over a text from the database, where only [`Stored::new`] writes.
    pub fn trusted(json: String) -> Self {
        Self { json: json.into_boxed_str(), value: PhantomData }
    }

    /// The JSON text.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The value, read anew.
    pub fn value(&self) -> T {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}
