//! The file of a backup: a tar packed with gzip, its manifest first, so that any machine can open it without this
//! program. Everything read is held to the manifest: names, order, lengths and hashes.

use super::BackupError;
use crate::domain::backup::{Manifest, ManifestFile};
use crate::domain::hex::hex;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

const MANIFEST: &str = "manifest.json";
/// The longest manifest that is read: half a million files.
const LONGEST_MANIFEST: u64 = 64 * 1024 * 1024;

/// Something that goes into an archive.
pub struct Member {
    /// Where it stands in a data folder.
    pub path: String,
    /// What it is.
    pub content: Content,
}

/// The bytes of a member.
pub enum Content {
    /// A file, read twice: for the manifest and for the archive.
    File(PathBuf),
    /// Held here, since it may change or be small.
    Bytes(Vec<u8>),
}

impl Content {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::File(path) => Box::new(File::open(path)?),
            Self::Bytes(bytes) => Box::new(&bytes[..]),
        })
    }
}

/// What a manifest says of a member.
pub fn describe(member: &Member) -> io::Result<ManifestFile> {
    let (size, sha256) = copy_hashed(&mut member.content.open()?, &mut io::sink())?;
    Ok(ManifestFile { path: member.path.clone(), size, sha256 })
}

/// Writes an archive, which only its owner may read, and puts it on disk.
pub fn write(target: &Path, manifest: &Manifest, members: &[Member]) -> io::Result<()> {
    let file = create_private(target)?;
    let packed = GzEncoder::new(BufWriter::with_capacity(1 << 16, file), Compression::fast());
    let mut tar = tar::Builder::new(packed);
    let text = serde_json::to_vec_pretty(manifest)?;
    append(&mut tar, manifest, MANIFEST, text.len() as u64, &text[..])?;
    for (member, known) in members.iter().zip(&manifest.files) {
        // A file that has become shorter makes an archive that is found wrong when it is read back.
        append(&mut tar, manifest, &member.path, known.size, member.content.open()?.take(known.size))?;
    }
    let file = tar.into_inner()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    manifest: &Manifest,
    path: &str,
    size: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(manifest.created_at.millis() / 1000).unwrap_or(0));
    tar.append_data(&mut header, path, content)
}

/// Reads an archive from its first byte to its last; with `into`, unpacks it there. `accept` sees the manifest before
/// anything else is read.
pub fn read(
    archive: &Path,
    into: Option<&Path>,
    accept: &dyn Fn(&Manifest) -> Result<(), BackupError>,
) -> Result<Manifest, BackupError> {
    let wrong = |why: &dyn std::fmt::Display| BackupError::Damaged(format!("{}: {why}", archive.display()));
    let file = File::open(archive).map_err(|e| BackupError::Failed(format!("{}: {e}", archive.display())))?;
    let mut tar = tar::Archive::new(GzDecoder::new(BufReader::with_capacity(1 << 16, file)));
    let mut entries = tar.entries().map_err(|e| wrong(&e))?;
    let first =
        entries.next().transpose().map_err(|_| wrong(&"is not a backup of a shop, or its beginning is damaged"))?;
    let manifest =
        first.and_then(read_manifest).ok_or_else(|| wrong(&"has no manifest, so it is no backup of a shop"))?;
    accept(&manifest)?;
    for known in &manifest.files {
        let entry = entries.next().ok_or_else(|| wrong(&format!("ends before {}", known.path)))?;
        let mut entry = entry.map_err(|e| wrong(&e))?;
        let is_it = entry.header().entry_type().is_file()
            && entry.size() == known.size
            && entry.path().is_ok_and(|path| path.to_str() == Some(known.path.as_str()));
        if !is_it {
            return Err(wrong(&format!("{} is not where the manifest has it, or of another length", known.path)));
        }
        let hashed = match into {
            None => copy_hashed(&mut entry, &mut io::sink()).map_err(|e| wrong(&e))?,
            Some(folder) => unpack(&mut entry, &folder.join(&known.path)).map_err(|e| match e {
                Unpacking::Reading(e) => wrong(&e),
                Unpacking::Writing(e) => BackupError::Failed(format!("{}: {e}", folder.join(&known.path).display())),
            })?,
        };
        if hashed != (known.size, known.sha256.clone()) {
            return Err(wrong(&format!("{} was changed: its hash is not the one in the manifest", known.path)));
        }
    }
    if entries.next().is_some() {
        return Err(wrong(&"holds more than its manifest says"));
    }
    // To the last byte, where the check sum of the packing stands.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(|e| wrong(&e))?;
    Ok(manifest)
}

fn read_manifest<R: Read>(entry: tar::Entry<'_, R>) -> Option<Manifest> {
    let named = entry.path().is_ok_and(|path| path.to_str() == Some(MANIFEST));
    if !named || entry.size() > LONGEST_MANIFEST {
        return None;
    }
    let mut text = Vec::new();
    entry.take(LONGEST_MANIFEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Only the manifest of an archive; the rest is not looked at.
pub fn manifest(archive: &Path) -> Result<Manifest, BackupError> {
    let file = File::open(archive).map_err(|e| BackupError::Failed(format!("{}: {e}", archive.display())))?;
    let mut tar = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    let first = tar.entries().ok().and_then(|mut entries| entries.next()?.ok());
    first
        .and_then(read_manifest)
        .ok_or_else(|| BackupError::Damaged(format!("{}: is no backup of a shop", archive.display())))
}

enum Unpacking {
    Reading(io::Error),
    Writing(io::Error),
}

fn unpack(entry: &mut impl Read, path: &Path) -> Result<(u64, String), Unpacking> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Unpacking::Writing)?;
    }
    let mut file = create_private(path).map_err(Unpacking::Writing)?;
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let length = entry.read(&mut piece).map_err(Unpacking::Reading)?;
        if length == 0 {
            return Ok((size, hex(&hash.finalize())));
        }
        hash.update(&piece[..length]);
        file.write_all(&piece[..length]).map_err(Unpacking::Writing)?;
        size += length as u64;
    }
}

fn copy_hashed(from: &mut impl Read, to: &mut impl Write) -> io::Result<(u64, String)> {
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let length = from.read(&mut piece)?;
        if length == 0 {
            return Ok((size, hex(&hash.finalize())));
        }
        hash.update(&piece[..length]);
        to.write_all(&piece[..length])?;
        size += length as u64;
    }
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
