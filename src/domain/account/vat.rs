//! VAT numbers: whether one looks like those of a country, and whom it exempts. Whether it is anybody's is for the
//! authorities to say.

use std::ops::RangeInclusive;

/// Characters behind the code of the country: from two, as in Romania, to thirteen, the most there are.
const LENGTH: RangeInclusive<usize> = 2..=13;
/// Digits among them at least: no country gives out numbers without.
const DIGITS: usize = 2;

/// Whether a VAT number exempts somebody with an address in a country from the tax of a shop at home in another. A shop
/// that does not say where it is at home exempts nobody: whoever buys may be its neighbour.
pub fn exempts(home: &str, country: &str, number: Option<&str>) -> bool {
    !home.is_empty() && home != country && number.is_some_and(|number| is_vat_number(country, number))
}

/// Whether a text looks like a VAT number of somebody in this country (ISO 3166-1 alpha-2): the code of the country, by
/// which Directive 2006/112/EC, article 215, has such numbers begin, then letters and digits. Spaces, dots and dashes
/// between do not matter.
fn is_vat_number(country: &str, text: &str) -> bool {
    let plain = |c: &char| !c.is_whitespace() && !matches!(c, '.' | '-');
    let number: String = text.chars().filter(plain).map(|c| c.to_ascii_uppercase()).collect();
    let rest = codes(country).iter().flatten().find_map(|code| number.strip_prefix(code));
    rest.is_some_and(|rest| {
        let digits = rest.bytes().filter(u8::is_ascii_digit).count();
        LENGTH.contains(&rest.len()) && digits >= DIGITS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// What numbers of a country begin with: its code, but for Greece, and in Northern Ireland another one as well.
fn codes(country: &str) -> [Option<&str>; 2] {
    match country {
        "GR" => [Some("EL"), None],
        "GB" => [Some("GB"), Some("XI")],
        other => [Some(other).filter(|code| code.len() == 2), None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_buyers_abroad_are_exempt_and_only_from_where_the_shop_says_it_is() {
        let number = |text| Some(text);
        assert!(exempts("NL", "DE", number("DE123456789")));
        assert!(!exempts("DE", "DE", number("DE123456789")), "at home");
        assert!(!exempts("", "DE", number("DE123456789")), "home is nowhere");
        assert!(!exempts("NL", "DE", number("FR12345678901")), "of another country");
        assert!(!exempts("NL", "DE", number("aaaa")) && !exempts("NL", "DE", None));
    }

    #[test]
    fn numbers_of_a_country_are_told_from_others_and_from_nonsense() {
        for (country, number) in [
            ("DE", "DE123456789"),
            ("DE", " de 123.456-789 "),
            ("AT", "ATU12345678"),
            ("FR", "FRXX123456789"),
            ("NL", "NL123456789B01"),
            ("ES", "ESX1234567X"),
            ("RO", "RO12"),
            ("GR", "EL123456789"),
            ("GB", "GB123456789012"),
            ("GB", "XI123456789"),
            ("CH", "CHE-123.456.789"),
            ("SE", "SE\u{a0}556677889901"),
        ] {
            assert!(is_vat_number(country, number), "{country} {number}");
        }
        for (country, number) in [
            ("DE", ""),
            ("DE", " "),
            ("DE", "DE"),
            ("DE", "aaaa"),
            ("DE", "DEAAAAAAAAA"),
            ("DE", "DE1"),
            ("DE", "DEA1B"),
            ("DE", "123456789"),
            ("DE", "FR12345678901"),
            ("DE", "DE12345678901234"),
            ("DE", "DE1234_6789"),
            ("DE", "DE\u{ff11}\u{ff12}\u{ff13}"),
            ("GR", "GR123456789"),
            ("FR", "XI123456789"),
            ("", "12345"),
        ] {
            assert!(!is_vat_number(country, number), "{country} {number}");
        }
    }
}
