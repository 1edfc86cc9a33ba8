//! The one thread that writes.
//!
//! It takes what has queued up, runs each job under a savepoint of its own in one transaction, commits once, and
//! only then answers: an acknowledged write is on disk, and one sync serves everybody who was waiting. A failing
//! job rolls back alone. When a commit fails, nobody knows what is on disk, so everyone in the batch is told so,
//! the connection is opened anew, and the store stays read-only until a probe write succeeds.

use super::card::CardMaker;
use super::error::{StoreError, StoreResult};
use super::pragma;
use super::slow::{Slowest, Watch};
use super::tx::{DeadlineGuard, WriteTx};
use super::write_call::Job;
use crate::counters::{Count, Counters, Ration};
use crate::domain::Change;
use crate::domain::audit::{AuditChain, AuditEntry};
use crate::generations::Generations;
use crate::spans::{self, WriteSpan};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

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
/// Between two looks at how the tables have grown.
const LEARN_PAUSE: Duration = Duration::from_secs(3 * 3600);
/// A write-ahead log above this size is folded in at once.
const LARGE_LOG: u64 = 64 * 1024 * 1024;

/// The file that is written.
pub struct Database {
    /// Where it is.
    pub path: PathBuf,
    /// Whether folding its log in is left to another program.
    pub replicated: bool,
    /// Writes that take longer are logged; none when it is zero.
    pub slow: Duration,
}

/// The jobs of one commit.
struct Batch {
    jobs: Vec<Box<dyn Job>>,
    changes: Vec<Change>,
    counts: Vec<(Count, u64)>,
    spans: Vec<WriteSpan>,
    held_back: Option<Box<dyn Job>>,
}

impl Batch {
    fn of(first: Box<dyn Job>) -> Self {
        let (changes, counts, spans) = (Vec::new(), Vec::new(), Vec::new());
        Self { jobs: vec![first], changes, counts, spans, held_back: None }
    }

    /// Takes one more waiting job, or holds it back when it wants a transaction to itself.
    fn take_next(&mut self, queue: &Receiver<Box<dyn Job>>, counters: &Counters) {
        let next = queue.try_recv();
        if next.is_ok() {
            counters.queue_shrinks();
        }
        match next {
            Ok(job) if job.alone() => self.held_back = Some(job),
            Ok(job) => self.jobs.push(job),
            Err(_) => {}
        }
    }
}

/// What the writer thread works with.
pub struct Desk {
    connection: Connection,
    file: Database,
    generations: Arc<Generations>,
    pub(super) counters: Arc<Counters>,
    cards: CardMaker,
    chain: AuditChain,
    pub(super) trouble: Arc<Mutex<Option<StoreError>>>,
    /// Since when writes could not be done; what takes long by itself does not count.
    pub(super) waiting: Arc<Mutex<Option<Instant>>>,
    probed: Option<Instant>,
    slowest: Slowest,
    /// Lines about writes that are refused.
    refusals: Ration,
}

impl Desk {
    /// What a thread needs that writes on an open connection; the path is for opening it anew after the disk failed.
    pub fn new(
        connection: Connection,
        file: Database,
        (generations, counters): (Arc<Generations>, Arc<Counters>),
        cards: CardMaker,
        chain: AuditChain,
    ) -> Self {
        Self {
            connection,
            file,
            generations,
            counters,
            cards,
            chain,
            trouble: Arc::default(),
            waiting: Arc::default(),
            probed: None,
            slowest: Slowest::default(),
            refusals: Ration::new(1, 60),
        }
    }

