//! Backups: what one is called, what its manifest says, and which of them are kept.

use super::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The layout of archives that this version writes and reads.
pub const FORMAT: u32 = 1;

/// What every name ends in.
const ENDING: &str = ".tar.gz";

const DAY: i64 = 86_400_000;

/// The first entry of an archive: what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout of the archive.
    pub format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// The schema of the database in it.
    pub schema: i64,
    /// When the shop looked as it does in it.
    pub created_at: Timestamp,
    /// Whether the keys of the shop are in it, encrypted.
    pub secrets: bool,
    /// Broken rules that the shop had already.
    pub findings: Vec<String>,
    /// Every other file, in the order in which they stand in the archive.
    pub files: Vec<ManifestFile>,
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Where it stands in the data folder, with `/` between the steps.
    pub path: String,
    /// Its length.
    pub size: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The length of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Why this program cannot read the archive, if it cannot.
    pub fn problem(&self, newest_schema: i64) -> Option<String> {
        if self.format != FORMAT || self.schema > newest_schema {
            let (version, schema) = (&self.version, self.schema);
            return Some(format!(
                "it was made by Nexus {version} (schema {schema}), this version knows up to schema {newest_schema}: \
                 use that version or a newer one"
            ));
        }
        let bad = self.files.iter().find(|file| !is_inside(&file.path))?;
        Some(format!("its manifest names {:?}, which is not a file of a data folder", bad.path))
    }
}

/// Whether a path leads to something below the folder it is read in, and looks the same on every system.
fn is_inside(path: &str) -> bool {
    let step_is_plain = |step: &str| {
        !step.is_empty()
            && step != "."
            && step != ".."
            && !step.contains(['\\', ':'])
            && !step.contains(char::is_control)
    };
    path.len() <= 1_000 && path.split('/').all(step_is_plain)
}

/// Who asked for a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupKind {
    /// The shop itself; the schedule removes it again.
    Automatic,
    /// A person; kept until a person removes it.
    Manual,
}

impl BackupKind {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
        }
    }
}

/// The name of a backup's file: `nexus-20260131-090500-123.tar.gz`, with `auto-` after the first word when the shop made
/// it by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupName(String);

impl BackupName {
    /// The name of a backup made at a moment.
    pub fn new(kind: BackupKind, at: Timestamp) -> Self {
        let digits: Vec<char> = at.to_rfc3339().chars().filter(char::is_ascii_digit).collect();
        let part = |from: usize, to: usize| digits[from..to].iter().collect::<String>();
        let auto = if kind == BackupKind::Automatic { "auto-" } else { "" };
        Self(format!("nexus-{auto}{}-{}-{}{ENDING}", part(0, 8), part(8, 14), part(14, 17)))
    }

    /// Reads a name; none when no backup is called so.
    pub fn parse(text: &str) -> Option<Self> {
        let name = Self(text.to_owned());
        let made = name.read()?;
        (Self::new(name.kind(), made).0 == text).then_some(name)
    }

    fn read(&self) -> Option<Timestamp> {
        let stamp = self.0.strip_prefix("nexus-")?.strip_suffix(ENDING)?;
        let stamp = stamp.strip_prefix("auto-").unwrap_or(stamp);
        if stamp.len() != 19 || !stamp.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return None;
        }
        let part = |from: usize, to: usize| &stamp[from..to];
        let (date, time) = (format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8)), part(9, 15));
        let time = format!("{}:{}:{}.{}", &time[0..2], &time[2..4], &time[4..6], part(16, 19));
        Timestamp::parse(&format!("{date}T{time}Z"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When it was made.
    pub fn made_at(&self) -> Timestamp {
        self.read().unwrap_or(Timestamp::from_millis(0))
    }

    /// Who asked for it.
    pub fn kind(&self) -> BackupKind {
        if self.0.starts_with("nexus-auto-") { BackupKind::Automatic } else { BackupKind::Manual }
    }
}

/// The newest of these; one that a clock which went wrong dated later than now counts only when there is no other.
pub fn newest<'n>(names: impl Iterator<Item = &'n BackupName>, now: Timestamp) -> Option<&'n BackupName> {
    names.max_by_key(|name| {
        let at = name.made_at();
        (at <= now, at)
    })
}

