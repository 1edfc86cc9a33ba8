//! SQL of events: what happened and is to be told to others.

use super::error::StoreResult;
use super::tx::{ReadTx, WriteTx, params};
use crate::domain::audit::Subject;
use crate::domain::{EventId, EventKind, Job, Timestamp};
use serde_json::Value;

/// The key under which there is at most one job that delivers.
const DELIVER: &str = "deliver";
/// Up to which event everybody has been told.
const ANNOUNCED: &str = "events.announced";

impl ReadTx<'_> {
    /// The newest event there is; 0 when there is none.
    fn event_newest(&self) -> StoreResult<i64> {
        self.query_number("select coalesce(max(id), 0) from event", [])
    }

    /// Up to which event deliveries have been made.
    fn events_announced(&self) -> StoreResult<i64> {
        Ok(self.setting(ANNOUNCED)?.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Whether somebody is to be told of an event and no job is at it or due: where many things happen at once, all but
    /// the first are spared the job.
    fn deliver_is_missing(&self, now: Timestamp) -> StoreResult<bool> {
        let sql = "select exists (select 1 from webhook where active = 1) and not exists \
                   (select 1 from job where dedupe = ?1 and (state = 'running' or run_at <= ?2))";
        Ok(self.query_number(sql, params![DELIVER, now])? == 1)
    }

    /// When the first event happened for which no deliveries have been made yet.
    pub(super) fn event_first_new(&self) -> StoreResult<Option<Timestamp>> {
        let sql = "select created_at from event where id > ?1 order by id limit 1";
        self.query_one(sql, [self.events_announced()?], |row| row.get(0))
    }

    /// Whether there are events for which no deliveries have been made yet.
    pub fn events_are_new(&self) -> StoreResult<bool> {
        Ok(self.event_newest()? > self.events_announced()?)
    }
}

impl WriteTx<'_> {
    /// Adds an event, to be told if and when this transaction commits. The payload is small: ids, a number, a status,
    /// totals; whoever is told reads the rest. While nobody is to be told there is no job for it either.
    pub fn event_add(
        &self,
        kind: EventKind,
        subject: impl Into<Subject>,
        payload: &Value,
        now: Timestamp,
    ) -> StoreResult<EventId> {
        let subject = subject.into();
        let sql = "insert into event (kind, subject_kind, subject_id, payload, created_at) values (?1, ?2, ?3, ?4, ?5)";
        self.execute(sql, params![kind.as_str(), subject.kind, subject.id, payload.to_string(), now])?;
        let id = EventId::new(self.last_id());
        if self.deliver_is_missing(now)? {
            self.deliver_by(now, now)?;
        }
        Ok(id)
    }

    /// Makes sure that a job delivers at a time or sooner.
    pub fn deliver_by(&self, at: Timestamp, now: Timestamp) -> StoreResult<()> {
        self.job_hurry(&Job::Deliver, now, at, DELIVER)
    }

    /// For the job that delivers, as it ends: lets the next one be added.
    pub fn deliver_again(&self) -> StoreResult<()> {
        self.job_key_free(DELIVER)
    }

    /// Makes a delivery of each new event to each endpoint that wants it, at most so many events at once; tells whether
    /// there are more.
    pub fn events_announce(&self, most: i64, now: Timestamp) -> StoreResult<bool> {
        let (from, newest) = (self.events_announced()?, self.event_newest()?);
        if newest <= from {
            return Ok(false);
        }
        let last = "select max(id) from (select id from event where id > ?1 order by id limit ?2)";
        let to = self.query_number(last, params![from, most])?;
        let sql = "insert into webhook_delivery (webhook_id, event_id, kind, next_at, created_at, updated_at) \
                   select w.id, e.id, e.kind, ?3, ?3, ?3 from event e cross join webhook w \
                   where e.id > ?1 and e.id <= ?2 and e.kind <> ?4 and w.active = 1 and e.id > w.since_event \
                   and (w.kinds = '[]' or e.kind in (select value from json_each(w.kinds))) \
                   order by e.id, w.id on conflict (event_id, webhook_id) do nothing";
        self.execute(sql, params![from, to, now, EventKind::WebhookTest.as_str()])?;
        self.setting_put(ANNOUNCED, &to.to_string())?;
        Ok(to < newest)
    }

    /// The newest event, for an endpoint that is to be told of later ones only. While nobody was told of any, nobody
    /// need look at those before it either.
    pub(super) fn events_seen(&self) -> StoreResult<i64> {
        let newest = self.event_newest()?;
        if !self.webhook_any_active()? {
            self.setting_put(ANNOUNCED, &newest.to_string())?;
        }
        Ok(newest)
    }

    /// Deletes events older than a moment that are on their way nowhere, at most so many; tells how many.
    pub fn event_sweep(&self, before: Timestamp, most: usize) -> StoreResult<usize> {
        let sql = "delete from event where id in (select id from event e where created_at < ?1 and not exists \
                   (select 1 from webhook_delivery d where d.event_id = e.id) order by created_at limit ?2)";
        self.execute(sql, params![before, most])
    }
}
