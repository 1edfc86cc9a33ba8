//! `/me/orders/{number}/cancel`: whoever bought changes their mind.

use super::answer::{Answer, Audience, Managed};
use super::guards::{OptionalIdempotencyKey, SignedIn};
use super::kept::Kept;
use super::problem::Problem;
use super::views::{OrderView, Reader};
use crate::domain::order::WholeOrder;
use crate::domain::{Currency, OrderNumber};
use crate::services::idempotency::Rendered;
use crate::services::orders::Answering;
use crate::services::{Error, Shop};
use rocket::post;
use rocket_okapi::openapi;
use std::sync::Arc;

/// # Cancel one of your orders
/// While nothing of it was sent. What was paid for it goes back.
#[openapi(tag = "Selling")]
#[post("/me/orders/<number>/cancel")]
pub async fn my_order_cancel(
    person: SignedIn,
    key: OptionalIdempotencyKey,
    number: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let number = OrderNumber::parse(number).ok_or(Error::NotFound("order"))?;
    let how = Answering { claim: key.claim(&person.0, b""), render };
    Ok(shop.my_order_cancel(&person.0, number, how).await?.into())
}

fn render(whole: &WholeOrder, currency: Currency) -> Rendered {
    Answer::<OrderView>::new(&OrderView::new(whole, currency, Reader::Buyer), Audience::Nobody).rendered()
}
