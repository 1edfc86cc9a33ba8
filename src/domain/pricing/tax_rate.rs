//! Tax rates: how much tax a class of goods bears in a place.

use super::Place;
use super::percent::{percent, percent_text};
use crate::domain::account::country;
use crate::domain::{Fields, TaxRateId, Timestamp};
use serde_json::{Value, json};

/// The class of goods that have no other.
pub const STANDARD: &str = "standard";

/// A tax rate as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxRateDraft {
    /// What the tax is called on a bill.
    pub name: String,
    /// ISO 3166-1 alpha-2 code, or `*` for anywhere.
    pub country: String,
    /// A region of the country; empty for all of it.
    pub region: String,
    /// Which class of goods bears it.
    pub tax_class: String,
    /// How much, in parts per million.
    pub rate_ppm: i64,
}

/// A tax rate of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxRate {
    /// Its id.
    pub id: TaxRateId,
    /// What it says.
    pub draft: TaxRateDraft,
    /// Counts its changes.
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl TaxRateDraft {
    /// Reads the body of a rate.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        for name in ["name", "country", "rate"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        let (country, region) = area(fields);
        Self {
            name: fields.text("name", 1..=100).unwrap_or_default(),
            country,
            region,
            tax_class: tax_class(fields),
            rate_ppm: percent(fields, "rate").unwrap_or_default(),
        }
    }

    /// The body that would make the rate what it is; a PATCH is merged into it.
    pub fn body(&self) -> Value {
        json!({
            "name": self.name, "country": self.country, "tax_class": self.tax_class,
            "region": (!self.region.is_empty()).then_some(&self.region), "rate": percent_text(self.rate_ppm),
        })
    }

    /// Whether it applies to goods of this class that go there.
    pub fn applies(&self, place: &Place, tax_class: &str) -> bool {
        let country = self.country == "*" || self.country == place.country;
        let region = self.region.is_empty() || self.region.eq_ignore_ascii_case(&place.region);
        country && region && self.tax_class == tax_class
    }
}

/// Reads a country, or `*` for anywhere, and a region within it.
pub(super) fn area(fields: &mut Fields<'_>) -> (String, String) {
    let place = |text: &str| if text == "*" { Some(text.to_owned()) } else { country(text) };
    let country = fields.parsed("country", "an ISO 3166 country code such as DE, or * for anywhere", place);
    let region = fields.text("region", 0..=100).unwrap_or_default();
    if !region.is_empty() && country.as_deref() == Some("*") {
        fields.wrong("region", "not_allowed", "belongs to a country: name it instead of *");
    }
    (country.unwrap_or_default(), region)
}

/// Reads the class of goods; the standard one when it is not given.
pub(in crate::domain) fn tax_class(fields: &mut Fields<'_>) -> String {
    let expected = "1 to 50 lower-case letters, digits, hyphens or underscores";
    let good = |text: &str| {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
        (plain && (1..=50).contains(&text.len())).then(|| text.to_owned())
    };
    fields.parsed("tax_class", expected, good).unwrap_or_else(|| STANDARD.to_owned())
}
