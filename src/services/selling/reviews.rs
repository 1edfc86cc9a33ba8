//! Reviews: written by whoever is signed in, shown once approved, and counted into the rating of their product.

use crate::domain::audit::Subject;
use crate::domain::catalog::{Revision, Status};
use crate::domain::event::EventKind;
use crate::domain::page::Page;
use crate::domain::review::{Review, ReviewDraft, ReviewFilter, ReviewStatus, weight};
use crate::domain::{Direction, Invalid, PageSize, ProductId, ReviewId, Right, UserId};
use crate::services::catalog::{CatalogWriter, Key, Preconditions};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{ReadTx, WriteTx};
use serde_json::json;

/// Reviews that one person may have written.
const MOST_REVIEWS: i64 = 1_000;

const REVIEW: Error = Error::NotFound("review");
const PRODUCT: Error = Error::NotFound("product");

/// Where a page of reviews goes on, and which way.
pub type ReviewsFrom = Option<(ReviewId, Direction)>;

impl Shop {
    /// A page of a product's reviews, the newest first. Only staff may ask for those that are not approved.
    pub fn product_review_page(
        &self,
        ctx: &Ctx,
        key: &Key,
        status: ReviewStatus,
        size: PageSize,
        from: ReviewsFrom,
    ) -> Outcome<Page<Review, ReviewId>> {
        if status != ReviewStatus::Approved {
            ctx.require(Right::ReviewsWrite)?;
        }
        let product = self.product_get(ctx, key)?.id;
        self.page(&ReviewFilter { product: Some(product), status: Some(status), author: None }, size, from)
    }

    /// A page of all reviews, the newest first.
    pub fn review_page(
        &self,
        ctx: &Ctx,
        filter: &ReviewFilter,
        size: PageSize,
        from: ReviewsFrom,
    ) -> Outcome<Page<Review, ReviewId>> {
        ctx.require(Right::ReviewsWrite)?;
        self.page(filter, size, from)
    }

    /// One review.
    pub fn review_get(&self, ctx: &Ctx, id: ReviewId) -> Outcome<Review> {
        ctx.require(Right::ReviewsWrite)?;
        self.store.read(|tx| tx.review_by_id(id)?.ok_or(REVIEW))
    }

    /// A page of what the person who asks has written, the newest first.
    pub fn my_review_page(&self, ctx: &Ctx, size: PageSize, from: ReviewsFrom) -> Outcome<Page<Review, ReviewId>> {
        let (user, _) = ctx.person()?;
        self.page(&ReviewFilter { author: Some(user), ..ReviewFilter::default() }, size, from)
    }

    /// One of them.
    pub fn my_review_get(&self, ctx: &Ctx, id: ReviewId) -> Outcome<Review> {
        let (user, _) = ctx.person()?;
        self.store.read(|tx| own(tx, user, id))
    }

