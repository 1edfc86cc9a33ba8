//! `/health`: live says that the process answers, ready that the shop can do its work.

use super::answer::{Answer, Audience, Managed};
use super::problem::Problem;
use crate::services::Shop;
use rocket::tokio::sync::Notify;
use rocket::{Route, get, routes};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether the shop has been told to stop, and how many requests are under way that came before. Clones share it.
#[derive(Clone, Default)]
pub struct Closing(Arc<State>);

#[derive(Default)]
struct State {
    told: AtomicBool,
    earlier: AtomicUsize,
    ended: Notify,
}

/// A request that came before the shop was told to stop, until its answer is sent.
pub struct UnderWay(Closing);

impl Closing {
    /// From now on the shop says that it is not ready, while it still answers.
    pub fn tell(&self) {
        self.0.told.store(true, Ordering::SeqCst);
    }

    /// Waits until the last request is answered that came before the shop was told.
    pub async fn settled(&self) {
        loop {
            let ended = self.0.ended.notified();
            if self.0.earlier.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Counts a request, unless the shop has been told to stop before.
    pub fn begin(&self) -> Option<UnderWay> {
        // Counted before it is looked: whoever tells looks at the count after that.
        self.0.earlier.fetch_add(1, Ordering::SeqCst);
        let under_way = UnderWay(self.clone());
        (!self.is_told()).then_some(under_way)
    }

    fn is_told(&self) -> bool {
        self.0.told.load(Ordering::SeqCst)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let state = &self.0.0;
        if state.earlier.fetch_sub(1, Ordering::SeqCst) == 1 {
            state.ended.notify_waiters();
        }
    }
}

/// The routes below `/health`.
pub fn routes() -> Vec<Route> {
    routes![live, ready]
}

#[get("/live")]
fn live() -> Answer<()> {
    Answer::new(&serde_json::json!({ "status": "live" }), Audience::Nobody)
}

#[get("/ready")]
fn ready(shop: Managed<'_, Arc<Shop>>, closing: Managed<'_, Closing>) -> Result<Answer<()>, Problem> {
    let stops = closing.is_told().then(|| "the shop is stopping".to_owned());
    match stops.or_else(|| shop.unready()) {
        None => Ok(Answer::new(&serde_json::json!({ "status": "ready" }), Audience::Nobody)),
        Some(reason) => {
            Err(Problem::new(503, "not-ready", "The shop cannot do its work", reason).with_header("Retry-After", "2"))
        }
    }
}
