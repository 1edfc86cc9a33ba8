//! Tax rates: how much tax a class of goods bears in a place.

use super::Place;
use crate::domain::{TaxRateId, Timestamp};

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
    /// Whether it applies to goods of this class that go there.
    pub fn applies(&self, place: &Place, tax_class: &str) -> bool {
        let country = self.country == "*" || self.country == place.country;
        let region = self.region.is_empty() || self.region.eq_ignore_ascii_case(&place.region);
        country && region && self.tax_class == tax_class
    }
}
