//! SQL of deliveries: which event is on its way to which endpoint.
//!
//! An attempt belongs to whoever claimed it: a word about an attempt changes nothing once another one was claimed, or
//! somebody asked for the delivery again.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use super::webhook::kinds_text;
use crate::domain::webhook::{Delivery, DeliveryState, ReplayRange};
use crate::domain::{DeliveryId, EventId, EventKind, Timestamp, WebhookId};
use std::time::Duration;

/// How long an attempt may take; after that, should its process be gone, it is made again.
const LEASE: Duration = Duration::from_secs(60);

/// Which deliveries a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only those that stand so.
    pub state: Option<DeliveryState>,
    /// Only those of this kind of event.
    pub kind: Option<EventKind>,
}

/// An attempt to be made now.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// Which delivery.
    pub id: DeliveryId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The event.
    pub event: EventId,
    /// Its kind.
    pub kind: String,
    /// What it says, as JSON.
    pub payload: String,
    /// When it happened.
    pub happened_at: Timestamp,
}

/// What an attempt came to.
#[derive(Clone, Debug, Default)]
pub struct AttemptNote {
    /// How the delivery stands now.
    pub state: Option<DeliveryState>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub response: Option<String>,
    /// When it is tried again.
    pub next_at: Option<Timestamp>,
}

const DELIVERY: &str = "select id, webhook_id, event_id, kind, state, attempts, replays, last_status, last_error, \
     response, next_at, created_at, updated_at, \
     (select e.created_at from event e where e.id = webhook_delivery.event_id) from webhook_delivery";

fn delivery(row: &Row<'_>) -> RowResult<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        webhook: row.get(1)?,
        event: row.get(2)?,
        kind: row.get(3)?,
        state: DeliveryState::parse(&row.get::<_, String>(4)?).unwrap_or(DeliveryState::Failed),
        attempts: row.get(5)?,
        replays: row.get(6)?,
        last_status: row.get(7)?,
        last_error: row.get(8)?,
        response: row.get(9)?,
        next_at: row.get(10)?,
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
        happened_at: row.get(13)?,
    })
}

/// A page of deliveries to ?1: beyond ?2, at most ?3, of state ?4 and kind ?5.
fn page(filter: DeliveryFilter, backwards: bool) -> String {
    let (sign, direction) = if backwards { (">", "asc") } else { ("<", "desc") };
    let state = if filter.state.is_some() { "state = ?4" } else { "?4 is null" };
    let kind = if filter.kind.is_some() { "kind = ?5" } else { "?5 is null" };
    format!("{DELIVERY} where webhook_id = ?1 and id {sign} ?2 and {state} and {kind} order by id {direction} limit ?3")
}

