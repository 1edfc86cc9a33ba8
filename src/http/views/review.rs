//! Reviews and wishlists as clients see them, and what the API description says of their bodies.

use super::{Moment, ProductView};
use crate::config::ShopSettings;
use crate::domain::review::{Review, ReviewStatus};
use crate::domain::{ProductId, ReviewId};
use crate::http::answer::text;
use crate::http::query::Links;
use crate::services::catalog::Shown;
use crate::services::selling::Wish;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What somebody says of a product. Title and text are plain text: show them as such.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Review")]
pub struct ReviewView {
    #[schemars(with = "i64")]
    id: ReviewId,
    #[schemars(with = "i64")]
    product_id: ProductId,
    /// From 1 to 5.
    rating: i64,
    title: Option<String>,
    text: Option<String>,
    /// What its author is called; null when they do not say, or are gone.
    author: Option<String>,
    /// Whether the author had bought the product here.
    verified_buyer: bool,
    status: ReviewStatus,
    created_at: Moment,
    updated_at: Moment,
}

impl ReviewView {
    /// The view of a review.
    pub fn new(review: Review) -> Self {
        Self {
            id: review.id,
            product_id: review.product_id,
            rating: review.draft.rating,
            title: review.draft.title,
            text: review.draft.text,
            author: review.author,
            verified_buyer: review.verified_buyer,
            status: review.status,
            created_at: Moment(review.created_at),
            updated_at: Moment(review.updated_at),
        }
    }
}

/// A page of reviews, the newest first.
#[derive(Serialize, JsonSchema)]
pub struct ReviewList {
    results: Vec<ReviewView>,
    /// Where the next page is.
    next: Option<String>,
    /// Where the previous page is.
    previous: Option<String>,
}

impl ReviewList {
    /// The view of a page.
    pub fn new(reviews: Vec<Review>, links: Links) -> Self {
        let results = reviews.into_iter().map(ReviewView::new).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}

/// A page of a wishlist.
#[derive(Serialize, JsonSchema)]
pub struct Wishlist {
    results: Vec<WishView>,
    /// Where the next page is.
    next: Option<String>,
    /// Where the previous page is.
    previous: Option<String>,
}

/// A product on a wishlist.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Wish")]
pub struct WishView {
    added_at: Moment,
    #[schemars(with = "ProductView<'static>")]
    product: Box<RawValue>,
}

impl Wishlist {
    /// The view of a page.
    pub fn new(wishes: Vec<Wish>, links: Links, settings: &ShopSettings) -> Self {
        let encoded = |shown| match shown {
            Shown::Card(card) => card,
            Shown::Product(product) => text(&ProductView::new(&product, settings.currency(), !settings.hide_stock)),
        };
        let view = |wish: Wish| {
            let product = RawValue::from_string(encoded(wish.shown)).ok()?;
            Some(WishView { added_at: Moment(wish.added_at), product })
        };
        let results = wishes.into_iter().filter_map(view).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}

/// A review to be written.
#[derive(JsonSchema)]
#[schemars(rename = "ReviewInput", deny_unknown_fields)]
#[schemars(example = "review_example")]
#[expect(dead_code, reason = "the fields are read by the schema generator alone")]
pub struct ReviewBody {
    #[schemars(range(min = 1, max = 5))]
    rating: i64,
    #[schemars(length(min = 1, max = 200))]
    title: Option<String>,
    #[schemars(length(max = 10_000))]
    text: Option<String>,
}

fn review_example() -> Value {
    json!({ "rating": 5, "title": "My favourite mug", "text": "Keeps tea warm for long." })
}

/// Changes to a review (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "ReviewPatch", deny_unknown_fields)]
#[schemars(example = "review_patch_example")]
#[expect(dead_code, reason = "the fields are read by the schema generator alone")]
pub struct ReviewPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64", range(min = 1, max = 5))]
    rating: Option<i64>,
    #[schemars(length(min = 1, max = 200))]
    title: Option<String>,
    #[schemars(length(max = 10_000))]
    text: Option<String>,
}

fn review_patch_example() -> Value {
    json!({ "rating": 4 })
}

/// What the staff makes of a review (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "ReviewModeration", deny_unknown_fields)]
#[schemars(example = "moderation_example")]
#[expect(dead_code, reason = "the fields are read by the schema generator alone")]
pub struct ReviewModeration {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ReviewStatus")]
    status: Option<ReviewStatus>,
}

fn moderation_example() -> Value {
    json!({ "status": "approved" })
}

/// A request for a letter when something is back in stock.
#[derive(JsonSchema)]
#[schemars(rename = "BackInStockInput", deny_unknown_fields)]
#[schemars(example = "stock_request_example")]
#[expect(dead_code, reason = "the fields are read by the schema generator alone")]
pub struct StockRequestBody {
    /// This variant; any of the product when not given.
    #[schemars(range(min = 1))]
    variant_id: Option<i64>,
    /// Where the letter goes; your own address when you are signed in and give none.
    #[schemars(email, length(min = 1, max = 254))]
    email: Option<String>,
}

fn stock_request_example() -> Value {
    json!({ "email": "ann@example.com" })
}
