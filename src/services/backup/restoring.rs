//! Looks a backup over, and puts the shop in it in the place of the one in a data folder.

use super::archive;
use super::making::{CONFIGURATION, FOLDERS};
use super::migrated::{self, Copied};
use super::sealing::{self, SEALED};
use super::workspace::Workspace;
use super::{BackupError, RULES_BROKEN};
use crate::domain::Timestamp;
use crate::domain::backup::Manifest;
use crate::folder::swap::{self, DATABASE_SET};
use crate::folder::{DATABASE, DataFolder, FolderError, Fresh, MARKER, free_space, secret_in, write_private};
use crate::store::{self, CardMaker, Examined};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const AUDIT_KEY: &str = "audit.key";
const KEPT: &str = "before-restore-";
/// How long the shop before a restore is kept once the new one runs.
const KEPT_DAYS: i64 = 7;
const DAY: i64 = 86_400_000;

/// A backup that was looked over.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What is in it.
    pub manifest: Manifest,
    /// Rules that do not hold in it.
    pub findings: Vec<String>,
    /// Whether rules were looked at.
    pub whole: bool,
}

/// A shop that was put in the place of another.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The backup it came from.
    pub verified: Verified,
    /// Where the shop before it is kept; none when there was none.
    pub before: Option<PathBuf>,
    /// Whether its keys came along.
    pub secrets: bool,
}

/// Looks a backup over: unpacks it in `room`, holds every file to its hash, brings the database to the newest schema and
/// looks it over whole; the audit log, when its key is in the backup and can be read, or in `home`, the data folder of
/// the same shop.
pub fn verify(
    file: &Path,
    room: &Path,
    home: &Path,
    cards: &CardMaker,
    passphrase: Option<&str>,
    step: &dyn Fn(&str),
) -> Result<Verified, BackupError> {
    let work = Workspace::new(room).map_err(|e| BackupError::Failed(format!("{}: {e}", room.display())))?;
    let folder = work.join("unpacked");
    step("unpacking");
    let manifest = archive::read(file, Some(&folder), &|manifest| accept(manifest, file, room))?;
    let key = match passphrase {
        Some(passphrase) => unseal(&folder, passphrase)?.get(AUDIT_KEY).and_then(|key| key.as_slice().try_into().ok()),
        None => key_of_the_same(&folder, home),
    };
    step("checking the database");
    let examined = examine(file, &folder, cards, key, true)?;
    Ok(Verified { manifest, findings: lines(&examined), whole: examined.whole })
}

/// Puts the shop of a backup in the place of the one in a data folder, which no server may run on. Whoever is killed
/// meanwhile leaves the one or the other. One that cannot be put there leaves things as they were.
pub fn restore(
    root: &Path,
    file: &Path,
    cards: &CardMaker,
    passphrase: Option<&str>,
    now: Timestamp,
    step: &dyn Fn(&str),
) -> Result<Restored, BackupError> {
    let fresh = Fresh::at(root);
    let outcome = put_in_place(root, file, cards, passphrase, now, step);
    outcome.inspect_err(|_| fresh.map_or_else(|| discard(root), Fresh::remove))
}

/// Removes what was unpacked, unless it is the shop by now: then whoever opens the folder next goes on.
fn discard(root: &Path) {
    if let Ok(folder) = DataFolder::look(root)
        && !swap::is_pending(root)
        && let Err(error) = swap::discard_staging(folder.root())
    {
        tracing::warn!(%error, "what was unpacked could not be removed");
    }
}

