//! The data folder: everything a shop owns on disk, its lock and its marker.

mod fresh;
mod lock;
pub mod swap;

pub use fresh::Fresh;

use crate::domain::Timestamp;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Why a folder cannot be used; one line that names it and says what to do.
#[derive(Debug)]
pub struct FolderError(pub String);

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FolderError {}

/// An open data folder, held by this process alone until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    _lock: File,
}

/// `NEXS`, in the header of every database of ours.
pub const APPLICATION_ID: i64 = 0x4E45_5853;

/// The file that tells a shop from every other.
pub const MARKER: &str = "nexus.json";
/// The folder in it where letters go that are not sent.
pub const MAIL: &str = "mail";
/// The database.
pub const DATABASE: &str = "nexus.db";
const FOLDERS: [&str; 5] = ["media", "backups", "secrets", "tmp", MAIL];

impl DataFolder {
    /// Opens the folder, making it when it does not exist, and takes its lock.
    ///
    /// Refuses, without changing anything: a folder that another process holds, a folder whose database is gone,
    /// a database that is not ours.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let failed =
            |what: &str, e: std::io::Error| FolderError(format!("data folder {}: cannot {what}: {e}", root.display()));
        if !root.exists() {
            fs::create_dir_all(root).map_err(|e| failed("make it", e))?;
        }
        // Between an old shop and a restored one there may be no database; whoever comes next ends what was begun.
        let early = if swap::is_pending(root) { Some(lock::take(root)?) } else { None };
        if early.is_some() {
            swap::finish(root)?;
        }
        // Looked at before anything is touched, and again once nobody else can change it.
        check_identity(root)?;
        restrict(root, 0o700).map_err(|e| failed("restrict access to it", e))?;
        let lock = early.map_or_else(|| lock::take(root), Ok)?;
        check_identity(root)?;
        swap::discard_staging(root).map_err(|e| failed("remove what a restore has left", e))?;
        for folder in FOLDERS {
            let path = root.join(folder);
            fs::create_dir_all(&path)
                .and_then(|()| restrict(&path, 0o700))
                .map_err(|e| failed("make a folder in it", e))?;
        }
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    /// Takes the lock of a folder for a look, without changing anything else about it.
    pub fn look(root: &Path) -> Result<Self, FolderError> {
        check_identity(root)?;
        Ok(Self { root: root.to_owned(), _lock: lock::take(root)? })
    }

