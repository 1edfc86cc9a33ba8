//! Lines of the log that are worth one each and come by the thousand.

use std::sync::{Mutex, PoisonError};

/// So many lines of a kind in a stretch of time: what happens a thousand times a second is not to fill a disk, and one line
/// with the number of those that were withheld says as much.
#[derive(Debug)]
pub struct Ration {
    most: u64,
    seconds: u64,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    stretch: u64,
    lines: u64,
    withheld: u64,
}

impl Ration {
    /// So many lines in so many seconds.
    pub const fn new(most: u64, seconds: u64) -> Self {
        Self { most, seconds, told: Mutex::new(Told { stretch: 0, lines: 0, withheld: 0 }) }
    }

    /// Whether there may be a line in this second of the clock, and how many were withheld before it.
    pub fn may_tell(&self, second: u64) -> Option<u64> {
        // A clock that stands at zero has told nothing yet either.
        let stretch = second / self.seconds + 1;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.stretch != stretch {
            (told.stretch, told.lines) = (stretch, 0);
        }
        if told.lines == self.most {
            told.withheld += 1;
            return None;
        }
        told.lines += 1;
        Some(std::mem::take(&mut told.withheld))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flood_is_counted_and_not_written_down() {
        let ration = Ration::new(100, 1);
        let first: Vec<_> = (0..107).filter_map(|_| ration.may_tell(1)).collect();
        assert_eq!(first, vec![0; 100]);
        assert_eq!([ration.may_tell(2), ration.may_tell(2)], [Some(7), Some(0)]);
        let slow = Ration::new(1, 60);
        assert_eq!(
            [0, 1, 59, 60, 61, 119, 120].map(|second| slow.may_tell(second).is_some()),
            [true, false, false, true, false, false, true]
        );
    }
}
