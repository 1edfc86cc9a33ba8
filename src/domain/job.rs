//! Work done later: which kinds there are, when a failed one is tried again, and when a chore recurs.

use super::account::Notice;
use super::letters::{OrderLetter, StockLetter, StockRequestLetter};
use super::mail::Letter;
use super::{JobId, Timestamp, VariantId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// A piece of work, with all that is needed to do it. The name of a kind is stored, so it never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case", deny_unknown_fields)]
pub enum Job {
    /// Send this letter.
    Mail(Letter),
    /// Write and send a letter about an account.
    Notice(Notice),
    /// Write and send a letter to the buyer of an order.
    OrderLetter(OrderLetter),
    /// Tell the staff that a variant runs low.
    StockLetter(StockLetter),
    /// Tell those who wait for a variant that it is back.
    BackInStock(VariantId),
    /// Write and send the letter of somebody who waits for a product.
    StockRequestLetter(StockRequestLetter),
    /// Tell others of events, as far as that is due.
    Deliver,
    /// Ask providers where payments and refunds stand, as far as that is due.
    Reconcile,
}

impl Job {
    /// The name of its kind and its payload as JSON, as they are stored.
    pub fn parts(&self) -> (String, String) {
        let mut whole = serde_json::to_value(self).unwrap_or_default();
        let kind = whole["kind"].as_str().unwrap_or_default().to_owned();
        (kind, whole["payload"].take().to_string())
    }

    /// Reads a job back; the reason when this version of Nexus does not know it.
    pub fn read(kind: &str, payload: &str) -> Result<Self, String> {
        let payload: Value = serde_json::from_str(payload).map_err(|_| "its payload is not JSON".to_owned())?;
        // The cause is not passed on: it could quote the payload, which may hold personal data.
        serde_json::from_value(json!({ "kind": kind, "payload": payload }))
            .map_err(|_| format!("this version of Nexus knows no job {kind:?} with such a payload"))
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// To be run when it is due.
    Waiting,
    /// Somebody is at it.
    Running,
    /// Given up; kept for a while for people to look at.
    Dead,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Running, Self::Dead];

    /// The name in the database and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Dead => "dead",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One run of a job: which, and which attempt it is. Whoever claimed an earlier attempt has nothing to say any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Which job.
    pub id: JobId,
    /// Which attempt, from 1.
    pub attempt: u32,
}

/// Why a job was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobFailure {
    /// It may work later.
    Temporary(String),
    /// It never will.
    Permanent(String),
}

impl fmt::Display for JobFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Temporary(why) | Self::Permanent(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for JobFailure {}

/// What a failed job comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To be tried again then.
    Retry(Timestamp),
    /// Given up.
    Bury,
}

/// Attempts a job gets: with the pauses between them about a day, the longest that mail is usually away.
pub const MOST_ATTEMPTS: u32 = 16;
/// How long whoever claims a job may take; after that it is anybody's again.
pub const LEASE: Duration = Duration::from_secs(300);
/// The first pause is at most this long; each further one at most twice as long as the one before.
const FIRST_PAUSE_MS: u64 = 10_000;
/// The longest pause.
const LONGEST_PAUSE_MS: u64 = 6 * 3_600_000;
/// The shortest, so that bad luck does not use up the attempts in one second.
const SHORTEST_PAUSE_MS: u64 = 1_000;

/// What becomes of a job whose `attempt` failed. `dice` is any number, drawn at random, so that jobs that failed
/// together do not come back together.
pub fn verdict(failure: &JobFailure, attempt: u32, now: Timestamp, dice: u64) -> Verdict {
    match failure {
        JobFailure::Permanent(_) => Verdict::Bury,
        JobFailure::Temporary(_) if attempt >= MOST_ATTEMPTS => Verdict::Bury,
        JobFailure::Temporary(_) => Verdict::Retry(now.plus(pause(attempt, dice))),
    }
}

/// How long to wait after this attempt: anything up to a limit that doubles with each attempt.
pub fn pause(attempt: u32, dice: u64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(20);
    let limit = (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS);
    Duration::from_millis((dice % (limit + 1)).max(SHORTEST_PAUSE_MS))
}

/// When a chore runs next, after it ran at `now` being due at `due`: in its rhythm; runs that were missed meanwhile
/// are not made up for. A `due` that a clock set back has left in the future does not count.
pub fn next_run(due: Timestamp, every: Duration, now: Timestamp) -> Timestamp {
    let in_rhythm = due.plus(every);
    if due <= now && in_rhythm > now { in_rhythm } else { now.plus(every) }
}