/// Which of these the schedule removes: of its own, all but the newest of each of the last days and weeks there are
/// backups of. What people made stays, and so does what a clock that went wrong dated later than now.
pub fn expendable(names: &[BackupName], now: Timestamp, days: u32, weeks: u32) -> Vec<BackupName> {
    let is_own = |name: &&BackupName| name.kind() == BackupKind::Automatic && name.made_at() <= now;
    let mut own: Vec<&BackupName> = names.iter().filter(is_own).collect();
    own.sort_unstable_by(|a, b| b.cmp(a));
    let (mut daily, mut weekly) = (BTreeSet::new(), BTreeSet::new());
    let mut gone = Vec::new();
    for name in own {
        let day = name.made_at().millis().div_euclid(DAY);
        // The first of January 1970 was a Thursday; weeks begin on Mondays.
        let week = (day + 3).div_euclid(7);
        let for_day = daily.len() < days as usize && daily.insert(day);
        let for_week = weekly.len() < weeks as usize && weekly.insert(week);
        if !for_day && !for_week {
            gone.push(name.clone());
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn name_is_read_as_it_is_written() {
        let moment = at("2026-01-31T09:05:00.123Z");
        let made = BackupName::new(BackupKind::Manual, moment);
        assert_eq!(made.as_str(), "nexus-20260131-090500-123.tar.gz");
        for kind in [BackupKind::Manual, BackupKind::Automatic] {
            let name = BackupName::new(kind, moment);
            let read = BackupName::parse(name.as_str()).unwrap();
            assert_eq!((read.kind(), read.made_at()), (kind, moment));
        }
        let bad = [
            "",
            "nexus.db",
            "../nexus-20260131-090500-123.tar.gz",
            "nexus-20260131-090500-123.tar.gz/",
            "nexus-20261331-090500-123.tar.gz",
            "nexus-20260131x090500-123.tar.gz",
            "nexus-2026013é-090500-12.tar.gz",
            "nexus-auto-auto-20260131-090500-123.tar.gz",
        ];
        for bad in bad {
            assert!(BackupName::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_week_of_days_and_a_month_of_weeks_are_kept_and_what_people_made() {
        let first = at("2026-01-01T03:00:00Z").millis();
        let every_12_hours = |n: i64| Timestamp::from_millis(first + n * DAY / 2);
        let mut names: Vec<_> = (0..120).map(|n| BackupName::new(BackupKind::Automatic, every_12_hours(n))).collect();
        names.push(BackupName::new(BackupKind::Manual, at("2020-01-01T00:00:00Z")));
        let now = at("2026-03-01T15:00:00Z");
        names.push(BackupName::new(BackupKind::Automatic, at("2040-01-01T00:00:00Z")));
        let gone = expendable(&names, now, 7, 4);
        let kept: Vec<_> = names.iter().filter(|name| !gone.contains(name)).map(|n| n.made_at().to_rfc3339()).collect();
        let days = ["2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26", "2026-02-27", "2026-02-28", "2026-03-01"];
        let weeks = ["2026-02-08", "2026-02-15", "2026-02-22"];
        let mut expected: Vec<_> = weeks.iter().chain(&days).map(|day| format!("{day}T15:00:00.000Z")).collect();
        expected.extend(["2020-01-01T00:00:00.000Z", "2040-01-01T00:00:00.000Z"].map(str::to_owned));
        assert_eq!(kept, expected);
        assert!(
            expendable(&names[119..120], now, 1, 0).is_empty() && expendable(&names[119..120], now, 0, 0).len() == 1
        );
    }

    #[test]
    fn newest_is_the_last_one_that_was_not_dated_later_than_now() {
        let named = |day: &str| BackupName::new(BackupKind::Manual, at(day));
        let names = [named("2026-02-01"), named("2026-02-03"), named("2040-01-01"), named("2026-02-02")];
        let now = at("2026-02-04");
        assert_eq!(newest(names.iter(), now), Some(&names[1]));
        assert_eq!(newest(names[2..3].iter(), now), Some(&names[2]));
        assert_eq!(newest([].iter(), now), None);
    }

    #[test]
    fn manifest_that_leads_outside_is_refused() {
        let manifest = |path: &str| Manifest {
            format: FORMAT,
            version: "1".to_owned(),
            schema: 1,
            created_at: Timestamp::from_millis(0),
            secrets: false,
            findings: Vec::new(),
            files: vec![ManifestFile { path: path.to_owned(), size: 0, sha256: String::new() }],
        };
        assert_eq!(manifest("media/a b/ü.webp").problem(1), None);
        for bad in ["", "/etc/passwd", "../x", "media/../../x", "media//x", "a\\b", "c:x", "a\0b", "./x"] {
            assert!(manifest(bad).problem(1).is_some(), "{bad:?}");
        }
        assert!(manifest("a").problem(0).unwrap().contains("newer"));
    }
}
