//! SQL of endpoints that are told of events.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::webhook::{Webhook, WebhookDraft};
use crate::domain::{EventKind, Timestamp, WebhookId};

/// An endpoint that is to be told something, with what signs.
#[derive(Clone)]
pub struct ActiveWebhook {
    /// Its id.
    pub id: WebhookId,
    /// Where it is.
    pub url: String,
    /// What signs.
    pub secret: String,
    /// What signs too, until then.
    pub previous: Option<(String, Timestamp)>,
    /// Whether nothing has got through lately.
    pub failing: bool,
}

const WEBHOOK: &str = "select id, name, url, kinds, active, previous_until, failing_since, failing_reason, version, \
     created_at, updated_at from webhook";

fn webhook(row: &Row<'_>) -> RowResult<Webhook> {
    Ok(Webhook {
        id: row.get(0)?,
        draft: WebhookDraft {
            name: row.get(1)?,
            url: row.get(2)?,
            kinds: kinds_read(&row.get::<_, String>(3)?),
            active: row.get(4)?,
        },
        previous_until: row.get(5)?,
        failing_since: row.get(6)?,
        failing_reason: row.get(7)?,
        version: row.get(8)?,
        created_at: row.get(9)?,
        updated_at: row.get(10)?,
    })
}

/// A list of kinds as it is stored.
pub(super) fn kinds_text(kinds: &[EventKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    serde_json::to_string(&names).unwrap_or_else(|_| "[]".to_owned())
}

fn kinds_read(text: &str) -> Vec<EventKind> {
    let names: Vec<String> = serde_json::from_str(text).unwrap_or_default();
    names.iter().filter_map(|name| EventKind::parse(name)).collect()
}

impl ReadTx<'_> {
    /// One endpoint.
    pub fn webhook_by_id(&self, id: WebhookId) -> StoreResult<Option<Webhook>> {
        self.query_one(&format!("{WEBHOOK} where id = ?1"), [id], webhook)
    }

    /// A page of endpoints in order of id, from behind or before one.
    pub fn webhook_page(&self, from: Option<WebhookId>, backwards: bool, limit: usize) -> StoreResult<Vec<Webhook>> {
        let (sign, direction, start) = if backwards { ("<", "desc", i64::MAX) } else { (">", "asc", 0) };
        let sql = format!("{WEBHOOK} where id {sign} ?1 order by id {direction} limit ?2");
        self.query_all(&sql, params![from.map_or(start, WebhookId::get), limit], webhook)
    }

    /// How many endpoints there are.
    pub fn webhook_count(&self) -> StoreResult<i64> {
        self.query_number("select count(*) from webhook", [])
    }

    /// Whether anybody is to be told anything.
    pub fn webhook_any_active(&self) -> StoreResult<bool> {
        Ok(self.query_number("select exists (select 1 from webhook where active = 1)", [])? == 1)
    }

    /// The endpoints that are to be told something.
    pub fn webhook_active(&self) -> StoreResult<Vec<ActiveWebhook>> {
        let sql = "select id, url, secret, previous_secret, previous_until, failing_since is not null from webhook \
                   where active = 1 order by id";
        self.query_all(sql, [], |row| {
            let previous: Option<String> = row.get(3)?;
            let until: Option<Timestamp> = row.get(4)?;
            Ok(ActiveWebhook {
                id: row.get(0)?,
                url: row.get(1)?,
                secret: row.get(2)?,
                previous: previous.zip(until),
                failing: row.get(5)?,
            })
        })
    }
}

impl WriteTx<'_> {
    /// Adds an endpoint; it is told of what happens from now on.
    pub fn webhook_insert(&self, draft: &WebhookDraft, secret: &str, at: Timestamp) -> StoreResult<WebhookId> {
        let newest = self.events_seen()?;
        let sql = "insert into webhook (name, url, kinds, active, secret, since_event, created_at, updated_at) \
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
        let WebhookDraft { name, url, kinds, active } = draft;
        self.execute(sql, params![name, url, kinds_text(kinds), active, secret, newest, at])?;
        Ok(WebhookId::new(self.last_id()))
    }

    /// Overwrites an endpoint. One that is switched on is told of what happens from now on; one that is sent somewhere
    /// else does not count as failing any more.
    pub fn webhook_update(&self, id: WebhookId, draft: &WebhookDraft, at: Timestamp) -> StoreResult<()> {
        let newest = self.events_seen()?;
        let sql = "update webhook set name = ?2, kinds = ?4, active = ?5, updated_at = ?7, version = version + 1, \
                   since_event = iif(?5 = 1 and active = 0, ?6, since_event), \
                   failing_since = iif(url = ?3, failing_since, null), \
                   failing_reason = iif(url = ?3, failing_reason, null), url = ?3 where id = ?1";
        let WebhookDraft { name, url, kinds, active } = draft;
        self.execute(sql, params![id, name, url, kinds_text(kinds), active, newest, at]).map(drop)
    }

    /// Gives an endpoint a new secret; the one before signs too until then.
    pub fn webhook_rotate(&self, id: WebhookId, secret: &str, until: Timestamp, at: Timestamp) -> StoreResult<()> {
        let sql = "update webhook set previous_secret = secret, previous_until = ?3, secret = ?2, updated_at = ?4, \
                   version = version + 1 where id = ?1";
        self.execute(sql, params![id, secret, until, at]).map(drop)
    }

    /// Notes that something got through to an endpoint.
    pub fn webhook_works(&self, id: WebhookId) -> StoreResult<()> {
        let sql = "update webhook set failing_since = null, failing_reason = null \
                   where id = ?1 and failing_since is not null";
        self.execute(sql, [id]).map(drop)
    }

    /// Notes that something did not get through, and why.
    pub fn webhook_fails(&self, id: WebhookId, why: &str, at: Timestamp) -> StoreResult<()> {
        let sql = "update webhook set failing_since = coalesce(failing_since, ?3), failing_reason = ?2 where id = ?1";
        self.execute(sql, params![id, why, at]).map(drop)
    }

    /// Has an endpoint that is about to be removed told nothing more.
    pub fn webhook_silence(&self, id: WebhookId) -> StoreResult<()> {
        self.execute("update webhook set active = 0 where id = ?1", [id]).map(drop)
    }

    /// Removes an endpoint with all deliveries to it.
    pub fn webhook_delete(&self, id: WebhookId) -> StoreResult<()> {
        self.execute("delete from webhook where id = ?1", [id]).map(drop)
    }
}