fn put_in_place(
    root: &Path,
    file: &Path,
    cards: &CardMaker,
    passphrase: Option<&str>,
    now: Timestamp,
    step: &dyn Fn(&str),
) -> Result<Restored, BackupError> {
    let folder = DataFolder::hold(root).map_err(failed)?;
    let here = |e: io::Error| BackupError::Failed(format!("{}: {e}", root.display()));
    let new = swap::staging(folder.root()).map_err(here)?;
    step("unpacking");
    let manifest = archive::read(file, Some(&new), &|manifest| accept(manifest, file, root))?;
    let mut parts: Vec<&str> = DATABASE_SET.into_iter().chain(FOLDERS).chain([MARKER]).collect();
    if let Some(passphrase) = passphrase {
        let keys = new.join("secrets");
        let secrets = unseal(&new, passphrase)?;
        fs::create_dir(&keys).and_then(|()| crate::folder::restrict(&keys, 0o700)).map_err(here)?;
        for (name, bytes) in &secrets {
            write_private(&keys.join(name), bytes).map_err(here)?;
        }
        parts.push("secrets");
    }
    step("checking the database");
    let key = match passphrase {
        Some(_) => secret_in(&new, AUDIT_KEY),
        None => key_of_the_same(&new, root),
    };
    let examined = examine(file, &new, cards, key, false)?;
    // Beside the shop they would be taken for something that it reads.
    for name in [CONFIGURATION, SEALED] {
        if new.join(name).exists() {
            fs::remove_file(new.join(name)).map_err(here)?;
        }
    }
    step("putting it in place");
    let there_was_one = root.join(DATABASE).exists();
    let old = root.join("backups").join(format!("{KEPT}{}", now.millis()));
    swap::exchange(root, &parts, &new, &old).map_err(failed)?;
    let verified = Verified { manifest, findings: lines(&examined), whole: examined.whole };
    Ok(Restored { verified, before: there_was_one.then_some(old), secrets: passphrase.is_some() })
}

/// Puts the shop back that was there before the last restore or rollback, and keeps the one that is there now.
pub fn undo(root: &Path, now: Timestamp) -> Result<PathBuf, BackupError> {
    let none = || BackupError::Failed(format!("{}: no shop from before a restore is kept", root.display()));
    // Looked for before the folder is held, which would make one where there is none.
    if kept_sets(root).is_empty() {
        return Err(none());
    }
    let folder = DataFolder::hold(root).map_err(failed)?;
    let kept = kept_sets(folder.root());
    let (_, new) = kept.last().filter(|(_, path)| path.join(DATABASE).exists()).ok_or_else(none)?;
    let old = root.join("backups").join(format!("{KEPT}{}", now.millis()));
    let mut parts: Vec<&str> = DATABASE_SET.to_vec();
    // A rollback leaves the files beside the database where they are; a restore moves all of them.
    if new.join(FOLDERS[0]).exists() {
        parts.extend(FOLDERS.into_iter().chain([MARKER]));
    }
    if new.join("secrets").exists() {
        parts.push("secrets");
    }
    swap::exchange(root, &parts, new, &old).map_err(failed)?;
    Ok(old)
}

/// What a rollback leads back to.
#[derive(Clone, Debug)]
pub struct Rollback {
    /// The copy that was made before the last migration.
    pub copy: PathBuf,
    /// Its schema.
    pub to: i64,
    /// The schema of the shop now.
    pub from: i64,
    /// Orders that were placed since, which it has not.
    pub orders_lost: i64,
}

/// Looks for the copy that was made before the last migration.
pub fn rollback_find(root: &Path) -> Result<Rollback, BackupError> {
    let database = crate::folder::database_in(root).map_err(failed)?;
    let from = store::schema_of(&database).map_err(|e| BackupError::Failed(e.to_string()))?;
    let copies = migrated::copies(root).map_err(|e| BackupError::Failed(e.to_string()))?;
    let Some(Copied { schema: to, path: copy, .. }) = migrated::leads_back(&copies, from).cloned() else {
        return Err(BackupError::Failed(format!(
            "{}: there is no copy from before a migration to go back to",
            root.join("backups").display()
        )));
    };
    let count = |path: &Path| store::order_count(path).map_err(|e| BackupError::Failed(e.to_string()));
    let orders_lost = count(&database)? - count(&copy)?;
    Ok(Rollback { copy, to, from, orders_lost })
}