    /// Holds the folder without looking at the shop in it, which may be damaged or gone: to put another in its place.
    pub fn hold(root: &Path) -> Result<Self, FolderError> {
        let failed =
            |what: &str, e: std::io::Error| FolderError(format!("data folder {}: cannot {what}: {e}", root.display()));
        fs::create_dir_all(root).map_err(|e| failed("make it", e))?;
        if !root.join(MARKER).exists() {
            refuse_foreign(root)?;
        }
        restrict(root, 0o700).map_err(|e| failed("restrict access to it", e))?;
        let lock = lock::take(root)?;
        swap::finish(root)?;
        for folder in ["backups", "secrets"] {
            let path = root.join(folder);
            let made = fs::create_dir_all(&path).and_then(|()| restrict(&path, 0o700));
            made.map_err(|e| failed("make a folder in it", e))?;
        }
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    /// Notes that the database is set up, so that its absence later is a loss and not a beginning.
    pub fn mark(&self) -> Result<(), FolderError> {
        if self.root.join(MARKER).exists() {
            return Ok(());
        }
        let text = format!("{{\"format\": 1, \"shop\": \"{}\"}}\n", crate::clock::random_hex::<16>());
        write_private(&self.root.join(MARKER), text.as_bytes())
            .map_err(|e| FolderError(format!("data folder {}: cannot write {MARKER}: {e}", self.root.display())))
    }

    /// When the shop in it was set up, or put there from a backup.
    pub fn made_at(&self) -> Option<Timestamp> {
        made_at(&self.root)
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.root.join(DATABASE)
    }

    /// Where backups go.
    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// Where letters go that are not sent.
    pub fn mail(&self) -> PathBuf {
        self.root.join(MAIL)
    }

    /// Where files are looked for that override the templates of letters.
    pub fn mail_templates(&self) -> PathBuf {
        self.root.join("templates").join(MAIL)
    }

    /// The file that overrides the page of invoices, if it is there.
    pub fn invoice_template(&self) -> PathBuf {
        self.root.join("templates/invoice.html")
    }

    /// The file that says where the running shop can be asked how it is doing.
    pub fn control(root: &Path) -> PathBuf {
        root.join("tmp").join("control.json")
    }

    /// The process that holds a folder, or held it last, as its lock says.
    pub fn holder(root: &Path) -> Option<u32> {
        fs::read_to_string(root.join(lock::FILE)).ok()?.trim().parse().ok()
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A secret of 32 bytes, made at first use and readable by the owner only.
    pub fn secret(&self, name: &str) -> Result<[u8; 32], FolderError> {
        self.secret_after(name, |_| Ok(()))
    }

    /// Like [`DataFolder::secret`]; a new one is kept only after `prepare` has made use of it.
    pub fn secret_after(
        &self,
        name: &str,
        prepare: impl FnOnce(&[u8; 32]) -> Result<(), FolderError>,
    ) -> Result<[u8; 32], FolderError> {
        let path = self.secret_path(name);
        if !path.exists() {
            let bytes = crate::clock::random_bytes::<32>();
            prepare(&bytes)?;
            self.secret_write(&path, &bytes)?;
        }
        secret_read(&path, |bytes| bytes.try_into().ok())
    }

    /// Replaces a secret. The one before is kept with the moment it was replaced, or dropped.
    pub fn secret_rotate(&self, name: &str, now: Timestamp, keep: bool) -> Result<(), FolderError> {
        let (path, before) = (self.secret_path(name), self.secret_path(&format!("{name}.previous")));
        if keep {
            let mut kept = self.secret(name)?.to_vec();
            kept.extend(now.millis().to_be_bytes());
            self.secret_write(&before, &kept)?;
        } else if before.exists() {
            fs::remove_file(&before).map_err(|e| secret_problem(&before, &format!("cannot remove it: {e}")))?;
        }
        self.secret_write(&path, &crate::clock::random_bytes::<32>())
    }

    /// The secret before the current one and when it was replaced, if it was kept.
    pub fn secret_previous(&self, name: &str) -> Result<Option<([u8; 32], Timestamp)>, FolderError> {
        let path = self.secret_path(&format!("{name}.previous"));
        if !path.exists() {
            return Ok(None);
        }
        let read = |bytes: &[u8]| {
            let (secret, at) = bytes.split_at_checked(32)?;
            Some((secret.try_into().ok()?, Timestamp::from_millis(i64::from_be_bytes(at.try_into().ok()?))))
        };
        secret_read(&path, read).map(Some)
    }

    fn secret_path(&self, name: &str) -> PathBuf {
        self.root.join("secrets").join(name)
    }

    fn secret_write(&self, path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
        write_private(path, bytes).map_err(|e| secret_problem(path, &format!("cannot write it: {e}")))
    }
}

fn secret_problem(path: &Path, what: &str) -> FolderError {
    FolderError(format!("secret {}: {what}", path.display()))
}

fn secret_read<T>(path: &Path, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, FolderError> {
    let bytes = fs::read(path).map_err(|e| secret_problem(path, &format!("cannot read it: {e}")))?;
    read(&bytes).ok_or_else(|| secret_problem(path, "is not as it was written; restore it from a backup"))
}

/// Tells a new shop from a lost or foreign database.
fn check_identity(root: &Path) -> Result<(), FolderError> {
    let database = root.join(DATABASE);
    let marked = root.join(MARKER).exists();
    let size = fs::metadata(&database).map(|m| m.len()).unwrap_or(0);
    if size == 0 && !marked {
        refuse_foreign(root)?;
    }
    if size == 0 {
        if marked {
            return Err(FolderError(format!(
                "{} is {}, but a shop was set up in this folder: restore it from {}, or choose another --data-dir for a new shop",
                database.display(),
                if database.exists() { "empty" } else { "missing" },
                root.join("backups").display()
            )));
        }
        return Ok(());
    }
    let mut header = [0_u8; 72];
    let read = File::open(&database).and_then(|mut f| f.read_exact(&mut header));
    let application_id = u32::from_be_bytes([header[68], header[69], header[70], header[71]]);
    if let Some(e) = read.as_ref().err().filter(|e| e.kind() != std::io::ErrorKind::UnexpectedEof) {
        return Err(FolderError(format!("{} cannot be read: {e}", database.display())));
    }
    if read.is_err() || &header[..16] != b"SQLite format 3\0" {
        return Err(FolderError(format!("{} is not a database, or its header is damaged", database.display())));
    }
    if i64::from(application_id) != APPLICATION_ID {
        return Err(FolderError(format!("{} is a database of another program", database.display())));
    }
    Ok(())
}

/// A folder that holds other things is not taken over: its access would be restricted and its files mixed with ours.
fn refuse_foreign(root: &Path) -> Result<(), FolderError> {
    let Ok(entries) = fs::read_dir(root) else { return Ok(()) };
    let names: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name())).filter(|n| n != "lost+found").collect();
    let ours = [lock::FILE, DATABASE].iter().any(|ours| names.iter().any(|name| name == ours));
    if names.is_empty() || ours {
        return Ok(());
    }
    let one = names[0].to_string_lossy();
    Err(FolderError(format!(
        "data folder {}: holds other things ({one}) and no shop; choose an empty or new folder with --data-dir",
        root.display()
    )))
}

/// Writes a file that only its owner may read, durably: a crash leaves the old state or the whole file.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let temporary = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_folder(parent)
}

