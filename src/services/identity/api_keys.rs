//! Keys for integrations: rights without a person, shown once, kept as a hash.

use super::callers::KEY_PREFIX;
use super::secret::Secret;
use crate::domain::audit::Subject;
use crate::domain::catalog::Revision;
use crate::domain::page::Page;
use crate::domain::{ApiKeyId, Direction, Fields, Invalid, PageSize, Right, Rights, Timestamp};
use crate::services::catalog::Preconditions;
use crate::services::{Ctx, Error, Outcome, Shop};
use serde_json::json;

pub use crate::store::ApiKeyRow as ApiKey;

/// Keys a shop may have at once.
const MOST_KEYS: i64 = 1_000;

const API_KEY: Error = Error::NotFound("API key");

/// Which state of a key this is. A key never changes, so its beginning tells it from any other.
pub fn api_key_revision(key: &ApiKey) -> Revision {
    Revision::of(key.created_at.millis())
}

/// A key about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyDraft {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub rights: Rights,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

impl ApiKeyDraft {
    /// Reads the body of a key.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        for name in ["name", "scopes"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        let scopes = fields.list("scopes", 100, crate::domain::account::scope).unwrap_or_default();
        if scopes.is_empty() && fields.has("scopes") {
            fields.wrong("scopes", "too_short", "must name at least one scope");
        }
        Self {
            name: fields.text("name", 1..=100).unwrap_or_default(),
            rights: scopes.into_iter().fold(Rights::default(), Rights::with),
            expires_at: fields.parsed("expires_at", "a time such as 2027-01-31T00:00:00Z", Timestamp::parse),
        }
    }
}

/// A key just made, with the only sight of it there will be.
pub struct NewApiKey {
    /// The key itself.
    pub key: String,
    /// What is kept of it.
    pub kept: ApiKey,
}

impl Shop {
    /// A page of keys in order of id.
    pub fn api_key_list(
        &self,
        ctx: &Ctx,
        size: PageSize,
        from: Option<(ApiKeyId, Direction)>,
    ) -> Outcome<Page<ApiKey, ApiKeyId>> {
        ctx.require(Right::KeysManage)?;
        self.page_read(size, from, |tx, start, backwards, most| tx.api_key_page(start, backwards, most), |key| key.id)
    }

    /// One key.
    pub fn api_key_get(&self, ctx: &Ctx, id: ApiKeyId) -> Outcome<ApiKey> {
        ctx.require(Right::KeysManage)?;
        self.store.read(|tx| tx.api_key_by_id(id)?.ok_or(API_KEY))
    }

    /// Makes a key.
    pub async fn api_key_create(&self, ctx: &Ctx, draft: ApiKeyDraft) -> Outcome<NewApiKey> {
        ctx.require(Right::KeysManage)?;
        if draft.expires_at.is_some_and(|at| at <= ctx.now) {
            return Err(Invalid::one("expires_at", "in_the_past", "must be in the future").into());
        }
        let secret = Secret::new();
        let key = format!("{KEY_PREFIX}{}", secret.text());
        let new = ApiKey {
            id: ApiKeyId::new(0),
            name: draft.name,
            hint: key[..KEY_PREFIX.len() + 6].to_owned(),
            rights: draft.rights,
            created_by: ctx.actor_name(),
            created_at: ctx.now,
            expires_at: draft.expires_at,
        };
        let ctx = ctx.clone();
        let kept = self.store.write(move |tx| {
            if tx.api_key_count()? >= MOST_KEYS {
                let detail = format!("a shop has at most {MOST_KEYS} API keys: revoke one first");
                return Err(Error::Conflict("too_many", detail, Vec::new()));
            }
            let id = tx.api_key_insert(&new, &secret.hash())?;
            tx.audit(&ctx.entry("api_key.create", Subject::from(id), &json!({ "scopes": new.rights.scopes() })))?;
            tx.api_key_by_id(id)?.ok_or(API_KEY)
        });
        Ok(NewApiKey { key, kept: kept.await? })
    }

    /// Revokes a key; the next request with it is refused.
    pub async fn api_key_revoke(&self, ctx: &Ctx, id: ApiKeyId, known: Preconditions) -> Outcome<()> {
        ctx.require(Right::KeysManage)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                known.check(api_key_revision(&tx.api_key_by_id(id)?.ok_or(API_KEY)?))?;
                tx.api_key_delete(id)?;
                Ok(tx.audit(&ctx.entry("api_key.revoke", Subject::from(id), &json!({})))?)
            })
            .await
    }
}
