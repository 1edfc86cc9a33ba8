//! `/categories`.

use super::BASE;
use super::answer::{Answer, Audience, Managed, Nothing};
use super::guards::{Caller, CatalogWrite, IfMatch, May};
use super::json::Body;
use super::page::CursorKey;
use super::parameters::{CATEGORY_LIST, CATEGORY_REMOVE};
use super::problem::Problem;
use super::products::moved;
use super::query::Query;
use super::views::{CategoryBody, CategoryList, CategoryPatch, CategoryView, revision_tag};
use crate::domain::catalog::{Category, CategoryDraft, CategoryRemoval};
use crate::domain::{CategoryId, Fields};
use crate::services::catalog::Key;
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post, put};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List categories
/// A page at a time in order of id, or all of them nested with `tree=true`.
#[openapi(tag = "Catalog")]
#[get("/categories")]
pub async fn category_list(
    caller: Caller,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<CategoryList>, Problem> {
    query.only(CATEGORY_LIST)?;
    let (cursor, page_size) = (query.one("cursor")?, query.page_size()?);
    if query.flag("tree")? == Some(true) {
        if cursor.is_some() || query.one("page_size")?.is_some() {
            let detail = "tree=true gives all categories at once and takes neither page_size nor cursor";
            return Err(Problem::bad_request(detail));
        }
        let results = shop.category_tree(&caller.0)?.iter().map(CategoryView::tree).collect();
        return Ok(Answer::new(&CategoryList { results, next: None, previous: None }, Audience::Public));
    }
    let from = cursor.map(|cursor| cursors.open::<CategoryId>("categories", cursor)).transpose()?;
    let page = shop.category_list(&caller.0, page_size, from)?;
    let links = query.links("categories", cursors, "categories", page.next, page.previous);
    let results = page.items.iter().map(CategoryView::new).collect();
    let list = CategoryList { results, next: links.next, previous: links.previous };
    Ok(Answer::new(&list, Audience::Public))
}

/// # Read a category
/// By id or slug; a former slug answers 301 with the new address.
#[openapi(tag = "Catalog")]
#[get("/categories/<id>")]
pub async fn category_get(
    caller: Caller,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<CategoryView>, Problem> {
    let category = shop.category_get(&caller.0, &Key::parse(id)).map_err(|e| moved("categories", "", e))?;
    Ok(one(&category, Audience::Public))
}

/// # Create a category
#[openapi(tag = "Catalog")]
#[post("/categories", data = "<body>")]
pub async fn category_create(
    staff: May<CatalogWrite>,
    body: Body<CategoryBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<CategoryView>, Problem> {
    let draft = Fields::read(&body.value, CategoryDraft::read)?;
    let category = shop.category_create(&staff.0, draft).await?;
    Ok(one(&category, Audience::Private).created_at(format!("{BASE}/categories/{}", category.id)))
}

/// # Replace a category
#[openapi(tag = "Catalog")]
#[put("/categories/<id>", data = "<body>")]
pub async fn category_replace(
    staff: May<CatalogWrite>,
    id: &str,
    known: IfMatch,
    body: Body<CategoryBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<CategoryView>, Problem> {
    let id = category_id(id)?;
    let draft = Fields::read(&body.value, CategoryDraft::read)?;
    let category = shop.category_update(&staff.0, id, known.0, move |_| Ok(draft)).await?;
    Ok(one(&category, Audience::Private))
}

/// # Change a category
/// A JSON merge patch (RFC 7396).
#[openapi(tag = "Catalog")]
#[patch("/categories/<id>", data = "<body>")]
pub async fn category_patch(
    staff: May<CatalogWrite>,
    id: &str,
    known: IfMatch,
    body: Body<CategoryPatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<CategoryView>, Problem> {
    let edit = move |before: &Category| {
        let patched = CategoryDraft::patched(CategoryDraft::body_of(before), &body.value);
        Fields::read(&patched, CategoryDraft::read)
    };
    let category = shop.category_update(&staff.0, category_id(id)?, known.0, edit).await?;
    Ok(one(&category, Audience::Private))
}

/// # Remove a category
/// One that holds products or children is kept (409), unless `cascade=true` or `move_to=ID` says what becomes of
/// them.
#[openapi(tag = "Catalog")]
#[delete("/categories/<id>")]
pub async fn category_remove(
    staff: May<CatalogWrite>,
    id: &str,
    query: Query,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    query.only(CATEGORY_REMOVE)?;
    let removal = match (query.flag("cascade")?, query.id("move_to")?) {
        (Some(true), Some(_)) => return Err(Problem::bad_request("cascade and move_to exclude each other")),
        (Some(true), None) => CategoryRemoval::Cascade,
        (_, Some(target)) => CategoryRemoval::MoveTo(CategoryId::new(target)),
        _ => CategoryRemoval::OnlyEmpty,
    };
    shop.category_remove(&staff.0, category_id(id)?, known.0, removal).await?;
    Ok(Nothing)
}

fn one(category: &Category, audience: Audience) -> Answer<CategoryView> {
    Answer::new(&CategoryView::new(category), audience).with_etag(revision_tag(category.revision, ""))
}

fn category_id(text: &str) -> Result<CategoryId, Problem> {
    CategoryId::parse(text).ok_or_else(|| Error::NotFound("category").into())
}
