//! SQL of the queue of jobs and of the schedule of chores.
//!
//! A job belongs to whoever claimed its newest attempt: every later word about it names that attempt and changes
//! nothing when another one has been claimed since.

use super::error::{StoreError, StoreResult};
use super::tx::{ReadTx, Row, RowResult, Value, WriteTx, params};
use crate::domain::job::{LEASE, MOST_ATTEMPTS};
use crate::domain::{Change, Claim, Job, JobId, JobState, Timestamp, UserId};
use std::time::Duration;

/// Jobs that may wait; more are refused.
pub const MOST_WAITING: i64 = 100_000;
/// Dead jobs that are kept.
pub const MOST_DEAD: i64 = 10_000;
/// How long a dead job is kept.
pub const DEAD_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// The most bytes of an error that are kept.
const ERROR_BYTES: usize = 500;

/// A job that somebody is to do now.
#[derive(Debug)]
pub struct ClaimedJob {
    /// Which, and which attempt.
    pub claim: Claim,
    /// The name of its kind.
    pub kind: String,
    /// What it needs, as JSON.
    pub payload: String,
}

/// A job as people see it; without its payload, which may hold personal data.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// The name of its kind.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// When it is due.
    pub run_at: Timestamp,
    /// How often it has been tried.
    pub attempts: u32,
    /// Why it failed last.
    pub last_error: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
}

/// A chore as the schedule knows it.
#[derive(Clone, Debug)]
pub struct ScheduleRow {
    /// Its name.
    pub name: String,
    /// When it is down for.
    pub next_at: Timestamp,
    /// When it last ran.
    pub last_run_at: Option<Timestamp>,
    /// Why its last run failed, if it did.
    pub last_error: Option<String>,
}

const JOB: &str = "select id, kind, state, run_at, attempts, last_error, created_at, updated_at from job";

