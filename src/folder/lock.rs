//! The lock of a data folder: one process at a time. It goes with the process, however that ends.

use super::FolderError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// The file that is locked; whoever holds it writes their process id there.
pub(super) const FILE: &str = "nexus.lock";
/// How long it is tried: a process that has just stopped, or a child it was about to start, may still be on its way out.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long after each other.
const PAUSE: Duration = Duration::from_millis(10);

/// Locks the folder, or names who holds it.
pub(super) fn take(root: &Path) -> Result<File, FolderError> {
    let path = root.join(FILE);
    let failed = |e: std::io::Error| FolderError(format!("data folder {}: cannot open {FILE}: {e}", root.display()));
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match try_for_a_while(&file) {
        Ok(()) => {
            file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.is_empty() { "another process".to_owned() } else { format!("process {holder}") };
            Err(FolderError(format!("data folder {} is in use by {holder}; stop it first", root.display())))
        }
        Err(TryLockError::Error(e)) => Err(failed(e)),
    }
}

fn try_for_a_while(file: &File) -> Result<(), TryLockError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
}
