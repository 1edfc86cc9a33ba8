//! `/products`.

use super::BASE;
use super::answer::{Answer, Audience, Managed, Nothing};
use super::cache::Bodies;
use super::guards::{Caller, CatalogWrite, IfMatch, May, OptionalIdempotencyKey, SlowLane};
use super::json::{BatchBody, Body};
use super::kept::Kept;
use super::listing::Lister;
use super::page::CursorKey;
use super::problem::Problem;
use super::query::Query;
use super::views::{BatchBodyShape, BatchOutcome, ProductBody, ProductList, ProductPatch, ProductView, revision_tag};
use crate::domain::catalog::{Product, ProductDraft};
use crate::domain::{Change, Invalid, ProductId};
use crate::services::catalog::{BatchRow, Key, Shown, ShownProduct};
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post, put};
use rocket_okapi::openapi;
use serde_json::Value;
use std::sync::Arc;

/// The most rows of a batch.
const BATCH_ROWS: usize = 1_000;

/// # List products
/// Filtered, ordered and searched, a page at a time. Only products on sale, unless staff ask otherwise.
#[openapi(tag = "Catalog")]
#[get("/products")]
pub async fn product_list(
    caller: Caller,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    bodies: Managed<'_, Bodies>,
    cursors: Managed<'_, CursorKey>,
    slow: Managed<'_, SlowLane>,
) -> Result<Answer<ProductList>, Problem> {
    Lister { shop, bodies, cursors, slow }.answer(&caller, &query).await
}

/// # Read a product
/// By id or slug; a former slug answers 301 with the new address.
#[openapi(tag = "Catalog")]
#[get("/products/<id>")]
pub async fn product_get(
    caller: Caller,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
    bodies: Managed<'_, Bodies>,
) -> Result<Answer<ProductView<'static>>, Problem> {
    let generations = shop.generations();
    let kept_as = format!("product\u{1}{id}");
    if caller.is_public()
        && let Some(kept) = bodies.get(&kept_as, generations)
    {
        return Ok(Answer::encoded(kept.body, Audience::Public).with_etag(kept.etag).was_kept(true));
    }
    // What it depends on is only known once it is read: its id and its category. Until then everything counts.
    let before = generations.stamp(&[Change::AnyProduct, Change::CategoryTree]);
    let found = shop.product_show(&caller.0, &Key::parse(id)).map_err(|e| moved("products", "", e))?;
    let stamp = generations.stamp(&[Change::Product(found.id), Change::Category(found.category_id)]);
    let answer = shown(shop, found, caller.is_public());
    if !caller.is_public() {
        return Ok(answer);
    }
    if generations.is_current(&before) {
        bodies.keep(kept_as, answer.body(), answer.tag(), stamp);
    }
    Ok(answer.was_kept(false))
}

/// # Create a product
/// Needs `name`, `price` and `category`; everything else has a default.
#[openapi(tag = "Catalog")]
#[post("/products", data = "<body>")]
pub async fn product_create(
    staff: May<CatalogWrite>,
    body: Body<ProductBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ProductView<'static>>, Problem> {
    let draft = ProductDraft::from_body(&body.value, shop.settings().currency())?;
    let product = shop.product_create(&staff.0, draft).await?;
    Ok(one(shop, &product, false).created_at(format!("{BASE}/products/{}", product.id)))
}

/// # Create or change many products
/// Found by SKU: known ones are patched, others created. All rows or none. Where rows name `stock`, send an
/// `Idempotency-Key`: what is sold between a request and its repetition then stays sold.
#[openapi(tag = "Catalog")]
#[post("/products/batch", data = "<body>")]
pub async fn product_batch(
    staff: May<CatalogWrite>,
    key: OptionalIdempotencyKey,
    body: BatchBody<BatchBodyShape>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<BatchOutcome<'static>>, Problem> {
    let claim = key.claim(&staff.0, &body.0.raw);
    let render = |done: &[BatchRow]| Answer::<()>::new(&BatchOutcome::new(done), Audience::Nobody).rendered();
    Ok(shop.product_batch_once(&staff.0, batch_rows(body.0.value)?, claim, render).await?.into())
}

