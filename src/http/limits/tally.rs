//! Counts by key over the last minute, in bounded memory.
//!
//! A key may be counted at most `limit` times in any 60 seconds: time is cut into slices of 7.5 seconds, and a count
//! is forgotten when its slice is nine slices old. So a burst may use the whole limit at once, and no minute, however it
//! is laid, sees more. GCRA, which `governor` implements, lets twice as many through in the minute that begins with
//! a burst; `governor` also neither takes a count back nor bounds its memory in keys other than by looking through
//! all of them.
//!
//! When there are too many keys, those go first that have used the least of their limit. A cache such as
//! `quick_cache` would drop what was not asked for lately, and whoever sends from many addresses could make it forget an
//! account that is being attacked.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard};

/// The length of a slice.
const SLICE_MS: u64 = 7_500;
/// The slices that are counted: the running one and a whole minute before it.
const SLICES: usize = 9;
/// Parts with a lock each.
const PARTS: usize = 64;
/// Keys a part holds at most: as many as a table of 16,384 places takes.
const MOST_KEYS: usize = 14_336;
/// Keys a part has room for at first.
const FEW_KEYS: usize = 56;

/// What has been counted for one key.
#[derive(Clone, Copy, Default)]
struct Counts {
    /// The newest slice, counted from the start of the process.
    slice: u32,
    /// How much of its limit was used at the last count, in 1/65,535.
    share: u16,
    /// Counts by slice modulo their number.
    used: [u16; SLICES],
}

impl Counts {
    /// Forgets what is older than a minute.
    fn advance(&mut self, slice: u32) {
        let passed = slice.saturating_sub(self.slice) as usize;
        for step in 1..=passed.min(SLICES) {
            self.used[(self.slice as usize + step) % SLICES] = 0;
        }
        self.slice = self.slice.max(slice);
    }

    fn sum(&self) -> u32 {
        self.used.iter().map(|n| u32::from(*n)).sum()
    }

    /// Milliseconds until the oldest count is forgotten.
    fn wait_ms(&self, now_ms: u64) -> u64 {
        let oldest = (1..=SLICES).find(|step| self.used[(self.slice as usize + step) % SLICES] > 0).unwrap_or(SLICES);
        // One step ahead of the running slice lies the oldest one, which is forgotten when the next begins.
        ((u64::from(self.slice) + oldest as u64) * SLICE_MS).saturating_sub(now_ms).max(1)
    }
}

/// Some of the keys.
#[derive(Default)]
struct Part {
    keys: HashMap<u64, Counts>,
    /// The slice in which forgotten keys were last looked for.
    swept: u32,
}

/// The counts of all keys.
pub struct Tally {
    parts: Box<[Mutex<Part>]>,
    /// Differs in each process, so that nobody can choose keys that meet.
    seed: RandomState,
}

/// A count that can be taken back.
#[derive(Clone, Copy)]
pub struct Counted {
    key: u64,
    slice: u32,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let parts = (0..PARTS).map(|_| Mutex::default()).collect();
        Self { parts, seed: RandomState::new() }
    }

    /// The name under which something is counted.
    pub fn key(&self, what: impl Hash) -> u64 {
        self.seed.hash_one(what)
    }

    /// Counts once, or says in how many milliseconds there is room again.
    pub fn count(&self, key: u64, limit: NonZeroU32, now_ms: u64) -> Result<Counted, u64> {
        let slice = slice_of(now_ms);
        let mut part = self.part(key);
        if part.is_due(slice) {
            part.make_room(slice);
        }
        let counts = part.keys.entry(key).or_default();
        counts.advance(slice);
        let used = counts.sum();
        if used >= limit.get() {
            return Err(counts.wait_ms(now_ms));
        }
        // The clock of another thread may be a slice ahead; its slice then takes this count as well.
        let slice = counts.slice;
        let running = &mut counts.used[slice as usize % SLICES];
        *running = running.saturating_add(1);
        counts.share = share(used + 1, limit);
        Ok(Counted { key, slice })
    }

    /// Takes a count back, if it is not forgotten anyway.
    pub fn take_back(&self, counted: Counted, now_ms: u64) {
        if let Some(counts) = self.part(counted.key).keys.get_mut(&counted.key) {
            counts.advance(slice_of(now_ms));
            if counts.slice.saturating_sub(counted.slice) < SLICES as u32 {
                let used = &mut counts.used[counted.slice as usize % SLICES];
                *used = used.saturating_sub(1);
            }
        }
    }

    /// The keys it holds.
    pub fn keys(&self) -> usize {
        self.parts.iter().map(|part| lock(part).keys.len()).sum()
    }

    fn part(&self, key: u64) -> MutexGuard<'_, Part> {
        lock(&self.parts[(key >> 32) as usize % PARTS])
    }
}

fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    // No code that could panic runs under the lock.
    part.lock().unwrap_or_else(|e| e.into_inner())
}

fn slice_of(now_ms: u64) -> u32 {
    u32::try_from(now_ms / SLICE_MS).unwrap_or(u32::MAX)
}

fn share(used: u32, limit: NonZeroU32) -> u16 {
    u16::try_from(u64::from(used) * u64::from(u16::MAX) / u64::from(limit.get())).unwrap_or(u16::MAX)
}

