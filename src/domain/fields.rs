//! Reads a JSON object field by field and collects everything that is wrong with it, not only the first.
//!
//! A field that is absent or `null` counts as not given. A field nobody asked for is an error, so that a
//! misspelt or forbidden one (`role`, `id`) is never silently dropped.

use super::money::{Currency, Money, MoneyError};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// One thing wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The path of the field: `variants[2].price`; empty for the whole body.
    pub field: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// An input that breaks rules, with every broken one listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    /// An input with one thing wrong.
    pub fn one(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self(vec![FieldError { field: field.to_owned(), code, message: message.into() }])
    }

    /// The same errors seen from outside: each field behind the given path.
    pub fn within(mut self, path: &str) -> Self {
        for error in &mut self.0 {
            error.field = join(path, &error.field);
        }
        self
    }

    /// All errors in one line, for the command line.
    pub fn summary(&self) -> String {
        let one =
            |e: &FieldError| if e.field.is_empty() { e.message.clone() } else { format!("{} {}", e.field, e.message) };
        self.0.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.summary())
    }
}

impl std::error::Error for Invalid {}

/// A JSON object being read.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: String,
    asked: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    /// Reads `value` with `read`; fails when `read` found errors or left fields of the object unread.
    pub fn read<T>(value: &'a Value, read: impl FnOnce(&mut Self) -> T) -> Result<T, Invalid> {
        let Value::Object(object) = value else {
            return Err(Invalid::one("", "not_an_object", "must be a JSON object"));
        };
        let mut fields = Self { object, path: String::new(), asked: Vec::new(), errors: Vec::new() };
        let result = read(&mut fields);
        fields.refuse_unknown();
        if fields.errors.is_empty() { Ok(result) } else { Err(Invalid(fields.errors)) }
    }

    /// Notes an error at a field of this object.
    pub fn wrong(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError { field: join(&self.path, name), code, message: message.into() });
    }

    /// Notes that a field that must be there is not.
    pub fn missing(&mut self, name: &str) {
        self.wrong(name, "required", "is required");
    }

    /// Refuses to have these taken away by a merge patch.
    pub fn kept(&mut self, names: &[&str]) {
        for name in names {
            if self.object.get(*name).is_some_and(Value::is_null) {
                self.missing(name);
            }
        }
    }

    /// Whether the field is there and not null.
    pub fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|v| !v.is_null())
    }

    /// The raw value of a field, when given.
    pub fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.asked.push(name);
        self.object.get(name).filter(|v| !v.is_null())
    }

    /// A one-line text within a length in characters; blanks at its ends are cut off.
    pub fn text(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        let value = self.value(name)?;
        match line(value, &length) {
            Ok(text) => Some(text),
            Err((code, message)) => {
                self.wrong(name, code, message);
                None
            }
        }
    }

    /// A one-line text that must be there; empty when it is not, which is noted.
    pub fn needed_text(&mut self, name: &'static str, length: RangeInclusive<usize>) -> String {
        if !self.has(name) {
            self.missing(name);
        }
        self.text(name, length).unwrap_or_default()
    }

    /// A one-line text that a merge patch may take away: null and blank make it empty.
    pub fn cleared_text(&mut self, name: &'static str, most: usize) -> Option<String> {
        match self.object.get(name)? {
            Value::Null => {
                self.asked.push(name);
                Some(String::new())
            }
            _ => self.text(name, 0..=most),
        }
    }

    /// True or false.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        let value = self.value(name)?;
        if value.as_bool().is_none() {
            self.wrong(name, "not_a_boolean", "must be true or false");
        }
        value.as_bool()
    }

    /// A text that may hold line breaks, kept as it is.
    pub fn long_text(&mut self, name: &'static str, most: usize) -> Option<String> {
        let Value::String(text) = self.value(name)? else {
            self.wrong(name, "not_a_string", "must be a string");
            return None;
        };
        if text.chars().count() > most {
            self.wrong(name, "too_long", format!("must be at most {most} characters long"));
            None
        } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.wrong(name, "control_character", "must not hold control characters");
            None
        } else {
            Some(text.clone())
        }
    }

    /// A secret: any string, never trimmed.
    pub fn secret(&mut self, name: &'static str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            _ => {
                self.wrong(name, "not_a_string", "must be a string");
                None
            }
        }
    }

    /// A secret that must be there; empty when it is not, which is noted.
    pub fn needed_secret(&mut self, name: &'static str) -> String {
        if !self.has(name) {
            self.missing(name);
        }
        self.secret(name).unwrap_or_default()
    }

    /// A text that must mean something to `parse`.
    pub fn parsed<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(name)?;
        let parsed = value.as_str().and_then(parse);
        if parsed.is_none() {
            self.wrong(name, "invalid", format!("must be {expected}"));
        }
        parsed
    }

    /// A whole number within a range; never a string, a fraction or an exponent.
    pub fn integer(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(name)?;
        let whole = value.as_number().and_then(|n| n.to_string().parse::<i64>().ok());
        match whole {
            Some(number) if range.contains(&number) => Some(number),
            Some(_) => {
                self.wrong(name, "out_of_range", format!("must be from {} to {}", range.start(), range.end()));
                None
            }
            None => {
                self.wrong(name, "not_an_integer", "must be a whole number");
                None
            }
        }
    }

    /// An amount of money, as a decimal string or a JSON number.
    pub fn money(&mut self, name: &'static str, currency: Currency) -> Option<Money> {
        let text = match self.value(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => {
                self.wrong(name, "not_a_number", "must be an amount such as \"19.99\"");
                return None;
            }
        };
        match currency.parse(&text) {
            Ok(money) => Some(money),
            Err(error) => {
                let (code, message) = money_problem(error, currency);
                self.wrong(name, code, message);
                None
            }
        }
    }

    /// A list of at most `most` items, each read by `item`, which returns the item or what is wrong with it.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        most: usize,
        mut item: impl FnMut(&'a Value) -> Result<T, Invalid>,
    ) -> Option<Vec<T>> {
        let Value::Array(values) = self.value(name)? else {
            self.wrong(name, "not_a_list", "must be a list");
            return None;
        };
        if values.len() > most {
            self.wrong(name, "too_many", format!("must hold at most {most} items"));
            return None;
        }
        let before = self.errors.len();
        let mut items = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            match item(value) {
                Ok(read) => items.push(read),
                Err(invalid) => {
                    let path = join(&self.path, &format!("{name}[{index}]"));
                    self.errors.extend(invalid.within(&path).0);
                }
            }
        }
        (self.errors.len() == before).then_some(items)
    }

    /// A nested object read by `read`.
    pub fn object<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Fields<'a>) -> T) -> Option<T> {
        let value = self.value(name)?;
        match Fields::read(value, read) {
            Ok(result) => Some(result),
            Err(invalid) => {
                let path = join(&self.path, name);
                self.errors.extend(invalid.within(&path).0);
                None
            }
        }
    }

    fn refuse_unknown(&mut self) {
        let unknown: Vec<&String> = self.object.keys().filter(|key| !self.asked.contains(&key.as_str())).collect();
        for key in unknown {
            let shown: String = key.chars().take(100).collect();
            self.wrong(&shown, "unknown_field", "is not a field of this resource");
        }
    }
}

