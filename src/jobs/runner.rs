//! The runner: starts what is due, at most a few at once, and notes how it went.
//!
//! It sleeps until the next job or chore is due, or until a write that added a job has committed. Whatever a handler
//! does, fail, panic or never return, costs an attempt of its own job and nobody else's. What was done but could not be
//! noted, because the disk is full, is noted later and not done again meanwhile.

use super::{Chore, Work};
use crate::counters::Count;
use crate::domain::{Claim, Job, JobFailure, JobId, Timestamp};
use crate::services::jobs::{ClaimedChore, ClaimedJob, Finished};
use crate::services::{Actor, Ctx, Origin, Outcome, Shop};
use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

/// Jobs that run at once.
const MOST_AT_ONCE: usize = 4;
/// The longest sleep, so that a clock that is set forward is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The shortest, so that nothing can make the runner spin.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);
/// How long to leave a store alone that refuses.
const AFTER_TROUBLE: Duration = Duration::from_secs(2);
/// A clock that goes back by less than this is only being adjusted.
const SET_BACK: Duration = Duration::from_secs(60);

/// How jobs went, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Done.
    pub done: u64,
    /// Failed, to be tried again.
    pub retried: u64,
    /// Given up.
    pub dead: u64,
    /// Chores run, whatever came of them.
    pub chores: u64,
}

/// A runner at work on its own threads.
pub struct Runner {
    stop: Stop,
    thread: JoinHandle<()>,
}

/// Tells a runner to come to an end; the first word counts.
#[derive(Clone)]
pub struct Stop(Arc<watch::Sender<Option<Instant>>>);

impl Stop {
    /// Nothing new is begun from now on; what runs may go on until then.
    pub fn by(&self, deadline: Instant) {
        self.0.send_if_modified(|by| by.is_none() && by.replace(deadline).is_none());
    }
}

impl Runner {
    /// Starts a runner on a shop.
    pub fn start(shop: Arc<Shop>, work: Work) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            // One more than can be blocked, so that the runner's own deadlines always pass.
            .worker_threads(MOST_AT_ONCE + 1)
            .max_blocking_threads(2 * MOST_AT_ONCE)
            .thread_name("nexus-job")
            .enable_all()
            .build()?;
        let (sender, receiver) = watch::channel(None);
        let thread = std::thread::Builder::new().name("nexus-jobs".to_owned()).spawn(move || {
            runtime.block_on(Desk::new(shop, work).serve(receiver));
            // A call that never returns must not keep the shop from closing.
            runtime.shutdown_background();
        })?;
        Ok(Self { stop: Stop(Arc::new(sender)), thread })
    }

    /// The way to stop it, for whoever hears first that the shop is to close.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Waits until it has ended, by the deadline at the latest unless an earlier one was told.
    pub fn end(self, deadline: Instant) {
        self.stop.by(deadline);
        if self.thread.join().is_err() {
            tracing::error!("the runner of jobs panicked");
        }
    }
}

/// Runs what is due until nothing is, for shops that no server runs on.
pub async fn run_due(shop: Arc<Shop>, work: Work) -> Outcome<Ran> {
    let mut desk = Desk::new(shop, work);
    loop {
        desk.note().await?;
        desk.begin_due().await?;
        match desk.running.join_next_with_id().await {
            Some(ended) => desk.ended(ended),
            None => return Ok(desk.ran),
        }
    }
}

/// What a task is about.
enum About {
    Job(Claim, String),
    Chore(ClaimedChore, Duration),
}

type Ended = Result<(Id, Result<(), JobFailure>), JoinError>;

/// What the runner works with.
struct Desk {
    shop: Arc<Shop>,
    work: Work,
    running: JoinSet<Result<(), JobFailure>>,
    about: HashMap<Id, About>,
    /// Ended, but not noted yet.
    ended: Vec<(About, Result<(), JobFailure>)>,
    latest: Timestamp,
    ran: Ran,
}

impl Desk {
    fn new(shop: Arc<Shop>, work: Work) -> Self {
        let latest = (work.clock)();
        let (running, about) = (JoinSet::new(), HashMap::new());
        Self { shop, work, running, about, ended: Vec::new(), latest, ran: Ran::default() }
    }