impl Part {
    /// Whether it is full, or has not been swept for two minutes.
    fn is_due(&self, slice: u32) -> bool {
        self.keys.len() == self.keys.capacity() || slice.saturating_sub(self.swept) as usize > 2 * SLICES
    }

    /// Drops keys with nothing left to count; where that is not enough, those that have used the least of their limit.
    /// The table is made anew with room for as many again, so it grows with what is alive and shrinks after a flood.
    fn make_room(&mut self, slice: u32) {
        self.swept = slice;
        let mut alive: Vec<(u64, Counts)> = std::mem::take(&mut self.keys).into_iter().collect();
        alive.retain_mut(|(_, counts)| {
            counts.advance(slice);
            counts.sum() > 0
        });
        if alive.len() > MOST_KEYS / 4 * 3 {
            let kept = MOST_KEYS / 2;
            alive.select_nth_unstable_by_key(kept, |(_, counts)| std::cmp::Reverse(counts.share));
            alive.truncate(kept);
        }
        self.keys.reserve((alive.len() * 2).clamp(FEW_KEYS, MOST_KEYS));
        self.keys.extend(alive);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: u64 = 60_000;

    fn limit(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn burst_takes_the_whole_limit_and_then_waits_for_a_minute() {
        let tally = Tally::new();
        let now = 1_000_000;
        for _ in 0..10 {
            assert!(tally.count(7, limit(10), now).is_ok());
        }
        let wait = tally.count(7, limit(10), now).err().unwrap();
        assert!((MINUTE..=MINUTE + SLICE_MS).contains(&wait), "{wait}");
        assert!(tally.count(7, limit(10), now + MINUTE).is_err());
        assert!(tally.count(7, limit(10), now + wait - 1).is_err());
        assert!(tally.count(7, limit(10), now + wait).is_ok());
        assert!(tally.count(8, limit(10), now).is_ok(), "another key has counts of its own");
    }

    #[test]
    fn count_taken_back_makes_room_for_one() {
        let tally = Tally::new();
        let first = tally.count(7, limit(2), 0).unwrap();
        tally.count(7, limit(2), 10_000).unwrap();
        assert!(tally.count(7, limit(2), 20_000).is_err());
        tally.take_back(first, 20_000);
        tally.count(7, limit(2), 30_000).unwrap();
        assert!(tally.count(7, limit(2), 30_000).is_err());
        // Long forgotten, it takes nothing from what came later.
        for _ in 0..2 {
            tally.count(7, limit(2), 200_000).unwrap();
        }
        tally.take_back(first, 200_000);
        assert!(tally.count(7, limit(2), 200_000).is_err());
    }

    proptest! {
        #[test]
        fn no_minute_sees_more_than_the_limit_and_waiting_as_told_helps(
            steps in proptest::collection::vec((0..20_000_u64, any::<bool>()), 1..300),
            most in 1..20_u32,
        ) {
            let tally = Tally::new();
            let (mut now, mut let_in) = (0, Vec::new());
            for (step, waits) in steps {
                now += step;
                let minute = |now: u64, span: u64| move |at: &&u64| **at + span > now;
                let recent = let_in.iter().filter(minute(now, MINUTE)).count();
                let remembered = let_in.iter().filter(minute(now, MINUTE + SLICE_MS)).count();
                match tally.count(1, limit(most), now) {
                    Ok(_) => {
                        prop_assert!(recent < most as usize);
                        let_in.push(now);
                    }
                    Err(wait) => {
                        prop_assert!(remembered >= most as usize);
                        prop_assert!(wait <= MINUTE + SLICE_MS);
                        if waits {
                            now += wait;
                            prop_assert!(tally.count(1, limit(most), now).is_ok());
                            let_in.push(now);
                        }
                    }
                }
            }
        }
    }

    fn places(tally: &Tally) -> usize {
        tally.parts.iter().map(|part| (lock(part).keys.capacity() * 8 / 7).next_power_of_two()).sum()
    }

    #[test]
    fn million_keys_stay_within_bounds_and_do_not_wash_out_one_that_is_used_up() {
        let tally = Tally::new();
        let attacked = tally.key("attacked");
        for _ in 0..10 {
            tally.count(attacked, limit(10), 0).unwrap();
        }
        for n in 0..1_000_000_u64 {
            let key = tally.key(n);
            tally.count(key, limit(10), n / 100).unwrap();
        }
        assert!(tally.keys() <= PARTS * MOST_KEYS, "{}", tally.keys());
        assert!(tally.keys() >= 500_000, "{}", tally.keys());
        // Each place of a table takes the key, the counts and one byte; the vector that moves them is short-lived.
        let place = size_of::<(u64, Counts)>() + 1;
        assert!(places(&tally) * place <= 40 * 1024 * 1024, "{} places of {place} bytes", places(&tally));
        assert!(tally.count(attacked, limit(10), 10_000).is_err());
        // Half an hour later the flood is forgotten, and its memory is given back as new keys come.
        for n in 0..10_000_u64 {
            tally.count(tally.key(("later", n)), limit(10), 2_000_000).unwrap();
        }
        assert_eq!(tally.keys(), 10_000);
        assert!(places(&tally) < 50_000, "{}", places(&tally));
    }
}