/// Goes back to that copy; the database of now is kept.
pub fn rollback(root: &Path, back: &Rollback, cards: &CardMaker, now: Timestamp) -> Result<PathBuf, BackupError> {
    let folder = DataFolder::hold(root).map_err(failed)?;
    let here = |e: io::Error| BackupError::Failed(format!("{}: {e}", root.display()));
    let new = swap::staging(folder.root()).map_err(here)?;
    fs::copy(&back.copy, new.join(DATABASE)).map_err(here)?;
    examine(&back.copy, &new, cards, None, false)?;
    let old = root.join("backups").join(format!("{KEPT}{}", now.millis()));
    swap::exchange(root, &DATABASE_SET, &new, &old).map_err(failed)?;
    Ok(old)
}

/// Removes the shops from before restores that the present one has outlived by a week.
pub fn sweep_kept(root: &Path, now: Timestamp) -> io::Result<()> {
    for (at, path) in kept_sets(root) {
        if at + KEPT_DAYS * DAY < now.millis() {
            fs::remove_dir_all(&path)?;
            tracing::info!(path = %path.display(), "the shop from before a restore was removed");
        }
    }
    Ok(())
}

/// The shops from before restores, oldest first.
fn kept_sets(root: &Path) -> Vec<(i64, PathBuf)> {
    let entries = fs::read_dir(root.join("backups")).into_iter().flatten().filter_map(Result::ok);
    let stamp =
        |entry: fs::DirEntry| Some((entry.file_name().to_str()?.strip_prefix(KEPT)?.parse().ok()?, entry.path()));
    let mut sets: Vec<_> = entries.filter_map(stamp).collect();
    sets.sort();
    sets
}

fn accept(manifest: &Manifest, file: &Path, room: &Path) -> Result<(), BackupError> {
    let failed = |why: String| Err(BackupError::Failed(format!("{}: {why}", file.display())));
    if let Some(why) = manifest.problem(store::newest_schema()) {
        return failed(why);
    }
    if !manifest.files.iter().any(|file| file.path == DATABASE) {
        return failed("there is no database in it".to_owned());
    }
    match free_space(room) {
        Some(free) if free < manifest.bytes() => failed(format!(
            "it needs {} MiB when unpacked, and {} has {} MiB free",
            manifest.bytes() >> 20,
            room.display(),
            free >> 20
        )),
        _ => Ok(()),
    }
}

/// The key of the audit log in a data folder, when a backup is of the shop in it.
fn key_of_the_same(unpacked: &Path, home: &Path) -> Option<[u8; 32]> {
    let marker = |folder: &Path| fs::read(folder.join(MARKER)).ok();
    marker(unpacked).filter(|own| marker(home).as_ref() == Some(own)).and_then(|_| secret_in(home, AUDIT_KEY))
}

fn unseal(folder: &Path, passphrase: &str) -> Result<sealing::Secrets, BackupError> {
    let sealed = match fs::read(folder.join(SEALED)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(BackupError::Failed("this backup was made without keys; leave --with-secrets out".to_owned()));
        }
        other => other.map_err(|e| BackupError::Failed(e.to_string()))?,
    };
    sealing::open(&sealed, passphrase).map_err(BackupError::Failed)
}

fn examine(
    file: &Path,
    folder: &Path,
    cards: &CardMaker,
    key: Option<[u8; 32]>,
    upgrade: bool,
) -> Result<Examined, BackupError> {
    let damaged = |why: String| BackupError::Damaged(format!("{}: {why}", file.display()));
    let examined = store::examine(&folder.join(DATABASE), cards, key, upgrade)
        .map_err(|e| damaged(format!("its database cannot be read: {e}")))?;
    match examined.damage.first() {
        Some(first) => Err(damaged(format!(
            "its database is damaged, {}: {}; take another backup (see `nexus backup list`)",
            first.check, first.problem
        ))),
        None => Ok(examined),
    }
}

fn lines(examined: &Examined) -> Vec<String> {
    let found = examined.broken.iter().map(|f| format!("{}: {}", f.check, f.problem)).collect::<Vec<_>>();
    if !found.is_empty() {
        tracing::warn!(count = found.len(), "{RULES_BROKEN}");
    }
    found
}

fn failed(error: FolderError) -> BackupError {
    BackupError::Failed(error.0)
}
