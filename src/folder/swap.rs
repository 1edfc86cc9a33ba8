//! Puts another shop in the place of the one in a data folder, so that whoever is killed in between leaves the one or
//! the other, never a mix.
//!
//! The new set lies ready in a folder beside, complete and on disk, before the journal is written. From then on the new
//! shop is the one: whoever opens the data folder next goes on where the journal says. First everything of the old set
//! is moved aside, then everything of the new set in; both are renames within one file system, and each can be done
//! again. The old set is kept.

use super::{FolderError, sync_folder, write_private};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const JOURNAL: &str = "restore.json";
/// Where a new set is made ready.
const STAGING: &str = "incoming";
/// What belongs to the database: a log of the one must never meet the file of the other.
pub const DATABASE_SET: [&str; 3] = ["nexus.db", "nexus.db-wal", "nexus.db-shm"];

/// What is being done.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    /// Whether the old set has been moved aside.
    aside: bool,
    /// What is exchanged: files and folders of the data folder.
    parts: Vec<String>,
    /// The folder of the new set.
    new: PathBuf,
    /// The folder that the old set goes to.
    old: PathBuf,
}

/// The folder of a new set, made anew.
pub fn staging(root: &Path) -> io::Result<PathBuf> {
    let path = root.join(STAGING);
    discard_staging(root)?;
    fs::create_dir(&path)?;
    super::restrict(&path, 0o700)?;
    Ok(path)
}

/// Removes a new set that never became the shop.
pub fn discard_staging(root: &Path) -> io::Result<()> {
    match fs::remove_dir_all(root.join(STAGING)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Whether an exchange was begun and not ended.
pub fn is_pending(root: &Path) -> bool {
    root.join(JOURNAL).exists()
}

/// Exchanges `parts` of the folder for what stands in `new`; the old ones go to `old`. Both are paths within the data
/// folder. A part that the new set has not is gone afterwards.
pub fn exchange(root: &Path, parts: &[&str], new: &Path, old: &Path) -> Result<(), FolderError> {
    let within = |path: &Path| path.strip_prefix(root).map_or_else(|_| path.to_owned(), Path::to_owned);
    let parts = parts.iter().map(|part| (*part).to_owned()).collect();
    let journal = Journal { aside: false, parts, new: within(new), old: within(old) };
    let begun = fs::create_dir_all(old)
        .and_then(|()| super::restrict(old, 0o700))
        .and_then(|()| super::hand_over(root, new))
        .and_then(|()| super::hand_over(root, old))
        .and_then(|()| sync_tree(new))
        .and_then(|()| old.parent().map_or(Ok(()), sync_folder))
        .and_then(|()| note(root, &journal));
    let not_begun = |e| {
        let _ = discard_staging(root);
        FolderError(format!("data folder {}: nothing was changed, since this cannot be begun: {e}", root.display()))
    };
    begun.map_err(not_begun)?;
    finish(root)
}

/// Goes on with an exchange that was begun, if there is one. Only for who holds the lock.
pub fn finish(root: &Path) -> Result<(), FolderError> {
    if !is_pending(root) {
        return Ok(());
    }
    let text = fs::read(root.join(JOURNAL)).map_err(|e| problem(root, &e))?;
    let journal: Journal = serde_json::from_slice(&text).map_err(|e| problem(root, &e.into()))?;
    go_on(root, journal).map_err(|e| problem(root, &e))
}

fn go_on(root: &Path, mut journal: Journal) -> io::Result<()> {
    let (new, old) = (root.join(&journal.new), root.join(&journal.old));
    fail_point();
    if !journal.aside {
        for part in &journal.parts {
            rename_if_there(&root.join(part), &old.join(part))?;
        }
        sync_folder(&old)?;
        sync_folder(root)?;
        journal.aside = true;
        note(root, &journal)?;
    }
    for part in &journal.parts {
        rename_if_there(&new.join(part), &root.join(part))?;
    }
    sync_folder(root)?;
    fail_point();
    match fs::remove_dir_all(&new) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    fail_point();
    fs::remove_file(root.join(JOURNAL))?;
    sync_folder(root)
}

fn note(root: &Path, journal: &Journal) -> io::Result<()> {
    fail_point();
    let text = serde_json::to_vec(journal)?;
    write_private(&root.join(JOURNAL), &text)
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    fail_point();
    match fs::rename(from, to) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Puts a folder and all below it on disk.
fn sync_tree(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            fs::File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(path)
}

fn problem(root: &Path, error: &io::Error) -> FolderError {
    FolderError(format!(
        "data folder {}: the shop in it was being replaced, and that cannot be ended: {error}; put that right and start \
         again, nothing is lost",
        root.display()
    ))
}

/// Where tests let the program die: at the how-manieth place is said by a variable that only debug builds look at.
#[cfg(debug_assertions)]
fn fail_point() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let passed = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    let asked = std::env::var("FAIL_RESTORE_AT").ok().and_then(|text| text.parse().ok());
    if asked == Some(passed) {
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
const fn fail_point() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn text(root: &Path, name: &str) -> Option<String> {
        fs::read_to_string(root.join(name)).ok()
    }

    #[test]
    fn exchange_swaps_every_part_and_keeps_the_old_ones() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        put(root, "nexus.db", "old");
        put(root, "nexus.db-wal", "old log");
        put(root, "media/a", "old picture");
        put(root, "secrets/key", "key");
        let new = staging(root).unwrap();
        put(&new, "nexus.db", "new");
        put(&new, "media/b", "new picture");
        let old = root.join("backups/before");
        exchange(root, &["nexus.db", "nexus.db-wal", "nexus.db-shm", "media", "templates"], &new, &old).unwrap();
        assert_eq!(text(root, "nexus.db").as_deref(), Some("new"));
        assert_eq!((text(root, "nexus.db-wal"), text(root, "media/a")), (None, None));
        assert_eq!(text(root, "media/b").as_deref(), Some("new picture"));
        assert_eq!(text(root, "secrets/key").as_deref(), Some("key"));
        assert_eq!(text(&old, "nexus.db-wal").as_deref(), Some("old log"));
        assert!(!is_pending(root) && !new.exists());
    }

    #[test]
    fn exchange_that_was_cut_off_after_moving_aside_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let new = staging(root).unwrap();
        put(&new, "nexus.db-wal", "new log");
        put(root, "nexus.db", "new");
        put(root, "backups/before/nexus.db", "old");
        let journal = Journal {
            aside: true,
            parts: DATABASE_SET.map(str::to_owned).to_vec(),
            new: STAGING.into(),
            old: "backups/before".into(),
        };
        note(root, &journal).unwrap();
        finish(root).unwrap();
        assert_eq!(text(root, "nexus.db").as_deref(), Some("new"));
        assert_eq!(text(root, "nexus.db-wal").as_deref(), Some("new log"));
    }
}
