//! Money as integers: an amount is a count of the currency's minor unit, never a float.
//!
//! Digits after the point come from ISO 4217 (EUR 2, JPY 0, KWD 3).

use serde::{Deserialize, Serialize};

/// An amount in minor units (cents for EUR). Which currency is known from the shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

/// The largest amount the shop handles: 10^15 minor units, so that 999 of it still fit in 64 bits.
pub const MAX_MINOR: i64 = 1_000_000_000_000_000;

impl Money {
    /// An amount from minor units.
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }
}

/// An ISO 4217 currency with its number of digits after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    code: &'static str,
    digits: u32,
}

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// Not a decimal number.
    NotANumber,
    /// More digits after the point than the currency has.
    TooManyDigits,
    /// Below zero where that makes no sense.
    Negative,
    /// Above [`MAX_MINOR`].
    TooLarge,
}

impl Currency {
    /// The currency of an upper-case ISO 4217 code that has a minor unit.
    pub fn from_code(code: &str) -> Option<Self> {
        let iso = iso_currency::Currency::from_code(code)?;
        let digits = u32::from(iso.exponent()?);
        Some(Self { code: iso.code(), digits })
    }

    /// The three-letter code.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Digits after the point: 0, 2, 3 or 4.
    pub const fn digits(self) -> u32 {
        self.digits
    }

    /// Reads a non-negative decimal such as `19.99`, `1999` or `1.999e3`, exactly.
    pub fn parse(self, text: &str) -> Result<Money, MoneyError> {
        parse_minor(text, self.digits).map(Money)
    }

    /// Writes an amount with the currency's own number of digits: `19.99`, `1999`, `1.999`.
    pub fn format(self, money: Money) -> String {
        let digits = self.digits as usize;
        let sign = if money.0 < 0 { "-" } else { "" };
        let minor = money.0.unsigned_abs();
        if digits == 0 {
            return format!("{sign}{minor}");
        }
        let unit = 10_u64.pow(self.digits);
        format!("{sign}{}.{:0digits$}", minor / unit, minor % unit)
    }
}

/// Reads a non-negative decimal exactly, as a count of units of 10 to the power of minus `digits`.
pub(in crate::domain) fn parse_minor(text: &str, digits: u32) -> Result<i64, MoneyError> {
    let decimal = Decimal::parse(text).ok_or(MoneyError::NotANumber)?;
    if decimal.negative && decimal.coefficient != 0 {
        return Err(MoneyError::Negative);
    }
    if decimal.coefficient == 0 {
        return Ok(0);
    }
    let shift = decimal.exponent + i64::from(digits);
    if shift < 0 {
        return Err(MoneyError::TooManyDigits);
    }
    let factor = u32::try_from(shift).ok().and_then(|s| 10_u64.checked_pow(s)).ok_or(MoneyError::TooLarge)?;
    match decimal.coefficient.checked_mul(factor) {
        Some(minor) if minor <= MAX_MINOR.unsigned_abs() => Ok(minor.cast_signed()),
        _ => Err(MoneyError::TooLarge),
    }
}

/// A decimal number taken apart: coefficient × 10^exponent, trailing zeros removed.
struct Decimal {
    negative: bool,
    coefficient: u64,
    exponent: i64,
}

impl Decimal {
    /// Reads the JSON number grammar (leading zeros allowed, since forms send them), at most 18 significant digits.
    fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |r| (true, r));
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((m, e)) => (m, e.parse::<i64>().ok().filter(|e| e.abs() <= 1_000)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits_only = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || (mantissa.contains('.') && fraction.is_empty()) {
            return None;
        }
        if !digits_only(whole) || !digits_only(fraction) {
            return None;
        }
        let fraction_kept = fraction.trim_end_matches('0');
        let all = format!("{whole}{fraction_kept}");
        let significant = all.trim_start_matches('0');
        let kept = significant.trim_end_matches('0');
        let dropped = i64::try_from(significant.len() - kept.len()).ok()?;
        let places = i64::try_from(fraction_kept.len()).ok()?;
        let coefficient = match kept.len() {
            0 => 0,
            1..=18 => kept.parse().ok()?,
            // Too long for any amount: keep it a number that is refused as too large or too precise.
            _ => u64::MAX,
        };
        Some(Self { negative, coefficient, exponent: exponent - places + dropped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    #[test]
    fn digits_follow_iso_4217() {
        assert_eq!(currency("EUR").format(Money::from_minor(1999)), "19.99");
        assert_eq!(currency("JPY").format(Money::from_minor(1999)), "1999");
        assert_eq!(currency("KWD").format(Money::from_minor(1999)), "1.999");
        assert_eq!(currency("EUR").format(Money::from_minor(5)), "0.05");
        assert!(Currency::from_code("eur").is_none());
        assert!(Currency::from_code("XXX").is_none());
    }

    #[test]
    fn parse_is_exact_and_names_what_is_wrong() {
        let eur = currency("EUR");
        for (text, minor) in [
            ("19.99", 1999),
            ("19.9", 1990),
            ("19", 1900),
            ("19.990", 1999),
            ("1e2", 10_000),
            ("-0", 0),
            ("0.00", 0),
            ("1.5E1", 1500),
        ] {
            assert_eq!(eur.parse(text), Ok(Money::from_minor(minor)), "{text}");
        }
        for (text, error) in [
            ("19.999", MoneyError::TooManyDigits),
            ("-1", MoneyError::Negative),
            ("1e400", MoneyError::TooLarge),
            ("1e2000", MoneyError::NotANumber),
            ("NaN", MoneyError::NotANumber),
            ("", MoneyError::NotANumber),
            ("1.", MoneyError::NotANumber),
            (".5", MoneyError::NotANumber),
            ("1,99", MoneyError::NotANumber),
            ("9223372036854775807", MoneyError::TooLarge),
            ("123456789012345678901234567890", MoneyError::TooLarge),
        ] {
            assert_eq!(eur.parse(text), Err(error), "{text}");
        }
        assert_eq!(currency("JPY").parse("1.5"), Err(MoneyError::TooManyDigits));
        assert_eq!(currency("KWD").parse("1.999"), Ok(Money::from_minor(1999)));
    }

    proptest! {
        #[test]
        fn format_then_parse_gives_the_amount_back(minor in 0..MAX_MINOR, code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            let currency = currency(code);
            let money = Money::from_minor(minor);
            prop_assert_eq!(currency.parse(&currency.format(money)), Ok(money));
        }

        #[test]
        fn parse_never_panics(text in ".{0,40}") {
            let _ = currency("EUR").parse(&text);
        }
    }
}
