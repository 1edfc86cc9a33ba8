//! Runs what is to be done later: one handler a file, a runner, a schedule.
//!
//! A handler is to a job what a route is to a request: it calls one use case. It may be run twice for one job, when the
//! shop is killed before it has noted that the job is done, so whatever it does must bear that. It is async; what
//! blocks for long (a mail server, a large file) goes to `spawn_blocking` in the use case.
//!
//! To add a kind: a case of [`Job`] in `src/domain/job.rs`, a file here, and a line in [`perform`].

mod deliver;
mod letters;
mod mail;
mod notice;
mod payments;
mod runner;
mod schedule;

pub use runner::{Ran, Runner, Stop, run_due};
pub use schedule::Chore;

use crate::domain::{Job, JobFailure, Timestamp};
use crate::services::{Ctx, Shop};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A handler at work.
pub type Running = Pin<Box<dyn Future<Output = Result<(), JobFailure>> + Send>>;

/// What a runner does and by which clock; tests bring their own.
#[derive(Clone)]
pub struct Work {
    /// What to do for a job.
    pub perform: Arc<dyn Fn(Arc<Shop>, Ctx, Job) -> Running + Send + Sync>,
    /// What to do again and again.
    pub chores: Arc<[Chore]>,
    /// What time it is.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// How long one job may take.
    pub deadline: Duration,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            perform: Arc::new(|shop, ctx, job| Box::pin(perform(shop, ctx, job))),
            chores: schedule::chores(),
            clock: Arc::new(crate::clock::now),
            // Below the lease, so that a job which is given up here is not somebody else's yet.
            deadline: Duration::from_secs(120),
        }
    }
}

/// The handler of each kind.
async fn perform(shop: Arc<Shop>, ctx: Ctx, job: Job) -> Result<(), JobFailure> {
    match job {
        Job::Mail(letter) => mail::send(&shop, &ctx, letter).await,
        Job::Notice(notice) => notice::send(&shop, &ctx, notice).await,
        Job::OrderLetter(letter) => letters::to_buyer(&shop, &ctx, letter).await,
        Job::StockLetter(letter) => letters::to_staff(&shop, &ctx, letter).await,
        Job::BackInStock(variant) => letters::back_in_stock(&shop, &ctx, variant).await,
        Job::StockRequestLetter(letter) => letters::to_who_waits(&shop, &ctx, letter).await,
        Job::Deliver => deliver::run(&shop, &ctx).await,
        Job::Reconcile => payments::run(&shop, &ctx).await,
    }
}