impl ReadTx<'_> {
    /// One delivery to an endpoint.
    pub fn delivery_by_id(&self, webhook: WebhookId, id: DeliveryId) -> StoreResult<Option<Delivery>> {
        self.query_one(&format!("{DELIVERY} where id = ?1 and webhook_id = ?2"), params![id, webhook], delivery)
    }

    /// A page of the deliveries to an endpoint, newest first, from behind or before one.
    pub fn delivery_page(
        &self,
        webhook: WebhookId,
        filter: DeliveryFilter,
        from: Option<DeliveryId>,
        backwards: bool,
        limit: usize,
    ) -> StoreResult<Vec<Delivery>> {
        let start = from.map_or(if backwards { 0 } else { i64::MAX }, DeliveryId::get);
        let (state, kind) = (filter.state.map(DeliveryState::as_str), filter.kind.map(EventKind::as_str));
        self.query_all(&page(filter, backwards), params![webhook, start, limit, state, kind], delivery)
    }

    /// How the engine goes about a page of deliveries, for tests.
    pub fn delivery_plan(&self, filter: DeliveryFilter, backwards: bool) -> StoreResult<Vec<String>> {
        let (state, kind) = (filter.state.map(DeliveryState::as_str), filter.kind.map(EventKind::as_str));
        let sql = format!("explain query plan {}", page(filter, backwards));
        self.query_all(&sql, params![1, 0, 21, state, kind], |row| row.get(3))
    }

    /// The deliveries to an endpoint that are due, the longest due first.
    pub fn delivery_due(&self, webhook: WebhookId, now: Timestamp, most: usize) -> StoreResult<Vec<DeliveryId>> {
        let sql = "select id from webhook_delivery where webhook_id = ?1 and state = 'waiting' and next_at <= ?2 \
                   order by next_at, id limit ?3";
        self.query_all(sql, params![webhook, now, most], |row| row.get(0))
    }

    /// When the next delivery is due to any endpoint that is told anything.
    pub fn delivery_next_at(&self) -> StoreResult<Option<Timestamp>> {
        let sql = "select min((select min(d.next_at) from webhook_delivery d where d.webhook_id = w.id \
                   and d.state = 'waiting')) from webhook w where w.active = 1";
        Ok(self.query_one(sql, [], |row| row.get(0))?.flatten())
    }

    /// The events that a replay tells again, the oldest first. It may read all that happened in its stretch of time.
    pub fn replay_events(&self, range: &ReplayRange, most: usize) -> StoreResult<Vec<EventId>> {
        let sql = "select id from event where created_at >= ?1 and created_at < ?2 and kind <> ?3 \
                   and (?4 = '[]' or kind in (select value from json_each(?4))) order by created_at, id limit ?5";
        let kinds = kinds_text(&range.kinds);
        let test = EventKind::WebhookTest.as_str();
        self.query_all(sql, params![range.from, range.to, test, kinds, most], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Sends an event to one endpoint.
    pub fn delivery_insert(
        &self,
        webhook: WebhookId,
        event: EventId,
        kind: EventKind,
        at: Timestamp,
    ) -> StoreResult<DeliveryId> {
        let sql = "insert into webhook_delivery (webhook_id, event_id, kind, next_at, created_at, updated_at) \
                   values (?1, ?2, ?3, ?4, ?4, ?4)";
        self.execute(sql, params![webhook, event, kind.as_str(), at])?;
        Ok(DeliveryId::new(self.last_id()))
    }

    /// Claims the next attempt of a delivery; none when it does not wait.
    pub fn delivery_claim(&self, id: DeliveryId, now: Timestamp) -> StoreResult<Option<ClaimedDelivery>> {
        let claim = "update webhook_delivery set attempts = attempts + 1, next_at = ?2, updated_at = ?3 \
                     where id = ?1 and state = 'waiting'";
        self.execute(claim, params![id, now.plus(LEASE), now])?;
        let sql = "select d.attempts, d.event_id, e.kind, e.payload, e.created_at from webhook_delivery d \
                   join event e on e.id = d.event_id where d.id = ?1 and d.state = 'waiting'";
        self.query_one(sql, [id], |row| {
            Ok(ClaimedDelivery {
                id,
                attempt: row.get(0)?,
                event: row.get(1)?,
                kind: row.get(2)?,
                payload: row.get(3)?,
                happened_at: row.get(4)?,
            })
        })
    }

    /// Notes what an attempt came to; false when it no longer counts.
    pub fn delivery_note(&self, id: DeliveryId, attempt: u32, note: &AttemptNote, now: Timestamp) -> StoreResult<bool> {
        let AttemptNote { state, status, error, response, next_at } = note;
        let state = state.unwrap_or(DeliveryState::Waiting).as_str();
        let sql = "update webhook_delivery set state = ?3, last_status = ?4, last_error = ?5, response = ?6, \
                   next_at = ?7, updated_at = ?8 where id = ?1 and attempts = ?2 and state = 'waiting'";
        Ok(self.execute(sql, params![id, attempt, state, status, error, response, next_at, now])? == 1)
    }

    /// Sends a delivery again, with all its attempts before it.
    pub fn delivery_replay(&self, id: DeliveryId, now: Timestamp) -> StoreResult<()> {
        let sql = "update webhook_delivery set state = 'waiting', attempts = 0, replays = replays + 1, next_at = ?2, \
                   updated_at = ?2 where id = ?1";
        self.execute(sql, params![id, now]).map(drop)
    }

    /// Sends events to an endpoint, again or for the first time, but for those that are on their way or gone; tells how
    /// many.
    pub fn replay(&self, webhook: WebhookId, events: &[EventId], now: Timestamp) -> StoreResult<usize> {
        let sql = "insert into webhook_delivery (webhook_id, event_id, kind, next_at, created_at, updated_at) \
                   select ?1, id, kind, ?2, ?2, ?2 from event where id in (select value from json_each(?3)) order by id \
                   on conflict (event_id, webhook_id) do update set state = 'waiting', attempts = 0, \
                   replays = replays + 1, next_at = excluded.next_at, updated_at = excluded.updated_at \
                   where state <> 'waiting'";
        let events: Vec<i64> = events.iter().map(|event| event.get()).collect();
        let events = serde_json::to_string(&events).unwrap_or_else(|_| "[]".to_owned());
        self.execute(sql, params![webhook, now, events])
    }

    /// Deletes deliveries to which nothing has happened since a moment, at most so many; tells how many, and how many of
    /// them were still waiting.
    pub fn delivery_sweep(&self, before: Timestamp, most: usize) -> StoreResult<(usize, i64)> {
        let waiting = "select count(*) from (select state from webhook_delivery where updated_at < ?1 \
                       order by updated_at, id limit ?2) where state = 'waiting'";
        let waiting = self.query_number(waiting, params![before, most])?;
        let sql = "delete from webhook_delivery where id in \
                   (select id from webhook_delivery where updated_at < ?1 order by updated_at, id limit ?2)";
        Ok((self.execute(sql, params![before, most])?, waiting))
    }

    /// Deletes deliveries to an endpoint, whatever became of them, at most so many; tells how many.
    pub fn delivery_forget(&self, webhook: WebhookId, most: usize) -> StoreResult<usize> {
        let sql = "delete from webhook_delivery where id in \
                   (select id from webhook_delivery where webhook_id = ?1 order by id limit ?2)";
        self.execute(sql, params![webhook, most])
    }
}
