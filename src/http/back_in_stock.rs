//! `/products/{id}/back-in-stock-requests` and `/back-in-stock/…`: a letter when something can be bought again.

use super::answer::{Managed, Nothing};
use super::guards::{Caller, Client};
use super::json::Body;
use super::limits::Limits;
use super::problem::Problem;
use super::products::product_id;
use super::views::{StockRequestBody, VerifyBody};
use crate::domain::Fields;
use crate::services::selling::StockWish;
use crate::services::{Actor, Ctx, Shop};
use rocket::post;
use rocket_okapi::openapi;
use std::sync::Arc;

/// # Ask for a letter when a product is back
/// One letter, once. To the address of whoever is signed in it is sent without further ado, when mail is proven to arrive
/// there; to any other only after the link in a first letter was followed. The answer is the same in every case. A
/// request ends after 180 days.
#[openapi(tag = "Catalog")]
#[post("/products/<id>/back-in-stock-requests", data = "<body>")]
pub async fn back_in_stock_ask(
    caller: Caller,
    id: &str,
    body: Body<StockRequestBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> Result<Nothing, Problem> {
    let product = product_id(id)?;
    let wish = Fields::read(&body.value, StockWish::read)?;
    let reader = shop.stock_reader(&caller.0, &wish)?;
    if !reader.proven {
        limits.forgot(caller.0.origin.client, reader.email.as_str())?;
    }
    shop.back_in_stock_ask(&caller.0, product, wish, reader).await?;
    Ok(Nothing)
}

/// # Confirm that you want the letter
/// With the token from the first letter.
#[openapi(tag = "Catalog")]
#[post("/back-in-stock/confirm", data = "<body>")]
pub async fn back_in_stock_confirm(
    client: Client,
    body: Body<VerifyBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> Result<Nothing, Problem> {
    let token = Fields::read(&body.value, |f| f.needed_secret("token"))?;
    limits.reset(client.address())?;
    shop.back_in_stock_confirm(&Ctx::now(Actor::Anonymous).from(client.0), &token).await?;
    Ok(Nothing)
}

/// # Withdraw all such requests of an address
/// With the token from a letter to it.
#[openapi(tag = "Catalog")]
#[post("/back-in-stock/unsubscribe", data = "<body>")]
pub async fn back_in_stock_withdraw(
    client: Client,
    body: Body<VerifyBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> Result<Nothing, Problem> {
    let token = Fields::read(&body.value, |f| f.needed_secret("token"))?;
    limits.reset(client.address())?;
    shop.back_in_stock_withdraw(&Ctx::now(Actor::Anonymous).from(client.0), &token).await?;
    Ok(Nothing)
}
