//! What the API description says of the bodies about webhooks. The bodies themselves are read in `domain`.

// These types only describe: nothing builds or reads them.
#![expect(dead_code, reason = "the fields are read by the schema generator alone")]

use super::{EventType, Moment};
use schemars::JsonSchema;
use serde_json::{Value, json};

/// A webhook to be made.
#[derive(JsonSchema)]
#[schemars(rename = "WebhookInput", deny_unknown_fields)]
#[schemars(example = "webhook_example")]
pub struct WebhookBody {
    /// What it is for.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// A public address on https, on port 443, 8443, 80 or 8080.
    #[schemars(length(min = 1, max = 2000))]
    url: String,
    /// What it is told of; everything when this is empty or not given.
    #[schemars(length(max = 50))]
    events: Option<Vec<EventType>>,
    /// Whether it is told anything; true when not given.
    active: Option<bool>,
}

fn webhook_example() -> Value {
    json!({ "name": "Bookkeeping", "url": "https://hooks.example.com/nexus", "events": ["order.paid", "order.refunded"] })
}

/// Changes to a webhook (RFC 7396).
#[derive(JsonSchema)]
#[schemars(rename = "WebhookPatch", deny_unknown_fields)]
#[schemars(example = "webhook_patch_example")]
pub struct WebhookPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 100))]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 2000))]
    url: Option<String>,
    #[schemars(length(max = 50))]
    events: Option<Vec<EventType>>,
    active: Option<bool>,
}

fn webhook_patch_example() -> Value {
    json!({ "active": false })
}

/// How a secret is replaced.
#[derive(JsonSchema)]
#[schemars(rename = "RotateInput", deny_unknown_fields)]
#[schemars(example = "rotate_example")]
pub struct RotateBody {
    /// Hours for which the secret before it signs too; 24 when not given.
    #[schemars(range(min = 0, max = 168))]
    overlap_hours: Option<i64>,
}

fn rotate_example() -> Value {
    json!({ "overlap_hours": 48 })
}

/// What is to be told again.
#[derive(JsonSchema)]
#[schemars(rename = "ReplayInput", deny_unknown_fields)]
#[schemars(example = "replay_example")]
pub struct ReplayBody {
    /// Events from this moment on.
    from: Moment,
    /// Events before this one.
    to: Moment,
    /// Only these; those the webhook is told of when this is empty or not given.
    #[schemars(length(max = 50))]
    events: Option<Vec<EventType>>,
}

fn replay_example() -> Value {
    json!({ "from": "2026-01-31T00:00:00Z", "to": "2026-02-01T00:00:00Z" })
}
