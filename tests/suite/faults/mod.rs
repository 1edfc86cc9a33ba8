//! What can go wrong around a shop, made to happen to it: kills, torn logs, full disks, folders it may not write,
//! flipped bits, stops under load, clocks that jump, panics, others who hold the locks.
//!
//! Most of it is done to the real program. `cargo test` runs a quick set; `tests/faults.sh` runs the same tests with
//! larger numbers, by `NEXUS_FAULTS=long`. `docs/promises.md` says which test stands for which hazard.

mod clock;
mod disk;
mod health;
mod locks;
mod mistyped;
mod mixed;
mod page;
mod panics;
mod rot;
mod start;
mod stop;
mod torn;

use std::time::Duration;

/// So many, or more of them in the long set.
pub fn times(quick: usize, long: usize) -> usize {
    match std::env::var("NEXUS_FAULTS").as_deref() {
        Ok("long") => long,
        Ok(other) => panic!("NEXUS_FAULTS is long or not set, not {other:?}"),
        Err(_) => quick,
    }
}

/// Says that a test cannot be made here for want of some right. In the long set that is a failure: it is to make all.
pub fn cannot(what: &str) {
    assert!(times(0, 1) == 0, "the long set needs root: {what}");
    eprintln!("skipped: {what}");
}

/// What a request that costs next to nothing may take beside others: an unoptimized build on a busy machine is slow.
const AT_ONCE: Duration = if cfg!(debug_assertions) { Duration::from_secs(1) } else { Duration::from_millis(100) };

/// Numbers that look random and are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    /// One below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// A place in something of this length.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("a place fits")
    }
}
