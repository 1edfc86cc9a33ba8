//! Entries of the audit log as clients see them.

use super::{Moment, one_of};
use crate::domain::audit::{ACTOR_KINDS, AuditRecord};
use crate::domain::{AuditId, Role};
use crate::http::query::Links;
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::Serialize;
use serde_json::{Map, Value};

/// Something that somebody did.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub struct AuditEntryView {
    #[schemars(with = "i64")]
    id: AuditId,
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
    /// `owner` is the command line, `shop` its own chores.
    #[schemars(schema_with = "actor_kind")]
    kind: String,
    /// Which user or key.
    id: Option<i64>,
    /// The role a user had then.
    role: Option<Role>,
}

fn actor_kind(_: &mut SchemaGenerator) -> Schema {
    one_of(ACTOR_KINDS)
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
    /// The view of a page.
    pub fn new(records: &[AuditRecord], links: Links) -> Self {
        Self { results: records.iter().map(AuditEntryView::new).collect(), next: links.next, previous: links.previous }
    }
}

impl AuditEntryView {
    fn new(AuditRecord { id, entry, .. }: &AuditRecord) -> Self {
        let kind = entry.subject_kind.clone();
        let role = entry.actor_role.as_deref().and_then(Role::parse);
        Self {
            id: *id,
            at: Moment(entry.at),
            actor: AuditActor { kind: entry.actor_kind.to_string(), id: entry.actor_id, role },
            action: entry.action.to_string(),
            subject: kind.map(|kind| AuditSubject { kind: kind.into_owned(), id: entry.subject_id.clone() }),
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
            client: entry.client.clone(),
            request_id: entry.request_id.clone(),
        }
    }
}
