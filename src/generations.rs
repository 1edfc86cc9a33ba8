//! Tells whether something read earlier is still true, without asking the database.
//!
//! Each kind of [`Change`] has a counter. A reader notes the counters of what it depends on *before* it reads;
//! a committed write advances the counters of what it touched before it is acknowledged. What was read is
//! current as long as its counters stand where they stood. The counters are a fixed number of stripes: two
//! changes may share one, which can only make something look stale that is not.

use crate::domain::Change;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

const STRIPES: usize = 1 << 14;

/// The counters of one running shop.
pub struct Generations {
    stripes: Box<[AtomicU64]>,
    jobs: Notify,
}

/// Counters as they stood at one moment.
#[derive(Clone, Debug)]
pub struct Stamp(Box<[(usize, u64)]>);

impl Default for Generations {
    fn default() -> Self {
        Self { stripes: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(), jobs: Notify::new() }
    }
}

impl Generations {
    /// Notes where the counters of these changes stand.
    pub fn stamp(&self, on: &[Change]) -> Stamp {
        Stamp(on.iter().map(stripe).map(|i| (i, self.stripes[i].load(Ordering::Acquire))).collect())
    }

    /// Whether none of the noted counters has moved.
    pub fn is_current(&self, stamp: &Stamp) -> bool {
        stamp.0.iter().all(|(i, seen)| self.stripes[*i].load(Ordering::Acquire) == *seen)
    }

    /// Moves the counters of what a committed write touched.
    pub fn advance(&self, changes: &[Change]) {
        for change in changes {
            self.stripes[stripe(change)].fetch_add(1, Ordering::AcqRel);
        }
        if changes.contains(&Change::Jobs) {
            self.jobs.notify_one();
        }
    }

    /// Rings when a committed write has added jobs, also for who begins to listen after that.
    pub fn jobs(&self) -> &Notify {
        &self.jobs
    }
}

fn stripe(change: &Change) -> usize {
    (Xxh3DefaultBuilder::new().hash_one(change) as usize) % STRIPES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProductId;

    #[test]
    fn a_stamp_is_current_until_its_own_change_happens() {
        let generations = Generations::default();
        let stamp = generations.stamp(&[Change::Product(ProductId::new(1)), Change::CategoryTree]);
        generations.advance(&[Change::Product(ProductId::new(2)), Change::AnyProduct]);
        assert!(generations.is_current(&stamp));
        generations.advance(&[Change::Product(ProductId::new(1))]);
        assert!(!generations.is_current(&stamp));
    }
}
