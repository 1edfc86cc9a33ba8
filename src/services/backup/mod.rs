//! Backups: making them, looking them over, putting one in the place of the shop, and what the shop does about them by
//! itself.
//!
//! What works on a data folder without a shop being open in it are functions; what a running shop does are its methods.
//! A backup takes as long as the shop is large, so a running shop makes it on a thread of its own, one at a time.

mod archive;
mod making;
mod migrated;
mod restoring;
mod sealing;
mod trouble;
mod workspace;

pub use making::{CONFIGURATION, Made, make};
pub use restoring::{Restored, Rollback, Verified, restore, rollback, rollback_find, undo, verify};
pub use sealing::weak as weak_passphrase;
pub(super) use trouble::LAST_FAILURE;
pub use trouble::{BackupFailure, Seen, Stage};

use super::{Backup, CardMaker, Ctx, Error, Outcome, Shop};
use crate::config::{BackupSettings, Config};
use crate::counters::Count;
use crate::domain::backup::{BackupKind, BackupName, Manifest, expendable, newest};
use crate::domain::{JobFailure, Right, Timestamp};
use crate::providers::ObjectStore;
use crate::store::Pending;
use serde_json::json;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// What is said of a shop that breaks a rule of its own.
const RULES_BROKEN: &str = "the shop breaks rules of its own; run `nexus check`";
/// What stands beside a backup that was uploaded.
const UPLOADED: &str = "uploaded";
/// Backups that people made and that may lie in the folder; nobody else removes them.
const MOST_MANUAL: usize = 200;

/// Why there is no backup, or no shop out of one.
#[derive(Clone, Debug)]
pub enum BackupError {
    /// It could not be done.
    Failed(String),
    /// What was looked at is damaged.
    Damaged(String),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Failed(why) | Self::Damaged(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for BackupError {}

/// What a backup is made of.
#[derive(Clone)]
pub struct Plan {
    /// The data folder.
    pub root: PathBuf,
    /// How products are encoded, to look at the copy.
    pub cards: CardMaker,
    /// The settings, without secrets.
    pub configuration: String,
    /// The moment that counts as now.
    pub at: Timestamp,
}

/// A backup as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupEntry {
    /// Its name.
    pub name: BackupName,
    /// How far it is.
    pub state: BackupState,
    /// Its length, once it is made.
    pub size: Option<u64>,
    /// Whether it was uploaded.
    pub uploaded: bool,
}

/// How far a backup is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupState {
    /// Being made.
    Running,
    /// There.
    Done,
    /// It was not made, or not uploaded: why.
    Failed(String),
}

/// What a running shop keeps in mind about backups.
pub struct Desk {
    settings: BackupSettings,
    configuration: String,
    now: Arc<Mutex<Now>>,
}

#[derive(Default)]
struct Now {
    running: Option<BackupName>,
    failed: Option<(BackupName, BackupFailure)>,
}

impl Desk {
    /// With nothing going on.
    pub fn new(config: &Config) -> Self {
        Self { settings: config.backup.clone(), configuration: config.to_text(), now: Arc::default() }
    }
}

fn held(now: &Mutex<Now>) -> MutexGuard<'_, Now> {
    now.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What opening a data folder with this program would do to its database.
pub fn upgrade_pending(root: &Path) -> Result<Pending, BackupError> {
    let database = crate::folder::database_in(root).map_err(|e| BackupError::Failed(e.0))?;
    crate::store::pending(&database).map_err(|e| BackupError::Failed(format!("{}: {e}", database.display())))
}

/// Only the manifest of a backup; nothing else is looked at.
pub fn manifest(file: &Path) -> Result<Manifest, BackupError> {
    archive::manifest(file)
}

/// The backups that lie in a data folder, newest first.
pub fn list(root: &Path) -> io::Result<Vec<BackupEntry>> {
    let folder = root.join("backups");
    let mut found = Vec::new();
    let entries = match fs::read_dir(&folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(found),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().and_then(BackupName::parse) else { continue };
        // Removed in between.
        let Ok(meta) = entry.metadata() else { continue };
        let uploaded = marker(&entry.path()).exists();
        found.push(BackupEntry { name, state: BackupState::Done, size: Some(meta.len()), uploaded });
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.name.made_at()));
    Ok(found)
}

fn marker(backup: &Path) -> PathBuf {
    let mut path = backup.as_os_str().to_owned();
    path.push(format!(".{UPLOADED}"));
    path.into()
}

/// Uploads a backup and notes that it was.
pub fn upload(backup: &Path, storage: &dyn ObjectStore) -> Result<(), BackupError> {
    let name = backup.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let failed = |why: String| BackupError::Failed(format!("{name} was made and could not be uploaded: {why}"));
    storage.put(&name, backup).map_err(failed)?;
    fs::write(marker(backup), b"").map_err(|e| failed(e.to_string()))
}

