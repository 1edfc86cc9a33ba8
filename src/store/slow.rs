//! Statements that take long, for the log: what was run and which way the engine went, never with a value of anybody's.
//! The text of a statement is the program's own; whatever a user sent is a parameter of it.

use crate::counters::{Count, Counters};
use rusqlite::Connection;
use std::time::Duration;

/// Letters of a statement that are logged.
const MOST_LETTERS: usize = 2_000;

/// Looks how long statements take.
#[derive(Clone, Copy)]
pub(super) struct Watch<'c> {
    after: Duration,
    counters: &'c Counters,
}

impl<'c> Watch<'c> {
    /// Looks for those that take longer than this; for none when it is zero.
    pub(super) fn new(after: Duration, counters: &'c Counters) -> Option<Self> {
        (!after.is_zero()).then_some(Self { after, counters })
    }

    /// Counts a statement that took long, and logs one of them a second.
    pub(super) fn look(&self, connection: &Connection, sql: &str, took: Duration) {
        if took < self.after {
            return;
        }
        self.counters.one(Count::SlowReads);
        if !self.counters.may_tell(crate::clock::now().millis().unsigned_abs() / 1_000) {
            return;
        }
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let text: String = sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MOST_LETTERS).collect();
        let plan = plan(connection, sql).unwrap_or_else(|error| format!("not known: {error}"));
        tracing::warn!(target: "nexus::slow", took_ms, sql = %text, %plan, "a statement took long");
    }
}

/// The way the engine goes. The parameters are left empty, which changes nothing about it.
fn plan(connection: &Connection, sql: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(&format!("explain query plan {sql}"))?;
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(row.get::<_, String>(3)?);
    }
    Ok(steps.join("; "))
}