fn job(row: &Row<'_>) -> RowResult<JobRow> {
    Ok(JobRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        state: JobState::parse(&row.get::<_, String>(2)?).unwrap_or(JobState::Dead),
        run_at: row.get(3)?,
        attempts: row.get(4)?,
        last_error: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

impl ReadTx<'_> {
    /// The newest jobs, of one state or of all.
    pub fn job_list(&self, state: Option<JobState>, most: u32) -> StoreResult<Vec<JobRow>> {
        let sql = format!("{JOB} where ?1 is null or state = ?1 order by id desc limit ?2");
        self.query_all(&sql, params![state.map(JobState::as_str), most], job)
    }

    /// One job.
    pub fn job_by_id(&self, id: JobId) -> StoreResult<Option<JobRow>> {
        self.query_one(&format!("{JOB} where id = ?1"), [id], job)
    }

    /// How many jobs there are of a state.
    pub fn job_count(&self, state: JobState) -> StoreResult<u64> {
        let sql = match state {
            JobState::Waiting => "select count(*) from job where state = 'waiting'",
            JobState::Running => "select count(*) from job where state = 'running'",
            JobState::Dead => "select count(*) from job where state = 'dead'",
        };
        Ok(self.query_number(sql, [])?.unsigned_abs())
    }

    /// When the queue is to be looked at next: the next job is due or the next lease runs out, but for those of jobs
    /// that the caller is `busy` with.
    pub fn job_next_at(&self, busy: &[JobId]) -> StoreResult<Option<Timestamp>> {
        let first = "select min(run_at) from job where state = 'waiting'";
        let waiting: Option<Timestamp> = self.query_one(first, [], |row| row.get(0))?.flatten();
        let leases = "select id, leased_until from job where state = 'running' order by leased_until limit 100";
        let leases = self.query_all(leases, [], |row| Ok((row.get::<_, JobId>(0)?, row.get::<_, Timestamp>(1)?)))?;
        let lease = leases.into_iter().find(|(id, _)| !busy.contains(id)).map(|(_, until)| until);
        Ok(waiting.into_iter().chain(lease).min())
    }

    /// Whether a job was left running, or was last touched after `now`, as a clock set back leaves it.
    pub fn job_is_astray(&self, now: Timestamp) -> StoreResult<bool> {
        let sql = "select exists (select 1 from job where state = 'running') \
                   or exists (select 1 from job where state = 'waiting' and updated_at > ?1)";
        Ok(self.query_number(sql, [now])? == 1)
    }

    /// The schedule.
    pub fn schedule_all(&self) -> StoreResult<Vec<ScheduleRow>> {
        let sql = "select name, next_at, last_run_at, last_error from schedule order by name";
        self.query_all(sql, [], |row| {
            Ok(ScheduleRow {
                name: row.get(0)?,
                next_at: row.get(1)?,
                last_run_at: row.get(2)?,
                last_error: row.get(3)?,
            })
        })
    }
}

impl WriteTx<'_> {
    /// Adds a job that is due at once. It is there if and when this transaction commits.
    pub fn job_add(&self, job: &Job, now: Timestamp) -> StoreResult<JobId> {
        let added = self.job_add_at(job, now, now, None)?;
        added.ok_or_else(|| StoreError::Internal("a job without a key was taken for another".to_owned()))
    }

    /// Adds a job that is due at a time; nothing when one with the same `dedupe` key waits or runs already. Busy when
    /// too many wait.
    pub fn job_add_at(
        &self,
        job: &Job,
        now: Timestamp,
        run_at: Timestamp,
        dedupe: Option<&str>,
    ) -> StoreResult<Option<JobId>> {
        if self.jobs_are_too_many()? {
            return Err(StoreError::Busy);
        }
        let (kind, payload) = job.parts();
        let sql = "insert into job (kind, payload, run_at, dedupe, created_at, updated_at) \
                   values (?1, ?2, ?3, ?4, ?5, ?5) on conflict (dedupe) do nothing";
        if self.execute(sql, params![kind, payload, run_at, dedupe, now])? == 0 {
            return Ok(None);
        }
        self.changed(Change::Jobs);
        Ok(Some(JobId::new(self.last_id())))
    }

    /// Whether no further job may wait. Counting takes the longer, the more wait, as in a rush of orders; ids that lie
    /// close together say at once that they cannot be too many.
    fn jobs_are_too_many(&self) -> StoreResult<bool> {
        let span = "select (select max(id) from job) - (select min(id) from job)";
        if self.query_one(span, [], |row| row.get::<_, Option<i64>>(0))?.flatten().unwrap_or(0) < MOST_WAITING - 1 {
            return Ok(false);
        }
        let count = "select count(*) from (select 1 from job where state = 'waiting' limit ?1)";
        Ok(self.query_number(count, [MOST_WAITING])? >= MOST_WAITING)
    }

    /// Makes sure that the one job with the key `dedupe` is due at a time or sooner, unless it runs already. There is
    /// never more than one, so it is added even when too many others wait.
    pub fn job_hurry(&self, job: &Job, now: Timestamp, run_at: Timestamp, dedupe: &str) -> StoreResult<()> {
        let (kind, payload) = job.parts();
        let sql = "insert into job (kind, payload, run_at, dedupe, created_at, updated_at) \
                   values (?1, ?2, ?3, ?4, ?5, ?5) on conflict (dedupe) do update \
                   set run_at = excluded.run_at, updated_at = excluded.updated_at \
                   where state = 'waiting' and run_at > excluded.run_at";
        if self.execute(sql, params![kind, payload, run_at, dedupe, now])? > 0 {
            self.changed(Change::Jobs);
        }
        Ok(())
    }

    /// Frees the key of a job that runs, so that the next one can be added before it has ended.
    pub fn job_key_free(&self, dedupe: &str) -> StoreResult<()> {
        self.execute("update job set dedupe = null where dedupe = ?1 and state = 'running'", [dedupe]).map(drop)
    }

    /// Claims up to `most` jobs that are due, the longest due first. Jobs whose lease has run out are due again, but
    /// for those that the caller is `busy` with; the ones that have used up their attempts that way are buried.
    pub fn job_claim(&self, most: usize, busy: &[JobId], now: Timestamp) -> StoreResult<Vec<ClaimedJob>> {
        let over = "select id from job where state = 'running' and leased_until <= ?1";
        let over = self.query_all(over, [now], |row| row.get::<_, JobId>(0))?;
        for id in over.into_iter().filter(|id| !busy.contains(id)) {
            self.job_take_back(id, now)?;
        }
        let due = "select id from job where state = 'waiting' and run_at <= ?1 order by run_at, id limit ?2";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let ids = self.query_all(due, [Value::from(now), Value::Integer(most)], |row| row.get::<_, JobId>(0))?;
        let claim = "update job set state = 'running', attempts = attempts + 1, leased_until = ?2, updated_at = ?3 \
                     where id = ?1";
        let claimed = "select attempts, kind, payload from job where id = ?1";
        let mut jobs = Vec::with_capacity(ids.len());
        for id in ids {
            self.execute(claim, params![id, now.plus(LEASE), now])?;
            jobs.extend(self.query_one(claimed, [id], |row| {
                let claim = Claim { id, attempt: row.get(0)? };
                Ok(ClaimedJob { claim, kind: row.get(1)?, payload: row.get(2)? })
            })?);
        }
        Ok(jobs)
    }

    /// Makes a job whose runner is gone due again, or buries it when that has happened too often.
    fn job_take_back(&self, id: JobId, now: Timestamp) -> StoreResult<()> {
        let again = "update job set state = 'waiting', leased_until = null, run_at = min(run_at, ?2), updated_at = ?2 \
                     where id = ?1 and attempts < ?3";
        if self.execute(again, params![id, now, MOST_ATTEMPTS])? == 0 {
            let bury = "update job set state = 'dead', leased_until = null, dedupe = null, updated_at = ?2, \
                        last_error = 'it was cut off in every attempt' where id = ?1";
            self.execute(bury, params![id, now])?;
            self.job_trim_dead()?;
        }
        Ok(())
    }

    /// Deletes a job that is done; false when the claim no longer holds.
    pub fn job_done(&self, claim: Claim) -> StoreResult<bool> {
        let sql = "delete from job where id = ?1 and attempts = ?2 and state = 'running'";
        Ok(self.execute(sql, params![claim.id, claim.attempt])? == 1)
    }

    /// Lets a job wait until it is tried again; false when the claim no longer holds.
    pub fn job_retry_at(&self, claim: Claim, at: Timestamp, error: &str, now: Timestamp) -> StoreResult<bool> {
        let sql = "update job set state = 'waiting', leased_until = null, run_at = ?3, last_error = ?4, updated_at = ?5 \
                   where id = ?1 and attempts = ?2 and state = 'running'";
        Ok(self.execute(sql, params![claim.id, claim.attempt, at, cut(error), now])? == 1)
    }

    /// Gives a job up; false when the claim no longer holds. Its dedupe key is free again.
    pub fn job_bury(&self, claim: Claim, error: &str, now: Timestamp) -> StoreResult<bool> {
        let sql = "update job set state = 'dead', leased_until = null, dedupe = null, last_error = ?3, updated_at = ?4 \
                   where id = ?1 and attempts = ?2 and state = 'running'";
        let buried = self.execute(sql, params![claim.id, claim.attempt, cut(error), now])? == 1;
        self.job_trim_dead()?;
        Ok(buried)
    }

    /// Makes every claimed job due again, for a moment when nobody is at any; tells how many there were.
    pub fn job_recover(&self, now: Timestamp) -> StoreResult<usize> {
        let running = self.query_all("select id from job where state = 'running'", [], |row| row.get::<_, JobId>(0))?;
        for id in &running {
            self.job_take_back(*id, now)?;
        }
        Ok(running.len())
    }

    /// Lets jobs that wait since a moment that is yet to come, by a clock that has been set back, wait from now on.
    pub fn job_realign(&self, now: Timestamp) -> StoreResult<usize> {
        let sql = "update job set run_at = ?1 + max(run_at - updated_at, 0), updated_at = ?1 \
                   where state = 'waiting' and updated_at > ?1";
        self.execute(sql, [now])
    }

    /// Gives claims back that will not be worked on: the jobs are due again.
    pub fn job_release(&self, claims: &[Claim], now: Timestamp) -> StoreResult<()> {
        let sql = "update job set state = 'waiting', leased_until = null, run_at = min(run_at, ?3), updated_at = ?3 \
                   where id = ?1 and attempts = ?2 and state = 'running'";
        claims.iter().try_for_each(|claim| self.execute(sql, params![claim.id, claim.attempt, now]).map(drop))
    }

    /// Makes a dead job wait with all its attempts before it, or a waiting one due at once; false when it is neither.
    pub fn job_revive(&self, id: JobId, now: Timestamp) -> StoreResult<bool> {
        let sql = "update job set attempts = iif(state = 'dead', 0, attempts), state = 'waiting', run_at = ?2, updated_at = ?2 \
                   where id = ?1 and state in ('waiting', 'dead')";
        let revived = self.execute(sql, params![id, now])? == 1;
        if revived {
            self.changed(Change::Jobs);
        }
        Ok(revived)
    }

    /// Deletes the jobs that are to write to a person, dead ones too: they name them, or their address.
    pub fn notices_delete(&self, user: UserId) -> StoreResult<()> {
        let sql = "delete from job where kind = 'notice' and json_valid(payload) and (payload ->> '$.to.user' = ?1 \
                   or payload ->> '$.to.email' = (select email_key from account where id = ?1))";
        self.execute(sql, [user]).map(drop)
    }

    /// Deletes jobs that have been dead for long, and tells how many.
    pub fn job_sweep(&self, now: Timestamp) -> StoreResult<usize> {
        let before = now.millis() - i64::try_from(DEAD_KEPT.as_millis()).unwrap_or(i64::MAX);
        self.execute("delete from job where state = 'dead' and updated_at < ?1", [before])
    }

    /// Keeps the newest dead jobs only.
    fn job_trim_dead(&self) -> StoreResult<()> {
        let sql = "delete from job where id in (select id from job where state = 'dead' \
                   order by updated_at desc limit -1 offset ?1)";
        self.execute(sql, [MOST_DEAD]).map(drop)
    }

    /// Puts a chore down for a time, if that is not where it stands; the rest of what is known of it stays.
    pub fn schedule_put(&self, name: &str, next_at: Timestamp) -> StoreResult<()> {
        let sql = "insert into schedule (name, next_at) values (?1, ?2) \
                   on conflict (name) do update set next_at = excluded.next_at";
        self.execute(sql, params![name, next_at]).map(drop)
    }

    /// Notes how the run of a chore went and when the next one is.
    pub fn schedule_ran(&self, name: &str, next_at: Timestamp, error: Option<&str>, now: Timestamp) -> StoreResult<()> {
        let sql = "update schedule set next_at = ?2, last_run_at = ?3, last_error = ?4 where name = ?1";
        self.execute(sql, params![name, next_at, now, error.map(cut)]).map(drop)
    }
}

/// The beginning of an error's text.
fn cut(error: &str) -> &str {
    let mut end = error.len().min(ERROR_BYTES);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    &error[..end]
}