impl Shop {
    /// The backups that lie in the data folder, newest first, and what is being done about them.
    pub fn backup_list(&self, ctx: &Ctx) -> Outcome<Vec<BackupEntry>> {
        ctx.require(Right::Maintain)?;
        let mut found = list(self.folder.root()).map_err(|e| Error::Internal(format!("the folder of backups: {e}")))?;
        let now = held(&self.backups.now);
        if let Some((name, failure)) = &now.failed {
            let state = BackupState::Failed(failure.why.clone());
            match found.iter_mut().find(|entry| entry.name == *name) {
                Some(made) => made.state = state,
                None => found.insert(0, BackupEntry { name: name.clone(), state, size: None, uploaded: false }),
            }
        }
        if let Some(name) = &now.running {
            // It has its name already while it is put on disk or uploaded.
            match found.iter_mut().find(|entry| entry.name == *name) {
                Some(made) => made.state = BackupState::Running,
                None => found.insert(0, begun(name.clone())),
            }
        }
        Ok(found)
    }

    /// Begins a backup, which is made beside what the shop does.
    pub async fn backup_begin(self: &Arc<Self>, ctx: &Ctx, kind: BackupKind) -> Outcome<BackupEntry> {
        ctx.require(Right::Maintain)?;
        let manual = self.backup_list(ctx)?.iter().filter(|entry| entry.name.kind() == BackupKind::Manual).count();
        if kind == BackupKind::Manual && manual >= MOST_MANUAL {
            let why = format!("{manual} backups made by hand lie in the folder backups; remove some of them first");
            return Err(Error::Conflict("too_many_backups", why, Vec::new()));
        }
        let name = BackupName::new(kind, ctx.now);
        let turn = self.backup_turn(&name)?;
        let entry = ctx.entry("backup.create", None, &json!({ "name": name.as_str() }));
        self.store.write(move |tx| Ok::<_, Error>(tx.audit(&entry)?)).await?;
        let plan = Plan {
            root: self.folder.root().to_owned(),
            cards: self.cards(),
            configuration: self.backups.configuration.clone(),
            at: ctx.now,
        };
        let storage = self.providers.storage.clone();
        let work = move || turn.work(&plan, storage.as_deref());
        let thread = std::thread::Builder::new().name("nexus-backup".to_owned()).spawn(work);
        thread.map_err(|e| Error::Internal(format!("the backup could not be begun: {e}")))?;
        Ok(begun(name))
    }

