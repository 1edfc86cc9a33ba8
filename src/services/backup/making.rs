//! Makes a backup: a copy of the database at one moment, the files beside it, all in one archive that proves itself
//! before it gets its name.
//!
//! It needs neither the shop's connections nor the lock of its folder, so it works beside a running server just as well
//! as on the folder of a stopped one.

use super::archive::{self, Content, Member};
use super::sealing::{self, SEALED, Secrets};
use super::workspace::Workspace;
use super::{BackupError, Plan};
use crate::domain::backup::{FORMAT, Manifest};
use crate::folder::{DATABASE, MARKER, database_in, free_space, hand_over, restrict, secret_in, sync_folder};
use crate::store::{self, StoreError};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The settings of the shop, but for its secrets.
pub const CONFIGURATION: &str = "configuration.toml";
/// Folders that a backup holds with all below them.
pub const FOLDERS: [&str; 2] = ["media", "templates"];
/// What a disk keeps free: a full one stops the shop from selling.
const RESERVE: u64 = 16 * 1024 * 1024;

/// A backup that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub size: u64,
    /// What is in it.
    pub manifest: Manifest,
}

/// Makes a backup of what a plan names. `step` is told what is being done.
pub fn make(plan: &Plan, target: &Path, passphrase: Option<&str>, step: &dyn Fn(&str)) -> Result<Made, BackupError> {
    if target.exists() {
        return Err(BackupError::Failed(format!("{} is there already; choose another name", target.display())));
    }
    let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let here = |e: io::Error| BackupError::Failed(format!("{}: {e}", parent.display()));
    let database = database_in(&plan.root).map_err(|e| BackupError::Failed(e.0))?;
    make_folder(plan, parent).map_err(here)?;
    has_room(plan, &database, parent)?;
    let work = Workspace::new(parent).map_err(here)?;
    let (copy, packed) = (work.join("copy.db"), work.join("packed"));
    step("copying the database");
    store::snapshot(&database, &copy).map_err(|e| not_copied(plan, &database, &e))?;
    step("checking the copy");
    let (schema, findings) = prove(plan, &copy)?;
    step("packing");
    let members = members(plan, copy, passphrase)?;
    let files = members.iter().map(archive::describe).collect::<io::Result<Vec<_>>>().map_err(here)?;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema,
        created_at: plan.at,
        secrets: passphrase.is_some(),
        findings,
        files,
    };
    if let Some(why) = manifest.problem(schema) {
        return Err(BackupError::Failed(why));
    }
    archive::write(&packed, &manifest, &members).map_err(here)?;
    step("reading it back");
    archive::read(&packed, None, &|_| Ok(()))?;
    let size = fs::metadata(&packed).map_err(here)?.len();
    if target.starts_with(&plan.root) {
        hand_over(&plan.root, &packed).map_err(here)?;
    }
    fs::rename(&packed, target).and_then(|()| sync_folder(parent)).map_err(here)?;
    Ok(Made { path: target.to_owned(), size, manifest })
}

/// The folder of backups in the data folder, where somebody has removed it.
fn make_folder(plan: &Plan, parent: &Path) -> io::Result<()> {
    if parent.exists() || parent != plan.root.join("backups") {
        return Ok(());
    }
    fs::create_dir(parent)?;
    restrict(parent, 0o700)?;
    hand_over(&plan.root, parent)
}

/// Why there is no copy: a database that is damaged, or a moment at which it could not be made.
fn not_copied(plan: &Plan, database: &Path, error: &StoreError) -> BackupError {
    let cause = error.cause();
    match error {
        StoreError::Internal(_) | StoreError::Unavailable(_) => match store::damage_of(database, &plan.cards) {
            Some(first) => damaged(&format!("the database cannot be copied, since it is damaged ({cause}), {first}")),
            None => BackupError::Failed(format!("the database cannot be copied: {cause}")),
        },
        _ => BackupError::Failed(format!("the database cannot be copied: {cause}")),
    }
}

