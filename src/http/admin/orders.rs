//! `/admin/orders`: orders as the staff finds, reads and changes them. What moves them on stands in `order_steps.rs`.

use crate::domain::catalog::Revision;
use crate::domain::order::{OrderRef, OrderStatus, WholeOrder, search_terms};
use crate::domain::{Currency, Email, Fields, Timestamp, UserId};
use crate::http::BASE;
use crate::http::answer::{Answer, Audience, Managed, Nothing};
use crate::http::guards::{IfMatch, May, OptionalIdempotencyKey, OrdersRead, OrdersWrite};
use crate::http::json::Body;
use crate::http::kept::Kept;
use crate::http::page::CursorKey;
use crate::http::parameters::ORDER_LIST;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::{OrderList, OrderPatchBody, OrderView, Reader, StaffOrderBody, revision_tag};
use crate::services::idempotency::Claim;
use crate::services::orders::{Answering, OrderEdit, OrderFilter, OrderPosition, StaffOrder};
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List orders
/// Those placed last first. Drafts are shown only when they are asked for.
#[openapi(tag = "Administration")]
#[get("/admin/orders")]
pub async fn order_list(
    staff: May<OrdersRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<OrderList>, Problem> {
    query.only(ORDER_LIST)?;
    let filter = filter(&query)?;
    let list = format!("orders {}", query.key_without(&["cursor", "page_size"]));
    let from = query.one("cursor")?.map(|cursor| cursors.open::<OrderPosition>(&list, cursor)).transpose()?;
    let page = shop.order_list(&staff.0, &filter, query.page_size()?, from)?;
    let links = query.links("admin/orders", cursors, &list, page.next, page.previous);
    Ok(Answer::new(&OrderList::new(&page.items, shop.settings().currency(), links), Audience::Nobody))
}

/// # Read an order
/// By its number, or `d` and the id of a draft.
#[openapi(tag = "Administration")]
#[get("/admin/orders/<number>")]
pub async fn order_get(
    staff: May<OrdersRead>,
    number: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<OrderView>, Problem> {
    let whole = shop.order_get(&staff.0, order_ref(number)?)?;
    let tag = revision_tag(Revision::of(whole.revision()), "");
    Ok(Answer::new(&view(shop, &whole), Audience::Nobody).with_etag(tag))
}

/// # Make an order
/// For somebody on the phone or at the counter. Prices are the shop's unless a line names another. A `draft` waits: it has
/// no number, is named `d` and its id, and takes stock and discounts only when it is placed.
#[openapi(tag = "Administration")]
#[post("/admin/orders", data = "<body>")]
pub async fn order_create(
    staff: May<OrdersWrite>,
    key: OptionalIdempotencyKey,
    body: Body<StaffOrderBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let currency = shop.settings().currency();
    let order = Fields::read(&body.value, |fields| StaffOrder::read(fields, currency))?;
    let how = creating(shop, key.claim(&staff.0, &body.raw));
    Ok(shop.order_create(&staff.0, order, how).await?.into())
}

/// # Place a draft
/// It gets its number and takes its stock; `payment_link` in the answer is for whoever pays.
#[openapi(tag = "Administration")]
#[post("/admin/orders/<number>/place")]
pub async fn order_place(
    staff: May<OrdersWrite>,
    key: OptionalIdempotencyKey,
    number: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let how = answering(shop, key.claim(&staff.0, b""));
    Ok(shop.order_place(&staff.0, order_ref(number)?, known.0, how).await?.into())
}

/// # Throw a draft away
#[openapi(tag = "Administration")]
#[delete("/admin/orders/<number>")]
pub async fn order_discard(
    staff: May<OrdersWrite>,
    number: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.order_discard(&staff.0, order_ref(number)?, known.0).await?;
    Ok(Nothing)
}

/// # Change an order
/// A JSON merge patch (RFC 7396) of where it goes and whom it is about, while nothing of it was sent. An address is given
/// as a whole. What the order costs stays.
#[openapi(tag = "Administration")]
#[patch("/admin/orders/<number>", data = "<body>")]
pub async fn order_patch(
    staff: May<OrdersWrite>,
    key: OptionalIdempotencyKey,
    number: &str,
    known: IfMatch,
    body: Body<OrderPatchBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Kept<OrderView>, Problem> {
    let edit = Fields::read(&body.value, |fields| OrderEdit::read(fields, &body.value))?;
    let how = answering(shop, key.claim(&staff.0, &body.raw));
    Ok(shop.order_edit(&staff.0, order_ref(number)?, known.0, edit, how).await?.into())
}

fn filter(query: &Query) -> Result<OrderFilter, Problem> {
    let time = |name| query.parsed(name, "a time such as 2026-01-31T09:05:00Z", Timestamp::parse);
    let names = || OrderStatus::ALL.map(OrderStatus::as_str).join(", ");
    let statuses: Option<Vec<OrderStatus>> = query.list("status").map(OrderStatus::parse).collect();
    let customer = query.one("customer")?;
    let account = customer.and_then(UserId::parse);
    let email = customer.filter(|_| account.is_none()).map(|text| {
        let wrong = || Problem::bad_request("customer must be the id of an account or an e-mail address");
        Email::parse(text).map(|email| email.key()).ok_or_else(wrong)
    });
    Ok(OrderFilter {
        statuses: statuses.ok_or_else(|| Problem::bad_request(format!("status must be one of {}", names())))?,
        account,
        email_key: email.transpose()?,
        placed_from: time("placed_from")?,
        placed_to: time("placed_to")?,
        words: query.one("search")?.map(search_terms),
        flagged: query.flag("flagged")?.unwrap_or(false),
    })
}

/// The order that an address names.
pub(super) fn order_ref(text: &str) -> Result<OrderRef, Problem> {
    OrderRef::parse(text).ok_or_else(|| Error::NotFound("order").into())
}

/// How whoever works on an order is answered: with the order.
pub(super) fn answering(shop: &Arc<Shop>, claim: Option<Claim>) -> Answering {
    let shop = shop.clone();
    let render = move |whole: &WholeOrder, _: Currency| {
        Answer::<OrderView>::new(&view(&shop, whole), Audience::Nobody).rendered()
    };
    Answering { claim, render: Arc::new(render) }
}

/// The same, for an order that is made by the request.
fn creating(shop: &Arc<Shop>, claim: Option<Claim>) -> Answering {
    let shop = shop.clone();
    let render = move |whole: &WholeOrder, _: Currency| {
        let place = format!("{BASE}/admin/orders/{}", whole.order.name());
        Answer::<OrderView>::new(&view(&shop, whole), Audience::Nobody).created_at(place).rendered()
    };
    Answering { claim, render: Arc::new(render) }
}

fn view(shop: &Shop, whole: &WholeOrder) -> OrderView {
    let view = OrderView::new(whole, shop.settings().currency(), Reader::Staff);
    if whole.order.status == OrderStatus::Pending {
        view.with_payment_link(shop.order_link(&whole.order))
    } else {
        view
    }
}
