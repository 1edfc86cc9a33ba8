//! Webhooks and their deliveries as admins see them.

use super::{Moment, one_of};
use crate::domain::webhook::{Delivery, DeliveryState, Webhook, WebhookDraft, event_name};
use crate::domain::{DeliveryId, EventKind, WebhookId};
use crate::http::query::Links;
use crate::services::webhooks::NewWebhook;
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::Serialize;

/// The name of an event that a webhook can ask for.
#[derive(Serialize)]
#[serde(transparent)]
pub struct EventType(&'static str);

impl JsonSchema for EventType {
    fn schema_name() -> String {
        "EventType".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(EventKind::ALL.iter().filter(|kind| **kind != EventKind::WebhookTest).map(|kind| kind.as_str()))
    }
}

/// Somebody who is told of events.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
pub struct WebhookView {
    #[schemars(with = "i64")]
    id: WebhookId,
    /// What it is for.
    name: String,
    /// Where events are sent.
    url: String,
    /// What it is told of; everything when this is empty.
    events: Vec<EventType>,
    /// Whether it is told anything.
    active: bool,
    /// Until when the secret before the current one signs too; null when none does.
    previous_secret_until: Option<Moment>,
    /// Since when nothing has got through; null while all is well.
    failing_since: Option<Moment>,
    /// Why not.
    failing_reason: Option<String>,
    created_at: Moment,
    updated_at: Moment,
}

impl WebhookView {
    /// The view of a webhook.
    pub fn new(webhook: Webhook) -> Self {
        let Webhook { id, draft, previous_until, failing_since, failing_reason, created_at, updated_at, .. } = webhook;
        let WebhookDraft { name, url, kinds, active } = draft;
        Self {
            id,
            name,
            url,
            events: kinds.into_iter().map(|kind| EventType(kind.as_str())).collect(),
            active,
            previous_secret_until: previous_until.map(Moment),
            failing_since: failing_since.map(Moment),
            failing_reason,
            created_at: Moment(created_at),
            updated_at: Moment(updated_at),
        }
    }
}

/// A webhook with a new secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewWebhook")]
pub struct NewWebhookView {
    /// What signs, shown this once.
    secret: String,
    #[serde(flatten)]
    kept: WebhookView,
}

impl NewWebhookView {
    /// The view of a webhook with a new secret.
    pub fn new(made: NewWebhook) -> Self {
        Self { secret: made.secret, kept: WebhookView::new(made.kept) }
    }
}

/// A page of webhooks.
#[derive(Serialize, JsonSchema)]
pub struct WebhookList {
    /// The webhooks in order of id.
    pub results: Vec<WebhookView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl WebhookList {
    /// The view of a page.
    pub fn new(webhooks: Vec<Webhook>, links: Links) -> Self {
        let results = webhooks.into_iter().map(WebhookView::new).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}

/// One event on its way to a webhook.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
pub struct DeliveryView {
    #[schemars(with = "i64")]
    id: DeliveryId,
    /// The event, as `webhook-id` names it.
    event: String,
    /// What kind of event.
    #[serde(rename = "type")]
    kind: String,
    /// `waiting` for its next attempt, `delivered`, or `failed` in all.
    #[schemars(schema_with = "delivery_state")]
    state: DeliveryState,
    /// How often it has been tried since it was last asked for.
    attempts: u32,
    /// How often somebody asked for it again.
    replays: u32,
    /// The status of the last answer; null when there was none.
    last_status: Option<u16>,
    /// Why the last attempt failed.
    last_error: Option<String>,
    /// The beginning of the last answer.
    response: Option<String>,
    /// When it is tried next.
    next_at: Option<Moment>,
    created_at: Moment,
    updated_at: Moment,
}

fn delivery_state(_: &mut SchemaGenerator) -> Schema {
    one_of(DeliveryState::ALL.map(DeliveryState::as_str))
}

impl DeliveryView {
    /// The view of a delivery.
    pub fn new(delivery: Delivery) -> Self {
        let Delivery { id, event, happened_at, kind, state, attempts, replays, last_status, .. } = delivery;
        let Delivery { last_error, response, .. } = delivery;
        Self {
            id,
            event: event_name(event, happened_at),
            kind,
            state,
            attempts,
            replays,
            last_status,
            last_error,
            response,
            next_at: delivery.next_at.map(Moment),
            created_at: Moment(delivery.created_at),
            updated_at: Moment(delivery.updated_at),
        }
    }
}

/// A page of deliveries.
#[derive(Serialize, JsonSchema)]
pub struct DeliveryList {
    /// The deliveries, newest first.
    pub results: Vec<DeliveryView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl DeliveryList {
    /// The view of a page.
    pub fn new(deliveries: Vec<Delivery>, links: Links) -> Self {
        let results = deliveries.into_iter().map(DeliveryView::new).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}

/// What a replay does.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Replay")]
pub struct ReplayView {
    /// How many events are sent.
    pub replayed: usize,
}
