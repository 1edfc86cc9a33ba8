//! `/admin/shipping-zones`: what is shipped where, how and for how much.

use crate::domain::catalog::{Revision, merge_patch};
use crate::domain::pricing::{ShippingZone, ShippingZoneDraft};
use crate::domain::{Currency, Fields, ShippingZoneId};
use crate::http::BASE;
use crate::http::answer::{Answer, Audience, Managed, Nothing};
use crate::http::guards::{IfMatch, May, SettingsRead, SettingsWrite};
use crate::http::json::Body;
use crate::http::page::CursorKey;
use crate::http::parameters::SHIPPING_ZONE_LIST;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::{ShippingZoneBody, ShippingZoneList, ShippingZonePatch, ShippingZoneView, revision_tag};
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post, put};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List shipping zones
/// In order of id.
#[openapi(tag = "Administration")]
#[get("/admin/shipping-zones")]
pub async fn shipping_zone_list(
    staff: May<SettingsRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<ShippingZoneList>, Problem> {
    query.only(SHIPPING_ZONE_LIST)?;
    let from =
        query.one("cursor")?.map(|cursor| cursors.open::<ShippingZoneId>("shipping-zones", cursor)).transpose()?;
    let page = shop.shipping_zone_list(&staff.0, query.page_size()?, from)?;
    let links = query.links("admin/shipping-zones", cursors, "shipping-zones", page.next, page.previous);
    Ok(Answer::new(&ShippingZoneList::new(page.items, shop.settings().currency(), links), Audience::Nobody))
}

/// # Read a shipping zone
#[openapi(tag = "Administration")]
#[get("/admin/shipping-zones/<id>")]
pub async fn shipping_zone_get(
    staff: May<SettingsRead>,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ShippingZoneView>, Problem> {
    let found = shop.shipping_zone_get(&staff.0, shipping_zone_id(id)?)?;
    Ok(one(found, shop.settings().currency()))
}

/// # Create a shipping zone
/// Until there is a zone, the shop ships anywhere for nothing; from then on only to places that a zone names.
#[openapi(tag = "Administration")]
#[post("/admin/shipping-zones", data = "<body>")]
pub async fn shipping_zone_create(
    who: May<SettingsWrite>,
    body: Body<ShippingZoneBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ShippingZoneView>, Problem> {
    let currency = shop.settings().currency();
    let draft = Fields::read(&body.value, |f| ShippingZoneDraft::read(f, currency))?;
    let made = shop.shipping_zone_create(&who.0, draft).await?;
    let location = format!("{BASE}/admin/shipping-zones/{}", made.id);
    Ok(one(made, currency).created_at(location))
}

/// # Replace a shipping zone
#[openapi(tag = "Administration")]
#[put("/admin/shipping-zones/<id>", data = "<body>")]
pub async fn shipping_zone_replace(
    who: May<SettingsWrite>,
    id: &str,
    known: IfMatch,
    body: Body<ShippingZoneBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ShippingZoneView>, Problem> {
    let currency = shop.settings().currency();
    let draft = Fields::read(&body.value, |f| ShippingZoneDraft::read(f, currency))?;
    Ok(one(shop.shipping_zone_update(&who.0, shipping_zone_id(id)?, known.0, move |_| Ok(draft)).await?, currency))
}

/// # Change a shipping zone
/// A JSON merge patch (RFC 7396): a list that is given replaces the one there is. Rates keep their ids when named.
#[openapi(tag = "Administration")]
#[patch("/admin/shipping-zones/<id>", data = "<body>")]
pub async fn shipping_zone_patch(
    who: May<SettingsWrite>,
    id: &str,
    known: IfMatch,
    body: Body<ShippingZonePatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ShippingZoneView>, Problem> {
    let currency = shop.settings().currency();
    let edit = move |before: &ShippingZone| {
        let mut patched = before.body(currency);
        merge_patch(&mut patched, &body.value);
        Fields::read(&patched, |f| ShippingZoneDraft::read(f, currency))
    };
    Ok(one(shop.shipping_zone_update(&who.0, shipping_zone_id(id)?, known.0, edit).await?, currency))
}

/// # Remove a shipping zone
/// With its places and rates. When it was the last, the shop ships anywhere for nothing again.
#[openapi(tag = "Administration")]
#[delete("/admin/shipping-zones/<id>")]
pub async fn shipping_zone_remove(
    who: May<SettingsWrite>,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.shipping_zone_remove(&who.0, shipping_zone_id(id)?, known.0).await?;
    Ok(Nothing)
}

fn one(found: ShippingZone, currency: Currency) -> Answer<ShippingZoneView> {
    let tag = revision_tag(Revision::of(found.version), "");
    Answer::new(&ShippingZoneView::new(found, currency), Audience::Nobody).with_etag(tag)
}

fn shipping_zone_id(text: &str) -> Result<ShippingZoneId, Problem> {
    ShippingZoneId::parse(text).ok_or_else(|| Error::NotFound("shipping zone").into())
}
