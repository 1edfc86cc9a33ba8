//! What is done later: the queue, the runner, the schedule, and mail as the first thing that uses them.
//!
//! Runners here work on shops in this process, with handlers, chores and clocks of the test's own; `process` starts
//! the real program. A job is told from another by the subject of its letter.

mod mail;
mod process;
mod queue;
mod runner;
mod schedule;
mod smtp;

use crate::support::{TestShop, wait};
use nexus::domain::{Email, Job, JobFailure, JobId, JobState, Letter, Timestamp};
use nexus::jobs::{Ran, Running, Work, run_due};
use nexus::services::jobs::JobRow;
use nexus::services::mail::letter;
use nexus::services::{Ctx, Error, Outcome, Shop};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

/// A letter that says what the test is about.
pub fn a_letter(subject: &str) -> Letter {
    letter(Email::parse("ann@example.test").unwrap(), subject, "Hello, Ann.").unwrap()
}

/// A job that says what the test is about.
pub fn a_job(subject: &str) -> Job {
    Job::Mail(a_letter(subject))
}

/// What a job is about.
pub fn subject(job: &Job) -> String {
    match job {
        Job::Mail(letter) => letter.subject().to_owned(),
        Job::Notice(notice) => format!("{:?}", notice.occasion),
        other => other.parts().0,
    }
}

/// Adds a job that is due at once.
pub fn add(shop: &Shop, job: Job) -> JobId {
    let now = Ctx::shop().now;
    shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.job_add(&job, now)?)).unwrap()
}

/// Adds a job that is due at a time.
pub fn add_at(shop: &Shop, job: Job, now: i64, run_at: i64, key: Option<&'static str>) -> Outcome<Option<JobId>> {
    let (now, run_at) = (Timestamp::from_millis(now), Timestamp::from_millis(run_at));
    shop.store().write_blocking(move |tx| Ok(tx.job_add_at(&job, now, run_at, key)?))
}

/// All jobs, oldest first.
pub fn jobs(shop: &Shop) -> Vec<JobRow> {
    let mut jobs = shop.job_list(&Ctx::owner(), None).unwrap();
    jobs.reverse();
    jobs
}

/// The one job there is.
#[track_caller]
pub fn the_job(shop: &Shop) -> JobRow {
    let mut jobs = jobs(shop);
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

/// A clock that stands still until it is set.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn at(ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(ms)))
    }

    pub fn set(&self, ms: i64) {
        self.0.store(ms, Ordering::SeqCst);
    }

    pub fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A runner's work with a handler of the test's own, by the real clock and without chores.
pub fn work(perform: impl Fn(Job) -> Running + Send + Sync + 'static) -> Work {
    Work { perform: Arc::new(move |_, _, job| perform(job)), chores: Arc::new([]), ..Work::default() }
}

/// The same by another clock.
pub fn by(clock: &Clock, work: Work) -> Work {
    let clock = clock.clone();
    Work { clock: Arc::new(move || Timestamp::from_millis(clock.now())), ..work }
}

/// A handler that notes what it was called for and succeeds.
pub fn noting(seen: &Arc<Mutex<Vec<String>>>) -> impl Fn(Job) -> Running + Send + Sync + 'static {
    let seen = seen.clone();
    move |job| {
        seen.lock().unwrap().push(subject(&job));
        Box::pin(async { Ok(()) })
    }
}

/// A handler that fails, to be tried again.
pub fn failing(why: &'static str) -> impl Fn(Job) -> Running + Send + Sync + 'static {
    move |_| Box::pin(async move { Err(JobFailure::Temporary(why.to_owned())) })
}

/// Runs what is due until nothing is.
pub fn run(shop: &TestShop, work: &Work) -> Ran {
    wait(run_due(shop.shop.clone(), work.clone())).unwrap()
}

/// How many jobs are in a state.
pub fn count(shop: &Shop, state: JobState) -> u64 {
    let counts = shop.job_counts(&Ctx::owner()).unwrap();
    match state {
        JobState::Waiting => counts.waiting,
        JobState::Running => counts.running,
        JobState::Dead => counts.dead,
    }
}