    /// The file of a backup, and its length. Whoever has it has the shop, so that is noted.
    pub async fn backup_file(&self, ctx: &Ctx, name: &str) -> Outcome<(PathBuf, u64)> {
        ctx.require(Right::Maintain)?;
        let name = BackupName::parse(name).ok_or(Error::NotFound("backup"))?;
        let path = self.folder.backups().join(name.as_str());
        let meta = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file).ok_or(Error::NotFound("backup"))?;
        let entry = ctx.entry("backup.download", None, &json!({ "name": name.as_str() }));
        self.store.write(move |tx| Ok::<_, Error>(tx.audit(&entry)?)).await?;
        Ok((path, meta.len()))
    }

    /// Looks after backups: begins one when it is time, removes those that are not kept any longer, and tries again to
    /// upload the newest.
    ///
    /// It fails as long as the last backup did, so that the schedule says so, too.
    pub async fn backup_tend(self: &Arc<Self>, ctx: &Ctx) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        let failed = held(&self.backups.now).failed.clone();
        self.backup_tend_now(ctx).await?;
        match failed {
            Some((name, failure)) => Err(JobFailure::Temporary(format!("{}: {}", name.as_str(), failure.why))),
            None => Ok(()),
        }
    }

    async fn backup_tend_now(self: &Arc<Self>, ctx: &Ctx) -> Result<(), JobFailure> {
        let failed = |e: io::Error| JobFailure::Temporary(format!("the folder of backups: {e}"));
        restoring::sweep_kept(self.folder.root(), ctx.now).map_err(failed)?;
        migrated::sweep(self.folder.root(), self.store.migrated().to, ctx.now).map_err(failed)?;
        let settings = &self.backups.settings;
        if settings.every_hours == 0 {
            return Ok(());
        }
        let found = list(self.folder.root()).map_err(failed)?;
        let names: Vec<BackupName> = found.iter().map(|entry| entry.name.clone()).collect();
        for name in expendable(&names, ctx.now, settings.keep_daily, settings.keep_weekly) {
            let path = self.folder.backups().join(name.as_str());
            fs::remove_file(&path).map_err(failed)?;
            let _ = fs::remove_file(marker(&path));
        }
        let every = Duration::from_secs(u64::from(settings.every_hours) * 3_600);
        let own = names.iter().filter(|name| name.kind() == BackupKind::Automatic);
        // One that a clock which went wrong dated later than now must not hold the others up.
        let last = newest(own, ctx.now).map(BackupName::made_at).filter(|at| *at <= ctx.now);
        let is_due = last.is_none_or(|at| at.plus(every) <= ctx.now);
        if is_due {
            return match self.backup_begin(ctx, BackupKind::Automatic).await {
                Err(Error::Conflict(..)) | Ok(_) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        if let Some(entry) = found.first().filter(|entry| !entry.uploaded) {
            self.backup_upload(&entry.name).map_err(JobFailure::from)?;
        }
        Ok(())
    }

    fn backup_turn(self: &Arc<Self>, name: &BackupName) -> Outcome<Turn> {
        let shop = Arc::downgrade(self);
        Turn::take(&self.backups.now, name, shop)
    }

    fn backup_upload(self: &Arc<Self>, name: &BackupName) -> Outcome<()> {
        let Some(storage) = self.providers.storage.clone() else { return Ok(()) };
        let turn = self.backup_turn(name)?;
        let path = self.folder.backups().join(name.as_str());
        let work = move || turn.end(upload(&path, storage.as_ref()).map_err(|error| (Stage::Uploaded, error)));
        let thread = std::thread::Builder::new().name("nexus-backup".to_owned()).spawn(work);
        thread.map(drop).map_err(|e| Error::Internal(e.to_string()))
    }
}

fn begun(name: BackupName) -> BackupEntry {
    BackupEntry { name, state: BackupState::Running, size: None, uploaded: false }
}

/// The right to be the one backup at work; given up when dropped.
struct Turn {
    now: Arc<Mutex<Now>>,
    name: BackupName,
    /// Where it is noted how it ended. A shop that is closed meanwhile is not held open for that.
    shop: Weak<Shop>,
}

impl Turn {
    fn take(now: &Arc<Mutex<Now>>, name: &BackupName, shop: Weak<Shop>) -> Outcome<Self> {
        let mut locked = held(now);
        if let Some(running) = &locked.running {
            let why = format!("{} is being made; ask again when it is done", running.as_str());
            return Err(Error::Conflict("backup_running", why, Vec::new()));
        }
        locked.running = Some(name.clone());
        Ok(Self { now: now.clone(), name: name.clone(), shop })
    }

    fn work(self, plan: &Plan, storage: Option<&dyn ObjectStore>) {
        make_way();
        let path = plan.root.join("backups").join(self.name.as_str());
        let made = make(plan, &path, None, &|_| {}).map_err(|error| (Stage::Made, error));
        let done = made.and_then(|made| {
            tracing::info!(name = self.name.as_str(), bytes = made.size, "a backup was made");
            if !made.manifest.findings.is_empty() {
                tracing::error!(count = made.manifest.findings.len(), "{RULES_BROKEN}");
            }
            let uploaded = storage.map_or(Ok(()), |storage| upload(&path, storage));
            uploaded.map_err(|error| (Stage::Uploaded, error))
        });
        self.end(done);
    }

    fn end(self, outcome: Result<(), (Stage, BackupError)>) {
        let failure = outcome.err().map(|(stage, error)| {
            tracing::error!(name = self.name.as_str(), %error, "a backup failed");
            BackupFailure { at: crate::clock::now(), stage, why: error.to_string() }
        });
        held(&self.now).failed = failure.clone().map(|failure| (self.name.clone(), failure));
        if let Some(shop) = self.shop.upgrade() {
            shop.backup_ended(failure);
        }
    }
}

impl Shop {
    /// Counts how a backup ended, and keeps why it failed for whoever asks after a restart.
    fn backup_ended(&self, failure: Option<BackupFailure>) {
        if let Some(failure) = &failure {
            let stage = if failure.stage == Stage::Made { Count::BackupsNotMade } else { Count::BackupsNotUploaded };
            self.counters().one(stage);
        }
        let known = self.store.read(|tx| tx.setting(LAST_FAILURE));
        let text = serde_json::to_string(&failure).unwrap_or_default();
        if failure.is_none() && matches!(&known, Ok(known) if known.as_ref().is_none_or(|known| *known == text)) {
            return;
        }
        let kept = self.store.write_blocking(move |tx| Ok::<_, Error>(tx.setting_put(LAST_FAILURE, &text)?));
        if let Err(error) = kept {
            tracing::warn!(%error, "how the last backup ended could not be kept");
        }
    }

    /// What is wrong with the backups, in words.
    pub(super) fn backup_trouble(
        &self,
        newest: Option<&Backup>,
        kept: Option<String>,
        now: Timestamp,
    ) -> Option<String> {
        let failed = held(&self.backups.now).failed.clone().map(|(_, failure)| failure);
        let failure = failed.or_else(|| serde_json::from_str(&kept?).ok().flatten());
        let since = self.folder.made_at().unwrap_or(now);
        let every_hours = self.backups.settings.every_hours;
        Seen { every_hours, newest, failure: failure.as_ref(), since, until: now }.trouble()
    }

    /// How old the newest backup is; as old as the shop while there is none, if there is to be one.
    pub(super) fn backup_age(&self, newest: Option<&Backup>, now: Timestamp) -> Option<Duration> {
        let since_made = || self.folder.made_at().filter(|_| self.backups.settings.every_hours > 0);
        newest.map(|newest| newest.at).or_else(since_made).map(|at| now.since(at))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        held(&self.now).running = None;
    }
}

/// Lets requests go before this thread.
fn make_way() {
    #[cfg(target_os = "linux")]
    if rustix::process::nice(10).is_err() {
        tracing::debug!("the backup could not be given less of the processor");
    }
}
