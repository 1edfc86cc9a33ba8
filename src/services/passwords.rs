//! Passwords: which ones are taken, and their hashes: argon2id with the parameters of the OWASP password storage
//! cheat sheet (19 MiB, 2 passes).
//!
//! Hashing is slow and hungry on purpose, so only as many run at once as the machine has cores, and few may wait:
//! a flood of logins must not starve the catalog.

use super::error::{Error, Outcome};
use crate::domain::account::password_problem;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use flate2::read::GzDecoder;
use std::collections::HashSet;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

/// Calls that may wait for a core.
const WAITING: usize = 64;
/// Bytes of a password that is looked at: four for each of the 256 characters one may have.
const MOST_BYTES: usize = 1024;
/// Memory in KiB and passes of a hash.
const COST: (u32, u32) = (19 * 1024, 2);

/// The most common passwords of at least 8 characters in leaked collections, in lower case, one a line
/// (see static/README.md).
const COMMON: &[u8] = include_bytes!("../../static/common-passwords.txt.gz");

/// Unpacked when a password is first chosen.
static COMMON_SET: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut text = String::new();
    let read = GzDecoder::new(COMMON).read_to_string(&mut text);
    debug_assert!(read.is_ok(), "the list is part of the program");
    text.lines().map(str::to_owned).collect()
});

/// What is wrong with a new password of the person with this address, in words for them.
pub fn problem(password: &str, email: &str) -> Option<&'static str> {
    let lower = password.to_lowercase();
    let email = email.to_lowercase();
    let local = email.split('@').next().unwrap_or("");
    password_problem(password).or_else(|| {
        if COMMON_SET.contains(&lower) {
            Some("is one of the most common passwords, which are tried first: choose another")
        } else if lower == email || lower == local {
            Some("must not be your e-mail address")
        } else {
            None
        }
    })
}

/// Hashes and verifies.
pub struct Passwords {
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    dummy: String,
}

impl Passwords {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // Of no password; verified against for unknown accounts so that they take as long as known ones.
        let dummy = "$argon2id$v=19$m=19456,t=2,p=1$bm8gb25lIGhhcyB0aGlz$kIo3PNhK1mJcFZzqkYdEcIUO0F2CXwdWkcZ6Xc9i9tA"
            .to_owned();
        Self { cores: Arc::new(Semaphore::new(cores)), waiting: AtomicUsize::new(0), dummy }
    }

    /// Whether the password belongs to the hash; takes as long when there is none.
    pub(super) async fn verify(&self, password: String, hash: Option<String>) -> Outcome<bool> {
        if password.len() > MOST_BYTES {
            return Ok(false);
        }
        let hash = hash.filter(|hash| !hash.is_empty());
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        let right = self.run(move || matches(&password, &hash)).await?;
        Ok(right && known)
    }

    /// The hash of a new password.
    pub(super) async fn hash(&self, password: String) -> Outcome<String> {
        self.run(move || hash(&password)).await?
    }

    /// A hash of the same password by today's parameters, when the one there is was made by weaker ones.
    pub(super) async fn stronger(&self, password: String, hash: &str) -> Outcome<Option<String>> {
        if is_current(hash) { Ok(None) } else { self.hash(password).await.map(Some) }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Outcome<T> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Error::Busy);
        }
        let permit = self.cores.clone().acquire_owned().await;
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        let _permit = permit.map_err(|_| Error::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))
    }
}

fn argon2id() -> Result<Argon2<'static>, argon2::Error> {
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(COST.0, COST.1, 1, None)?))
}

fn hash(password: &str) -> Outcome<String> {
    let failed = |e: String| Error::Internal(format!("hashing a password failed: {e}"));
    let salt = SaltString::encode_b64(&crate::clock::random_bytes::<16>()).map_err(|e| failed(e.to_string()))?;
    let argon2 = argon2id().map_err(|e| failed(e.to_string()))?;
    argon2.hash_password(password.as_bytes(), &salt).map(|h| h.to_string()).map_err(|e| failed(e.to_string()))
}

/// By the hash's own parameters, which may be older than today's.
fn matches(password: &str, hash: &str) -> bool {
    let (Ok(parsed), Ok(argon2)) = (PasswordHash::new(hash), argon2id()) else { return false };
    argon2.verify_password(password.as_bytes(), &parsed).is_ok()
}

/// Whether a hash was made by parameters at least as costly as today's.
fn is_current(hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    let cost = Params::try_from(&parsed).map(|p| (p.m_cost(), p.t_cost()));
    parsed.algorithm == Algorithm::Argon2id.ident() && cost.is_ok_and(|(m, t)| m >= COST.0 && t >= COST.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_matches_and_none_matches_the_dummy() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && is_current(&stored));
        assert!(matches("correct horse battery", &stored));
        assert!(!matches("correct horse batterx", &stored));
        assert!(is_current(&Passwords::new().dummy), "the dummy must cost what a real hash costs");
    }

    #[test]
    fn a_hash_of_weaker_parameters_still_matches_and_is_due_for_a_stronger_one() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let weak = weak.hash_password(b"correct horse battery", &salt).unwrap().to_string();
        assert!(matches("correct horse battery", &weak) && !is_current(&weak));
        assert!(!is_current("") && !is_current("$2y$10$abc"));
    }

    #[test]
    fn common_passwords_and_ones_own_address_are_refused() {
        for bad in ["12345678", "password", "PASSWORD", "qwertyuiop", "iloveyou", "sunshine", "ann@example.test"] {
            assert!(problem(bad, "Ann@example.test").is_some(), "{bad}");
        }
        assert!(problem("annabelle", "Annabelle@example.test").is_some());
        for good in ["correct horse battery", "        ", "пароль пароль", "aaaaaaab", "🦀🦀🦀🦀🦀🦀🦀🦀"]
        {
            assert_eq!(problem(good, "ann@example.test"), None, "{good}");
        }
        assert!(COMMON_SET.len() > 5_000);
    }
}
