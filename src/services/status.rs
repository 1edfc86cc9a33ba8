//! How the shop is doing: for the owner at the command line, and for programs that watch over it.

use super::backup::LAST_FAILURE;
use super::{Ctx, Error, Outcome, Shop};
use crate::counters::Count;
use crate::domain::backup::newest;
use crate::domain::{Money, Right, Timestamp};
use crate::machine::{self, Disk};
use crate::store::JobTally;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// Where the result of the last check is kept.
pub(in crate::services) const LAST_CHECK: &str = "check.last";
/// The code of orders that were refused since something could not be had.
const OUT_OF_STOCK: &str = "out_of_stock";
const DAY_MS: i64 = 86_400_000;

/// What became of the last check of the whole database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckNote {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How many things were found that are not as they should be.
    pub findings: usize,
    /// The first of them.
    pub first: Vec<String>,
}

/// The newest backup in the data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its file.
    pub name: String,
    /// When it was made.
    pub at: Timestamp,
    /// How large it is.
    pub bytes: u64,
    /// Whether it was uploaded.
    pub uploaded: bool,
}

/// What is worth watching.
#[derive(Clone, Debug)]
pub struct Vitals {
    /// How long the shop has been open.
    pub uptime: Duration,
    /// The jobs there are.
    pub jobs: Vec<JobTally>,
    /// For how long the oldest event waits that somebody is to be told of.
    pub outbox_lag: Duration,
    /// The size of the database.
    pub database_bytes: u64,
    /// The size of its write-ahead log.
    pub wal_bytes: u64,
    /// Room on its disk, where the system tells.
    pub disk: Option<Disk>,
    /// The newest backup, if there is one.
    pub backup: Option<Backup>,
    /// How old that is; how old the shop is while there is none.
    pub backup_age: Option<Duration>,
    /// What is wrong with the backups, in words.
    pub backup_trouble: Option<String>,
    /// What became of the last check, if there was one.
    pub check: Option<CheckNote>,
}

/// How the shop is doing, in brief.
#[derive(Clone, Debug)]
pub struct Status {
    /// What is worth watching.
    pub vitals: Vitals,
    /// Why it cannot do its work at the moment.
    pub unready: Option<String>,
    /// Writes that wait for the writer.
    pub queue: u64,
    /// Orders placed since midnight UTC.
    pub orders_today: u64,
    /// What they come to.
    pub total_today: Money,
}

/// The newest backup in a data folder, by its name: copying a file back gives it another time. The copies made before a
/// migration lie there, too, and are none: they hold the database alone, and their age says nothing about whether
/// anybody makes backups.
pub(super) fn newest_backup(root: &Path, now: Timestamp) -> Option<Backup> {
    let found = super::backup::list(root).ok()?;
    let name = newest(found.iter().map(|entry| &entry.name), now)?;
    let entry = found.iter().find(|entry| entry.name == *name)?;
    let (bytes, uploaded) = (entry.size.unwrap_or(0), entry.uploaded);
    Some(Backup { name: name.as_str().to_owned(), at: name.made_at(), bytes, uploaded })
}

impl Shop {
    /// What is worth watching.
    pub fn vitals(&self, ctx: &Ctx) -> Outcome<Vitals> {
        ctx.require(Right::Maintain)?;
        let (jobs, waits_since, check, failure) = self.store.read(|tx| {
            let (check, failure) = (tx.setting(LAST_CHECK)?, tx.setting(LAST_FAILURE)?);
            Ok::<_, Error>((tx.job_tally()?, tx.outbox_waits_since()?, check, failure))
        })?;
        let backup = newest_backup(self.folder.root(), ctx.now);
        let database = self.folder.database();
        let mut wal = database.clone().into_os_string();
        wal.push("-wal");
        Ok(Vitals {
            uptime: self.opened.elapsed(),
            jobs,
            outbox_lag: waits_since.map_or(Duration::ZERO, |since| ctx.now.since(since)),
            database_bytes: machine::file_bytes(&database).unwrap_or(0),
            wal_bytes: machine::file_bytes(wal.as_ref()).unwrap_or(0),
            disk: machine::disk(self.folder.root()),
            backup_age: self.backup_age(backup.as_ref(), ctx.now),
            backup_trouble: self.backup_trouble(backup.as_ref(), failure, ctx.now),
            backup,
            check: check.and_then(|text| serde_json::from_str(&text).ok()),
        })
    }

    /// How the shop is doing, in brief.
    pub fn status(&self, ctx: &Ctx) -> Outcome<Status> {
        let vitals = self.vitals(ctx)?;
        let midnight = Timestamp::from_millis(ctx.now.millis() - ctx.now.millis().rem_euclid(DAY_MS));
        let (orders_today, total_today) = self.store.read(|tx| Ok::<_, Error>(tx.orders_since(midnight)?))?;
        let queue = self.counters().queue_length();
        Ok(Status { vitals, unready: self.unready(), queue, orders_today, total_today })
    }

    /// Counts an order that was refused since there was too little.
    pub(super) fn note_oversell(&self, error: &Error) {
        if matches!(error, Error::Conflict(code, ..) if *code == OUT_OF_STOCK) {
            self.counters().one(Count::OversellsRefused);
        }
    }
}
