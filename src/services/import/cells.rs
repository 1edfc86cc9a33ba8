//! How values stand in the cells of our own CSV, so that what export writes is what import reads.
//!
//! Three things would get lost without care: a list in one cell, the type of an attribute, and text that a
//! spreadsheet would run as a formula. Each function here has its exact inverse beside it.

use serde_json::Value;

/// Characters with which spreadsheets start a formula, in their full-width forms too.
const FORMULA_STARTS: [char; 9] = ['=', '+', '-', '@', '\t', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet might run some line of the text, blanks in front of it left aside.
fn runs(text: &str) -> bool {
    text.starts_with('\r')
        || text.split(['\n', '\r']).any(|line| {
            let bare = line.trim_start_matches([' ', '\u{a0}', '\u{3000}', '\u{feff}']);
            bare.starts_with(FORMULA_STARTS)
        })
}

/// Whether a text needs an apostrophe in front. A text that already looks guarded needs one more, or reading
/// would take away the one that belongs to it.
fn needs_guard(text: &str) -> bool {
    let quotes = text.bytes().take_while(|b| *b == b'\'').count();
    runs(text) || (1..=quotes).any(|n| runs(&text[n..]))
}

/// The text as it may stand in a cell that a spreadsheet opens.
pub fn guard(text: &str) -> String {
    if needs_guard(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text that [`guard`] was given.
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if needs_guard(rest) => rest,
        _ => cell,
    }
}

/// Several texts in one cell, joined by commas; commas, bars and backslashes within one are escaped.
pub fn join_list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let mut cell = String::new();
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            cell.push_str(", ");
        }
        for c in item.chars() {
            if matches!(c, ',' | '|' | '\\') {
                cell.push('\\');
            }
            cell.push(c);
        }
    }
    cell
}

/// The texts of a cell, separated by commas or bars. An empty cell holds none.
pub fn split_list(cell: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        let last = items.len() - 1;
        match c {
            ',' | '|' => items.push(String::new()),
            '\\' => items[last].extend(escaped(chars.clone().next(), &mut chars)),
            other => items[last].push(other),
        }
    }
    let mut items: Vec<String> = items.into_iter().map(|item| item.trim().to_owned()).collect();
    if items.len() == 1 && items[0].is_empty() {
        items.clear();
    }
    items
}

/// A backslash only escapes what [`join_list`] escapes; before anything else it stands for itself.
fn escaped(next: Option<char>, chars: &mut std::str::Chars<'_>) -> Option<char> {
    match next {
        Some(',' | '|' | '\\') => chars.next(),
        _ => Some('\\'),
    }
}

/// An attribute in a cell. Text that would read as something else is written with JSON quotes.
pub fn attribute_cell(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && attribute_value(text) == Value::String(text.clone()) => text.clone(),
        other => other.to_string(),
    }
}

/// The attribute in a cell: a JSON number, `true`, `false`, a quoted text or a list as such, all else as text.
pub fn attribute_value(cell: &str) -> Value {
    let may_be_json = cell.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '"' | '[' | 't' | 'f'));
    let parsed = if may_be_json { serde_json::from_str(cell).ok() } else { None };
    // Blanks around a number are allowed in JSON; here they make it text, so that nothing is lost. So do digits
    // without end, which no attribute may hold as a number.
    let sane = |value: &Value| match value {
        Value::Number(number) => cell.len() <= 40 && number.as_f64().is_some_and(f64::is_finite),
        _ => true,
    };
    parsed.filter(|value| cell.trim() == cell && sane(value)).unwrap_or_else(|| Value::String(cell.to_owned()))
}

/// A number field: digits become a JSON number, anything else stays text, which is then refused by its field.
pub fn integer_value(cell: &str) -> Value {
    cell.trim().parse::<i64>().map_or_else(|_| Value::String(cell.to_owned()), Value::from)
}

/// A decimal text times `numerator / 10^decimals`, rounded half up to a whole number, without floats.
/// Gives none for what is no plain decimal.
pub fn scaled(text: &str, numerator: u64, decimals: u32) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit()) && part.len() <= 12;
    if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let places = u32::try_from(fraction.len()).ok()? + decimals;
    let coefficient: u128 = format!("0{whole}{fraction}").parse().ok()?;
    let unit = 10_u128.checked_pow(places)?;
    let product = coefficient.checked_mul(u128::from(numerator))?;
    i64::try_from((product + unit / 2) / unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn cells_that_would_run_are_guarded() {
        for bad in
            ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "  =1", "\u{a0}=1", "a\n=1", "a\r\n =1", "'=1", "''=1", "＝1"]
        {
            assert_eq!(guard(bad), format!("'{bad}"), "{bad:?}");
            assert_eq!(unguard(&guard(bad)), bad);
        }
        for good in ["", "a", "a=1", "'a", "1-2", "'", "it's", "a - b"] {
            assert_eq!(guard(good), good);
            assert_eq!(unguard(good), good);
        }
    }

    #[test]
    fn attributes_keep_their_type() {
        for value in [
            json!("5"),
            json!(5),
            json!(-5.50),
            json!(true),
            json!("true"),
            json!(""),
            json!(" 5"),
            json!("[x"),
            json!(["a", 1, false]),
            json!("\"q\""),
            json!("blue"),
            json!("null"),
            json!("tab\t"),
            json!("[]"),
            json!([]),
        ] {
            assert_eq!(attribute_value(&attribute_cell(&value)), value, "{value}");
        }
        let exact: Value = serde_json::from_str("9.50").unwrap();
        assert_eq!(attribute_value(&attribute_cell(&exact)).to_string(), "9.50");
    }

    #[test]
    fn weights_are_scaled_without_floats() {
        assert_eq!(scaled("1.5", 1000, 0), Some(1500));
        assert_eq!(scaled("2", 45_359_237, 5), Some(907));
        assert_eq!(scaled("12.5", 1, 0), Some(13));
        assert_eq!(scaled(".5", 1000, 0), Some(500));
        for bad in ["", ".", "-1", "1e3", "1,5", "abc", "9999999999999"] {
            assert_eq!(scaled(bad, 1000, 0), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn lists_round_trip(items in prop::collection::vec("[^\\s][a-z,|\\\\ ]{0,8}[^\\s]", 0..5)) {
            prop_assert_eq!(split_list(&join_list(items.iter().map(String::as_str))), items);
        }

        #[test]
        fn guarding_round_trips(text in "['=+\\-@\t\r\n a]{0,8}") {
            let cell = guard(&text);
            prop_assert_eq!(unguard(&cell), text.as_str());
        }
    }
}
