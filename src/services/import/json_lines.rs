//! Our own JSON Lines: each line is the body that creates its product, with the category as id, slug or path.

use super::columns::Rename;
use super::entry::{Body, Raw};
use super::source::{RecordBudget, Text};
use serde_json::{Map, Value};
use std::io::BufRead;

/// Products of a JSON Lines file.
pub struct JsonLines {
    text: Text,
    budget: RecordBudget,
    renames: Vec<Rename>,
    line: u64,
    buffer: String,
}

impl JsonLines {
    /// Starts at the first line.
    pub fn new(text: Text, budget: RecordBudget, renames: Vec<Rename>) -> Self {
        Self { text, budget, renames, line: 0, buffer: String::new() }
    }

    /// The next product. Empty lines are passed over.
    pub fn next_raw(&mut self) -> Result<Option<Raw>, String> {
        loop {
            self.buffer.clear();
            self.budget.renew();
            if self.text.read_line(&mut self.buffer).map_err(|e| e.to_string())? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if !self.buffer.trim().is_empty() {
                return Ok(Some(Raw { line: self.line, body: self.body() }));
            }
        }
    }

    fn body(&self) -> Result<Body, String> {
        let value = serde_json::from_str(&self.buffer).map_err(|e| {
            let column = e.column();
            let what = e.to_string();
            let what = what.split(" at line").next().unwrap_or("").to_owned();
            format!("this is not JSON: {what} at character {column}")
        })?;
        let Value::Object(mut body) = value else {
            return Err("a line must hold a JSON object".to_owned());
        };
        for rename in &self.renames {
            if let Some(value) = body.shift_remove(rename.from()) {
                put(&mut body, rename.to(), value);
            }
        }
        Ok(body)
    }
}

/// Puts a value under its new name; `attr.NAME` goes among the attributes.
fn put(body: &mut Body, name: Option<&str>, value: Value) {
    match name.map(|name| name.strip_prefix("attr.").ok_or(name)) {
        None => {}
        Some(Err(name)) => drop(body.insert(name.to_owned(), value)),
        Some(Ok(attribute)) => {
            let attributes = body.entry("attributes").or_insert_with(|| Value::Object(Map::new()));
            if let Some(attributes) = attributes.as_object_mut() {
                attributes.insert(attribute.to_owned(), value);
            }
        }
    }
}