/// What to do about a database that gives no backup.
fn damaged(what: &str) -> BackupError {
    BackupError::Damaged(format!(
        "{what}; stop the shop, run `nexus check`, which names all that is damaged, and restore a backup from before \
         (`nexus backup list`, `nexus restore FILE`); keep those until then"
    ))
}

/// The copy may become as large as the database, and so may the archive.
fn has_room(plan: &Plan, database: &Path, parent: &Path) -> Result<(), BackupError> {
    let size = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.len());
    let media: u64 = files_below(&plan.root.join(FOLDERS[0]))?.iter().map(|file| size(file)).sum();
    let needed = size(database).saturating_mul(2) + media + RESERVE;
    match free_space(parent) {
        Some(free) if free < needed => Err(BackupError::Failed(format!(
            "{} has {} MiB free, a backup may need {} MiB: make room, or name a FILE on another disk",
            parent.display(),
            free >> 20,
            needed >> 20
        ))),
        _ => Ok(()),
    }
}

/// The schema of a copy that is sound, and the rules that the shop breaks. A shop that breaks a rule has to be backed up
/// all the same; a file that is damaged is no backup.
fn prove(plan: &Plan, copy: &Path) -> Result<(i64, Vec<String>), BackupError> {
    let key = secret_in(&plan.root, "audit.key");
    let examined = store::examine(copy, &plan.cards, key, false);
    let examined =
        examined.map_err(|e| BackupError::Damaged(format!("the copy of the database cannot be read: {e}")))?;
    if let Some(first) = examined.damage.first() {
        return Err(damaged(&format!("the copy of the database is damaged, {}: {}", first.check, first.problem)));
    }
    Ok((examined.schema, examined.broken.iter().map(|f| format!("{}: {}", f.check, f.problem)).collect()))
}

fn members(plan: &Plan, copy: PathBuf, passphrase: Option<&str>) -> Result<Vec<Member>, BackupError> {
    let mut members = vec![
        Member { path: DATABASE.to_owned(), content: Content::File(copy) },
        Member { path: CONFIGURATION.to_owned(), content: Content::Bytes(plan.configuration.clone().into_bytes()) },
    ];
    // Tells whose backup it is. A shop that was never opened to its end has none yet.
    if let Ok(marker) = fs::read(plan.root.join(MARKER)) {
        members.push(Member { path: MARKER.to_owned(), content: Content::Bytes(marker) });
    }
    if let Some(passphrase) = passphrase {
        let sealed = sealing::seal(&secrets(&plan.root)?, passphrase).map_err(BackupError::Failed)?;
        members.push(Member { path: SEALED.to_owned(), content: Content::Bytes(sealed) });
    }
    for folder in FOLDERS {
        for file in files_below(&plan.root.join(folder))? {
            let path = name_of(&plan.root, &file)?;
            members.push(Member { path, content: Content::File(file) });
        }
    }
    Ok(members)
}

fn secrets(root: &Path) -> Result<Secrets, BackupError> {
    let mut found = Secrets::new();
    for file in files_below(&root.join("secrets"))? {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let bytes = fs::read(&file).map_err(|e| BackupError::Failed(format!("{}: {e}", file.display())))?;
        found.insert(name, bytes);
    }
    Ok(found)
}

fn name_of(root: &Path, file: &Path) -> Result<String, BackupError> {
    let inner = file.strip_prefix(root).unwrap_or(file);
    let steps: Option<Vec<&str>> = inner.iter().map(|step| step.to_str()).collect();
    let steps = steps.ok_or_else(|| BackupError::Failed(format!("{}: its name is not UTF-8", file.display())))?;
    Ok(steps.join("/"))
}

/// Every plain file below a folder, in order; none when it is not there. Links are not followed.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = waiting.pop() {
        let failed = |e: io::Error| BackupError::Failed(format!("{}: {e}", next.display()));
        let entries = match fs::read_dir(&next) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                waiting.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
