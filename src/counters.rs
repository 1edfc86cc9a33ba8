//! What is counted while the shop runs, for whoever watches over it.
//!
//! Everything is an atomic number of its own: counting takes no lock and allocates nothing, and whoever reads may see one
//! number a moment before another. How things are called outside is decided where they are shown, in `src/http/metrics`.

mod ration;

pub use ration::Ration;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Something that is only ever counted up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Writes that were refused since the queue was full.
    WritesRefused,
    /// Commits that failed.
    CommitsFailed,
    /// Reads that took longer than the setting calls slow.
    SlowReads,
    /// Writes that took longer, or what several of them shared.
    SlowWrites,
    /// Sign-ins with the right password.
    SignIns,
    /// Sign-ins that were refused: wrong password, unknown or closed account.
    SignInsRefused,
    /// Sign-ins that were held up before anything was looked at.
    SignInsLimited,
    /// Orders placed by buyers.
    OrdersByBuyers,
    /// Orders placed by the staff.
    OrdersByStaff,
    /// Money that came in, in minor units.
    Revenue,
    /// Money that went back, in minor units.
    Refunded,
    /// Orders refused since there was too little in stock.
    OversellsRefused,
    /// Searches that were run; those answered out of the kept bodies are not.
    Searches,
    /// Of these, the ones that found nothing.
    SearchesEmpty,
    /// Jobs that are done.
    JobsDone,
    /// Attempts of jobs that failed and come again.
    JobsRetried,
    /// Jobs that were given up.
    JobsDead,
    /// Backups that could not be made.
    BackupsNotMade,
    /// Backups that were made and could not be uploaded.
    BackupsNotUploaded,
}

const COUNTS: usize = Count::BackupsNotUploaded as usize + 1;

/// How long commits took, in microseconds.
const COMMIT_BOUNDS: [u64; 13] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000];
/// How many writes shared a commit.
const BATCH_BOUNDS: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

/// The numbers of one running shop.
#[derive(Debug)]
pub struct Counters {
    counts: [AtomicU64; COUNTS],
    queued: AtomicU64,
    told: [Ration; COUNTS],
    doorway: OnceLock<Arc<Doorway>>,
    /// Microseconds that commits took.
    pub commit: Histogram,
    /// Writes that shared a commit.
    pub batch: Histogram,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            queued: AtomicU64::new(0),
            told: std::array::from_fn(|_| Ration::new(1, 1)),
            doorway: OnceLock::new(),
            commit: Histogram::new(&COMMIT_BOUNDS),
            batch: Histogram::new(&BATCH_BOUNDS),
        }
    }
}

impl Counters {
    /// One more.
    pub fn one(&self, what: Count) {
        self.add(what, 1);
    }

    /// So many more.
    pub fn add(&self, what: Count, number: u64) {
        self.counts[what as usize].fetch_add(number, Ordering::Relaxed);
    }

    /// How many there have been since the shop was opened.
    pub fn get(&self, what: Count) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    /// Whether something of a kind may be logged in this second of the clock: when everything is slow, one line a second
    /// says as much as thousands, and costs less.
    pub fn may_tell(&self, what: Count, second: u64) -> bool {
        self.told[what as usize].may_tell(second).is_some()
    }

