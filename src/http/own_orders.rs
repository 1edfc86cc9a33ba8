//! `/orders/{number}` and `/me/orders`: orders as those read them who placed them.

use super::answer::{Answer, Audience, Managed};
use super::guards::{Client, SignedIn};
use super::page::CursorKey;
use super::parameters::{MY_ORDER_LIST, ORDER_BY_TOKEN};
use super::problem::Problem;
use super::query::Query;
use super::views::{OrderList, OrderView, Reader};
use crate::domain::OrderNumber;
use crate::domain::order::WholeOrder;
use crate::services::selling::OwnPosition;
use crate::services::{Error, Shop};
use rocket::get;
use rocket_okapi::openapi;
use std::sync::Arc;

/// # Read an order by its token
/// With the token that the answer to the checkout gave.
#[openapi(tag = "Selling")]
#[get("/orders/<number>")]
pub async fn order_by_token(
    _client: Client,
    number: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<OrderView>, Problem> {
    query.only(ORDER_BY_TOKEN)?;
    let token = query.one("token")?.unwrap_or_default();
    Ok(one(shop, &shop.order_by_token(OrderNumber::parse(number), token)?))
}

/// # List your orders
/// The newest first.
#[openapi(tag = "Selling")]
#[get("/me/orders")]
pub async fn my_order_list(
    person: SignedIn,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<OrderList>, Problem> {
    query.only(MY_ORDER_LIST)?;
    let from = query.one("cursor")?.map(|cursor| cursors.open::<OwnPosition>("my-orders", cursor)).transpose()?;
    let page = shop.my_order_list(&person.0, query.page_size()?, from)?;
    let links = query.links("me/orders", cursors, "my-orders", page.next, page.previous);
    Ok(Answer::new(&OrderList::new(&page.items, shop.settings().currency(), links), Audience::Nobody))
}

/// # Read one of your orders
#[openapi(tag = "Selling")]
#[get("/me/orders/<number>")]
pub async fn my_order_get(
    person: SignedIn,
    number: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<OrderView>, Problem> {
    Ok(one(shop, &shop.my_order_get(&person.0, order_number(number)?)?))
}

fn one(shop: &Shop, whole: &WholeOrder) -> Answer<OrderView> {
    Answer::new(&OrderView::new(whole, shop.settings().currency(), Reader::Buyer), Audience::Nobody)
}

fn order_number(text: &str) -> Result<OrderNumber, Problem> {
    OrderNumber::parse(text).ok_or_else(|| Error::NotFound("order").into())
}
