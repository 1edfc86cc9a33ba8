//! Being told to stop: by Ctrl-C, or by SIGTERM.

use std::io;

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
