//! API keys as admins see them.

use super::{Moment, one_of};
use crate::domain::{ApiKeyId, Right};
use crate::http::query::Links;
use crate::services::identity::{ApiKey, NewApiKey};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::Serialize;

/// A right as a key has it.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Scope(&'static str);

impl JsonSchema for Scope {
    fn schema_name() -> String {
        "Scope".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(Right::ALL.iter().copied().filter_map(Right::scope))
    }
}

/// What is kept of a key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiKey")]
pub struct ApiKeyView {
    #[schemars(with = "i64")]
    id: ApiKeyId,
    /// What it is for.
    name: String,
    /// Its beginning, to tell keys apart.
    hint: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// Who made it.
    created_by: String,
    created_at: Moment,
    /// When it ends; null for never.
    expires_at: Option<Moment>,
}

impl ApiKeyView {
    /// The view of a key.
    pub fn new(key: ApiKey) -> Self {
        let ApiKey { id, name, hint, rights, created_by, created_at, expires_at } = key;
        let scopes = rights.scopes().into_iter().map(Scope).collect();
        let (created_at, expires_at) = (Moment(created_at), expires_at.map(Moment));
        Self { id, name, hint, scopes, created_by, created_at, expires_at }
    }
}

/// A key just made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewApiKey")]
pub struct NewApiKeyView {
    /// The key itself, shown this once.
    key: String,
    #[serde(flatten)]
    kept: ApiKeyView,
}

impl NewApiKeyView {
    /// The view of a new key.
    pub fn new(made: NewApiKey) -> Self {
        Self { key: made.key, kept: ApiKeyView::new(made.kept) }
    }
}

/// A page of keys.
#[derive(Serialize, JsonSchema)]
pub struct ApiKeyList {
    /// The keys in order of id.
    pub results: Vec<ApiKeyView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl ApiKeyList {
    /// The view of a page.
    pub fn new(keys: Vec<ApiKey>, links: Links) -> Self {
        Self { results: keys.into_iter().map(ApiKeyView::new).collect(), next: links.next, previous: links.previous }
    }
}
