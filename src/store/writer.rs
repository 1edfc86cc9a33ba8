//! The one thread that writes.
//!
//! It takes what has queued up, runs each job under a savepoint of its own in one transaction, commits once, and
//! only then answers: an acknowledged write is on disk, and one sync serves everybody who was waiting. A failing
//! job rolls back alone. When a commit fails, nobody knows what is on disk, so everyone in the batch is told so,
//! the connection is opened anew, and the store stays read-only until a probe write succeeds.

use super::card::CardMaker;
use super::error::{StoreError, StoreResult};
use super::pragma;
use super::tx::{DeadlineGuard, WriteTx};
use crate::domain::Change;
use crate::domain::audit::AuditChain;
use crate::generations::Generations;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Jobs that may wait; more are refused as busy.
const QUEUE: usize = 1_000;
/// Jobs in one commit.
const BATCH: usize = 64;
/// A batch takes no further jobs after this long, so that the first in it is not kept waiting.
const BATCH_TIME: Duration = Duration::from_millis(50);
/// How long one job may run.
const JOB_TIME: Duration = Duration::from_secs(5);
/// With nothing to do for this long, the log is folded into the database.
const IDLE: Duration = Duration::from_secs(2);
/// Between two probes of a disk that failed.
const PROBE_PAUSE: Duration = Duration::from_millis(500);
/// A shop whose writes have waited for this long does not do its work.
const STUCK: Duration = Duration::from_secs(2);
/// A write-ahead log above this size is folded in at once.
const LARGE_LOG: u64 = 64 * 1024 * 1024;

/// A write waiting for its turn.
trait Job: Send {
    /// Whether it wants a transaction to itself, without time limit.
    fn alone(&self) -> bool;
    /// Does the work; tells whether it may be committed.
    fn run(&mut self, tx: &WriteTx<'_>) -> bool;
    /// Tells the caller, with the reason when the commit failed.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
}

struct Call<F, T, E> {
    work: Option<F>,
    alone: bool,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Call<F, T, E>
where
    F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn alone(&self) -> bool {
        self.alone
    }

    fn run(&mut self, tx: &WriteTx<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = catch_unwind(AssertUnwindSafe(|| work(tx)))
            .unwrap_or_else(|_| Err(StoreError::Internal("a write panicked".to_owned()).into()));
        let good = result.is_ok();
        self.result = Some(result);
        good
    }

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let result = match (failure, self.result) {
            // A job that failed by its own rules says so even when the others' commit failed.
            (Some(_), Some(Err(own))) => Err(own),
            (Some(failure), _) => Err(failure.clone().into()),
            (None, Some(result)) => result,
            (None, None) => Err(StoreError::Busy.into()),
        };
        // The caller may have gone; the write stands all the same.
        let _ = self.reply.send(result);
    }
}

/// The way to the writer thread.
pub struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    trouble: Arc<Mutex<Option<StoreError>>>,
    waiting: Arc<Mutex<Option<Instant>>>,
}

