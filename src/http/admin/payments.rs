//! `/admin/payments`: payments of all orders, above all those that a person has to look at.

use crate::domain::{Fields, PaymentId};
use crate::http::answer::{Answer, Audience, Managed};
use crate::http::guards::{May, OrdersRead, OrdersWrite};
use crate::http::json::Body;
use crate::http::page::CursorKey;
use crate::http::parameters::PAYMENT_LIST;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::{PaymentList, PaymentRowView, ResolveBody};
use crate::services::payments::ResolveDraft;
use crate::services::{Error, Shop};
use rocket::{get, post};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List payments
/// The newest first.
#[openapi(tag = "Administration")]
#[get("/admin/payments")]
pub async fn payment_list(
    staff: May<OrdersRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<PaymentList>, Problem> {
    query.only(PAYMENT_LIST)?;
    let flagged = query.flag("flagged")?.unwrap_or(false);
    let list = if flagged { "payments flagged" } else { "payments" };
    let from = query.one("cursor")?.map(|cursor| cursors.open::<PaymentId>(list, cursor)).transpose()?;
    let page = shop.payment_list(&staff.0, flagged, query.page_size()?, from)?;
    let links = query.links("admin/payments", cursors, list, page.next, page.previous);
    let currency = shop.settings().currency();
    Ok(Answer::new(&PaymentList::new(page.items, currency, links), Audience::Nobody))
}

/// # Resolve what is odd about a payment
/// For when somebody has looked and done what was to be done: the flag goes, the note stays with the order.
#[openapi(tag = "Administration")]
#[post("/admin/payments/<id>/resolve", data = "<body>")]
pub async fn payment_resolve(
    staff: May<OrdersWrite>,
    id: &str,
    body: Body<ResolveBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<PaymentRowView>, Problem> {
    let id = PaymentId::parse(id).ok_or(Error::NotFound("payment"))?;
    let draft = Fields::read(&body.value, ResolveDraft::read)?;
    let row = shop.payment_resolve(&staff.0, id, draft).await?;
    Ok(Answer::new(&PaymentRowView::new(row, shop.settings().currency()), Audience::Nobody))
}
