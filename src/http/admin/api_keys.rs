//! `/admin/api-keys`: keys for integrations.

use crate::domain::{ApiKeyId, Fields};
use crate::http::BASE;
use crate::http::answer::{Answer, Audience, Managed, Nothing};
use crate::http::guards::{IfMatch, KeysManage, May};
use crate::http::json::Body;
use crate::http::page::CursorKey;
use crate::http::parameters::API_KEY_LIST;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::{ApiKeyBody, ApiKeyList, ApiKeyView, NewApiKeyView, revision_tag};
use crate::services::identity::{ApiKeyDraft, api_key_revision};
use crate::services::{Error, Shop};
use rocket::{delete, get, post};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List API keys
/// Without the keys themselves, which nobody can read again.
#[openapi(tag = "Administration")]
#[get("/admin/api-keys")]
pub async fn api_key_list(
    admin: May<KeysManage>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<ApiKeyList>, Problem> {
    query.only(API_KEY_LIST)?;
    let from = query.one("cursor")?.map(|cursor| cursors.open::<ApiKeyId>("api-keys", cursor)).transpose()?;
    let page = shop.api_key_list(&admin.0, query.page_size()?, from)?;
    let links = query.links("admin/api-keys", cursors, "api-keys", page.next, page.previous);
    Ok(Answer::new(&ApiKeyList::new(page.items, links), Audience::Nobody))
}

/// # Read an API key
#[openapi(tag = "Administration")]
#[get("/admin/api-keys/<id>")]
pub async fn api_key_get(
    admin: May<KeysManage>,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<ApiKeyView>, Problem> {
    let key = shop.api_key_get(&admin.0, api_key_id(id)?)?;
    let tag = revision_tag(api_key_revision(&key), "");
    Ok(Answer::new(&ApiKeyView::new(key), Audience::Nobody).with_etag(tag))
}

/// # Create an API key
/// The answer holds the key, this once: keep it. It is sent as `Authorization: Bearer nxk_…` and may do what its
/// scopes say.
#[openapi(tag = "Administration")]
#[post("/admin/api-keys", data = "<body>")]
pub async fn api_key_create(
    admin: May<KeysManage>,
    body: Body<ApiKeyBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<NewApiKeyView>, Problem> {
    let draft = Fields::read(&body.value, ApiKeyDraft::read)?;
    let made = shop.api_key_create(&admin.0, draft).await?;
    let location = format!("{BASE}/admin/api-keys/{}", made.kept.id);
    let tag = revision_tag(api_key_revision(&made.kept), "");
    Ok(Answer::new(&NewApiKeyView::new(made), Audience::Nobody).with_etag(tag).created_at(location))
}

/// # Revoke an API key
/// The next request with it is refused.
#[openapi(tag = "Administration")]
#[delete("/admin/api-keys/<id>")]
pub async fn api_key_revoke(
    admin: May<KeysManage>,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.api_key_revoke(&admin.0, api_key_id(id)?, known.0).await?;
    Ok(Nothing)
}

fn api_key_id(text: &str) -> Result<ApiKeyId, Problem> {
    ApiKeyId::parse(text).ok_or_else(|| Error::NotFound("API key").into())
}
