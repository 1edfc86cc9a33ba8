//! `/admin/stock`: what is there, what moved it, and moving it.

use crate::domain::stock::{MovementFilter, MovementKind, StockChange, StockFilter, StockPolicy};
use crate::domain::{Fields, MovementId, OrderId, ProductId, Sku, VariantId};
use crate::http::answer::{Answer, Audience, Managed};
use crate::http::guards::{May, OptionalIdempotencyKey, StockRead, StockWrite};
use crate::http::json::Body;
use crate::http::kept::Kept;
use crate::http::page::CursorKey;
use crate::http::parameters::{CURSOR, Kind, PAGE_SIZE, Parameter, parameter};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::{MovementList, StockChangeBody, StockList, StockMovedView};
use crate::services::Shop;
use rocket::{get, post};
use rocket_okapi::openapi;
use std::sync::Arc;

const POLICIES: &[&str] = &["deny", "backorder", "untracked"];
const KINDS: &[&str] = &["received", "counted", "sold", "returned", "reserved", "released", "corrected"];

/// What the list of stock takes.
pub const STOCK_LIST: &[Parameter] = &[
    parameter("variant_id", Kind::Integer(1, i64::MAX), "1", "This variant."),
    parameter("product_id", Kind::Integer(1, i64::MAX), "1", "The variants of this product."),
    parameter("sku", Kind::Text, "MUG-1", "The variant of this code."),
    parameter("low", Kind::Boolean, "true", "No more left than `low_stock_at`, or more."),
    parameter("policy", Kind::Choice(POLICIES), "backorder", "Of this `stock_policy`."),
    PAGE_SIZE,
    CURSOR,
];

/// What the ledger takes.
pub const MOVEMENT_LIST: &[Parameter] = &[
    parameter("variant_id", Kind::Integer(1, i64::MAX), "1", "Of this variant."),
    parameter("order", Kind::Text, "1001", "For the order of this number."),
    parameter("kind", Kind::Choice(KINDS), "received", "Of this kind."),
    PAGE_SIZE,
    CURSOR,
];

/// # List stock
/// What lies on the shelf, what of it is promised to orders that are not paid, and what can still be sold.
#[openapi(tag = "Administration")]
#[get("/admin/stock")]
pub async fn stock_list(
    staff: May<StockRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<StockList>, Problem> {
    query.only(STOCK_LIST)?;
    let filter = StockFilter {
        variant: query.parsed("variant_id", "the id of a variant", VariantId::parse)?,
        product: query.parsed("product_id", "the id of a product", ProductId::parse)?,
        sku: query.parsed("sku", "a text of 1 to 100 characters", Sku::parse)?,
        low: query.flag("low")?,
        policy: query.parsed("policy", "deny, backorder or untracked", StockPolicy::parse)?,
    };
    let scope = format!("stock\u{1}{}", query.key_without(&["cursor", "page_size"]));
    let from = query.one("cursor")?.map(|cursor| cursors.open::<VariantId>(&scope, cursor)).transpose()?;
    let page = shop.stock_list(&staff.0, &filter, query.page_size()?, from)?;
    let links = query.links("admin/stock", cursors, &scope, page.next, page.previous);
    Ok(Answer::new(&StockList::new(page.items, links), Audience::Nobody))
}

/// # Read the stock ledger
/// Every movement, newest first. What lies on the shelf is what a variant began with and the sum of its movements.
#[openapi(tag = "Administration")]
#[get("/admin/stock/movements")]
pub async fn movement_list(
    staff: May<StockRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<MovementList>, Problem> {
    query.only(MOVEMENT_LIST)?;
    let number = |text: &str| OrderId::parse(text).map(OrderId::get);
    let filter = MovementFilter {
        variant: query.parsed("variant_id", "the id of a variant", VariantId::parse)?,
        order: query.parsed("order", "the number of an order", number)?,
        kind: query.parsed("kind", &KINDS.join(", "), MovementKind::parse)?,
    };
    let scope = format!("movements\u{1}{}", query.key_without(&["cursor", "page_size"]));
    let from = query.one("cursor")?.map(|cursor| cursors.open::<MovementId>(&scope, cursor)).transpose()?;
    let page = shop.movement_list(&staff.0, &filter, query.page_size()?, from)?;
    let links = query.links("admin/stock/movements", cursors, &scope, page.next, page.previous);
    Ok(Answer::new(&MovementList::new(page.items, links), Audience::Nobody))
}

/// # Move stock
/// By what came or went (`delta`), or to what was counted on the shelf (`count`, promised units included): never by
/// overwriting, so that what is sold in the meantime is not lost. 409 when fewer would lie on the shelf than are
/// promised. With an `Idempotency-Key` a request that is sent again moves nothing again.
#[openapi(tag = "Administration")]
#[post("/admin/stock/movements", data = "<body>")]
pub async fn stock_move(
    staff: May<StockWrite>,
    key: OptionalIdempotencyKey,
    body: Body<StockChangeBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<StockMovedView>, Problem> {
    let change = Fields::read(&body.value, StockChange::read)?;
    let render = |moved| Answer::<()>::new(&StockMovedView::new(moved), Audience::Nobody).rendered();
    Ok(shop.stock_move_once(&staff.0, change, key.claim(&staff.0, &body.raw), render).await?.into())
}
