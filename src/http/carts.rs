//! `/carts`: what somebody means to buy.

use super::BASE;
use super::answer::{Answer, Audience, Managed, Nothing, content_tag, encode};
use super::guards::{Caller, IfMatch};
use super::json::{Body, OptionalBody};
use super::limits::Limits;
use super::parameters::CART_GET;
use super::problem::Problem;
use super::query::Query;
use super::views::{
    AddressBody, CartBody, CartLineBody, CartLinePatch, CartShape, CartView, DiscountCodeBody, ShippingOptionBody,
    ShippingOptionList, revision_tag,
};
use crate::domain::account::AddressDraft;
use crate::domain::cart::Quantity;
use crate::domain::catalog::Revision;
use crate::domain::{CartLineId, Fields};
use crate::services::selling::{CartLineDraft, PricedCart};
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post, put};
use rocket_okapi::openapi;
use std::sync::Arc;

type CartAnswer = Result<Answer<CartView>, Problem>;

/// # Make a cart
/// An empty one; somebody who is signed in and has a cart gets that. Whoever knows the token of a guest's cart may use
/// it; when somebody signed in changes it, it is theirs alone, and what is in an older cart of theirs joins it.
#[openapi(tag = "Selling")]
#[post("/carts", data = "<body>")]
pub async fn cart_create(caller: Caller, body: OptionalBody<CartBody>, shop: Managed<'_, Arc<Shop>>) -> CartAnswer {
    if let Some(body) = &body.0 {
        Fields::read(&body.value, |_| ())?;
    }
    Ok(created(shop.cart_create(&caller.0).await?, shop))
}

/// # Read a cart
/// Priced as of now. `changes` says what is not as you were last told, until the cart is changed.
#[openapi(tag = "Selling")]
#[get("/carts/<token>")]
pub async fn cart_get(caller: Caller, token: &str, query: Query, shop: Managed<'_, Arc<Shop>>) -> CartAnswer {
    query.only(CART_GET)?;
    let explain = query.flag("explain")?.unwrap_or(false);
    Ok(shown(shop.cart_get(&caller.0, token)?, shop, explain))
}

/// # Remove a cart
#[openapi(tag = "Selling")]
#[delete("/carts/<token>")]
pub async fn cart_remove(
    caller: Caller,
    token: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.cart_remove(&caller.0, token.to_owned(), known.0).await?;
    Ok(Nothing)
}

/// # Put something into a cart
/// The same variant again adds up. More than is in stock is 409, unless the variant is sold beyond its stock.
#[openapi(tag = "Selling")]
#[post("/carts/<token>/lines", data = "<body>")]
pub async fn cart_line_create(
    caller: Caller,
    token: &str,
    body: Body<CartLineBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> CartAnswer {
    let draft = Fields::read(&body.value, CartLineDraft::read)?;
    Ok(created(shop.cart_line_add(&caller.0, token.to_owned(), draft).await?, shop))
}

/// # Change how many
#[openapi(tag = "Selling")]
#[patch("/carts/<token>/lines/<id>", data = "<body>")]
pub async fn cart_line_patch(
    caller: Caller,
    token: &str,
    id: &str,
    known: IfMatch,
    body: Body<CartLinePatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> CartAnswer {
    let quantity = Fields::read(&body.value, Quantity::read)?;
    let cart = shop.cart_line_change(&caller.0, token.to_owned(), line_id(id)?, known.0, quantity).await?;
    Ok(shown(cart, shop, false))
}

/// # Take something out of a cart
#[openapi(tag = "Selling")]
#[delete("/carts/<token>/lines/<id>")]
pub async fn cart_line_remove(
    caller: Caller,
    token: &str,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> CartAnswer {
    let cart = shop.cart_line_remove(&caller.0, token.to_owned(), line_id(id)?, known.0).await?;
    Ok(shown(cart, shop, false))
}

/// # Enter a discount code
/// It replaces the one before. One that holds but takes nothing off yet is kept: `discount_refused` says why.
#[openapi(tag = "Selling")]
#[put("/carts/<token>/discount", data = "<body>")]
pub async fn cart_discount_put(
    caller: Caller,
    token: &str,
    known: IfMatch,
    body: Body<DiscountCodeBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> CartAnswer {
    let code = Fields::read(&body.value, |f| f.needed_text("code", 1..=100))?;
    let guess = limits.code(caller.0.origin.client)?;
    let cart = shop.cart_discount_set(&caller.0, token.to_owned(), known.0, code).await;
    Ok(shown(guess.settle(cart)?, shop, false))
}

/// # Take the discount code away
#[openapi(tag = "Selling")]
#[delete("/carts/<token>/discount")]
pub async fn cart_discount_remove(
    caller: Caller,
    token: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> CartAnswer {
    let cart = shop.cart_discount_remove(&caller.0, token.to_owned(), known.0).await?;
    Ok(shown(cart, shop, false))
}

/// # Say where a cart goes
/// Tax and shipping depend on it.
#[openapi(tag = "Selling")]
#[put("/carts/<token>/shipping-address", data = "<body>")]
pub async fn cart_address_put(
    caller: Caller,
    token: &str,
    known: IfMatch,
    body: Body<AddressBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> CartAnswer {
    let address = Fields::read(&body.value, AddressDraft::read)?;
    let cart = shop.cart_address_set(&caller.0, token.to_owned(), known.0, address).await?;
    Ok(shown(cart, shop, false))
}

/// # List the ways to ship a cart
/// To its address; before there is one, to the shop's own country or, when that is not known, to anywhere.
#[openapi(tag = "Selling")]
#[get("/carts/<token>/shipping-options")]
pub async fn cart_shipping_options(
    caller: Caller,
    token: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ShippingOptionList>, Problem> {
    query.only(&[])?;
    let options = shop.cart_shipping_options(&caller.0, token)?;
    Ok(Answer::new(&ShippingOptionList::new(options, shop.settings().currency()), Audience::Nobody))
}

/// # Choose how a cart is shipped
#[openapi(tag = "Selling")]
#[put("/carts/<token>/shipping-option", data = "<body>")]
pub async fn cart_shipping_option_put(
    caller: Caller,
    token: &str,
    known: IfMatch,
    body: Body<ShippingOptionBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> CartAnswer {
    let option = Fields::read(&body.value, |f| f.needed_text("id", 1..=100))?;
    let cart = shop.cart_shipping_set(&caller.0, token.to_owned(), known.0, option).await?;
    Ok(shown(cart, shop, false))
}

/// A cart as it is sent. The first part of its tag is the cart's own state, which `If-Match` looks at; the rest is
/// what it costs, which may change by itself.
fn shown(cart: PricedCart, shop: &Shop, explain: bool) -> Answer<CartView> {
    let settings = shop.settings();
    let revision = Revision::of(cart.cart.version);
    let shape = CartShape { currency: settings.currency(), hide_stock: settings.hide_stock, explain };
    let body = encode(&CartView::new(cart, shape));
    let tag = revision_tag(revision, &format!("-{}", content_tag(&body)));
    Answer::encoded(body, Audience::Nobody).with_etag(tag)
}

fn created(cart: PricedCart, shop: &Shop) -> Answer<CartView> {
    let location = format!("{BASE}/carts/{}", cart.cart.token);
    shown(cart, shop, false).created_at(location)
}

fn line_id(text: &str) -> Result<CartLineId, Problem> {
    CartLineId::parse(text).ok_or_else(|| Error::NotFound("cart line").into())
}
