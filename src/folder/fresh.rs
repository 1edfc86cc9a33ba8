//! A data folder that a command has begun, and takes back when it fails.

use super::lock;
use std::fs;
use std::path::{Path, PathBuf};

/// Where nothing was before a command that may begin a shop.
#[derive(Debug)]
pub struct Fresh {
    root: PathBuf,
    /// The uppermost folder that was not there; none where there was an empty one already.
    made: Option<PathBuf>,
}

impl Fresh {
    /// Notes that there is nothing yet; none when there is something, which is not to be touched.
    pub fn at(root: &Path) -> Option<Self> {
        let is_empty = fs::read_dir(root).map_or(!root.exists(), |mut entries| entries.next().is_none());
        let missing = root.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        let made = missing.last().map(Path::to_owned);
        is_empty.then(|| Self { root: root.to_owned(), made })
    }

    /// Removes what was made since, unless somebody else has come to hold it. Whoever made it has given it free.
    pub fn remove(self) {
        if !self.root.exists() {
            return self.remove_above();
        }
        let Ok(lock) = lock::take(&self.root) else { return };
        for entry in fs::read_dir(&self.root).into_iter().flatten().filter_map(Result::ok) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let gone = if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
            if let Err(error) = gone {
                tracing::warn!(%error, path = %entry.path().display(), "what was begun could not be removed");
            }
        }
        drop(lock);
        self.remove_above();
    }

    /// Only what is empty, so that nothing of others goes along.
    fn remove_above(self) {
        let Some(made) = self.made else { return };
        let ours = self.root.ancestors().take_while(|path| path.starts_with(&made));
        for path in ours {
            let _ = fs::remove_dir(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::DataFolder;

    #[test]
    fn what_was_begun_goes_and_what_was_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b/data");
        let fresh = Fresh::at(&root).unwrap();
        drop(DataFolder::open(&root).unwrap());
        assert!(Fresh::at(&root).is_none());
        fresh.remove();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        // An empty folder, such as a volume, stays.
        let fresh = Fresh::at(dir.path()).unwrap();
        drop(DataFolder::open(dir.path()).unwrap());
        fresh.remove();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        // What others have put beside it stays, too.
        let fresh = Fresh::at(&root).unwrap();
        drop(DataFolder::open(&root).unwrap());
        fs::write(dir.path().join("a/note"), "x").unwrap();
        fresh.remove();
        assert!(dir.path().join("a/note").exists() && !dir.path().join("a/b").exists());
        // And a folder that somebody holds.
        let fresh = Fresh::at(&root).unwrap();
        let _held = DataFolder::open(&root).unwrap();
        fresh.remove();
        assert!(root.join("secrets").exists());
    }
}
