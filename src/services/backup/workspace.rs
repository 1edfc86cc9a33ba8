//! A folder for the pieces of a backup while it is made, beside where it goes, so that it gets its name by a rename.
//!
//! Whoever is killed leaves one behind. Each is locked by who works in it, so that others know which may be removed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const PREFIX: &str = ".nexus-work-";
const LOCK: &str = "lock";

/// The folder; gone when dropped.
pub struct Workspace {
    path: PathBuf,
    _lock: File,
}

impl Workspace {
    /// A new one in `beside`, after removing those that nobody works in any more.
    pub fn new(beside: &Path) -> io::Result<Self> {
        tidy(beside);
        let path = beside.join(format!("{PREFIX}{}", crate::clock::random_hex::<8>()));
        fs::create_dir(&path)?;
        crate::folder::restrict(&path, 0o700)?;
        let lock = File::create(path.join(LOCK))?;
        lock.try_lock().map_err(io::Error::from)?;
        Ok(Self { path, _lock: lock })
    }

    /// Something in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn tidy(beside: &Path) {
    let Ok(entries) = fs::read_dir(beside) else { return };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_left(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether nobody works in it. One without a lock is being made at this moment, or was cut off then; it is empty.
fn is_left(path: &Path) -> bool {
    File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_in_use_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let used = Workspace::new(dir.path()).unwrap();
        let left = dir.path().join(format!("{PREFIX}left"));
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), b"").unwrap();
        let next = Workspace::new(dir.path()).unwrap();
        assert!(used.path.exists() && next.path.exists() && !left.exists());
        drop((used, next));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
