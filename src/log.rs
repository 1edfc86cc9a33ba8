//! Log lines on their way to standard error.
//!
//! A busy shop logs tens of thousands of requests a second; a system call for each would cost more than the request.
//! Lines are gathered and written by a thread of their own, a few times a second, and at once when the process ends
//! in order or panics. A crash of the machine may lose the last fraction of a second of them.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait.
const WAIT: Duration = Duration::from_millis(100);
/// Gathered bytes that are written at once.
const FULL: usize = 64 * 1024;
/// Gathered bytes beyond which lines are dropped: standard error is stuck.
const STUCK: usize = 16 * 1024 * 1024;

/// Gathers lines.
#[derive(Clone, Default)]
pub struct LogBuffer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    lines: Mutex<Vec<u8>>,
    full: Condvar,
    writing: Mutex<()>,
}

impl LogBuffer {
    /// A buffer with its thread.
    pub fn start() -> std::io::Result<Self> {
        let buffer = Self::default();
        let written = buffer.clone();
        std::thread::Builder::new().name("nexus-log".to_owned()).spawn(move || {
            loop {
                let lines = written.lines();
                drop(written.0.full.wait_timeout(lines, WAIT));
                written.flush();
            }
        })?;
        Ok(buffer)
    }

    /// Writes what has been gathered.
    pub fn flush(&self) {
        // One writer at a time, so that lines keep their order.
        let _writing = self.0.writing.lock().unwrap_or_else(|e| e.into_inner());
        let gathered = std::mem::take(&mut *self.lines());
        if !gathered.is_empty() {
            let _ = std::io::stderr().lock().write_all(&gathered);
        }
    }

    fn lines(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lines.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Write for LogBuffer {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut lines = self.lines();
        if lines.len() < STUCK {
            lines.extend_from_slice(line);
        }
        if lines.len() >= FULL {
            self.0.full.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogBuffer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
