//! How a running shop tells the command line how it is doing. Scripts read it, so fields are only ever added.

use crate::domain::{Currency, JobState, Timestamp};
use crate::machine::{self, Usage};
use crate::services::{Backup, CheckNote, Status};
use serde::{Deserialize, Serialize};

/// How the shop is doing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatusView {
    /// The version that runs.
    pub version: String,
    /// The commit it was built from.
    pub commit: Option<String>,
    /// The process.
    pub process: u32,
    /// Seconds it has been open.
    pub uptime_seconds: u64,
    /// Why it cannot do its work, if it cannot.
    pub problem: Option<String>,
    /// Orders since midnight UTC.
    pub orders_today: u64,
    /// What they come to.
    pub total_today: String,
    /// The currency of that.
    pub currency: String,
    /// Writes that wait.
    pub write_queue: u64,
    /// Jobs that wait.
    pub jobs_waiting: u64,
    /// Jobs that were given up.
    pub jobs_dead: u64,
    /// Seconds for which the oldest event waits that somebody is to be told of.
    pub outbox_lag_seconds: u64,
    /// The size of the database.
    pub database_bytes: u64,
    /// The size of its write-ahead log.
    pub wal_bytes: u64,
    /// Memory in use.
    pub memory_bytes: Option<u64>,
    /// Room on the disk.
    pub disk_free_bytes: Option<u64>,
    /// Its size.
    pub disk_size_bytes: Option<u64>,
    /// The newest backup.
    pub backup: Option<NewestBackupView>,
    /// What is wrong with the backups, if something is.
    #[serde(default)]
    pub backup_problem: Option<String>,
    /// The last check of the whole database.
    pub check: Option<CheckView>,
}

/// A backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewestBackupView {
    /// Its file.
    pub name: String,
    /// When it was written.
    pub at: String,
    /// Seconds ago.
    pub age_seconds: u64,
    /// How large it is.
    pub bytes: u64,
}

/// What became of a check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckView {
    /// When it ended.
    pub at: String,
    /// Seconds ago.
    pub age_seconds: u64,
    /// How many things are not as they should be.
    pub findings: usize,
    /// The first of them.
    pub first: Vec<String>,
}

impl StatusView {
    /// As it is now.
    pub fn new(status: &Status, currency: Currency) -> Self {
        let vitals = &status.vitals;
        let jobs = |state: JobState| vitals.jobs.iter().filter(|t| t.state == state).map(|t| t.number).sum();
        let now = crate::clock::now();
        Self {
            version: machine::VERSION.to_owned(),
            commit: machine::COMMIT.map(str::to_owned),
            process: std::process::id(),
            uptime_seconds: vitals.uptime.as_secs(),
            problem: status.unready.clone(),
            orders_today: status.orders_today,
            total_today: currency.format(status.total_today),
            currency: currency.code().to_owned(),
            write_queue: status.queue,
            jobs_waiting: jobs(JobState::Waiting),
            jobs_dead: jobs(JobState::Dead),
            outbox_lag_seconds: vitals.outbox_lag.as_secs(),
            database_bytes: vitals.database_bytes,
            wal_bytes: vitals.wal_bytes,
            memory_bytes: Usage::now().resident_bytes,
            disk_free_bytes: vitals.disk.map(|disk| disk.free_bytes),
            disk_size_bytes: vitals.disk.map(|disk| disk.total_bytes),
            backup: vitals.backup.as_ref().map(|backup| NewestBackupView::new(backup, now)),
            backup_problem: vitals.backup_trouble.clone(),
            check: vitals.check.as_ref().map(|check| CheckView::new(check, now)),
        }
    }
}

impl NewestBackupView {
    /// Of a backup, seen now.
    pub fn new(backup: &Backup, now: Timestamp) -> Self {
        Self {
            name: backup.name.clone(),
            at: backup.at.to_rfc3339(),
            age_seconds: now.since(backup.at).as_secs(),
            bytes: backup.bytes,
        }
    }
}

impl CheckView {
    fn new(check: &CheckNote, now: Timestamp) -> Self {
        Self {
            at: check.at.to_rfc3339(),
            age_seconds: now.since(check.at).as_secs(),
            findings: check.findings,
            first: check.first.clone(),
        }
    }
}
