//! `/admin/orders/{number}/…`: what the staff does with an order. Each answers with the order as it is then.

use super::orders::{answering, order_ref};
use crate::domain::Fields;
use crate::http::answer::Managed;
use crate::http::guards::{IdempotencyKey, IfMatch, May, OptionalIdempotencyKey, OrdersWrite};
use crate::http::json::{Body, OptionalBody};
use crate::http::kept::Kept;
use crate::http::problem::Problem;
use crate::http::views::{
    CancelBody, FulfillmentBody, NoteBody, OrderView, PaymentReceivedBody, RefundBody, ReturnBody,
};
use crate::services::Shop;
use crate::services::orders::{CancelDraft, FulfillmentDraft, NoteDraft, PaymentDraft, RefundDraft, ReturnDraft};
use rocket::post;
use rocket_okapi::openapi;
use std::sync::Arc;

/// # Note a payment
/// Marks the order as paid by hand: by bank transfer, in cash, at the counter.
#[openapi(tag = "Administration")]
#[post("/admin/orders/<number>/payments", data = "<body>")]
pub async fn order_pay(
    staff: May<OrdersWrite>,
    key: IdempotencyKey,
    number: &str,
    known: IfMatch,
    body: Body<PaymentReceivedBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let currency = shop.settings().currency();
    let draft = Fields::read(&body.value, |fields| PaymentDraft::read(fields, currency))?;
    let how = answering(shop, Some(key.claim(&staff.0, &body.raw)));
    Ok(shop.order_pay(&staff.0, order_ref(number)?, known.0, draft, how).await?.into())
}

/// # Send an order
/// All that is still to be sent when no `lines` are given.
#[openapi(tag = "Administration")]
#[post("/admin/orders/<number>/fulfillments", data = "<body>")]
pub async fn order_fulfill(
    staff: May<OrdersWrite>,
    key: OptionalIdempotencyKey,
    number: &str,
    known: IfMatch,
    body: Body<FulfillmentBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let draft = Fields::read(&body.value, FulfillmentDraft::read)?;
    let how = answering(shop, key.claim(&staff.0, &body.raw));
    Ok(shop.order_fulfill(&staff.0, order_ref(number)?, known.0, draft, how).await?.into())
}

/// # Close an order
/// Once all of it was sent.
#[openapi(tag = "Administration")]
#[post("/admin/orders/<number>/complete")]
pub async fn order_complete(
    staff: May<OrdersWrite>,
    key: OptionalIdempotencyKey,
    number: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let how = answering(shop, key.claim(&staff.0, b""));
    Ok(shop.order_complete(&staff.0, order_ref(number)?, known.0, how).await?.into())
}

/// # Cancel an order
/// While nothing of it is with the buyer. What was paid for it goes back, and its goods go back into stock.
#[openapi(tag = "Administration")]
#[post("/admin/orders/<number>/cancel", data = "<body>")]
pub async fn order_cancel(
    staff: May<OrdersWrite>,
    key: OptionalIdempotencyKey,
    number: &str,
    known: IfMatch,
    body: OptionalBody<CancelBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let draft = body.0.as_ref().map(|body| Fields::read(&body.value, CancelDraft::read)).transpose()?;
    let raw = body.0.map(|body| body.raw).unwrap_or_default();
    let how = answering(shop, key.claim(&staff.0, &raw));
    Ok(shop.order_cancel(&staff.0, order_ref(number)?, known.0, draft.unwrap_or_default(), how).await?.into())
}

/// # Refund an order
/// An `amount`, or what the units in `lines` cost, or all that is left. A refund that the provider has not made yet is
/// `pending`; it is asked again until it says yes or no.
#[openapi(tag = "Administration")]
#[post("/admin/orders/<number>/refunds", data = "<body>")]
pub async fn order_refund(
    staff: May<OrdersWrite>,
    key: IdempotencyKey,
    number: &str,
    known: IfMatch,
    body: Body<RefundBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let currency = shop.settings().currency();
    let draft = Fields::read(&body.value, |fields| RefundDraft::read(fields, currency))?;
    let how = answering(shop, Some(key.claim(&staff.0, &body.raw)));
    Ok(shop.order_refund(&staff.0, order_ref(number)?, known.0, draft, how).await?.into())
}

/// # Take goods back
/// Units that were sent and came back. They go back into stock unless `restock` is false; money goes back by a refund.
#[openapi(tag = "Administration")]
#[post("/admin/orders/<number>/returns", data = "<body>")]
pub async fn order_return(
    staff: May<OrdersWrite>,
    key: OptionalIdempotencyKey,
    number: &str,
    known: IfMatch,
    body: Body<ReturnBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let draft = Fields::read(&body.value, ReturnDraft::read)?;
    let how = answering(shop, key.claim(&staff.0, &body.raw));
    Ok(shop.order_return(&staff.0, order_ref(number)?, known.0, draft, how).await?.into())
}

/// # Note something about an order
#[openapi(tag = "Administration")]
#[post("/admin/orders/<number>/notes", data = "<body>")]
pub async fn order_note(
    staff: May<OrdersWrite>,
    key: OptionalIdempotencyKey,
    number: &str,
    known: IfMatch,
    body: Body<NoteBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let note = Fields::read(&body.value, NoteDraft::read)?;
    let how = answering(shop, key.claim(&staff.0, &body.raw));
    Ok(shop.order_note(&staff.0, order_ref(number)?, known.0, note, how).await?.into())
}
