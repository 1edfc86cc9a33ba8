//! `/products/{id}/variants` and `/variants/{id}`.

use super::BASE;
use super::answer::{Answer, Audience, Managed, Nothing};
use super::guards::{Caller, CatalogWrite, IfMatch, May};
use super::json::Body;
use super::problem::Problem;
use super::products::{moved, product_id};
use super::query::Query;
use super::views::{VariantBody, VariantList, VariantPatchBody, VariantView, revision_tag};
use crate::domain::catalog::{Product, Variant, VariantDraft};
use crate::domain::{Fields, VariantId};
use crate::services::catalog::Key;
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List the variants of a product
/// All of them at once.
#[openapi(tag = "Catalog")]
#[get("/products/<id>/variants")]
pub async fn variant_list(
    caller: Caller,
    id: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<VariantList<'static>>, Problem> {
    query.only(&[])?;
    let product = shop.product_get(&caller.0, &Key::parse(id)).map_err(|e| moved("products", "/variants", e))?;
    let settings = shop.settings();
    let show_stock = !caller.is_public() || !settings.hide_stock;
    let audience = if caller.is_public() { Audience::Public } else { Audience::Private };
    Ok(Answer::new(&VariantList::new(&product, settings.currency(), show_stock), audience))
}

/// # Add a variant to a product
/// Option values that the product does not know yet are added to its options.
#[openapi(tag = "Catalog")]
#[post("/products/<id>/variants", data = "<body>")]
pub async fn variant_create(
    staff: May<CatalogWrite>,
    id: &str,
    body: Body<VariantBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<VariantView<'static>>, Problem> {
    let (id, currency) = (product_id(id)?, shop.settings().currency());
    let draft = Fields::read(&body.value, |fields| VariantDraft::read(fields, currency))?;
    let (product, added) = shop.variant_create(&staff.0, id, draft).await?;
    Ok(one(shop, &product, added)?.created_at(format!("{BASE}/variants/{added}")))
}

/// # Change a variant
/// A JSON merge patch (RFC 7396). `If-Match` takes the `ETag` of the product.
#[openapi(tag = "Catalog")]
#[patch("/variants/<id>", data = "<body>")]
pub async fn variant_patch(
    staff: May<CatalogWrite>,
    id: &str,
    known: IfMatch,
    body: Body<VariantPatchBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<VariantView<'static>>, Problem> {
    let (id, currency) = (variant_id(id)?, shop.settings().currency());
    let edit = move |before: &Variant| VariantDraft::patched(before, &body.value, currency);
    let product = shop.variant_update(&staff.0, id, known.0, edit).await?;
    one(shop, &product, id)
}

/// # Remove a variant
/// The last one of a product stays, and so does one that orders refer to: 409.
#[openapi(tag = "Catalog")]
#[delete("/variants/<id>")]
pub async fn variant_remove(
    staff: May<CatalogWrite>,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.variant_remove(&staff.0, variant_id(id)?, known.0).await?;
    Ok(Nothing)
}

fn variant_id(text: &str) -> Result<VariantId, Problem> {
    VariantId::parse(text).ok_or_else(|| Error::NotFound("variant").into())
}

fn one<T>(shop: &Shop, product: &Product, id: VariantId) -> Result<Answer<T>, Problem> {
    let variant = product.variants.iter().find(|v| v.id == id).ok_or(Error::NotFound("variant"))?;
    let view = VariantView::new(variant, shop.settings().currency(), true);
    Ok(Answer::new(&view, Audience::Private).with_etag(revision_tag(product.revision, "-v")))
}
