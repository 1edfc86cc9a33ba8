//! Work done later: claiming jobs and chores, noting how they went, and looking after those that failed.
//!
//! A use case that wants something done later adds a job in its own write transaction (`job_add` of the store), so
//! that there is a job exactly when the rest was written. What the jobs do stands with their nouns, as use cases like
//! any other.

use super::{Ctx, Error, Outcome, Shop};
use crate::domain::job::{LEASE, Verdict};
use crate::domain::job::{due_at, next_run, verdict};
use crate::domain::{Claim, JobFailure, JobId, JobState, Right, Timestamp};
use crate::providers::MailError;
use std::time::Duration;
use tokio::sync::Notify;

pub use crate::store::{ClaimedJob, JobRow};

/// The most jobs a list shows.
const MOST_LISTED: u32 = 1_000;

/// What became of a run of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It is done and gone.
    Done,
    /// It failed and is tried again then.
    Retry(Timestamp),
    /// It is given up.
    Dead,
    /// Somebody else has claimed it meanwhile.
    Lost,
}

/// How many jobs there are of each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// To be run.
    pub waiting: u64,
    /// Being run.
    pub running: u64,
    /// Given up.
    pub dead: u64,
}

/// A chore that is due, claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedChore {
    /// Its name.
    pub name: &'static str,
    /// When it was due.
    pub due: Timestamp,
}

/// Which chores are due, and when the next one is.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    /// To be run now.
    pub due: Vec<ClaimedChore>,
    /// When to look again.
    pub next_at: Option<Timestamp>,
}

impl From<Error> for JobFailure {
    /// Whether a use case that refused may do its work when it is asked again.
    fn from(error: Error) -> Self {
        let why = error.to_string();
        match error {
            Error::Busy | Error::Timeout | Error::DiskFull | Error::Unavailable | Error::Internal(_) => {
                Self::Temporary(why)
            }
            _ => Self::Permanent(why),
        }
    }
}

impl From<MailError> for JobFailure {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Temporary(why) => Self::Temporary(why),
            MailError::Permanent(why) => Self::Permanent(why),
        }
    }
}

impl Shop {
    /// Rings when a committed write has added jobs.
    pub fn jobs_added(&self) -> &Notify {
        self.generations().jobs()
    }

    /// When there may be a job to claim, for a runner that is `busy` with some.
    pub fn job_next_at(&self, ctx: &Ctx, busy: &[JobId]) -> Outcome<Option<Timestamp>> {
        ctx.require(Right::Maintain)?;
        self.store.read(|tx| Ok(tx.job_next_at(busy)?))
    }

