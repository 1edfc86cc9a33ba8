//! `/products/{id}/reviews` and `/me/reviews`: what buyers say of products.

use super::BASE;
use super::answer::{Answer, Audience, Managed, Nothing};
use super::guards::{Caller, IfMatch, SignedIn};
use super::json::Body;
use super::page::CursorKey;
use super::parameters::{MY_LIST, PRODUCT_REVIEW_LIST};
use super::problem::Problem;
use super::products::{moved, product_id};
use super::query::Query;
use super::views::{ReviewBody, ReviewList, ReviewPatch, ReviewView, revision_tag};
use crate::domain::catalog::{Revision, merge_patch};
use crate::domain::review::{Review, ReviewDraft, ReviewStatus};
use crate::domain::{Fields, ReviewId};
use crate::services::catalog::Key;
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List the reviews of a product
/// The newest first. Those that are not approved are for staff only.
#[openapi(tag = "Catalog")]
#[get("/products/<id>/reviews")]
pub async fn product_review_list(
    caller: Caller,
    id: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<ReviewList>, Problem> {
    query.only(PRODUCT_REVIEW_LIST)?;
    let status = review_status(&query)?.unwrap_or(ReviewStatus::Approved);
    let list = format!("reviews {id} {}", status.as_str());
    let from = query.one("cursor")?.map(|cursor| cursors.open::<ReviewId>(&list, cursor)).transpose()?;
    let page = shop.product_review_page(&caller.0, &Key::parse(id), status, query.page_size()?, from);
    let page = page.map_err(|e| moved("products", "/reviews", e))?;
    let links = query.links(&format!("products/{id}/reviews"), cursors, &list, page.next, page.previous);
    let audience = if caller.is_public() { Audience::Public } else { Audience::Private };
    Ok(Answer::new(&ReviewList::new(page.items, links), audience))
}

/// # Review a product
/// One review for each person and product. Where the shop looks at reviews first, it is `pending` until then.
#[openapi(tag = "Catalog")]
#[post("/products/<id>/reviews", data = "<body>")]
pub async fn review_create(
    person: SignedIn,
    id: &str,
    body: Body<ReviewBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ReviewView>, Problem> {
    let draft = Fields::read(&body.value, ReviewDraft::read)?;
    let review = shop.review_create(&person.0, product_id(id)?, draft).await?;
    let location = format!("{BASE}/me/reviews/{}", review.id);
    Ok(one(review).created_at(location))
}

/// # List your reviews
/// The newest first.
#[openapi(tag = "Accounts")]
#[get("/me/reviews")]
pub async fn my_review_list(
    person: SignedIn,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<ReviewList>, Problem> {
    query.only(MY_LIST)?;
    let from = query.one("cursor")?.map(|cursor| cursors.open::<ReviewId>("my reviews", cursor)).transpose()?;
    let page = shop.my_review_page(&person.0, query.page_size()?, from)?;
    let links = query.links("me/reviews", cursors, "my reviews", page.next, page.previous);
    Ok(Answer::new(&ReviewList::new(page.items, links), Audience::Nobody))
}

/// # Read your review
#[openapi(tag = "Accounts")]
#[get("/me/reviews/<id>")]
pub async fn my_review_get(
    person: SignedIn,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ReviewView>, Problem> {
    Ok(one(shop.my_review_get(&person.0, review_id(id)?)?))
}

/// # Change your review
/// A JSON merge patch (RFC 7396). Where the shop looks at reviews first, it is `pending` again until then.
#[openapi(tag = "Accounts")]
#[patch("/me/reviews/<id>", data = "<body>")]
pub async fn my_review_patch(
    person: SignedIn,
    id: &str,
    known: IfMatch,
    body: Body<ReviewPatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ReviewView>, Problem> {
    let edit = move |before: &Review| {
        let mut patched = before.draft.body();
        merge_patch(&mut patched, &body.value);
        Fields::read(&patched, ReviewDraft::read)
    };
    Ok(one(shop.my_review_update(&person.0, review_id(id)?, known.0, edit).await?))
}

/// # Remove your review
#[openapi(tag = "Accounts")]
#[delete("/me/reviews/<id>")]
pub async fn my_review_remove(
    person: SignedIn,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.my_review_remove(&person.0, review_id(id)?, known.0).await?;
    Ok(Nothing)
}

/// A review on its own, for whoever may change it.
pub(super) fn one(review: Review) -> Answer<ReviewView> {
    let tag = revision_tag(Revision::of(review.version), "");
    Answer::new(&ReviewView::new(review), Audience::Nobody).with_etag(tag)
}

pub(super) fn review_id(text: &str) -> Result<ReviewId, Problem> {
    ReviewId::parse(text).ok_or_else(|| Error::NotFound("review").into())
}

pub(super) fn review_status(query: &Query) -> Result<Option<ReviewStatus>, Problem> {
    query.parsed("status", "pending, approved or rejected", ReviewStatus::parse)
}
