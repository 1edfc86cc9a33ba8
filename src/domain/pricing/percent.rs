//! Percentages as people write them, kept as parts per million.

use crate::domain::Fields;
use crate::domain::money::{MoneyError, parse_minor};
use serde_json::Value;

/// Digits after the point of a percentage: what parts per million can hold.
const DIGITS: u32 = 4;

/// A hundred percent.
const WHOLE: i64 = 1_000_000;

/// Reads a field such as `"19"` or `8.875`, from 0 to 100.
pub(super) fn percent(fields: &mut Fields<'_>, name: &'static str) -> Option<i64> {
    let text = match fields.value(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let (code, message) = match parse_minor(&text, DIGITS) {
        Ok(ppm) if ppm <= WHOLE => return Some(ppm),
        Ok(_) | Err(MoneyError::TooLarge) => ("too_large", "must be at most 100"),
        Err(MoneyError::NotANumber) => ("not_a_number", "must be a percentage such as \"8.875\""),
        Err(MoneyError::TooManyDigits) => ("too_many_digits", "takes at most 4 digits after the point"),
        Err(MoneyError::Negative) => ("negative", "must not be below zero"),
    };
    fields.wrong(name, code, message);
    None
}

/// Writes parts per million as a percentage without needless zeros: `19`, `8.875`.
pub fn percent_text(ppm: i64) -> String {
    let (whole, rest) = (ppm / 10_000, ppm % 10_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:04}").trim_end_matches('0').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn percentages_are_read_exactly_and_written_shortly() {
        let read = |value: Value| Fields::read(&json!({ "rate": value }), |f| percent(f, "rate"));
        for (value, ppm, text) in [
            (json!("19"), 190_000, "19"),
            (json!(19), 190_000, "19"),
            (json!("8.875"), 88_750, "8.875"),
            (json!(8.8750), 88_750, "8.875"),
            (json!("0"), 0, "0"),
            (json!("0.0001"), 1, "0.0001"),
            (json!("100.0000"), 1_000_000, "100"),
        ] {
            assert_eq!(read(value).unwrap(), Some(ppm));
            assert_eq!(percent_text(ppm), text);
        }
        for (value, code) in [
            (json!("100.0001"), "too_large"),
            (json!("1e300"), "too_large"),
            (json!(-1), "negative"),
            (json!("8.87501"), "too_many_digits"),
            (json!("19%"), "not_a_number"),
            (json!(""), "not_a_number"),
            (json!([19]), "not_a_number"),
        ] {
            assert_eq!(read(value.clone()).unwrap_err().0[0].code, code, "{value}");
        }
    }
}
