//! `/admin/tax-rates`: which goods bear how much tax where.

use crate::domain::catalog::{Revision, merge_patch};
use crate::domain::pricing::{TaxRate, TaxRateDraft};
use crate::domain::{Fields, TaxRateId};
use crate::http::BASE;
use crate::http::answer::{Answer, Audience, Managed, Nothing};
use crate::http::guards::{IfMatch, May, SettingsRead, SettingsWrite};
use crate::http::json::Body;
use crate::http::page::CursorKey;
use crate::http::parameters::TAX_RATE_LIST;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::{TaxRateBody, TaxRateList, TaxRatePatch, TaxRateView, revision_tag};
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post, put};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List tax rates
/// In order of id.
#[openapi(tag = "Administration")]
#[get("/admin/tax-rates")]
pub async fn tax_rate_list(
    staff: May<SettingsRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<TaxRateList>, Problem> {
    query.only(TAX_RATE_LIST)?;
    let from = query.one("cursor")?.map(|cursor| cursors.open::<TaxRateId>("tax-rates", cursor)).transpose()?;
    let page = shop.tax_rate_list(&staff.0, query.page_size()?, from)?;
    let links = query.links("admin/tax-rates", cursors, "tax-rates", page.next, page.previous);
    Ok(Answer::new(&TaxRateList::new(page.items, links), Audience::Nobody))
}

/// # Read a tax rate
#[openapi(tag = "Administration")]
#[get("/admin/tax-rates/<id>")]
pub async fn tax_rate_get(
    staff: May<SettingsRead>,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<TaxRateView>, Problem> {
    let found = shop.tax_rate_get(&staff.0, tax_rate_id(id)?)?;
    Ok(one(found))
}

/// # Create a tax rate
/// All rates that match a place and a class of goods add up. Without any, nothing is taxed.
#[openapi(tag = "Administration")]
#[post("/admin/tax-rates", data = "<body>")]
pub async fn tax_rate_create(
    who: May<SettingsWrite>,
    body: Body<TaxRateBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<TaxRateView>, Problem> {
    let draft = Fields::read(&body.value, TaxRateDraft::read)?;
    let made = shop.tax_rate_create(&who.0, draft).await?;
    let location = format!("{BASE}/admin/tax-rates/{}", made.id);
    Ok(one(made).created_at(location))
}

/// # Replace a tax rate
#[openapi(tag = "Administration")]
#[put("/admin/tax-rates/<id>", data = "<body>")]
pub async fn tax_rate_replace(
    who: May<SettingsWrite>,
    id: &str,
    known: IfMatch,
    body: Body<TaxRateBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<TaxRateView>, Problem> {
    let draft = Fields::read(&body.value, TaxRateDraft::read)?;
    Ok(one(shop.tax_rate_update(&who.0, tax_rate_id(id)?, known.0, move |_| Ok(draft)).await?))
}

/// # Change a tax rate
/// A JSON merge patch (RFC 7396).
#[openapi(tag = "Administration")]
#[patch("/admin/tax-rates/<id>", data = "<body>")]
pub async fn tax_rate_patch(
    who: May<SettingsWrite>,
    id: &str,
    known: IfMatch,
    body: Body<TaxRatePatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<TaxRateView>, Problem> {
    let edit = move |before: &TaxRate| {
        let mut patched = before.draft.body();
        merge_patch(&mut patched, &body.value);
        Fields::read(&patched, TaxRateDraft::read)
    };
    Ok(one(shop.tax_rate_update(&who.0, tax_rate_id(id)?, known.0, edit).await?))
}

/// # Remove a tax rate
/// Orders keep the tax they were placed with.
#[openapi(tag = "Administration")]
#[delete("/admin/tax-rates/<id>")]
pub async fn tax_rate_remove(
    who: May<SettingsWrite>,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.tax_rate_remove(&who.0, tax_rate_id(id)?, known.0).await?;
    Ok(Nothing)
}

fn one(found: TaxRate) -> Answer<TaxRateView> {
    let tag = revision_tag(Revision::of(found.version), "");
    Answer::new(&TaxRateView::new(found), Audience::Nobody).with_etag(tag)
}

fn tax_rate_id(text: &str) -> Result<TaxRateId, Problem> {
    TaxRateId::parse(text).ok_or_else(|| Error::NotFound("tax rate").into())
}