    /// Claims up to `most` jobs that are due. Each is the caller's alone until it is finished or its lease runs out.
    pub async fn job_claim(&self, ctx: &Ctx, most: usize, busy: Vec<JobId>) -> Outcome<Vec<ClaimedJob>> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        self.store.write(move |tx| Ok(tx.job_claim(most, &busy, now)?)).await
    }

    /// Notes how runs of jobs went, all at once: those that are done go, the others are tried again or given up.
    pub async fn job_finish(&self, ctx: &Ctx, runs: Vec<(Claim, Result<(), JobFailure>)>) -> Outcome<Vec<Finished>> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        let drawn = |run: (Claim, Result<(), JobFailure>)| (run, u64::from_le_bytes(crate::clock::random_bytes()));
        let runs: Vec<_> = runs.into_iter().map(drawn).collect();
        let note = move |tx: &crate::store::WriteTx<'_>| {
            let one = |((claim, outcome), dice): ((Claim, Result<(), JobFailure>), u64)| {
                let (held, finished) = match outcome {
                    Ok(()) => (tx.job_done(claim)?, Finished::Done),
                    Err(failure) => match verdict(&failure, claim.attempt, now, dice) {
                        Verdict::Retry(at) => {
                            (tx.job_retry_at(claim, at, &failure.to_string(), now)?, Finished::Retry(at))
                        }
                        Verdict::Bury => (tx.job_bury(claim, &failure.to_string(), now)?, Finished::Dead),
                    },
                };
                Ok(if held { finished } else { Finished::Lost })
            };
            runs.into_iter().map(one).collect::<Outcome<Vec<_>>>()
        };
        self.store.write(note).await
    }

    /// Gives claims back that will not be worked on.
    pub async fn job_release(&self, ctx: &Ctx, claims: Vec<Claim>) -> Outcome<()> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        self.store.write(move |tx| Ok(tx.job_release(&claims, now)?)).await
    }

    /// Lets jobs whose time was reckoned by a clock that has been set back wait from now on.
    pub async fn job_realign(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        self.store.write(move |tx| Ok(tx.job_realign(now)?)).await
    }

    /// Makes jobs due again that a process left behind when it ended. Only for when the shop is opened: the lock of
    /// the data folder says that nobody is at any of them.
    pub(super) fn job_recover(&self, ctx: &Ctx) -> Outcome<()> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        if !self.store.read(|tx| Ok::<_, Error>(tx.job_is_astray(now)?))? {
            return Ok(());
        }
        let count = self.store.write_blocking(move |tx| {
            tx.job_realign(now)?;
            Ok::<_, Error>(tx.job_recover(now)?)
        })?;
        if count > 0 {
            tracing::info!(count, "jobs were cut off when the shop last ended; they run again");
        }
        Ok(())
    }

    /// The newest jobs, of one state or of all.
    pub fn job_list(&self, ctx: &Ctx, state: Option<JobState>) -> Outcome<Vec<JobRow>> {
        ctx.require(Right::Maintain)?;
        self.store.read(|tx| Ok(tx.job_list(state, MOST_LISTED)?))
    }

    /// How many jobs there are.
    pub fn job_counts(&self, ctx: &Ctx) -> Outcome<JobCounts> {
        ctx.require(Right::Maintain)?;
        self.store.read(|tx| {
            Ok(JobCounts {
                waiting: tx.job_count(JobState::Waiting)?,
                running: tx.job_count(JobState::Running)?,
                dead: tx.job_count(JobState::Dead)?,
            })
        })
    }

    /// Makes a job due at once: a dead one with all attempts before it, or one that waits.
    pub async fn job_retry(&self, ctx: &Ctx, id: JobId) -> Outcome<JobRow> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        let retry = move |tx: &crate::store::WriteTx<'_>| {
            let revived = tx.job_revive(id, now)?;
            let job = tx.job_by_id(id)?.ok_or(Error::NotFound("job"))?;
            if revived {
                return Ok(job);
            }
            Err(Error::Conflict("running", format!("job {id} is being run"), Vec::new()))
        };
        self.store.write(retry).await
    }

    /// Deletes jobs that have been dead for long.
    pub async fn job_sweep(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        self.store.write(move |tx| Ok(tx.job_sweep(now)?)).await
    }

    /// Claims the chores that are due among these, each with how often it recurs. One that was cut off is due again
    /// when its lease runs out; one that is new is first due after one interval.
    pub async fn schedule_claim(&self, ctx: &Ctx, chores: Vec<(&'static str, Duration)>) -> Outcome<Agenda> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        let known = self.store.read(|tx| Ok::<_, Error>(tx.schedule_all()?))?;
        let (mut agenda, mut puts) = (Agenda::default(), Vec::new());
        for (name, every) in chores {
            let row = known.iter().find(|row| row.name == name);
            let due = row.map_or(now.plus(every), |row| due_at(row.next_at, every, now));
            let next = if due <= now { now.plus(LEASE) } else { due };
            if due <= now {
                agenda.due.push(ClaimedChore { name, due });
            }
            if row.is_none_or(|row| row.next_at != next) {
                puts.push((name, next));
            }
            agenda.next_at = Some(agenda.next_at.map_or(next, |at: Timestamp| at.min(next)));
        }
        if !puts.is_empty() {
            let put = move |tx: &crate::store::WriteTx<'_>| {
                Ok::<_, Error>(puts.iter().try_for_each(|(name, next)| tx.schedule_put(name, *next))?)
            };
            self.store.write(put).await?;
        }
        Ok(agenda)
    }

    /// Notes how a chore went, and when it is due next.
    pub async fn schedule_finish(
        &self,
        ctx: &Ctx,
        chore: &ClaimedChore,
        every: Duration,
        outcome: Result<(), JobFailure>,
    ) -> Outcome<()> {
        ctx.require(Right::Maintain)?;
        let (now, name) = (ctx.now, chore.name);
        let next = next_run(chore.due, every, now);
        let error = outcome.err().map(|failure| failure.to_string());
        self.store.write(move |tx| Ok(tx.schedule_ran(name, next, error.as_deref(), now)?)).await
    }
}
