//! `/me/addresses`: a person's address book.

use super::BASE;
use super::answer::{Answer, Audience, Managed, Nothing};
use super::guards::{IfMatch, SignedIn};
use super::json::Body;
use super::page::CursorKey;
use super::parameters::SHORT_LIST;
use super::problem::Problem;
use super::query::Query;
use super::views::{AddressBody, AddressList, AddressPatch, AddressView, revision_tag};
use crate::domain::account::{Address, AddressDraft};
use crate::domain::catalog::{Revision, merge_patch};
use crate::domain::{AddressId, Fields, PageSize};
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post, put};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List your addresses
#[openapi(tag = "Accounts")]
#[get("/me/addresses")]
pub async fn address_list(
    person: SignedIn,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<AddressList>, Problem> {
    query.only(SHORT_LIST)?;
    let from = query.one("cursor")?.map(|cursor| cursors.open::<AddressId>("addresses", cursor)).transpose()?;
    let page = shop.address_page(&person.0, query.page_size_or(PageSize::LARGEST)?, from)?;
    let links = query.links("me/addresses", cursors, "addresses", page.next, page.previous);
    Ok(Answer::new(&AddressList::new(page.items, links), Audience::Nobody))
}

/// # Read an address
#[openapi(tag = "Accounts")]
#[get("/me/addresses/<id>")]
pub async fn address_get(
    person: SignedIn,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<AddressView>, Problem> {
    Ok(one(shop.address_get(&person.0, address_id(id)?)?))
}

/// # Add an address
#[openapi(tag = "Accounts")]
#[post("/me/addresses", data = "<body>")]
pub async fn address_create(
    person: SignedIn,
    body: Body<AddressBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<AddressView>, Problem> {
    let draft = Fields::read(&body.value, AddressDraft::read)?;
    let address = shop.address_create(&person.0, draft).await?;
    let location = format!("{BASE}/me/addresses/{}", address.id);
    Ok(one(address).created_at(location))
}

/// # Replace an address
#[openapi(tag = "Accounts")]
#[put("/me/addresses/<id>", data = "<body>")]
pub async fn address_replace(
    person: SignedIn,
    id: &str,
    known: IfMatch,
    body: Body<AddressBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<AddressView>, Problem> {
    let draft = Fields::read(&body.value, AddressDraft::read)?;
    Ok(one(shop.address_update(&person.0, address_id(id)?, known.0, move |_| Ok(draft)).await?))
}

/// # Change an address
/// A JSON merge patch (RFC 7396).
#[openapi(tag = "Accounts")]
#[patch("/me/addresses/<id>", data = "<body>")]
pub async fn address_patch(
    person: SignedIn,
    id: &str,
    known: IfMatch,
    body: Body<AddressPatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<AddressView>, Problem> {
    let edit = move |before: &Address| {
        let mut patched = before.draft.body();
        merge_patch(&mut patched, &body.value);
        Fields::read(&patched, AddressDraft::read)
    };
    Ok(one(shop.address_update(&person.0, address_id(id)?, known.0, edit).await?))
}

/// # Remove an address
#[openapi(tag = "Accounts")]
#[delete("/me/addresses/<id>")]
pub async fn address_remove(
    person: SignedIn,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.address_remove(&person.0, address_id(id)?, known.0).await?;
    Ok(Nothing)
}

fn one(address: Address) -> Answer<AddressView> {
    let tag = revision_tag(Revision::of(address.version), "");
    Answer::new(&AddressView::new(address), Audience::Nobody).with_etag(tag)
}

fn address_id(text: &str) -> Result<AddressId, Problem> {
    AddressId::parse(text).ok_or_else(|| Error::NotFound("address").into())
}
