//! `/me/wishlist`: what people want to remember.

use super::answer::{Answer, Audience, Managed, Nothing};
use super::guards::SignedIn;
use super::page::CursorKey;
use super::parameters::MY_LIST;
use super::problem::Problem;
use super::products::product_id;
use super::query::Query;
use super::views::Wishlist;
use crate::services::Shop;
use crate::services::selling::WishPosition;
use rocket::{delete, get, put};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # Read your wishlist
/// What was added last comes first. Products that are not on sale now are left out, and come back when they are.
#[openapi(tag = "Accounts")]
#[get("/me/wishlist")]
pub async fn wishlist_get(
    person: SignedIn,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<Wishlist>, Problem> {
    query.only(MY_LIST)?;
    let from = query.one("cursor")?.map(|cursor| cursors.open::<WishPosition>("wishlist", cursor)).transpose()?;
    let page = shop.wishlist_page(&person.0, query.page_size()?, from)?;
    let links = query.links("me/wishlist", cursors, "wishlist", page.next, page.previous);
    Ok(Answer::new(&Wishlist::new(page.items, links, shop.settings()), Audience::Nobody))
}

/// # Put a product on your wishlist
/// It holds at most 500. A product that stands there already stays where it is.
#[openapi(tag = "Accounts")]
#[put("/me/wishlist/<id>")]
pub async fn wishlist_add(person: SignedIn, id: &str, shop: Managed<'_, Arc<Shop>>) -> Result<Nothing, Problem> {
    shop.wishlist_add(&person.0, product_id(id)?).await?;
    Ok(Nothing)
}

/// # Take a product off your wishlist
#[openapi(tag = "Accounts")]
#[delete("/me/wishlist/<id>")]
pub async fn wishlist_remove(person: SignedIn, id: &str, shop: Managed<'_, Arc<Shop>>) -> Result<Nothing, Problem> {
    shop.wishlist_remove(&person.0, product_id(id)?).await?;
    Ok(Nothing)
}
