//! The deadlines and bounds, as times and numbers.

use crate::config::EdgeSettings;
use std::time::Duration;

/// Bytes of an address.
pub const URI_BYTES: usize = 8 * 1024;
/// Bytes of all headers of a request together.
pub const HEADER_BYTES: usize = 32 * 1024;
/// Headers of a request.
pub const HEADERS: usize = 100;
/// Bytes of a head that are read before it is given up, which is more than fits the rules above: who breaks them a little is
/// told which one.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Bytes of an answer that are read at once, so that whoever reads slowly keeps no part of the shop busy.
pub const WHOLE_BYTES: u64 = 64 * 1024;
/// Requests of one connection of HTTP/2 that are worked on, or whose answers are waiting to be taken, at once: others wait
/// until a client has taken one, so that it does not have the edge keep a hundred of them for it.
pub const AT_ONCE: usize = 16;
/// How long a request waits for its turn.
pub const TURN: Duration = Duration::from_secs(5);
/// How long a connection through which two programs speak may be silent.
pub const TUNNEL_SILENCE: Duration = Duration::from_secs(300);
/// How long a connection that must end gets for its last words.
pub const FAREWELL: Duration = Duration::from_secs(1);

/// How long is waited for what.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The handshake of TLS.
    pub handshake: Duration,
    /// The head of a request.
    pub header: Duration,
    /// Between requests.
    pub idle: Duration,
    /// How far behind the slowest allowed pace somebody may fall.
    pub stall: Duration,
    /// Until an answer begins.
    pub answer: Duration,
    /// The largest body.
    pub body_bytes: u64,
    pace: u64,
}

impl From<&EdgeSettings> for Limits {
    fn from(settings: &EdgeSettings) -> Self {
        let seconds = |number: u32| Duration::from_secs(number.into());
        Self {
            handshake: seconds(settings.handshake_seconds),
            header: seconds(settings.header_seconds),
            idle: seconds(settings.idle_seconds),
            stall: seconds(settings.stall_seconds),
            answer: seconds(settings.answer_seconds),
            body_bytes: settings.max_body_mib * 1024 * 1024,
            pace: settings.min_bytes_per_second.max(1).into(),
        }
    }
}

impl Limits {
    /// How long a body of this size, if it is known, may take.
    pub fn time_for_body(&self, bytes: Option<u64>) -> Duration {
        let bytes = bytes.unwrap_or(self.body_bytes).min(self.body_bytes);
        self.stall + self.time_for(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// How long so many bytes may take.
    pub fn time_for(&self, bytes: usize) -> Duration {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Duration::from_millis(bytes.saturating_mul(1_000) / self.pace)
    }
}
