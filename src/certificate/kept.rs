//! What a data folder keeps of the certificates that come by themselves: for each authority a folder with the account's
//! key, the certificate with its key, and what is remembered about getting it. Only the owner may read them. None of it is
//! part of a backup: the keys are secret, and another machine gets a certificate of its own.

use crate::domain::Timestamp;
use crate::folder::{restrict, write_private};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A certificate as an authority gives it out, with the key it was made for.
pub struct Issued {
    /// The certificate and those that vouch for it, as PEM.
    pub chain: String,
    /// The key, as PEM.
    pub key: String,
}

/// Why there is no certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// In words for people.
    pub why: String,
    /// How long the authority wants to be left alone.
    pub wait: Option<Duration>,
}

/// What is remembered about getting certificates, so that a shop that starts again does not begin anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tries {
    /// When the certificate in use was given out.
    pub obtained: Option<Timestamp>,
    /// When something was tried since, as far as it matters still.
    pub begun: Vec<Timestamp>,
    /// How many tries in a row came to nothing.
    pub failures: u32,
    /// Why the last one did.
    pub why: String,
    /// Not to be tried again before.
    pub next: Option<Timestamp>,
    /// Whether it is the authority that said so.
    pub told: bool,
}

/// The folder of one authority.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Of all authorities.
    parent: PathBuf,
    folder: PathBuf,
}

/// The most of an address that becomes the name of a folder.
const NAME_CHARS: usize = 120;

impl Kept {
    /// What a data folder keeps for the authority with this directory. Each has a folder of its own, so that trying one
    /// out does not cost what was got from another.
    pub fn new(data: &Path, directory: &str) -> Self {
        let address = directory.split_once("://").map_or(directory, |(_, rest)| rest);
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' };
        let name: String = address.chars().take(NAME_CHARS).map(plain).collect();
        let parent = data.join("acme");
        Self { folder: parent.join(name.trim_matches(['.', '-'])), parent }
    }

    /// The file with the certificate and its key.
    pub fn certificate_file(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    /// The file with the account and its key.
    pub fn account_file(&self) -> PathBuf {
        self.folder.join("account.json")
    }

    /// The certificate with its key, if there is one.
    pub fn certificate(&self) -> io::Result<Option<String>> {
        read(&self.certificate_file())
    }

    /// Keeps a certificate in place of the one before. Both are in one file, so that they always fit each other.
    pub fn keep_certificate(&self, issued: &Issued) -> io::Result<()> {
        self.write(&self.certificate_file(), &format!("{}\n{}", issued.chain.trim_end(), issued.key))
    }

    /// The account, if there is one.
    pub fn account(&self) -> io::Result<Option<String>> {
        read(&self.account_file())
    }

    /// Keeps an account in place of the one before.
    pub fn keep_account(&self, text: &str) -> io::Result<()> {
        self.write(&self.account_file(), text)
    }

    /// Puts an account that the authority does not know any more aside.
    pub fn set_account_aside(&self) -> io::Result<()> {
        let path = self.account_file();
        fs::rename(&path, path.with_extension("json.gone"))
    }

    /// What is remembered. What cannot be read is as good as forgotten.
    pub fn tries(&self) -> Tries {
        let text = read(&self.tries_file()).ok().flatten().unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Remembers.
    pub fn keep_tries(&self, tries: &Tries) -> io::Result<()> {
        self.write(&self.tries_file(), &serde_json::to_string_pretty(tries).map_err(io::Error::other)?)
    }

    fn tries_file(&self) -> PathBuf {
        self.folder.join("tries.json")
    }

    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        for folder in [&self.parent, &self.folder] {
            fs::create_dir_all(folder)?;
            restrict(folder, 0o700)?;
        }
        write_private(path, text.as_bytes())
    }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_authority_has_a_folder_of_its_own_that_nobody_else_may_read() {
        let dir = tempfile::tempdir().unwrap();
        let name = |directory: &str| {
            let folder = Kept::new(dir.path(), directory).folder;
            folder.strip_prefix(dir.path().join("acme")).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(name("https://acme-v02.api.letsencrypt.org/directory"), "acme-v02.api.letsencrypt.org-directory");
        assert_eq!(name("https://127.0.0.1:14000/dir/../x"), "127.0.0.1-14000-dir-..-x");
        assert_eq!(name("https://../../etc"), "etc");
        let kept = Kept::new(dir.path(), "https://ca.example/directory");
        assert_eq!(
            (kept.certificate().unwrap(), kept.account().unwrap(), kept.tries()),
            (None, None, Tries::default())
        );
        let tries = Tries { failures: 2, why: "a reason".to_owned(), ..Tries::default() };
        kept.keep_tries(&tries).unwrap();
        kept.keep_certificate(&Issued { chain: "a chain\n".to_owned(), key: "a key\n".to_owned() }).unwrap();
        kept.keep_account("{}").unwrap();
        assert_eq!((kept.tries(), kept.certificate().unwrap().as_deref()), (tries, Some("a chain\na key\n")));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!([mode(&kept.parent), mode(&kept.folder)], [0o700; 2]);
            let files = [kept.certificate_file(), kept.account_file(), kept.tries_file()];
            assert_eq!(files.map(|file| mode(&file)), [0o600; 3]);
        }
        kept.set_account_aside().unwrap();
        assert_eq!(kept.account().unwrap(), None);
    }
}
