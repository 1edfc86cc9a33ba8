//! Reviews: what buyers say of a product, and the rating that theirs come to.

use super::{Fields, ProductId, ReviewId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most characters of a review's title.
pub const TITLE_CHARS: usize = 200;
/// The most characters of its text.
pub const TEXT_CHARS: usize = 10_000;

/// Whether a review is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// Nobody has looked at it yet.
    Pending,
    /// Everybody sees it, and it counts.
    Approved,
    /// Only its author and the staff see it.
    Rejected,
}

impl ReviewStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Approved, Self::Rejected];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What somebody says of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewDraft {
    /// From 1 to 5.
    pub rating: i64,
    /// In a few words.
    pub title: Option<String>,
    /// In many.
    pub text: Option<String>,
}

impl ReviewDraft {
    /// Reads the body of a review.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        if !fields.has("rating") {
            fields.missing("rating");
        }
        Self {
            rating: fields.integer("rating", 1..=5).unwrap_or(1),
            title: fields.text("title", 1..=TITLE_CHARS),
            text: fields.long_text("text", TEXT_CHARS).filter(|text| !text.trim().is_empty()),
        }
    }

    /// The body it could have been read from.
    pub fn body(&self) -> Value {
        json!({ "rating": self.rating, "title": self.title, "text": self.text })
    }
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// Of which product.
    pub product_id: ProductId,
    /// Who wrote it; nobody once they are erased.
    pub account_id: Option<UserId>,
    /// What they are called.
    pub author: Option<String>,
    /// What it says.
    pub draft: ReviewDraft,
    /// Whether they had bought the product.
    pub verified_buyer: bool,
    /// Whether it is shown.
    pub status: ReviewStatus,
    /// Counts its changes.
    pub version: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a review adds to the rating of its product: to the count and to the sum.
pub const fn weight(status: ReviewStatus, rating: i64) -> (i64, i64) {
    match status {
        ReviewStatus::Approved => (1, rating),
        ReviewStatus::Pending | ReviewStatus::Rejected => (0, 0),
    }
}

/// Which reviews a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReviewFilter {
    /// Of this product.
    pub product: Option<ProductId>,
    /// By this person.
    pub author: Option<UserId>,
    /// Where they stand.
    pub status: Option<ReviewStatus>,
}

/// An average rating as it is sent: hundredths as a decimal with one or two places; nothing without reviews.
pub fn rating_text(hundredths: i64, count: i64) -> Option<String> {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let text = if rest % 10 == 0 { format!("{whole}.{}", rest / 10) } else { format!("{whole}.{rest:02}") };
    (count > 0).then_some(text)
}

/// Reads a rating from 1 to 5 with up to two places, as hundredths.
pub fn rating_parse(text: &str) -> Option<i64> {
    let (whole, places) = text.split_once('.').map_or((text, None), |(whole, places)| (whole, Some(places)));
    let places = places.unwrap_or("00");
    let plain = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole, 1) || !plain(places, 2) {
        return None;
    }
    let hundredths = whole.parse::<i64>().ok()? * 100 + format!("{places:0<2}").parse::<i64>().ok()?;
    (100..=500).contains(&hundredths).then_some(hundredths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rating_is_read_with_up_to_two_places_from_one_to_five() {
        for (text, hundredths) in [("1", 100), ("4.5", 450), ("4.05", 405), ("5.00", 500), ("3.33", 333)] {
            assert_eq!(rating_parse(text), Some(hundredths), "{text}");
        }
        for bad in ["", "0", "0.99", "5.01", "6", "05", "4.", ".5", "4.555", "+4", "4,5", "1e0", "４"] {
            assert_eq!(rating_parse(bad), None, "{bad}");
        }
        assert_eq!(rating_text(0, 0), None);
        assert_eq!(rating_text(400, 3).as_deref(), Some("4.0"));
    }

    #[test]
    fn review_without_rating_or_with_another_than_one_to_five_is_refused() {
        let read = |body: Value| Fields::read(&body, ReviewDraft::read);
        let draft = read(json!({ "rating": 4, "text": "<b>Good</b>\nreally", "title": " Nice " })).unwrap();
        assert_eq!(draft, read(draft.body()).unwrap());
        assert_eq!((draft.title.as_deref(), draft.text.as_deref()), (Some("Nice"), Some("<b>Good</b>\nreally")));
        for bad in [
            json!({}),
            json!({ "rating": 0 }),
            json!({ "rating": 6 }),
            json!({ "rating": 4.5 }),
            json!({ "rating": "4" }),
            json!({ "rating": 4, "title": "x".repeat(201) }),
            json!({ "rating": 4, "text": "x".repeat(10_001) }),
            json!({ "rating": 4, "status": "approved" }),
            json!({ "rating": 4, "verified_buyer": true }),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn rating_is_read_back_as_it_was_written(hundredths in 100_i64..=500) {
            prop_assert_eq!(rating_parse(&rating_text(hundredths, 1).unwrap()), Some(hundredths));
        }
    }
}