/// A one-line text out of a JSON value: trimmed, within a length, free of control characters. What is sent must not
/// be longer either, so that the limit is the one that a description of the body can state.
pub fn line(value: &Value, length: &RangeInclusive<usize>) -> Result<String, (&'static str, String)> {
    let Value::String(text) = value else {
        return Err(("not_a_string", "must be a string".to_owned()));
    };
    let sent = text.chars().count();
    let text = text.trim();
    if text.chars().count() < *length.start() {
        Err((
            "too_short",
            if *length.start() == 1 {
                "must not be empty".to_owned()
            } else {
                format!("must be at least {} characters long", length.start())
            },
        ))
    } else if sent > *length.end() {
        Err(("too_long", format!("must be at most {} characters long", length.end())))
    } else if text.chars().any(char::is_control) {
        Err(("control_character", "must not hold control characters".to_owned()))
    } else {
        Ok(text.to_owned())
    }
}

/// Code and sentence for an amount that is none.
pub fn money_problem(error: MoneyError, currency: Currency) -> (&'static str, String) {
    match error {
        MoneyError::NotANumber => ("not_a_number", "must be an amount such as \"19.99\"".to_owned()),
        MoneyError::TooManyDigits => {
            ("too_many_digits", format!("{} has {} digits after the point", currency.code(), currency.digits()))
        }
        MoneyError::Negative => ("negative", "must not be below zero".to_owned()),
        MoneyError::TooLarge => ("too_large", "is larger than the shop can handle".to_owned()),
    }
}

fn join(path: &str, name: &str) -> String {
    match (path.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => path.to_owned(),
        _ if name.starts_with('[') => format!("{path}{name}"),
        _ => format!("{path}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn codes(invalid: &Invalid) -> Vec<(&str, &str)> {
        invalid.0.iter().map(|e| (e.field.as_str(), e.code)).collect()
    }

    #[test]
    fn every_wrong_field_is_listed_with_its_path() {
        let eur = Currency::from_code("EUR").unwrap();
        let body =
            json!({"name": "", "price": "1.999", "role": "admin", "seo": {"title": 3, "x": 1}, "tags": ["a", 2]});
        let invalid = Fields::read(&body, |f| {
            f.text("name", 1..=10);
            f.money("price", eur);
            f.object("seo", |s| s.text("title", 0..=10));
            f.list("tags", 5, |v| line(v, &(1..=10)).map_err(|(code, m)| Invalid::one("", code, m)));
        })
        .unwrap_err();
        assert_eq!(
            codes(&invalid),
            [
                ("name", "too_short"),
                ("price", "too_many_digits"),
                ("seo.title", "not_a_string"),
                ("seo.x", "unknown_field"),
                ("tags[1]", "not_a_string"),
                ("role", "unknown_field"),
            ]
        );
    }

    #[test]
    fn integers_are_whole_numbers_only() {
        for (body, code) in [
            (json!({"stock": "3"}), "not_an_integer"),
            (json!({"stock": 1.5}), "not_an_integer"),
            (json!({"stock": -1}), "out_of_range"),
            (serde_json::from_str(r#"{"stock": 1e400}"#).unwrap(), "not_an_integer"),
            (serde_json::from_str(r#"{"stock": 9223372036854775808}"#).unwrap(), "not_an_integer"),
        ] {
            let invalid = Fields::read(&body, |f| f.integer("stock", 0..=10)).unwrap_err();
            assert_eq!(codes(&invalid), [("stock", code)]);
        }
    }
}
