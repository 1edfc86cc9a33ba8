//! Refusals in the access log, beside the answers of the shop itself: whoever looks for a client that was turned away
//! finds it there.

use super::refusal::Refusal;
use crate::counters::Ration;
use hyper::Method;
use std::net::IpAddr;

/// Lines a second. What comes on top is counted and told with the next line: a flood is not to fill a disk.
const MOST_LINES: u64 = 100;

/// The part of the access log that is the edge's.
pub struct AccessLog {
    on: bool,
    told: Ration,
}

impl AccessLog {
    /// One that is kept, or not.
    pub fn new(on: bool) -> Self {
        Self { on, told: Ration::new(MOST_LINES, 1) }
    }

    /// Notes a refusal by the id of its answer; what cannot be read has no method.
    pub fn note(&self, refusal: Refusal, id: &str, client: IpAddr, method: Option<&Method>) {
        if !self.on {
            tracing::debug!(status = refusal.status, "refused at the edge");
            return;
        }
        let second = crate::clock::now().millis().unsigned_abs() / 1_000;
        let Some(withheld) = self.told.may_tell(second) else { return };
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
