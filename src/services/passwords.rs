//! Password hashes: argon2id with the parameters of the OWASP password storage cheat sheet (19 MiB, 2 passes).
//!
//! Hashing is slow and hungry on purpose, so only as many run at once as the machine has cores, and few may wait:
//! a flood of logins must not starve the catalog.

use super::error::{Error, Outcome};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Calls that may wait for a core.
const WAITING: usize = 64;

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

    /// Whether the password belongs to the hash; takes as long when there is no hash.
    pub(super) async fn verify(&self, password: String, hash: Option<String>) -> Outcome<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        let right = self.run(move || matches(&password, &hash)).await?;
        Ok(right && known)
    }

    /// The hash of a new password.
    pub(super) async fn hash(&self, password: String) -> Outcome<String> {
        self.run(move || hash(&password)).await?
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
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None)?))
}

fn hash(password: &str) -> Outcome<String> {
    let failed = |e: String| Error::Internal(format!("hashing a password failed: {e}"));
    let salt = SaltString::encode_b64(&crate::clock::random_bytes::<16>()).map_err(|e| failed(e.to_string()))?;
    let argon2 = argon2id().map_err(|e| failed(e.to_string()))?;
    argon2.hash_password(password.as_bytes(), &salt).map(|h| h.to_string()).map_err(|e| failed(e.to_string()))
}

fn matches(password: &str, hash: &str) -> bool {
    let (Ok(parsed), Ok(argon2)) = (PasswordHash::new(hash), argon2id()) else { return false };
    argon2.verify_password(password.as_bytes(), &parsed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_matches_and_none_matches_the_dummy() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(matches("correct horse battery", &stored));
        assert!(!matches("correct horse batterx", &stored));
        assert!(PasswordHash::new(&Passwords::new().dummy).is_ok(), "the dummy must cost what a real hash costs");
    }
}
