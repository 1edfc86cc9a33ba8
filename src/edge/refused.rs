//! Refusals in the access log, beside the answers of the shop itself: whoever looks for a client that was turned away
//! finds it there.

use super::refusal::Refusal;
use hyper::Method;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Lines a second. What comes on top is counted and told with the next line: a flood is not to fill a disk.
const MOST_LINES: u64 = 100;

/// The part of the access log that is the edge's.
pub struct AccessLog {
    on: bool,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    second: u64,
    lines: u64,
    withheld: u64,
}

impl Told {
    /// Whether there may be a line in this second, and how many there were not before it.
    fn may_tell(&mut self, second: u64) -> Option<u64> {
        if self.second != second {
            (self.second, self.lines) = (second, 0);
        }
        if self.lines == MOST_LINES {
            self.withheld += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.withheld))
    }
}

impl AccessLog {
    /// One that is kept, or not.
    pub fn new(on: bool) -> Self {
        Self { on, told: Mutex::default() }
    }

    /// Notes a refusal by the id of its answer; what cannot be read has no method.
    pub fn note(&self, refusal: Refusal, id: &str, client: IpAddr, method: Option<&Method>) {
        if !self.on {
            tracing::debug!(status = refusal.status, "refused at the edge");
            return;
        }
        let second = crate::clock::now().millis().unsigned_abs() / 1_000;
        let may = self.told.lock().unwrap_or_else(PoisonError::into_inner).may_tell(second);
        let Some(withheld) = may else { return };
        tracing::info!(
            target: "nexus::access",
            request_id = id,
            %client,
            method = method.map_or("-", Method::as_str),
            route = "-",
            status = refusal.status,
            refused = refusal.kind,
            withheld = (withheld > 0).then_some(withheld),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flood_of_refusals_is_counted_and_not_written_down() {
        let mut told = Told::default();
        let first: Vec<_> = (0..MOST_LINES + 7).filter_map(|_| told.may_tell(1)).collect();
        assert_eq!(first, vec![0; 100]);
        assert_eq!([told.may_tell(2), told.may_tell(2)], [Some(7), Some(0)]);
    }
}
