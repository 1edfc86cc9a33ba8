//! Being told to stop: by Ctrl-C, or by SIGTERM.

use super::held;
use crate::http::Closing;
use crate::jobs::Runner;
use rocket::config::Shutdown;
use rocket::fairing::AdHoc;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long after its time is up whatever still runs is waited for, before it is cut off.
const MERCY: Duration = Duration::from_secs(1);

/// Listens for it.
pub(super) struct Stopping {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Stopping {
    /// From now on, on the runtime this is called on: what comes before ends the process at once. So whoever serves
    /// listens before the first request is answered.
    pub(super) fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { signals: [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?] })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for it.
    pub(super) async fn told(self) {
        #[cfg(unix)]
        {
            let [mut terminate, mut interrupt] = self.signals;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        #[cfg(not(unix))]
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "the signal to stop cannot be waited for; stopping");
        }
    }
}

/// Waits until the process is told to stop, or the server stops for a reason of its own. Then readiness ends, and jobs have
/// as long as requests: until the moment that is given back.
pub(super) async fn told_to_stop(
    stopping: Stopping,
    shutdown: rocket::Shutdown,
    closing: &Closing,
    runner: &Mutex<Option<Runner>>,
    grace: Duration,
) -> Instant {
    tokio::select! {
        () = stopping.told() => {}
        () = shutdown => {}
    }
    tracing::info!("stopping: requests under way are finished");
    let end = Instant::now() + grace;
    closing.tell();
    if let Some(runner) = held(runner).as_ref() {
        runner.stop().by(end);
    }
    end
}

/// A server that hears no signals by itself: it is told when it is its turn to stop.
pub(super) fn deaf(grace_seconds: u32) -> Shutdown {
    #[cfg(unix)]
    let quiet = Shutdown { signals: std::collections::HashSet::new(), ..Shutdown::default() };
    #[cfg(not(unix))]
    let quiet = Shutdown::default();
    Shutdown { ctrlc: false, grace: grace_seconds, mercy: 1, force: true, ..quiet }
}

/// How a server without an edge in front stops.
pub(super) struct WindDown {
    pub(super) closing: Closing,
    pub(super) runner: Arc<Mutex<Option<Runner>>>,
    /// How long requests that are under way may take.
    pub(super) grace: Duration,
    /// Told when the server is not to be waited for any longer.
    pub(super) overdue: Arc<Notify>,
}

impl WindDown {
    /// Listens for being told to stop before the first request is answered.
    pub(super) fn begin(self) -> AdHoc {
        AdHoc::on_liftoff("stops in order", move |server| {
            let shutdown = server.shutdown();
            Box::pin(async move {
                match Stopping::listen() {
                    Ok(stopping) => drop(tokio::spawn(self.stop(stopping, shutdown))),
                    Err(error) => {
                        tracing::error!(%error, "the signal to stop cannot be heard; stopping");
                        shutdown.notify();
                    }
                }
            })
        })
    }

    /// The framework takes no connections from the moment it is told. So it is told only once all is answered that came
    /// before; until then whoever asks is answered that the shop is alive and not ready. All of it has one end.
    async fn stop(self, stopping: Stopping, shutdown: rocket::Shutdown) {
        let end = told_to_stop(stopping, shutdown.clone(), &self.closing, &self.runner, self.grace).await;
        let _ = tokio::time::timeout_at(end.into(), self.closing.settled()).await;
        shutdown.notify();
        tokio::time::sleep_until((end + MERCY).into()).await;
        self.overdue.notify_one();
    }
}
