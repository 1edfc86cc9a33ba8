//! `/admin/discounts`: discounts, with and without codes.

use crate::domain::catalog::Revision;
use crate::domain::pricing::{Discount, DiscountDraft};
use crate::domain::{Currency, DiscountId, Fields};
use crate::http::BASE;
use crate::http::answer::{Answer, Audience, Managed, Nothing};
use crate::http::guards::{DiscountsRead, DiscountsWrite, IfMatch, May};
use crate::http::json::Body;
use crate::http::page::CursorKey;
use crate::http::parameters::DISCOUNT_LIST;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::{DiscountBody, DiscountList, DiscountPatch, DiscountView, revision_tag};
use crate::services::selling::DiscountFilter;
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post, put};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List discounts
/// In order of id.
#[openapi(tag = "Administration")]
#[get("/admin/discounts")]
pub async fn discount_list(
    staff: May<DiscountsRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<DiscountList>, Problem> {
    query.only(DISCOUNT_LIST)?;
    let filter = DiscountFilter { code: query.one("code")?.map(str::to_owned), active: query.flag("active")? };
    let scope = format!("discounts {}", query.key_without(&["cursor", "page_size"]));
    let from = query.one("cursor")?.map(|cursor| cursors.open::<DiscountId>(&scope, cursor)).transpose()?;
    let page = shop.discount_list(&staff.0, &filter, query.page_size()?, from)?;
    let links = query.links("admin/discounts", cursors, &scope, page.next, page.previous);
    Ok(Answer::new(&DiscountList::new(page.items, shop.settings().currency(), links), Audience::Nobody))
}

/// # Read a discount
#[openapi(tag = "Administration")]
#[get("/admin/discounts/<id>")]
pub async fn discount_get(
    staff: May<DiscountsRead>,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<DiscountView>, Problem> {
    let found = shop.discount_get(&staff.0, discount_id(id)?)?;
    Ok(one(found, shop.settings().currency()))
}

/// # Create a discount
/// One with a `code` applies when the buyer enters it, one without applies by itself. Combinable ones apply one after the
/// other, by `priority` and then id, each to what is left; one that is not combinable applies alone. The buyer gets what
/// takes off most.
#[openapi(tag = "Administration")]
#[post("/admin/discounts", data = "<body>")]
pub async fn discount_create(
    who: May<DiscountsWrite>,
    body: Body<DiscountBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<DiscountView>, Problem> {
    let currency = shop.settings().currency();
    let draft = Fields::read(&body.value, |f| DiscountDraft::read(f, currency))?;
    let made = shop.discount_create(&who.0, draft).await?;
    let location = format!("{BASE}/admin/discounts/{}", made.id);
    Ok(one(made, currency).created_at(location))
}

/// # Replace a discount
#[openapi(tag = "Administration")]
#[put("/admin/discounts/<id>", data = "<body>")]
pub async fn discount_replace(
    who: May<DiscountsWrite>,
    id: &str,
    known: IfMatch,
    body: Body<DiscountBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<DiscountView>, Problem> {
    let currency = shop.settings().currency();
    let draft = Fields::read(&body.value, |f| DiscountDraft::read(f, currency))?;
    Ok(one(shop.discount_update(&who.0, discount_id(id)?, known.0, move |_| Ok(draft)).await?, currency))
}

/// # Change a discount
/// A JSON merge patch (RFC 7396). Orders keep what they got.
#[openapi(tag = "Administration")]
#[patch("/admin/discounts/<id>", data = "<body>")]
pub async fn discount_patch(
    who: May<DiscountsWrite>,
    id: &str,
    known: IfMatch,
    body: Body<DiscountPatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<DiscountView>, Problem> {
    let currency = shop.settings().currency();
    let edit = move |before: &Discount| before.draft.patched(&body.value, currency);
    Ok(one(shop.discount_update(&who.0, discount_id(id)?, known.0, edit).await?, currency))
}

/// # Remove a discount
/// One that orders have used cannot be removed: set `active` to false instead.
#[openapi(tag = "Administration")]
#[delete("/admin/discounts/<id>")]
pub async fn discount_remove(
    who: May<DiscountsWrite>,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.discount_remove(&who.0, discount_id(id)?, known.0).await?;
    Ok(Nothing)
}

fn one(found: Discount, currency: Currency) -> Answer<DiscountView> {
    let tag = revision_tag(Revision::of(found.version), "");
    Answer::new(&DiscountView::new(found, currency), Audience::Nobody).with_etag(tag)
}

fn discount_id(text: &str) -> Result<DiscountId, Problem> {
    DiscountId::parse(text).ok_or_else(|| Error::NotFound("discount").into())
}
