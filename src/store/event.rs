//! SQL of events: what happened and is to be told to others.

use super::error::StoreResult;
use super::tx::{WriteTx, params};
use crate::domain::audit::Subject;
use crate::domain::event::EventKind;
use crate::domain::{EventId, Job, Timestamp};
use serde_json::Value;

/// The key under which there is at most one job that delivers.
pub const DELIVER: &str = "deliver";

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
        if self.query_number("select exists (select 1 from webhook where active = 1)", [])? == 1 {
            self.job_hurry(&Job::Deliver, now, now, DELIVER)?;
        }
        Ok(id)
    }
}
