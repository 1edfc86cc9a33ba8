//! Where reads run that may take long.
//!
//! A short read (an index walk of one page) runs on the thread that serves the request: handing it over would cost
//! more than the read. Searches, counts and facets go to other threads, and only as many at once as leave a
//! connection for each serving thread.

use crate::http::problem::Problem;
use crate::services::{Error, Outcome, Shop};
use rocket::tokio::sync::Semaphore;
use rocket::tokio::task::spawn_blocking;
use std::sync::Arc;

/// The way to the other threads. Clones share it.
#[derive(Clone)]
pub struct SlowLane(Arc<Semaphore>);

impl SlowLane {
    /// As many slow reads at once as there are connections to spare.
    pub fn new(shop: &Shop, workers: usize) -> Self {
        Self(Arc::new(Semaphore::new(shop.spare_readers(workers))))
    }

    /// Runs a read there.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Outcome<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let _permit = self.0.clone().acquire_owned().await.map_err(|_| Error::Busy)?;
        let done = spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))?;
        Ok(done?)
    }
}
