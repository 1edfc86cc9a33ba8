//! `/admin/reviews`: which reviews appear.

use crate::domain::review::{ReviewFilter, ReviewStatus};
use crate::domain::{Fields, ProductId, ReviewId};
use crate::http::answer::{Answer, Audience, Managed};
use crate::http::guards::{IfMatch, May, ReviewsWrite};
use crate::http::json::Body;
use crate::http::page::CursorKey;
use crate::http::parameters::REVIEW_LIST;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::reviews::{one, review_id, review_status};
use crate::http::views::{ReviewList, ReviewModeration, ReviewView};
use crate::services::Shop;
use rocket::{get, patch};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List reviews
/// The newest first.
#[openapi(tag = "Administration")]
#[get("/admin/reviews")]
pub async fn review_list(
    staff: May<ReviewsWrite>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<ReviewList>, Problem> {
    query.only(REVIEW_LIST)?;
    let (product, status) = (query.id("product")?.map(ProductId::new), review_status(&query)?);
    let list = format!("all reviews {}", query.key_without(&["cursor", "page_size"]));
    let from = query.one("cursor")?.map(|cursor| cursors.open::<ReviewId>(&list, cursor)).transpose()?;
    let filter = ReviewFilter { product, status, author: None };
    let page = shop.review_page(&staff.0, &filter, query.page_size()?, from)?;
    let links = query.links("admin/reviews", cursors, &list, page.next, page.previous);
    Ok(Answer::new(&ReviewList::new(page.items, links), Audience::Nobody))
}

/// # Read a review
#[openapi(tag = "Administration")]
#[get("/admin/reviews/<id>")]
pub async fn review_get(
    staff: May<ReviewsWrite>,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ReviewView>, Problem> {
    Ok(one(shop.review_get(&staff.0, review_id(id)?)?))
}

/// # Let a review appear, or not
/// `approved` reviews are shown and count in the rating of their product. What a review says is its author's.
#[openapi(tag = "Administration")]
#[patch("/admin/reviews/<id>", data = "<body>")]
pub async fn review_moderate(
    staff: May<ReviewsWrite>,
    id: &str,
    known: IfMatch,
    body: Body<ReviewModeration>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ReviewView>, Problem> {
    let status = Fields::read(&body.value, |fields| {
        fields.kept(&["status"]);
        fields.parsed("status", "pending, approved or rejected", ReviewStatus::parse)
    })?;
    Ok(one(shop.review_moderate(&staff.0, review_id(id)?, known.0, status).await?))
}