    async fn serve(mut self, mut stop: watch::Receiver<Option<Instant>>) {
        let shop = self.shop.clone();
        let mut troubled = false;
        loop {
            let turn = match self.note().await {
                Ok(()) => self.begin_due().await,
                Err(error) => Err(error),
            };
            if let Some(error) = turn.as_ref().err().filter(|_| !troubled) {
                tracing::warn!(%error, "jobs cannot be looked at or noted; trying again");
            }
            troubled = turn.is_err();
            let sleep = turn.unwrap_or(AFTER_TROUBLE);
            tokio::select! {
                // While the store is in trouble, new jobs are no reason to ask it more often.
                () = shop.jobs_added().notified(), if !troubled => {}
                Some(ended) = self.running.join_next_with_id() => self.ended(ended),
                () = tokio::time::sleep(sleep) => {}
                _ = stop.changed() => break,
            }
        }
        let deadline = stop.borrow().unwrap_or_else(Instant::now);
        self.finish_by(deadline).await;
    }

    /// Lets what runs go on until the deadline, and gives back what has not ended by then.
    async fn finish_by(&mut self, deadline: Instant) {
        while let Ok(Some(ended)) = tokio::time::timeout_at(deadline.into(), self.running.join_next_with_id()).await {
            self.ended(ended);
        }
        if let Err(error) = self.note().await {
            tracing::warn!(%error, "jobs that have ended could not be noted; they run again");
        }
        self.running.abort_all();
        let claims: Vec<Claim> = self.about.values().filter_map(About::claim).collect();
        if !claims.is_empty() {
            tracing::warn!(count = claims.len(), "jobs were cut off; they run again at the next start");
            if let Err(error) = self.shop.job_release(&self.ctx(None), claims).await {
                tracing::warn!(%error, "jobs could not be given back");
            }
        }
    }

    /// Starts what is due, as far as there is room, and tells how long to sleep.
    async fn begin_due(&mut self) -> Outcome<Duration> {
        let ctx = self.ctx(None);
        if ctx.now.plus(SET_BACK) < self.latest {
            let count = self.shop.job_realign(&ctx).await?;
            tracing::warn!(count, "the clock was set back; jobs wait from now on");
        }
        self.latest = ctx.now;
        let at_it: Vec<&'static str> = self.about.values().filter_map(About::chore).collect();
        let idle = self.work.chores.iter().filter(|chore| !at_it.contains(&chore.name));
        let mut next = Vec::new();
        if self.room() > 0 {
            let agenda = self.shop.schedule_claim(&ctx, idle.map(|chore| (chore.name, chore.every)).collect()).await?;
            next.extend(agenda.next_at);
            agenda.due.into_iter().for_each(|chore| self.begin_chore(chore));
        }
        let busy: Vec<JobId> = self.about.values().filter_map(About::claim).map(|claim| claim.id).collect();
        if self.room() > 0 && self.shop.job_next_at(&ctx, &busy)?.is_some_and(|at| at <= ctx.now) {
            let claimed = self.shop.job_claim(&ctx, self.room(), busy.clone()).await?;
            claimed.into_iter().for_each(|job| self.begin_job(job));
        }
        if self.room() > 0 {
            next.extend(self.shop.job_next_at(&ctx, &busy)?);
        }
        let sleep = next.into_iter().min().map_or(LONGEST_SLEEP, |at| at.since(ctx.now));
        Ok(sleep.clamp(SHORTEST_SLEEP, LONGEST_SLEEP))
    }

    /// How many more may run. What has ended and is not noted counts, or a full disk would let it run again and again.
    fn room(&self) -> usize {
        MOST_AT_ONCE.saturating_sub(self.about.len() + self.ended.len())
    }

    fn begin_job(&mut self, job: ClaimedJob) {
        let ClaimedJob { claim, kind, payload } = job;
        let (shop, perform) = (self.shop.clone(), self.work.perform.clone());
        let ctx = self.ctx(Some(format!("job-{}", claim.id)));
        let read = Job::read(&kind, &payload).map_err(JobFailure::Permanent);
        self.begin(About::Job(claim, kind), async move { perform(shop, ctx, read?).await });
    }

