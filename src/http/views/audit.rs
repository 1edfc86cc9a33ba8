//! Entries of the audit log as clients see them.

use super::Moment;
use crate::domain::audit::{AuditPosition, AuditRecord};
use crate::domain::{AuditId, Direction};
use crate::services::AuditPage;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// Something that somebody did.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub struct AuditEntryView {
    #[schemars(with = "i64")]
    id: AuditId,
    #[schemars(with = "String")]
    at: Moment,
    actor: AuditActor,
    /// What was done, such as `product.update`.
    action: String,
    /// What it was done to; null where that is no one thing.
    subject: Option<AuditSubject>,
    /// What changed, in brief.
    detail: Map<String, Value>,
    /// The client's address; null for what did not come over HTTP.
    client: Option<String>,
    /// The `X-Request-Id` of the request; null for what did not come over HTTP.
    request_id: Option<String>,
}

/// Who did it.
#[derive(Serialize, JsonSchema)]
struct AuditActor {
    /// `anonymous`, `user`, `api_key`, `owner` (the command line) or `shop` (its own chores).
    kind: String,
    /// Which user or key.
    id: Option<i64>,
    /// The role a user had then.
    role: Option<String>,
}

/// What it was done to.
#[derive(Serialize, JsonSchema)]
struct AuditSubject {
    /// What kind of thing.
    kind: String,
    /// Its id.
    id: Option<String>,
}

/// A page of the audit log.
#[derive(Serialize, JsonSchema)]
pub struct AuditList {
    /// The entries, newest first.
    pub results: Vec<AuditEntryView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl AuditList {
    /// The view of a page; `link` gives the address of what lies beyond one of its ends.
    pub fn new(page: &AuditPage, link: impl Fn(AuditPosition, Direction) -> String) -> Self {
        Self {
            results: page.items.iter().map(AuditEntryView::new).collect(),
            next: page.next.map(|position| link(position, Direction::Next)),
            previous: page.previous.map(|position| link(position, Direction::Previous)),
        }
    }
}

impl AuditEntryView {
    fn new(AuditRecord { id, entry, .. }: &AuditRecord) -> Self {
        let text = |text: &Option<std::borrow::Cow<'static, str>>| text.as_deref().map(str::to_owned);
        let kind = entry.subject_kind.clone();
        Self {
            id: *id,
            at: Moment(entry.at),
            actor: AuditActor { kind: entry.actor_kind.to_string(), id: entry.actor_id, role: text(&entry.actor_role) },
            action: entry.action.to_string(),
            subject: kind.map(|kind| AuditSubject { kind: kind.into_owned(), id: entry.subject_id.clone() }),
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
            client: entry.client.clone(),
            request_id: entry.request_id.clone(),
        }
    }
}