/// Puts on disk which files a folder has.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

/// A secret of a data folder that this process need not hold; none when it cannot be read.
pub fn secret_in(root: &Path, name: &str) -> Option<[u8; 32]> {
    fs::read(root.join("secrets").join(name)).ok()?.try_into().ok()
}

/// The database of a data folder that this process need not hold. Refuses when there is no shop to be read.
pub fn database_in(root: &Path) -> Result<PathBuf, FolderError> {
    let refused = |why: &str| Err(FolderError(format!("data folder {}: {why}", root.display())));
    if swap::is_pending(root) {
        return refused("the shop in it is being replaced, or was when the machine stopped; start the shop first");
    }
    let database = root.join(DATABASE);
    if fs::metadata(&database).map_or(0, |meta| meta.len()) == 0 {
        return refused("there is no shop in it; name the one you mean with --data-dir");
    }
    Ok(database)
}

/// When the shop of a data folder was set up in it, or put there from a backup.
pub fn made_at(root: &Path) -> Option<Timestamp> {
    Some(crate::clock::of(fs::metadata(root.join(MARKER)).ok()?.modified().ok()?))
}

/// Refuses a folder that no shop was ever set up in, for those who mean one that is there.
pub fn shop_in(root: &Path) -> Result<(), FolderError> {
    if swap::is_pending(root) || root.join(MARKER).exists() {
        return Ok(());
    }
    database_in(root).map(drop)
}

/// Bytes that are free where a path is; none where that cannot be told.
pub fn free_space(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    return rustix::fs::statvfs(path).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Gives what the administrator has put into a data folder to whoever owns the folder, or the shop could not read it.
pub fn hand_over(root: &Path, path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, lchown};
        if !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        let (owner, meta) = (fs::metadata(root)?, fs::symlink_metadata(path)?);
        if (owner.uid(), owner.gid()) != (meta.uid(), meta.gid()) {
            lchown(path, Some(owner.uid()), Some(owner.gid()))?;
        }
        if meta.is_dir() {
            for entry in fs::read_dir(path)? {
                hand_over(root, &entry?.path())?;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = (root, path);
    Ok(())
}

/// Sets the access rights of a file or folder where the system has such rights.
pub fn restrict(path: &Path, mode: u32) -> std::io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_who_holds() {
        let dir = tempfile::tempdir().unwrap();
        let _held = DataFolder::open(dir.path()).unwrap();
        let error = DataFolder::open(dir.path()).unwrap_err().0;
        assert!(error.contains(&std::process::id().to_string()) && error.contains("in use"), "{error}");
    }

    #[test]
    fn a_lost_database_is_not_a_new_shop() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(dir.path()).unwrap();
        folder.mark().unwrap();
        drop(folder);
        assert!(DataFolder::open(dir.path()).unwrap_err().0.contains("missing"));
        fs::write(dir.path().join(DATABASE), b"").unwrap();
        assert!(DataFolder::open(dir.path()).unwrap_err().0.contains("empty"));
        fs::write(dir.path().join(DATABASE), vec![7; 100]).unwrap();
        assert!(DataFolder::open(dir.path()).unwrap_err().0.contains("not a database"));
    }

    #[test]
    fn a_secret_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(dir.path()).unwrap();
        let secret = folder.secret("token").unwrap();
        assert_eq!(folder.secret("token").unwrap(), secret);
        #[cfg(unix)]
        {
            let mode = fs::metadata(dir.path().join("secrets/token")).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
        }
    }
}