    /// A write has queued up.
    pub fn queue_grows(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// A write has been taken out of the queue.
    pub fn queue_shrinks(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// What happens at the edge.
    pub fn doorway(&self) -> &Doorway {
        self.doorway.get_or_init(Arc::default)
    }

    /// Has what happens at an edge that is there already told as that of this shop. Once, and before anybody asks.
    pub fn count_at(&self, doorway: Arc<Doorway>) {
        let _ = self.doorway.set(doorway);
    }

    /// Writes that wait for the writer.
    pub fn queue_length(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }
}

/// Why the edge did not let something through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not HTTP, or not by the letter; or a body that is not as its headers say.
    Malformed,
    /// A head or a body that did not come in time.
    Slow,
    /// A body beyond the bound.
    LargeBody,
    /// An address beyond the bound.
    LongUri,
    /// Headers beyond the bound.
    LargeHeaders,
    /// A host name of others.
    ForeignHost,
    /// A certificate's proof that no authority was told of.
    NotExpected,
    /// A method or a coding of others.
    NotImplemented,
    /// The shop gave no answer.
    Unanswered,
    /// Too much was going on.
    Busy,
    /// The shop took too long.
    Late,
    /// A connection for which there was no place.
    Full,
    /// An idle connection that had to make room.
    Displaced,
    /// A connection whose client did not take what it was sent.
    Stalled,
    /// A handshake of TLS that failed.
    Handshake,
}

impl Refused {
    /// All there are.
    pub const ALL: [Self; 15] = [
        Self::Malformed,
        Self::Slow,
        Self::LargeBody,
        Self::LongUri,
        Self::LargeHeaders,
        Self::ForeignHost,
        Self::NotExpected,
        Self::NotImplemented,
        Self::Unanswered,
        Self::Busy,
        Self::Late,
        Self::Full,
        Self::Displaced,
        Self::Stalled,
        Self::Handshake,
    ];
}

/// What happens at the edge, if one stands in front.
#[derive(Debug, Default)]
pub struct Doorway {
    connections: AtomicU64,
    refused: [AtomicU64; Refused::ALL.len()],
}

impl Doorway {
    /// So many connections are there.
    pub fn count(&self, connections: usize) {
        self.connections.store(u64::try_from(connections).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many connections are there.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// One more was not let through.
    pub fn refuse(&self, why: Refused) {
        self.refused[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many were not, and why.
    pub fn refused(&self, why: Refused) -> u64 {
        self.refused[why as usize].load(Ordering::Relaxed)
    }
}

/// How often a number fell into each of a few ranges.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is beyond the last.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// With these bounds, in rising order.
    pub fn new(bounds: &'static [u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, buckets, sum: AtomicU64::new(0) }
    }

    /// Notes a number.
    pub fn note(&self, number: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < number);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// Notes how long something took, in microseconds.
    pub fn note_time(&self, took: Duration) {
        self.note(u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 2));
    }

    /// The sum of all numbers.
    pub fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }

    /// Each bound with how many numbers fell between it and the one before; last what is beyond all bounds.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain(std::iter::once(None));
        bounds.zip(self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fall_into_the_range_that_ends_with_them() {
        let histogram = Histogram::new(&BATCH_BOUNDS);
        for number in [1, 2, 3, 4, 64, 65, 1_000] {
            histogram.note(number);
        }
        let filled: Vec<(Option<u64>, u64)> = histogram.buckets().filter(|(_, number)| *number > 0).collect();
        assert_eq!(filled, [(Some(1), 1), (Some(2), 1), (Some(4), 2), (Some(64), 1), (None, 2)]);
        assert_eq!(histogram.sum(), 1_139);
    }

    #[test]
    fn reasons_of_the_edge_are_counted_apart() {
        let doorway = Doorway::default();
        for (times, why) in Refused::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| doorway.refuse(why));
        }
        let counted: Vec<_> = Refused::ALL.into_iter().map(|why| doorway.refused(why)).collect();
        assert_eq!(counted, (0..15).collect::<Vec<_>>());
    }

    #[test]
    fn each_thing_is_counted_on_its_own() {
        let counters = Counters::default();
        let tell = |second| counters.may_tell(Count::SlowReads, second);
        assert_eq!([tell(7), tell(7), tell(8)], [true, false, true]);
        assert!(counters.may_tell(Count::SlowWrites, 8));
        counters.one(Count::Searches);
        counters.add(Count::JobsDead, 3);
        assert_eq!([counters.get(Count::Searches), counters.get(Count::JobsDead)], [1, 3]);
        assert_eq!(counters.get(Count::SearchesEmpty), 0);
    }
}
