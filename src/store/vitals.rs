//! SQL of what is looked at to see how the shop is doing. All of it is quick in a large shop, too.

use super::error::StoreResult;
use super::tx::{ReadTx, params};
use crate::domain::{JobState, Money, Timestamp};

/// How many jobs of a kind are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobTally {
    /// Of which kind.
    pub kind: String,
    /// In which state.
    pub state: JobState,
    /// How many.
    pub number: u64,
}

impl ReadTx<'_> {
    /// The jobs there are, by kind and state.
    pub fn job_tally(&self) -> StoreResult<Vec<JobTally>> {
        let sql = "select kind, state, count(*) from job group by kind, state order by kind, state";
        self.query_all(sql, [], |row| {
            Ok(JobTally {
                kind: row.get(0)?,
                state: JobState::parse(&row.get::<_, String>(1)?).unwrap_or(JobState::Dead),
                number: row.get::<_, i64>(2)?.unsigned_abs(),
            })
        })
    }

    /// Since when the oldest event waits that somebody is to be told of: for its deliveries to be made, or for an
    /// attempt that is due.
    pub fn outbox_waits_since(&self) -> StoreResult<Option<Timestamp>> {
        let due = "select min(next_at) from webhook_delivery where state = 'waiting'";
        let due: Option<Timestamp> = self.query_one(due, [], |row| row.get(0))?.flatten();
        let new = if self.webhook_any_active()? { self.event_first_new()? } else { None };
        Ok(due.into_iter().chain(new).min())
    }

    /// How many orders were placed since a moment, and what they come to.
    pub fn orders_since(&self, since: Timestamp) -> StoreResult<(u64, Money)> {
        let sql = "select count(*), coalesce(sum(total), 0) from shop_order where placed_at >= ?1 \
                   and status not in ('draft', 'cancelled')";
        let read = self.query_one(sql, params![since], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
        Ok(read.map_or((0, Money::from_minor(0)), |(number, total)| (number.unsigned_abs(), total)))
    }
}
