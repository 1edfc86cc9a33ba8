//! Amounts as Stripe counts them. It differs from ISO 4217 in some currencies, so none goes over unconverted.

use crate::domain::{Currency, Money};

/// Counted in whole units, whatever ISO 4217 says.
const WHOLE: [&str; 15] =
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Counted in thousandths, of which the last digit must be 0.
const THOUSANDTHS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];
/// Without digits in ISO 4217, counted in hundredths by Stripe, which takes whole units of them only.
const WHOLE_IN_HUNDREDTHS: [&str; 2] = ["ISK", "UGX"];

fn digits(code: &str) -> u32 {
    if WHOLE.contains(&code) {
        0
    } else if THOUSANDTHS.contains(&code) {
        3
    } else {
        2
    }
}

/// The amount as it is sent; in words that follow the name of a field, why there is none.
pub(super) fn sent(amount: Money, currency: Currency) -> Result<i64, String> {
    let (ours, theirs) = (currency.digits(), digits(currency.code()));
    let code = currency.code();
    let minor = amount.minor();
    let sent = if theirs >= ours {
        minor.checked_mul(10_i64.pow(theirs - ours)).ok_or("is more than Stripe takes")?
    } else {
        let factor = 10_i64.pow(ours - theirs);
        if minor % factor != 0 {
            return Err(format!("takes amounts of {code} with at most {theirs} digits after the point"));
        }
        minor / factor
    };
    if theirs == 3 && sent % 10 != 0 {
        return Err(format!("takes amounts of {code} whose last digit is 0; others cannot be paid with it"));
    }
    if WHOLE_IN_HUNDREDTHS.contains(&code) && sent % 100 != 0 {
        return Err(format!("takes whole amounts of {code} only"));
    }
    Ok(sent)
}

/// An amount that Stripe told; none when the currency has no such amount.
pub(super) fn told(amount: i64, currency: Currency) -> Option<Money> {
    let (ours, theirs) = (currency.digits(), digits(currency.code()));
    if ours >= theirs {
        return amount.checked_mul(10_i64.pow(ours - theirs)).map(Money::from_minor);
    }
    let factor = 10_i64.pow(theirs - ours);
    (amount % factor == 0).then(|| Money::from_minor(amount / factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    #[test]
    fn amounts_are_counted_as_stripe_counts_them() {
        for (code, minor, expected) in [
            ("EUR", 1999, Some(1999)),
            ("JPY", 1999, Some(1999)),
            ("KWD", 1990, Some(1990)),
            ("KWD", 1999, None),
            ("ISK", 19, Some(1900)),
            ("UGX", 19, Some(1900)),
            ("MGA", 1900, Some(19)),
            ("MGA", 1999, None),
            ("EUR", i64::MAX, Some(i64::MAX)),
            ("ISK", i64::MAX, None),
        ] {
            assert_eq!(sent(Money::from_minor(minor), currency(code)).ok(), expected, "{minor} {code}");
        }
        assert_eq!(told(1950, currency("ISK")), None, "half a króna is no amount");
    }

    proptest! {
        #[test]
        fn what_is_sent_is_what_is_told(
            minor in 0..1_000_000_000_000_000_i64,
            code in prop::sample::select(vec!["EUR", "JPY", "KWD", "ISK", "MGA", "UGX", "HUF", "TND", "CLP"])
        ) {
            let (money, currency) = (Money::from_minor(minor), currency(code));
            if let Ok(amount) = sent(money, currency) {
                prop_assert_eq!(told(amount, currency), Some(money));
            }
        }
    }
}
