//! One write on its way through the writer thread: its work, its result, and who waits for it.

use super::error::StoreError;
use super::tx::WriteTx;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// A write waiting for its turn.
pub(super) trait Job: Send {
    /// Whether it wants a transaction to itself, without time limit.
    fn alone(&self) -> bool;
    /// What the compiler calls its work, which says where it stands.
    fn name(&self) -> &'static str;
    /// Does the work; tells whether it may be committed.
    fn run(&mut self, tx: &WriteTx<'_>) -> bool;
    /// Tells the caller, with the reason when the commit failed.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
}

/// What somebody asked for, and how they are told.
pub(super) struct Call<F, T, E> {
    work: Option<F>,
    alone: bool,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Call<F, T, E> {
    /// Work whose result goes to whoever waits for `reply`.
    pub(super) fn new(work: F, alone: bool, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self { work: Some(work), alone, result: None, reply }
    }
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

    fn name(&self) -> &'static str {
        std::any::type_name::<F>()
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
