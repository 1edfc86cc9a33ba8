//! The way to the writer thread: a bounded queue, in which whoever writes waits for their turn.

use super::error::{StoreError, StoreResult};
use super::tx::WriteTx;
use super::write_call::{Call, Job};
use super::writer::Desk;
use crate::counters::{Count, Counters};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Jobs that may wait; more are refused as busy.
const QUEUE: usize = 1_000;
/// A shop whose writes have waited for this long does not do its work.
const STUCK: Duration = Duration::from_secs(2);

/// The way to the writer thread.
pub struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    trouble: Arc<Mutex<Option<StoreError>>>,
    counters: Arc<Counters>,
    waiting: Arc<Mutex<Option<Instant>>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(desk: Desk) -> StoreResult<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let (trouble, waiting, counters) = (desk.trouble.clone(), desk.waiting.clone(), desk.counters.clone());
        let thread = std::thread::Builder::new()
            .name("nexus-writer".to_owned())
            .spawn(move || desk.serve(&receiver))
            .map_err(|e| StoreError::Internal(e.to_string()))?;
        let (queue, thread) = (Mutex::new(Some(sender)), Mutex::new(Some(thread)));
        Ok(Self { queue, thread, trouble, waiting, counters })
    }

    /// Queues a write; the future ends when it is on disk or has failed.
    pub fn submit<T, E, F>(&self, alone: bool, work: F) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queued = self.enqueue(Box::new(Call::new(work, alone, reply)));
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
        self.enqueue(Box::new(Call::new(work, false, reply)))?;
        answer.blocking_recv().unwrap_or_else(|_| Err(StoreError::Internal("the writer stopped".to_owned()).into()))
    }

    fn enqueue(&self, job: Box<dyn Job>) -> StoreResult<()> {
        let queue = self.queue.lock().unwrap_or_else(|e| e.into_inner());
        // Before it is sent, since it may be taken out at once.
        self.counters.queue_grows();
        let sent = match queue.as_ref().map(|q| q.try_send(job)) {
            Some(Ok(())) => return Ok(()),
            Some(Err(TrySendError::Full(_))) => {
                self.counters.one(Count::WritesRefused);
                Err(StoreError::Busy)
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                Err(StoreError::Unavailable("the shop is stopping".to_owned()))
            }
        };
        self.counters.queue_shrinks();
        sent
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
