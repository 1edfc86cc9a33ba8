//! How many of something: 1 to 999, whatever else a client may send.

use crate::domain::Fields;

/// The most of one thing in a cart.
pub const MOST_QUANTITY: i64 = 999;

/// A number of units, from 1 to [`MOST_QUANTITY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i64);

impl Quantity {
    /// One unit.
    pub const ONE: Self = Self(1);

    /// A number within bounds.
    pub fn new(number: i64) -> Option<Self> {
        (1..=MOST_QUANTITY).contains(&number).then_some(Self(number))
    }

    /// The nearest number within bounds.
    pub fn nearest(number: i64) -> Self {
        Self(number.clamp(1, MOST_QUANTITY))
    }

    /// The number itself.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Both together, when that is not too many.
    pub fn plus(self, more: Self) -> Option<Self> {
        Self::new(self.0 + more.0)
    }

    /// Reads the field `quantity`, which must be there.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        if !fields.has("quantity") {
            fields.missing("quantity");
        }
        fields.integer("quantity", 1..=MOST_QUANTITY).and_then(Self::new).unwrap_or(Self::ONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn read(quantity: &str) -> Result<i64, String> {
        let body: Value = serde_json::from_str(&format!("{{\"quantity\": {quantity}}}")).unwrap();
        let read = Fields::read(&body, Quantity::read);
        read.map(Quantity::get).map_err(|invalid| invalid.0.iter().map(|e| e.code).collect())
    }

    #[test]
    fn quantities_are_whole_numbers_from_1_to_999() {
        for good in [1, 2, 999] {
            assert_eq!(read(&good.to_string()), Ok(good));
        }
        for (bad, code) in [
            ("0", "out_of_range"),
            ("-0", "out_of_range"),
            ("-1", "out_of_range"),
            ("1000", "out_of_range"),
            ("2147483648", "out_of_range"),
            ("9007199254740993", "out_of_range"),
            ("9223372036854775807", "out_of_range"),
            ("9223372036854775808", "not_an_integer"),
            ("1.5", "not_an_integer"),
            ("1e400", "not_an_integer"),
            ("1e2", "not_an_integer"),
            ("\"3\"", "not_an_integer"),
            ("true", "not_an_integer"),
            ("[3]", "not_an_integer"),
            ("null", "required"),
        ] {
            assert_eq!(read(bad), Err(code.to_owned()), "{bad}");
        }
    }
}