/// When a chore is due that is down for `next`: no later than one interval from now, so that a clock that was ahead
/// and has been set back does not hold it up.
pub fn due_at(next: Timestamp, every: Duration, now: Timestamp) -> Timestamp {
    next.min(now.plus(every))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::letters::OrderOccasion;
    use crate::domain::{Email, FulfillmentId, OrderId};
    use proptest::prelude::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn job_is_read_back_and_its_name_stands() {
        assert_eq!(Job::Deliver.parts(), ("deliver".to_owned(), "null".to_owned()));
        assert_eq!(Job::read("deliver", "null"), Ok(Job::Deliver));
        let letter = Letter::new("1", Email::parse("ann@example.test").unwrap(), "Hi", "secret").unwrap();
        let job = Job::Mail(letter);
        let (kind, payload) = job.parts();
        assert_eq!(kind, "mail");
        assert_eq!(Job::read(&kind, &payload).as_ref(), Ok(&job));
        let order = OrderLetter { order: OrderId::new(7), occasion: OrderOccasion::Shipped(FulfillmentId::new(3)) };
        let (kind, payload) = Job::OrderLetter(order).parts();
        assert_eq!((kind.as_str(), payload.as_str()), ("order_letter", r#"{"order":7,"occasion":{"shipped":3}}"#));
        assert_eq!(Job::read(&kind, &payload), Ok(Job::OrderLetter(order)));
        let (_, payload) = job.parts();
        for (kind, payload) in [("mial", payload.as_str()), ("mail", "{}"), ("mail", "{"), ("", "null")] {
            let why = Job::read(kind, payload).unwrap_err();
            assert!(!why.contains("secret") && !why.contains("ann@"), "{why}");
        }
    }

    #[test]
    fn job_that_fails_for_good_or_too_often_is_buried() {
        let (temporary, permanent) = (JobFailure::Temporary("x".into()), JobFailure::Permanent("x".into()));
        assert_eq!(verdict(&permanent, 1, at(0), 0), Verdict::Bury);
        assert_eq!(verdict(&temporary, 1, at(5), 7_000), Verdict::Retry(at(7_005)));
        assert!(matches!(verdict(&temporary, MOST_ATTEMPTS - 1, at(0), 0), Verdict::Retry(_)));
        assert_eq!(verdict(&temporary, MOST_ATTEMPTS, at(0), 0), Verdict::Bury);
    }

    #[test]
    fn chore_keeps_its_rhythm_and_makes_up_for_missed_runs_once() {
        let day = 86_400_000;
        assert_eq!(next_run(at(day), DAY, at(day + 5)), at(2 * day), "in rhythm, however late the run began");
        assert_eq!(next_run(at(day), DAY, at(9 * day + 5)), at(10 * day + 5), "eight missed runs are one");
        assert_eq!(due_at(at(9 * day), DAY, at(day)), at(2 * day), "the clock was eight days ahead");
        assert_eq!(due_at(at(2 * day), DAY, at(day + 5)), at(2 * day));
    }

    proptest! {
        #[test]
        fn pause_stays_within_its_limits(attempt in 0_u32..=u32::MAX, dice: u64) {
            let pause = pause(attempt, dice);
            prop_assert!(pause >= Duration::from_secs(1) && pause <= Duration::from_secs(6 * 3600));
            if attempt <= 1 {
                prop_assert!(pause <= Duration::from_secs(10));
            }
        }

        #[test]
        fn pause_uses_its_whole_range(attempt in 1_u32..=MOST_ATTEMPTS, share in 0.2_f64..0.9) {
            let limit = (10_000_u64 << (attempt - 1)).min(6 * 3_600_000);
            let wanted = (limit as f64 * share) as u64;
            prop_assert_eq!(pause(attempt, wanted), Duration::from_millis(wanted));
            prop_assert!(pause(attempt, limit) == Duration::from_millis(limit));
        }

        #[test]
        fn chore_is_never_due_at_once_again_nor_later_than_one_interval(
            due in 0_i64..10_000_000_000, now in 0_i64..10_000_000_000, every in 1_u64..100_000_000
        ) {
            let every = Duration::from_millis(every);
            let next = next_run(at(due), every, at(now));
            prop_assert!(next > at(now) && next <= at(now).plus(every));
            let due = due_at(at(due), every, at(now));
            prop_assert!(due <= at(now).plus(every));
        }
    }
}