    fn begin_chore(&mut self, claimed: ClaimedChore) {
        let Some(Chore { every, run, .. }) = self.work.chores.iter().find(|chore| chore.name == claimed.name).cloned()
        else {
            return;
        };
        let (shop, ctx) = (self.shop.clone(), self.ctx(Some(format!("chore-{}", claimed.name))));
        self.begin(About::Chore(claimed, every), async move { run(shop, ctx).await });
    }

    fn begin(&mut self, about: About, work: impl Future<Output = Result<(), JobFailure>> + Send + 'static) {
        let deadline = self.work.deadline;
        let task = self.running.spawn(async move {
            let late = || JobFailure::Temporary(format!("it took longer than {} s", deadline.as_secs_f32()));
            tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| Err(late()))
        });
        self.about.insert(task.id(), about);
    }

    fn ended(&mut self, ended: Ended) {
        let (id, outcome) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), Err(JobFailure::Temporary("it panicked; the log says where".to_owned()))),
        };
        if let Some(about) = self.about.remove(&id) {
            self.ended.push((about, outcome));
        }
    }

    /// Notes how everything went that has ended; what cannot be noted stays for the next time.
    async fn note(&mut self) -> Outcome<()> {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.ended(ended);
        }
        let ctx = self.ctx(None);
        let jobs = self.ended.iter().filter_map(|(about, outcome)| Some((about.claim()?, outcome.clone())));
        let jobs: Vec<_> = jobs.collect();
        let finished = if jobs.is_empty() { Vec::new() } else { self.shop.job_finish(&ctx, jobs).await? };
        let mut finished = finished.into_iter();
        for (about, outcome) in std::mem::take(&mut self.ended) {
            match about {
                About::Job(claim, kind) => {
                    let finished = finished.next().unwrap_or(Finished::Lost);
                    self.count(&finished);
                    tell(claim, &kind, &finished, outcome.err());
                }
                About::Chore(chore, every) => {
                    self.ran.chores += 1;
                    if let Err(why) = &outcome {
                        tracing::error!(chore = chore.name, %why, "a chore failed");
                    }
                    if let Err(error) = self.shop.schedule_finish(&ctx, &chore, every, outcome).await {
                        tracing::warn!(chore = chore.name, %error, "a chore could not be noted; it runs again soon");
                    }
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, finished: &Finished) {
        match finished {
            Finished::Done => self.ran.done += 1,
            Finished::Retry(_) => self.ran.retried += 1,
            Finished::Dead => self.ran.dead += 1,
            Finished::Lost => {}
        }
        let counted = match finished {
            Finished::Done => Count::JobsDone,
            Finished::Retry(_) => Count::JobsRetried,
            Finished::Dead => Count::JobsDead,
            Finished::Lost => return,
        };
        self.shop.counters().one(counted);
    }

    fn ctx(&self, request_id: Option<String>) -> Ctx {
        let origin = Origin { request_id, ..Origin::default() };
        Ctx { actor: Actor::Shop, now: (self.work.clock)(), origin }
    }
}

impl About {
    fn claim(&self) -> Option<Claim> {
        if let Self::Job(claim, _) = self { Some(*claim) } else { None }
    }

    fn chore(&self) -> Option<&'static str> {
        if let Self::Chore(chore, _) = self { Some(chore.name) } else { None }
    }
}

fn tell(claim: Claim, kind: &str, finished: &Finished, failure: Option<JobFailure>) {
    let (job, attempt) = (claim.id, claim.attempt);
    let why = failure.map(|failure| failure.to_string()).unwrap_or_default();
    match finished {
        Finished::Done => tracing::debug!(%job, kind, attempt, "a job is done"),
        Finished::Retry(at) => {
            tracing::warn!(%job, kind, attempt, %why, again_at = %at.to_rfc3339(), "a job failed; it is tried again");
        }
        Finished::Dead => tracing::error!(%job, kind, attempt, %why, "a job is given up; see nexus job list"),
        Finished::Lost => tracing::warn!(%job, kind, attempt, "a job took so long that it was begun again"),
    }
}
