//! Postal addresses.

use crate::domain::{AddressId, Fields, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An address as given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressDraft {
    /// Who is written to.
    pub name: String,
    /// Where they work.
    pub company: Option<String>,
    /// Street and number.
    pub line1: String,
    /// Floor, building.
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// State, province or county.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
    /// For the carrier.
    pub phone: Option<String>,
    /// Of a business.
    pub vat_number: Option<String>,
}

/// An address in somebody's address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its id.
    pub id: AddressId,
    /// What it says.
    pub draft: AddressDraft,
    /// Counts its changes.
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl AddressDraft {
    /// Reads the body of an address.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        for name in ["name", "line1", "city", "postal_code", "country"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        Self {
            name: fields.text("name", 1..=200).unwrap_or_default(),
            company: fields.text("company", 1..=200),
            line1: fields.text("line1", 1..=200).unwrap_or_default(),
            line2: fields.text("line2", 1..=200),
            city: fields.text("city", 1..=100).unwrap_or_default(),
            region: fields.text("region", 1..=100),
            postal_code: fields.text("postal_code", 1..=20).unwrap_or_default(),
            country: fields.parsed("country", "an ISO 3166 country code such as DE", country).unwrap_or_default(),
            phone: fields.text("phone", 3..=40),
            vat_number: fields.text("vat_number", 4..=20),
        }
    }

    /// The address as it stands on a parcel, line by line.
    pub fn lines(&self) -> Vec<String> {
        let place = [Some(self.postal_code.as_str()), Some(&self.city), self.region.as_deref()];
        let place: Vec<&str> = place.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        let parts = [
            Some(self.name.as_str()),
            self.company.as_deref(),
            Some(&self.line1),
            self.line2.as_deref(),
            Some(&place.join(" ")),
            Some(&self.country),
        ];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// The text by which an address is kept that belongs to something else than an address book.
    pub fn json(&self) -> String {
        // Nothing but texts, which always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The body that would make the address what it is; a PATCH is merged into it.
    pub fn body(&self) -> Value {
        json!({
            "name": self.name, "company": self.company, "line1": self.line1, "line2": self.line2, "city": self.city,
            "region": self.region, "postal_code": self.postal_code, "country": self.country, "phone": self.phone,
            "vat_number": self.vat_number,
        })
    }
}

/// A country code that ISO 3166-1 knows, in capitals.
pub fn country(text: &str) -> Option<String> {
    let code = text.to_ascii_uppercase();
    rust_iso3166::from_alpha2(&code).map(|country| country.alpha2.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_from_its_own_body() {
        let body = json!({
            "name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "nl",
        });
        let draft = Fields::read(&body, AddressDraft::read).unwrap();
        assert_eq!(draft.country, "NL");
        assert_eq!(Fields::read(&draft.body(), AddressDraft::read).unwrap(), draft);
    }

    #[test]
    fn everything_wrong_with_an_address_is_named() {
        let body = json!({ "name": "", "line1": "a\nb", "city": "x", "country": "XX", "user_id": 7 });
        let invalid = Fields::read(&body, AddressDraft::read).unwrap_err();
        let named: Vec<(&str, &str)> = invalid.0.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(
            named,
            [
                ("postal_code", "required"),
                ("name", "too_short"),
                ("line1", "control_character"),
                ("country", "invalid"),
                ("user_id", "unknown_field")
            ]
        );
    }
}
