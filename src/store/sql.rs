//! SQL put together from pieces, each with its parameters.

use super::tx::Value;

/// A piece of SQL and its parameters in order of their `?`.
#[derive(Clone, Debug, Default)]
pub struct Sql {
    /// The text, each parameter a plain `?`.
    pub text: String,
    /// The values.
    pub values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>, values: Vec<Value>) -> Self {
        Self { text: text.into(), values }
    }

    /// Adds text and values at the end.
    pub(super) fn push(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str(text);
        self.values.extend(values);
    }

    pub(super) fn append(&mut self, before: &str, other: Self, after: &str) {
        self.push(before, []);
        self.push(&other.text, other.values);
        self.push(after, []);
    }

    /// Adds a condition behind an `and`.
    pub(super) fn and(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        if !self.text.is_empty() {
            self.text.push_str(" and ");
        }
        self.push(text, values);
    }
}
