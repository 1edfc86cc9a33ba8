//! What is wrong with the backups of a shop, in words for its owner: a backup that fails at night is noticed by nobody who
//! does not read the log.

use crate::domain::Timestamp;
use crate::services::Backup;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where the last failure is kept; a backup that is made, and uploaded where it is to be, ends it.
pub(in crate::services) const LAST_FAILURE: &str = "backup.failure";

/// Backups that may be missing before that is called a problem.
const MISSED: u32 = 3;
const HOUR: u64 = 3_600;

/// How far a backup came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It could not be made.
    Made,
    /// It was made and could not be uploaded.
    Uploaded,
}

/// A backup that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFailure {
    /// When.
    pub at: Timestamp,
    /// How far it came.
    pub stage: Stage,
    /// Why it came no further.
    pub why: String,
}

/// What there is to judge by.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Hours between two backups; 0 when the shop is to make none.
    pub every_hours: u32,
    /// The newest backup.
    pub newest: Option<&'a Backup>,
    /// What failed last.
    pub failure: Option<&'a BackupFailure>,
    /// When the shop was made.
    pub since: Timestamp,
    /// Until when a backup was to be made: now, or when the shop was last at work.
    pub until: Timestamp,
}

impl BackupFailure {
    /// Whether a backup was made since that came as far as this one did not.
    fn is_over(&self, newest: Option<&Backup>) -> bool {
        newest.is_some_and(|newest| newest.at > self.at && (self.stage == Stage::Made || newest.uploaded))
    }
}

impl Seen<'_> {
    /// What is wrong; nothing when all is well.
    pub fn trouble(&self) -> Option<String> {
        if let Some(failure) = self.failure.filter(|failure| !failure.is_over(self.newest)) {
            let what = if failure.stage == Stage::Made { "made" } else { "uploaded" };
            return Some(format!(
                "the last one could not be {what}, at {}: {}",
                failure.at.to_rfc3339(),
                failure.why.lines().next().unwrap_or_default()
            ));
        }
        let every = Duration::from_secs(u64::from(self.every_hours) * HOUR);
        let last = self.newest.map_or(self.since, |newest| newest.at);
        let age = self.until.since(last);
        if every.is_zero() || age <= every * MISSED {
            return None;
        }
        let (hours, every) = (age.as_secs() / HOUR, self.every_hours);
        Some(match self.newest {
            Some(newest) => {
                format!("one is to be made every {every} hours, and the newest is {hours} hours old ({})", newest.name)
            }
            None => {
                format!("one is to be made every {every} hours, and there was none in the {hours} hours of the shop")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_millis(hour * 3_600_000)
    }

    #[test]
    fn failures_and_backups_that_stay_away_are_trouble_until_there_is_one_again() {
        let newest = |at: i64, uploaded: bool| Backup { name: "b".to_owned(), at: hour(at), bytes: 1, uploaded };
        let trouble = |newest: Option<&Backup>, failure: Option<(Stage, i64)>, until: i64| {
            let failure =
                failure.map(|(stage, at)| BackupFailure { at: hour(at), stage, why: "no room\nat all".to_owned() });
            let seen = Seen { every_hours: 24, newest, failure: failure.as_ref(), since: hour(0), until: hour(until) };
            seen.trouble()
        };
        assert_eq!(trouble(None, None, 72), None);
        assert!(trouble(None, None, 74).unwrap().contains("there was none"));
        assert_eq!(trouble(Some(&newest(100, false)), None, 172), None);
        assert!(trouble(Some(&newest(100, false)), None, 173).unwrap().contains("73 hours old"));
        let made = trouble(Some(&newest(100, false)), Some((Stage::Made, 124)), 125).unwrap();
        assert!(made.contains("could not be made") && made.ends_with("no room"), "{made}");
        assert_eq!(trouble(Some(&newest(125, false)), Some((Stage::Made, 124)), 126), None);
        assert!(trouble(Some(&newest(125, false)), Some((Stage::Uploaded, 124)), 126).unwrap().contains("uploaded"));
        assert_eq!(trouble(Some(&newest(125, true)), Some((Stage::Uploaded, 124)), 126), None);
        let seen = Seen { every_hours: 0, newest: None, failure: None, since: hour(0), until: hour(900) };
        assert_eq!(seen.trouble(), None);
    }
}