    fn page(&self, filter: &ReviewFilter, size: PageSize, from: ReviewsFrom) -> Outcome<Page<Review, ReviewId>> {
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| tx.review_page(filter, start, backwards, most),
            |review| review.id,
        )
    }

    /// Writes a review of a product on sale: one for each person and product.
    pub async fn review_create(&self, ctx: &Ctx, product: ProductId, draft: ReviewDraft) -> Outcome<Review> {
        let (user, _) = ctx.person()?;
        let (ctx, status) = (ctx.clone(), self.review_status());
        self.store
            .write(move |tx| {
                let found = tx.product_by_id(product)?.ok_or(PRODUCT)?;
                if found.status != Status::Active {
                    return Err(PRODUCT);
                }
                if let Some(id) = tx.review_of(user, product)? {
                    let detail = format!("you have reviewed this product already: change /me/reviews/{id} instead");
                    return Err(Error::Conflict("reviewed", detail, Vec::new()));
                }
                if tx.review_count(user)? >= MOST_REVIEWS {
                    let detail = format!("nobody writes more than {MOST_REVIEWS} reviews: remove one first");
                    return Err(Error::Conflict("too_many", detail, Vec::new()));
                }
                let verified = tx.review_is_verified(user, product)?;
                let id = tx.review_insert(product, user, &draft, verified, status, ctx.now)?;
                let detail = json!({ "product": product, "rating": draft.rating, "status": status });
                tx.audit(&ctx.entry("review.create", Subject::from(id), &detail))?;
                submitted(tx, &ctx, id, product, draft.rating, status)?;
                rerate(tx, &ctx, product, (0, 0), weight(status, draft.rating))?;
                tx.review_by_id(id)?.ok_or(REVIEW)
            })
            .await
    }

    /// Changes a review to what `edit` makes of it. Where reviews need approval, it needs it anew.
    pub async fn my_review_update(
        &self,
        ctx: &Ctx,
        id: ReviewId,
        known: Preconditions,
        edit: impl FnOnce(&Review) -> Result<ReviewDraft, Invalid> + Send + 'static,
    ) -> Outcome<Review> {
        let (user, _) = ctx.person()?;
        let (ctx, status) = (ctx.clone(), self.review_status());
        self.store
            .write(move |tx| {
                let before = own(tx, user, id)?;
                known.check(Revision::of(before.version))?;
                let draft = edit(&before)?;
                if draft == before.draft {
                    return Ok(before);
                }
                // What the staff has refused does not appear by being changed.
                let kept = before.status == ReviewStatus::Rejected && status == ReviewStatus::Approved;
                let status = if kept { before.status } else { status };
                let verified_buyer = before.verified_buyer || tx.review_is_verified(user, before.product_id)?;
                let after = Review { draft, status, verified_buyer, ..before.clone() };
                change(tx, &ctx, "review.update", &before, &after)?;
                submitted(tx, &ctx, id, after.product_id, after.draft.rating, status)?;
                tx.review_by_id(id)?.ok_or(REVIEW)
            })
            .await
    }

    /// Removes a review of the person who asks.
    pub async fn my_review_remove(&self, ctx: &Ctx, id: ReviewId, known: Preconditions) -> Outcome<()> {
        let (user, _) = ctx.person()?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = own(tx, user, id)?;
                known.check(Revision::of(before.version))?;
                tx.review_delete(id)?;
                tx.audit(&ctx.entry("review.remove", Subject::from(id), &json!({ "product": before.product_id })))?;
                rerate(tx, &ctx, before.product_id, weight(before.status, before.draft.rating), (0, 0))
            })
            .await
    }

    /// Lets a review appear, or not.
    pub async fn review_moderate(
        &self,
        ctx: &Ctx,
        id: ReviewId,
        known: Preconditions,
        status: Option<ReviewStatus>,
    ) -> Outcome<Review> {
        ctx.require(Right::ReviewsWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = tx.review_by_id(id)?.ok_or(REVIEW)?;
                known.check(Revision::of(before.version))?;
                let Some(status) = status.filter(|status| *status != before.status) else { return Ok(before) };
                let bought = match before.account_id {
                    Some(user) => tx.review_is_verified(user, before.product_id)?,
                    None => false,
                };
                let after = Review { status, verified_buyer: before.verified_buyer || bought, ..before.clone() };
                change(tx, &ctx, "review.moderate", &before, &after)?;
                tx.review_by_id(id)?.ok_or(REVIEW)
            })
            .await
    }

    /// Where a review stands that has just been written.
    fn review_status(&self) -> ReviewStatus {
        if self.settings.reviews_need_approval { ReviewStatus::Pending } else { ReviewStatus::Approved }
    }
}

fn own(tx: &ReadTx<'_>, user: UserId, id: ReviewId) -> Outcome<Review> {
    tx.review_by_id(id)?.filter(|review| review.account_id == Some(user)).ok_or(REVIEW)
}

fn change(tx: &WriteTx<'_>, ctx: &Ctx, action: &'static str, before: &Review, after: &Review) -> Outcome<()> {
    tx.review_update(after, ctx.now)?;
    let detail = json!({ "product": after.product_id, "rating": after.draft.rating, "status": after.status });
    tx.audit(&ctx.entry(action, Subject::from(before.id), &detail))?;
    let was = weight(before.status, before.draft.rating);
    rerate(tx, ctx, before.product_id, was, weight(after.status, after.draft.rating))
}

/// Counts what a review weighs now into the rating of its product, instead of what it weighed before.
fn rerate(tx: &WriteTx<'_>, ctx: &Ctx, product: ProductId, before: (i64, i64), after: (i64, i64)) -> Outcome<()> {
    let by = (after.0 - before.0, after.1 - before.1);
    if by == (0, 0) { Ok(()) } else { CatalogWriter::new(tx, ctx).rerate(product, by) }
}

fn submitted(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    id: ReviewId,
    product: ProductId,
    rating: i64,
    status: ReviewStatus,
) -> Outcome<()> {
    let payload = json!({ "id": id, "product_id": product, "rating": rating, "status": status });
    tx.event_add(EventKind::ReviewSubmitted, id, &payload, ctx.now)?;
    Ok(())
}
