//! Passwords: which ones are taken, and their hashes: argon2id with the parameters of the OWASP password storage
//! cheat sheet (19 MiB, 2 passes).
//!
//! Hashing is slow and hungry on purpose, so it has threads of its own, as many as the machine has cores, that give way
//! to those that serve requests, and few calls may wait for them: a flood of logins must not starve the catalog.

use super::error::{Error, Outcome};
use crate::domain::account::password_problem;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use flate2::read::GzDecoder;
use std::collections::HashSet;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// Calls that may wait for a thread.
const WAITING: usize = 64;
/// How nice the threads are: beside threads that serve they get about a tenth of a core, alone all of it.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
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

/// A call on its way to a thread.
type Work = Box<dyn FnOnce() + Send>;

/// Hashes and verifies.
pub struct Passwords {
    /// The way to the threads, which are started when first needed and end when it is dropped.
    queue: OnceLock<SyncSender<Work>>,
    dummy: String,
}

impl Passwords {
    pub(super) fn new() -> Self {
        // Of no password; verified against for unknown accounts so that they take as long as known ones.
        let dummy = "$argon2id$v=19$m=19456,t=2,p=1$bm8gb25lIGhhcyB0aGlz$kIo3PNhK1mJcFZzqkYdEcIUO0F2CXwdWkcZ6Xc9i9tA"
            .to_owned();
        Self { queue: OnceLock::new(), dummy }
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
        let (done, answer) = oneshot::channel();
        let work = move || {
            // Whoever has gone meanwhile does not hold up the others.
            if !done.is_closed() {
                let _ = done.send(work());
            }
        };
        self.queue.get_or_init(start_threads).try_send(Box::new(work)).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Internal("no thread for passwords could be started".to_owned()),
        })?;
        answer.await.map_err(|_| Error::Internal("work on a password was given up".to_owned()))
    }
}

fn start_threads() -> SyncSender<Work> {
    let (queue, works) = sync_channel(WAITING);
    let works = Arc::new(Mutex::new(works));
    for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
        let works = works.clone();
        let started = std::thread::Builder::new().name("nexus-password".to_owned()).spawn(move || work_off(&works));
        if let Err(error) = started {
            tracing::error!(%error, "a thread for passwords could not be started");
        }
    }
    queue
}

fn work_off(works: &Mutex<Receiver<Work>>) {
    give_way();
    loop {
        let next = works.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        // What panics is answered by its caller's end of the channel; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

/// Puts this thread behind those that serve. Where it cannot be done, hashing competes with them.
fn give_way() {
    // Elsewhere the same calls are about the whole process.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        let nice_enough = getpriority_process(None).is_ok_and(|niceness| niceness >= NICENESS);
        if !nice_enough && let Err(error) = setpriority_process(None, NICENESS) {
            tracing::debug!(%error, "threads for passwords run at the usual priority");
        }
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
pub(super) fn matches(password: &str, hash: &str) -> bool {
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

    fn in_runtime<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn calls_beyond_those_that_may_wait_are_refused_at_once_and_the_others_are_done() {
        let passwords = Arc::new(Passwords::new());
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let (began, begun) = std::sync::mpsc::channel();
        let call = || {
            let (passwords, gate, began) = (passwords.clone(), gate.clone(), began.clone());
            let work = move || {
                began.send(()).unwrap();
                gate.lock().unwrap().recv().unwrap_err();
            };
            tokio::spawn(async move { passwords.run(work).await })
        };
        in_runtime(async {
            let threads = std::thread::available_parallelism().unwrap().get();
            let mut calls: Vec<_> = (0..threads).map(|_| call()).collect();
            tokio::task::yield_now().await;
            (0..threads).for_each(|_| begun.recv().unwrap());
            calls.extend((0..WAITING).map(|_| call()));
            assert!(matches!(call().await.unwrap(), Err(Error::Busy)));
            drop(open);
            for call in calls {
                call.await.unwrap().unwrap();
            }
        });
    }

    #[test]
    fn a_call_that_panics_fails_alone() {
        let passwords = Passwords::new();
        in_runtime(async {
            for _ in 0..100 {
                assert!(matches!(passwords.run(|| panic!("broken")).await, Err::<(), _>(Error::Internal(_))));
            }
            assert_eq!(passwords.run(|| 7).await.unwrap(), 7);
        });
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn threads_that_hash_give_way_and_no_other_does() {
        use rustix::process::getpriority_process;
        let before = getpriority_process(None).unwrap();
        let there = in_runtime(Passwords::new().run(|| getpriority_process(None).unwrap())).unwrap();
        assert_eq!(there, NICENESS.max(before));
        assert_eq!(getpriority_process(None).unwrap(), before);
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