/// # Replace a product
/// What is not given falls back to its default. The slug is kept when neither it nor the name changes.
#[openapi(tag = "Catalog")]
#[put("/products/<id>", data = "<body>")]
pub async fn product_replace(
    staff: May<CatalogWrite>,
    id: &str,
    known: IfMatch,
    body: Body<ProductBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ProductView<'static>>, Problem> {
    let id = product_id(id)?;
    let draft = ProductDraft::from_body(&body.value, shop.settings().currency())?;
    let product = shop.product_update(&staff.0, id, known.0, move |_| Ok(draft)).await?;
    Ok(one(shop, &product, false))
}

/// # Change a product
/// A JSON merge patch (RFC 7396): what is given replaces, `null` removes.
#[openapi(tag = "Catalog")]
#[patch("/products/<id>", data = "<body>")]
pub async fn product_patch(
    staff: May<CatalogWrite>,
    id: &str,
    known: IfMatch,
    body: Body<ProductPatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ProductView<'static>>, Problem> {
    let currency = shop.settings().currency();
    let edit = move |before: &Product| {
        let body = ProductDraft::patched(ProductDraft::body_of(before, currency), &body.value);
        ProductDraft::from_body(&body, currency)
    };
    let product = shop.product_update(&staff.0, product_id(id)?, known.0, edit).await?;
    Ok(one(shop, &product, false))
}

/// # Remove a product
/// One that orders refer to is archived instead.
#[openapi(tag = "Catalog")]
#[delete("/products/<id>")]
pub async fn product_remove(
    staff: May<CatalogWrite>,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.product_remove(&staff.0, product_id(id)?, known.0).await?;
    Ok(Nothing)
}

/// The answer for a product as it is shown.
fn shown<T>(shop: &Shop, found: ShownProduct, public: bool) -> Answer<T> {
    match found.shown {
        Shown::Product(product) => one(shop, &product, public),
        Shown::Card(card) => {
            let audience = if public { Audience::Public } else { Audience::Private };
            let etag = revision_tag(found.revision, shape(!shop.settings().hide_stock));
            Answer::encoded(card.into(), audience).with_etag(etag)
        }
    }
}

/// What tells apart the forms in which the same state may be shown.
fn shape(show_stock: bool) -> &'static str {
    if show_stock { "" } else { "-p" }
}

/// The answer for one product.
pub(super) fn one<T>(shop: &Shop, product: &Product, public: bool) -> Answer<T> {
    let settings = shop.settings();
    let show_stock = !public || !settings.hide_stock;
    let view = ProductView::new(product, settings.currency(), show_stock);
    let audience = if public { Audience::Public } else { Audience::Private };
    Answer::new(&view, audience).with_etag(revision_tag(product.revision, shape(show_stock)))
}

/// A product id out of an address; anything else names nothing.
pub(super) fn product_id(text: &str) -> Result<ProductId, Problem> {
    ProductId::parse(text).ok_or_else(|| Error::NotFound("product").into())
}

/// A former slug leads to the address of the new one, or to what lies `below` it.
pub(super) fn moved(resource: &str, below: &str, error: Error) -> Problem {
    match error {
        Error::Moved(slug) => {
            let problem = Problem::from(Error::Moved(slug.clone()));
            let address = percent_encoding::utf8_percent_encode(slug.as_str(), percent_encoding::CONTROLS);
            problem.with_header("Location", format!("{BASE}/{resource}/{address}{below}"))
        }
        other => other.into(),
    }
}

/// The rows of a batch: a list, alone or as `products`.
fn batch_rows(body: Value) -> Result<Vec<Value>, Problem> {
    let rows = match body {
        Value::Array(rows) => rows,
        Value::Object(mut object) if object.len() == 1 => match object.remove("products") {
            Some(Value::Array(rows)) => rows,
            _ => return Err(Invalid::one("products", "not_a_list", "must be a list of products").into()),
        },
        _ => return Err(Invalid::one("products", "required", "send {\"products\": […]} and nothing else").into()),
    };
    if (1..=BATCH_ROWS).contains(&rows.len()) {
        Ok(rows)
    } else {
        Err(Invalid::one("products", "out_of_range", format!("must hold 1 to {BATCH_ROWS} products")).into())
    }
}