impl Writer {
    /// Starts the thread on an open connection; `reopen` is used after the disk failed.
    pub fn start(
        connection: Connection,
        path: PathBuf,
        generations: Arc<Generations>,
        cards: CardMaker,
        chain: AuditChain,
    ) -> StoreResult<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let (trouble, waiting) = (Arc::default(), Arc::default());
        let (shared, since) = (Arc::clone(&trouble), Arc::clone(&waiting));
        let desk = Desk { connection, path, generations, cards, chain, trouble: shared, waiting: since, probed: None };
        let thread = std::thread::Builder::new()
            .name("nexus-writer".to_owned())
            .spawn(move || desk.serve(&receiver))
            .map_err(|e| StoreError::Internal(e.to_string()))?;
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), trouble, waiting })
    }

    /// Queues a write; the future ends when it is on disk or has failed.
    pub fn submit<T, E, F>(&self, alone: bool, work: F) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queued = self.enqueue(Box::new(Call { work: Some(work), alone, result: None, reply }));
        async move {
            queued?;
            answer.await.unwrap_or_else(|_| Err(StoreError::Internal("the writer stopped".to_owned()).into()))
        }
    }

    /// Queues a write and blocks until it is on disk or has failed.
    pub fn submit_blocking<T, E>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Box::new(Call { work: Some(work), alone: false, result: None, reply }))?;
        answer.blocking_recv().unwrap_or_else(|_| Err(StoreError::Internal("the writer stopped".to_owned()).into()))
    }

    fn enqueue(&self, job: Box<dyn Job>) -> StoreResult<()> {
        let queue = self.queue.lock().unwrap_or_else(|e| e.into_inner());
        match queue.as_ref().map(|q| q.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => {
                Err(StoreError::Unavailable("the shop is stopping".to_owned()))
            }
        }
    }

    /// Why writes are refused at the moment, if they are.
    pub fn trouble(&self) -> Option<StoreError> {
        self.trouble.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// For how long writes have been waiting, when that is longer than they should.
    pub fn stuck(&self) -> Option<Duration> {
        let since = *self.waiting.lock().unwrap_or_else(|e| e.into_inner());
        since.map(|at| at.elapsed()).filter(|waited| *waited > STUCK)
    }

    /// Finishes what has queued up, folds the log into the database and ends the thread.
    pub fn stop(&self) {
        self.queue.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(|e| e.into_inner()).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The jobs of one commit.
struct Batch {
    jobs: Vec<Box<dyn Job>>,
    changes: Vec<Change>,
    held_back: Option<Box<dyn Job>>,
}

impl Batch {
    /// Takes one more waiting job, or holds it back when it wants a transaction to itself.
    fn take_next(&mut self, queue: &Receiver<Box<dyn Job>>) {
        match queue.try_recv() {
            Ok(job) if job.alone() => self.held_back = Some(job),
            Ok(job) => self.jobs.push(job),
            Err(_) => {}
        }
    }
}

/// What the writer thread works with.
struct Desk {
    connection: Connection,
    path: PathBuf,
    generations: Arc<Generations>,
    cards: CardMaker,
    chain: AuditChain,
    trouble: Arc<Mutex<Option<StoreError>>>,
    /// Since when writes could not be done; what takes long by itself does not count.
    waiting: Arc<Mutex<Option<Instant>>>,
    probed: Option<Instant>,
}

impl Desk {
    fn serve(mut self, queue: &Receiver<Box<dyn Job>>) {
        // 0x10002 looks at all tables once at start.
        self.learn("pragma optimize = 0x10002");
        let mut dirty = false;
        let mut held_back = None;
        loop {
            match held_back.take().map_or_else(|| queue.recv_timeout(IDLE), Ok) {
                Ok(first) => {
                    held_back = self.batch(first, queue);
                    dirty = true;
                    self.checkpoint_when_large();
                }
                Err(RecvTimeoutError::Timeout) if dirty => {
                    self.checkpoint();
                    dirty = false;
                }
                // Nobody writes to a shop that says it is not ready, so it finds out by itself when it is again.
                Err(RecvTimeoutError::Timeout) => drop(self.ready().and_then(|()| self.unstick())),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.learn("pragma optimize");
        self.checkpoint();
    }

    /// Gathers statistics for the query planner, once there is something to learn from: taught by a nearly empty
    /// shop, it would scan whole tables of the search index long after they have grown.
    fn learn(&self, how: &str) {
        let enough = "select count(*) = 1000 from (select 1 from product limit 1000)";
        if self.connection.query_row(enough, [], |row| row.get(0)).unwrap_or(false) {
            let _ = self.connection.execute_batch(how);
        }
    }

    /// Runs and answers one batch; gives back a job that came in meanwhile and wants to be alone.
    fn batch(&mut self, first: Box<dyn Job>, queue: &Receiver<Box<dyn Job>>) -> Option<Box<dyn Job>> {
        let mut batch = Batch { jobs: vec![first], changes: Vec::new(), held_back: None };
        if !batch.jobs[0].alone() {
            self.waiting.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert_with(Instant::now);
        }
        let outcome = match self.ready() {
            Ok(()) if batch.jobs[0].alone() => self.run_alone(&mut batch),
            Ok(()) => self.run_together(&mut batch, queue),
            Err(trouble) => Err(trouble),
        };
        match &outcome {
            Ok(()) => self.generations.advance(&batch.changes),
            Err(failure) => self.recover(failure),
        }
        // Whoever holds the lock may hold it on.
        if !matches!(outcome, Err(StoreError::Busy)) {
            self.waiting.lock().unwrap_or_else(|e| e.into_inner()).take();
        }
        let failure = outcome.err();
        for job in batch.jobs {
            job.answer(failure.as_ref());
        }
        batch.held_back
    }

    fn run_alone(&self, batch: &mut Batch) -> StoreResult<()> {
        let tx = WriteTx::new(&self.connection, &self.cards, &self.chain);
        tx.execute_script("begin immediate")?;
        let good = batch.jobs[0].run(&tx);
        self.still_sound(&tx)?;
        batch.changes = tx.take_changes();
        if good {
            tx.audit_append(&tx.take_entries())?;
        }
        tx.execute_script(if good { "commit" } else { "rollback" })?;
        // After a bulk load the search index would keep its large hash table, which every later write scans;
        // reading the schema anew gives it up.
        if let Err(error) = tx.execute_script("pragma writable_schema = reset") {
            tracing::warn!(%error, "the schema could not be read anew");
        }
        Ok(())
    }

    /// One transaction for the first job and for those that wait or arrive while it runs.
    fn run_together(&self, batch: &mut Batch, queue: &Receiver<Box<dyn Job>>) -> StoreResult<()> {
        let started = Instant::now();
        let tx = WriteTx::new(&self.connection, &self.cards, &self.chain);
        tx.execute("begin immediate", [])?;
        let (mut next, mut entries) = (0, Vec::new());
        while let Some(job) = batch.jobs.get_mut(next) {
            let _deadline = DeadlineGuard::until(Some(Instant::now() + JOB_TIME));
            tx.execute("savepoint job", [])?;
            let good = job.run(&tx);
            self.still_sound(&tx)?;
            let (changes, told) = (tx.take_changes(), tx.take_entries());
            if good {
                batch.changes.extend(changes);
                entries.extend(told);
            } else {
                tx.execute("rollback to job", [])?;
            }
            tx.execute("release job", [])?;
            next += 1;
            if next == batch.jobs.len() && next < BATCH && started.elapsed() < BATCH_TIME {
                batch.take_next(queue);
            }
        }
        tx.audit_append(&entries)?;
        tx.execute("commit", []).map(drop)
    }

    /// When the disk is full or failing, every job of the transaction is lost: the engine may have given it up, and
    /// its commit would fail anyway.
    fn still_sound(&self, tx: &WriteTx<'_>) -> StoreResult<()> {
        match tx.disk_trouble() {
            Some(trouble) => Err(trouble),
            None if self.connection.is_autocommit() => {
                Err(StoreError::Unavailable("the transaction was given up".to_owned()))
            }
            None => Ok(()),
        }
    }

    /// Refuses while the disk is in trouble, except for a probe every now and then.
    fn ready(&mut self) -> StoreResult<()> {
        let Some(trouble) = self.trouble.lock().unwrap_or_else(|e| e.into_inner()).clone() else { return Ok(()) };
        if self.probed.is_some_and(|at| at.elapsed() < PROBE_PAUSE) {
            return Err(trouble);
        }
        self.probed = Some(Instant::now());
        self.reopen()?;
        // Room for one small row would be used up by the next write: ask for more, and give it back.
        let probe = "begin immediate; insert or replace into store_probe (id, probed_at, filler)
             values (1, unixepoch(), zeroblob(262144)); commit; update store_probe set filler = null";
        if let Err(error) = self.connection.execute_batch(probe) {
            let _ = self.connection.execute_batch("rollback");
            return Err(error.into());
        }
        tracing::info!("the disk takes writes again");
        *self.trouble.lock().unwrap_or_else(|e| e.into_inner()) = None;
        Ok(())
    }

    /// Finds out whether another program still holds the lock, when nobody writes any more.
    fn unstick(&self) -> StoreResult<()> {
        if self.waiting.lock().unwrap_or_else(|e| e.into_inner()).is_some() {
            self.connection.execute_batch("begin immediate; rollback")?;
            self.waiting.lock().unwrap_or_else(|e| e.into_inner()).take();
        }
        Ok(())
    }

    fn recover(&mut self, failure: &StoreError) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("rollback");
        }
        if matches!(failure, StoreError::Full | StoreError::Unavailable(_) | StoreError::Internal(_)) {
            tracing::error!(%failure, "a commit failed; the shop is read-only until a probe write succeeds");
            *self.trouble.lock().unwrap_or_else(|e| e.into_inner()) = Some(failure.clone());
        }
    }

    fn reopen(&mut self) -> StoreResult<()> {
        let mut fresh = Connection::open(&self.path)?;
        pragma::writer(&mut fresh)?;
        self.connection = fresh;
        Ok(())
    }

    fn checkpoint_when_large(&self) {
        // The size is asked of the file system: any form of the pragma would copy pages and sync the database.
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        if std::fs::metadata(log).is_ok_and(|meta| meta.len() > LARGE_LOG) {
            self.checkpoint();
        }
    }

    fn checkpoint(&self) {
        if let Err(error) = self.connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())) {
            tracing::warn!(%error, "the write-ahead log could not be folded in");
        }
    }
}
