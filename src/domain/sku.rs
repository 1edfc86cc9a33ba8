//! The shop's own code of a sellable variant.

use serde::Serialize;

/// 1 to 100 characters without control characters and without blanks at the ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Sku(String);

impl Sku {
    /// Accepts any text of that shape as it stands.
    pub fn parse(text: &str) -> Option<Self> {
        let shape = !text.is_empty()
            && text.chars().count() <= 100
            && text.trim() == text
            && !text.chars().any(char::is_control);
        shape.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes over a SKU from the database, where only valid ones are written.
    pub fn trusted(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Display for Sku {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
