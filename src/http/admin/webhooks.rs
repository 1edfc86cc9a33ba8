//! `/admin/webhooks`: who is told of events, what became of it, and telling again.

use crate::domain::catalog::{Revision, merge_patch};
use crate::domain::webhook::{DeliveryState, ReplayRange, Webhook, WebhookDraft, overlap_hours};
use crate::domain::{DeliveryId, EventKind, Fields, WebhookId};
use crate::http::BASE;
use crate::http::answer::{Answer, Audience, Managed, Nothing};
use crate::http::guards::{IfMatch, May, WebhooksWrite};
use crate::http::json::{Body, OptionalBody};
use crate::http::page::CursorKey;
use crate::http::parameters::{DELIVERY_LIST, WEBHOOK_LIST};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::{
    DeliveryList, DeliveryView, NewWebhookView, ReplayBody, ReplayView, RotateBody, WebhookBody, WebhookList,
    WebhookPatch, WebhookView, revision_tag,
};
use crate::services::webhooks::DeliveryFilter;
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post, put};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List webhooks
/// Without their secrets.
#[openapi(tag = "Administration")]
#[get("/admin/webhooks")]
pub async fn webhook_list(
    admin: May<WebhooksWrite>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<WebhookList>, Problem> {
    query.only(WEBHOOK_LIST)?;
    let from = query.one("cursor")?.map(|cursor| cursors.open::<WebhookId>("webhooks", cursor)).transpose()?;
    let page = shop.webhook_list(&admin.0, query.page_size()?, from)?;
    let links = query.links("admin/webhooks", cursors, "webhooks", page.next, page.previous);
    Ok(Answer::new(&WebhookList::new(page.items, links), Audience::Nobody))
}

/// # Read a webhook
#[openapi(tag = "Administration")]
#[get("/admin/webhooks/<id>")]
pub async fn webhook_get(
    admin: May<WebhooksWrite>,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<WebhookView>, Problem> {
    Ok(one(shop.webhook_get(&admin.0, webhook_id(id)?)?))
}

/// # Create a webhook
/// It is told of what happens from now on. The answer holds the secret that signs, this once: keep it. What is sent is
/// signed after Standard Webhooks; private addresses are refused.
#[openapi(tag = "Administration")]
#[post("/admin/webhooks", data = "<body>")]
pub async fn webhook_create(
    admin: May<WebhooksWrite>,
    body: Body<WebhookBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<NewWebhookView>, Problem> {
    let draft = Fields::read(&body.value, WebhookDraft::read)?;
    let made = shop.webhook_create(&admin.0, draft).await?;
    let (location, tag) = (format!("{BASE}/admin/webhooks/{}", made.kept.id), tag(&made.kept));
    Ok(Answer::new(&NewWebhookView::new(made), Audience::Nobody).with_etag(tag).created_at(location))
}

/// # Replace a webhook
/// All but its secret.
#[openapi(tag = "Administration")]
#[put("/admin/webhooks/<id>", data = "<body>")]
pub async fn webhook_replace(
    admin: May<WebhooksWrite>,
    id: &str,
    known: IfMatch,
    body: Body<WebhookBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<WebhookView>, Problem> {
    let draft = Fields::read(&body.value, WebhookDraft::read)?;
    Ok(one(shop.webhook_update(&admin.0, webhook_id(id)?, known.0, move |_| Ok(draft.clone())).await?))
}

/// # Change a webhook
/// A JSON merge patch (RFC 7396).
#[openapi(tag = "Administration")]
#[patch("/admin/webhooks/<id>", data = "<body>")]
pub async fn webhook_patch(
    admin: May<WebhooksWrite>,
    id: &str,
    known: IfMatch,
    body: Body<WebhookPatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<WebhookView>, Problem> {
    let edit = move |before: &Webhook| {
        let mut patched = before.draft.body();
        merge_patch(&mut patched, &body.value);
        Fields::read(&patched, WebhookDraft::read)
    };
    Ok(one(shop.webhook_update(&admin.0, webhook_id(id)?, known.0, edit).await?))
}

/// # Remove a webhook
/// What was on its way there is not sent any more.
#[openapi(tag = "Administration")]
#[delete("/admin/webhooks/<id>")]
pub async fn webhook_remove(
    admin: May<WebhooksWrite>,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.webhook_remove(&admin.0, webhook_id(id)?, known.0).await?;
    Ok(Nothing)
}

/// # Give a webhook a new secret
/// The answer holds it, this once. For `overlap_hours` (24 unless given) what is sent carries a signature by the secret
/// before it too, so that nothing is lost while the other side changes over; 0 ends that one at once.
#[openapi(tag = "Administration")]
#[post("/admin/webhooks/<id>/rotate-secret", data = "<body>")]
pub async fn webhook_rotate_secret(
    admin: May<WebhooksWrite>,
    id: &str,
    body: OptionalBody<RotateBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<NewWebhookView>, Problem> {
    let given = body.0.map_or_else(|| serde_json::json!({}), |body| body.value);
    let hours = Fields::read(&given, overlap_hours)?;
    let made = shop.webhook_rotate(&admin.0, webhook_id(id)?, hours).await?;
    let tag = tag(&made.kept);
    Ok(Answer::new(&NewWebhookView::new(made), Audience::Nobody).with_etag(tag))
}

/// # Try a webhook out
/// Sends it an event `webhook.test`, whatever it is told of otherwise; its deliveries show what became of it.
#[openapi(tag = "Administration")]
#[post("/admin/webhooks/<id>/test")]
pub async fn webhook_test(
    admin: May<WebhooksWrite>,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<DeliveryView>, Problem> {
    let delivery = shop.webhook_test(&admin.0, webhook_id(id)?).await?;
    Ok(Answer::new(&DeliveryView::new(delivery), Audience::Nobody))
}

/// # Tell a webhook again
/// Sends it the events of a stretch of time, again or for the first time, but for those that are on their way. Events
/// are kept for 30 days.
#[openapi(tag = "Administration")]
#[post("/admin/webhooks/<id>/replay", data = "<body>")]
pub async fn webhook_replay(
    admin: May<WebhooksWrite>,
    id: &str,
    body: Body<ReplayBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ReplayView>, Problem> {
    let range = Fields::read(&body.value, ReplayRange::read)?;
    let replayed = shop.webhook_replay(&admin.0, webhook_id(id)?, range).await?;
    Ok(Answer::new(&ReplayView { replayed }, Audience::Nobody))
}

/// # List the deliveries of a webhook
/// Newest first, with what came back last; kept for 30 days.
#[openapi(tag = "Administration")]
#[get("/admin/webhooks/<id>/deliveries")]
pub async fn delivery_list(
    admin: May<WebhooksWrite>,
    id: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<DeliveryList>, Problem> {
    query.only(DELIVERY_LIST)?;
    let (webhook, filter) = (webhook_id(id)?, filter(&query)?);
    let scope = format!("deliveries\u{1}{webhook}\u{1}{}", query.key_without(&["cursor", "page_size"]));
    let from = query.one("cursor")?.map(|cursor| cursors.open::<DeliveryId>(&scope, cursor)).transpose()?;
    let page = shop.delivery_list(&admin.0, webhook, filter, query.page_size()?, from)?;
    let path = format!("admin/webhooks/{webhook}/deliveries");
    let links = query.links(&path, cursors, &scope, page.next, page.previous);
    Ok(Answer::new(&DeliveryList::new(page.items, links), Audience::Nobody))
}

/// # Send a delivery again
/// With all its attempts before it; its `webhook-id` stays the same.
#[openapi(tag = "Administration")]
#[post("/admin/webhooks/<id>/deliveries/<delivery>/replay")]
pub async fn delivery_replay(
    admin: May<WebhooksWrite>,
    id: &str,
    delivery: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<DeliveryView>, Problem> {
    let delivery = DeliveryId::parse(delivery).ok_or(Error::NotFound("delivery"))?;
    let delivery = shop.delivery_replay(&admin.0, webhook_id(id)?, delivery).await?;
    Ok(Answer::new(&DeliveryView::new(delivery), Audience::Nobody))
}

fn filter(query: &Query) -> Result<DeliveryFilter, Problem> {
    Ok(DeliveryFilter {
        state: query.parsed("state", "waiting, delivered or failed", DeliveryState::parse)?,
        kind: query.parsed("type", "the name of an event such as order.placed", EventKind::parse)?,
    })
}

fn one(webhook: Webhook) -> Answer<WebhookView> {
    let tag = tag(&webhook);
    Answer::new(&WebhookView::new(webhook), Audience::Nobody).with_etag(tag)
}

/// How it does is shown too, though that is no change to it.
fn tag(webhook: &Webhook) -> String {
    let failing = webhook.failing_since.map_or(String::new(), |since| format!("-{}", since.millis()));
    revision_tag(Revision::of(webhook.version), &failing)
}

fn webhook_id(text: &str) -> Result<WebhookId, Problem> {
    WebhookId::parse(text).ok_or_else(|| Error::NotFound("webhook").into())
}