    /// Takes jobs until nobody can send any more.
    pub(super) fn serve(mut self, queue: &Receiver<Box<dyn Job>>) {
        // 0x10002 looks at all tables once at start.
        self.learn("pragma optimize = 0x10002");
        let (mut dirty, mut learned) = (false, Instant::now());
        let mut held_back = None;
        loop {
            match held_back.take().map_or_else(|| self.next(queue), Ok) {
                Ok(first) => {
                    held_back = self.batch(first, queue);
                    dirty = true;
                    self.checkpoint_when_large();
                }
                Err(RecvTimeoutError::Timeout) if learned.elapsed() > LEARN_PAUSE => {
                    self.learn("pragma optimize");
                    learned = Instant::now();
                }
                Err(RecvTimeoutError::Timeout) if dirty => dirty = !self.checkpoint(Duration::ZERO),
                // Nobody writes to a shop that says it is not ready, so it finds out by itself when it is again.
                Err(RecvTimeoutError::Timeout) => drop(self.ready().and_then(|()| self.unstick())),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.learn("pragma optimize");
        self.checkpoint(pragma::PATIENCE);
    }

    /// Waits for a job, but not for long.
    fn next(&self, queue: &Receiver<Box<dyn Job>>) -> Result<Box<dyn Job>, RecvTimeoutError> {
        let next = queue.recv_timeout(IDLE);
        if next.is_ok() {
            self.counters.queue_shrinks();
        }
        next
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
        let mut batch = Batch::of(first);
        if !batch.jobs[0].alone() {
            self.waiting.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert_with(Instant::now);
        }
        let outcome = match self.ready() {
            Ok(()) if batch.jobs[0].alone() => self.run_alone(&mut batch),
            Ok(()) => self.run_together(&mut batch, queue),
            Err(trouble) => Err(trouble),
        };
        match &outcome {
            Ok(()) => {
                self.generations.advance(&batch.changes);
                self.counters.batch.note(batch.jobs.len() as u64);
                batch.counts.iter().for_each(|(what, number)| self.counters.add(*what, *number));
            }
            Err(failure) => self.recover(failure),
        }
        // Whoever holds the lock may hold it on.
        if !matches!(outcome, Err(StoreError::Busy)) {
            self.waiting.lock().unwrap_or_else(|e| e.into_inner()).take();
        }
        spans::written(batch.spans, outcome.is_ok());
        let failure = outcome.err();
        for job in batch.jobs {
            job.answer(failure.as_ref());
        }
        batch.held_back
    }

    /// A transaction to be begun, with an eye on what takes long.
    fn transaction(&self) -> WriteTx<'_> {
        let watch = Watch::of_writes(self.file.slow, &self.counters, &self.slowest);
        WriteTx::new(&self.connection, &self.cards, &self.chain).watched(watch)
    }

    fn run_alone(&self, batch: &mut Batch) -> StoreResult<()> {
        let tx = self.transaction();
        tx.observed("begin", false, || tx.execute_script("begin immediate"))?;
        let name = batch.jobs[0].name();
        let span = WriteSpan::begin();
        let good = tx.observed(name, true, || batch.jobs[0].run(&tx));
        batch.spans.extend(span.map(|span| tx.told(span, name, good)));
        self.still_sound(&tx)?;
        batch.changes = tx.take_changes();
        if good {
            batch.counts = tx.take_counts();
            let entries = tx.take_entries();
            tx.observed("commit", true, || self.commit(&tx, &entries))?;
        } else {
            tx.execute_script("rollback")?;
        }
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
        let tx = self.transaction();
        tx.observed("begin", false, || tx.execute("begin immediate", []))?;
        let (mut next, mut entries) = (0, Vec::new());
        while let Some(job) = batch.jobs.get_mut(next) {
            let _deadline = DeadlineGuard::until(Some(Instant::now() + JOB_TIME));
            tx.execute("savepoint job", [])?;
            let (name, span) = (job.name(), WriteSpan::begin());
            let good = tx.observed(name, false, || job.run(&tx));
            batch.spans.extend(span.map(|span| tx.told(span, name, good)));
            self.still_sound(&tx)?;
            let (changes, told, counts) = (tx.take_changes(), tx.take_entries(), tx.take_counts());
            if good {
                batch.changes.extend(changes);
                batch.counts.extend(counts);
                entries.extend(told);
            } else {
                tx.execute("rollback to job", [])?;
            }
            tx.execute("release job", [])?;
            next += 1;
            if next == batch.jobs.len() && next < BATCH && started.elapsed() < BATCH_TIME {
                batch.take_next(queue, &self.counters);
            }
        }
        tx.observed("commit", false, || self.commit(&tx, &entries))
    }

    /// Appends what is told to the audit log, and puts all of it on disk.
    fn commit(&self, tx: &WriteTx<'_>, entries: &[AuditEntry]) -> StoreResult<()> {
        tx.audit_append(entries)?;
        let began = Instant::now();
        tx.execute("commit", [])?;
        self.counters.commit.note_time(began.elapsed());
        Ok(())
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
        self.counters.one(Count::CommitsFailed);
        if matches!(failure, StoreError::Full | StoreError::Unavailable(_) | StoreError::Internal(_)) {
            let before = self.trouble.lock().unwrap_or_else(|e| e.into_inner()).replace(failure.clone());
            // Every write that is refused comes by here, and a full disk is not to be filled with the news of it.
            let withheld = self.refusals.may_tell(crate::clock::now().millis().unsigned_abs() / 1_000);
            if before.is_none() || withheld.is_some() {
                let withheld = withheld.filter(|lines| *lines > 0);
                tracing::error!(%failure, withheld, "a commit failed; the shop is read-only until a probe write succeeds");
            }
        }
    }

    fn reopen(&mut self) -> StoreResult<()> {
        let mut fresh = Connection::open(&self.file.path)?;
        pragma::writer(&mut fresh, self.file.replicated)?;
        self.connection = fresh;
        Ok(())
    }

    fn checkpoint_when_large(&self) {
        // The size is asked of the file system: any form of the pragma would copy pages and sync the database.
        let mut log = self.file.path.clone().into_os_string();
        log.push("-wal");
        if std::fs::metadata(log).is_ok_and(|meta| meta.len() > LARGE_LOG) {
            self.checkpoint(Duration::ZERO);
        }
    }

    /// Folds the log into the database and tells whether all of it was. What a long read, such as a backup, still needs
    /// stays; waiting for it would keep every write waiting.
    fn checkpoint(&self, patience: Duration) -> bool {
        if self.file.replicated {
            return true;
        }
        let fold = || {
            self.connection.busy_timeout(patience)?;
            self.connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get::<_, i64>(0))
        };
        let folded = fold();
        let restored = self.connection.busy_timeout(pragma::PATIENCE);
        if let Err(error) = folded.as_ref().map(drop).and(restored.as_ref().map(drop)) {
            tracing::warn!(%error, "the write-ahead log could not be folded in");
        }
        // After an error it is tried again when there is more to fold in.
        !folded.is_ok_and(|busy| busy != 0)
    }
}
