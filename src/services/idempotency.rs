//! One effect for each idempotency key: what a request has done is answered again, not done again.
//!
//! A key belongs to who sends it and to one request. The answer is kept in the transaction that does the work, so there
//! is a kept answer exactly when the work was committed; a refusal changes nothing and leaves the key free. Work that
//! asks somebody outside between two transactions keeps in the first one what it has begun, and goes on with that when
//! it was cut off and the request comes again.

use super::{Actor, Ctx, Error, Outcome, Shop};
use crate::domain::{Right, Timestamp, hex};
use crate::store::{KeptAnswer, KeyRow, ReadTx, WriteTx};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub use crate::store::KeptAnswer as Rendered;

/// How long an answer is given again.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// Keys forgotten in one transaction.
const PIECE: usize = 1_000;

/// A request that is to have one effect, however often it is sent.
#[derive(Clone, Debug)]
pub struct Claim {
    scope: String,
    key: String,
    request: [u8; 32],
}

/// What is known of a request that comes with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is to be done.
    New,
    /// It has begun this and was cut off: it is to go on.
    Cut(i64),
    /// It was done, and this was answered.
    Done(Rendered),
}

impl Claim {
    /// The claim of a request. A guest is known by the token of what they act on.
    pub fn new(ctx: &Ctx, guest: Option<&str>, key: &str, method: &str, path: &str, body: &[u8]) -> Self {
        let scope = match &ctx.actor {
            Actor::User { id, .. } => format!("user:{id}"),
            Actor::ApiKey { id, .. } => format!("key:{id}"),
            Actor::Owner => "owner".to_owned(),
            Actor::Shop => "shop".to_owned(),
            Actor::Anonymous => {
                // The token itself opens the cart, so it is not written down here.
                format!("cart:{}", hex(&Sha256::digest(guest.unwrap_or_default())))
            }
        };
        let mut request = Sha256::new();
        for part in [method.as_bytes(), path.as_bytes(), scope.as_bytes(), body] {
            // With its length before it, no part can pass for the beginning of the next.
            request.update((part.len() as u64).to_be_bytes());
            request.update(part);
        }
        Self { scope, key: key.to_owned(), request: request.finalize().into() }
    }

    /// Does the work unless it was done before; gives its answer, or the first one again. For work that one transaction
    /// holds: when `work` fails, whoever runs the transaction gives up all of it.
    pub fn once(
        &self,
        tx: &WriteTx<'_>,
        now: Timestamp,
        work: impl FnOnce() -> Outcome<Rendered>,
    ) -> Outcome<Rendered> {
        match self.begun(tx, now)? {
            Begun::Done(answer) => Ok(answer),
            Begun::New | Begun::Cut(_) => {
                let answer = work()?;
                self.put(tx, Some(answer.clone()), None, now)?;
                Ok(answer)
            }
        }
    }

    /// What is known of the request.
    pub fn begun(&self, tx: &ReadTx<'_>, now: Timestamp) -> Outcome<Begun> {
        let Some(known) = tx.idempotency_key(&self.scope, &self.key, since(now))? else { return Ok(Begun::New) };
        match known {
            KeyRow { request, .. } if request != self.request => Err(Error::KeyReused),
            KeyRow { answer: Some(answer), .. } => Ok(Begun::Done(answer)),
            KeyRow { subject: Some(subject), .. } => Ok(Begun::Cut(subject)),
            KeyRow { .. } => Ok(Begun::New),
        }
    }

    /// Keeps what the request has begun, in the transaction that begins it.
    pub fn open(&self, tx: &WriteTx<'_>, subject: i64, now: Timestamp) -> Outcome<()> {
        self.put(tx, None, Some(subject), now)
    }

    /// Keeps the answer, in the transaction that ends what was begun.
    pub fn close(&self, tx: &WriteTx<'_>, answer: &Rendered) -> Outcome<()> {
        Ok(tx.idempotency_answer(&self.scope, &self.key, answer)?)
    }

    /// Keeps an answer that ends what this transaction has begun itself.
    pub fn done(&self, tx: &WriteTx<'_>, answer: &Rendered, now: Timestamp) -> Outcome<()> {
        self.put(tx, Some(answer.clone()), None, now)
    }

    fn put(&self, tx: &WriteTx<'_>, answer: Option<KeptAnswer>, subject: Option<i64>, now: Timestamp) -> Outcome<()> {
        let row = KeyRow { request: self.request.to_vec(), answer, subject };
        Ok(tx.idempotency_put(&self.scope, &self.key, &row, now)?)
    }
}

/// Does the work once for a claim, or simply where none was made.
pub fn once(
    claim: Option<&Claim>,
    tx: &WriteTx<'_>,
    now: Timestamp,
    work: impl FnOnce() -> Outcome<Rendered>,
) -> Outcome<Rendered> {
    match claim {
        Some(claim) => claim.once(tx, now, work),
        None => work(),
    }
}

fn since(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_sub(i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX)))
}

/// The claims of requests that run at the moment. Only one process has the data folder, so a key that is kept without
/// an answer and is not here belongs to a request that was cut off.
#[derive(Clone, Default)]
pub struct Claims(Arc<Mutex<Running>>);

type Running = HashMap<(String, String), [u8; 32]>;

/// A claim that runs, for as long as this lives.
pub struct Held {
    running: Claims,
    name: (String, String),
}

impl Claims {
    /// Lets a request run, unless one with its key does. For work that asks somebody outside between two transactions.
    pub fn hold(&self, claim: &Claim) -> Outcome<Held> {
        let name = (claim.scope.clone(), claim.key.clone());
        let mut running = self.locked();
        match running.get(&name) {
            Some(request) if *request != claim.request => Err(Error::KeyReused),
            Some(_) => {
                let detail = "the first request with this Idempotency-Key still runs: send it again shortly".to_owned();
                Err(Error::Conflict("in_progress", detail, Vec::new()))
            }
            None => {
                running.insert(name.clone(), claim.request);
                Ok(Held { running: self.clone(), name })
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.running.locked().remove(&self.name);
    }
}

impl Shop {
    /// Lets a request run that asks somebody outside between two transactions; 409 while one with its key does.
    pub fn claim_hold(&self, claim: &Claim) -> Outcome<Held> {
        self.claims.hold(claim)
    }

    /// Forgets some of the keys that have run out; tells how many.
    pub async fn idempotency_sweep(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let before = since(ctx.now);
        self.store.write(move |tx| Ok(tx.idempotency_sweep(before, PIECE)?)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(actor: Actor, guest: &str, key: &str, body: &str) -> Claim {
        Claim::new(&Ctx::now(actor), Some(guest), key, "POST", "/x", body.as_bytes())
    }

    #[test]
    fn keys_belong_to_their_sender_and_to_one_request() {
        let guest = claim(Actor::Anonymous, "a", "k", "{}");
        assert_ne!(guest.scope, claim(Actor::Anonymous, "b", "k", "{}").scope);
        assert!(!guest.scope.contains("a:") && guest.scope.len() == 5 + 64, "{}", guest.scope);
        assert_eq!(claim(Actor::Owner, "a", "k", "{}").scope, "owner");
        assert_ne!(guest.request, claim(Actor::Anonymous, "a", "k", "{ }").request);
        assert_eq!(guest.request, claim(Actor::Anonymous, "a", "other", "{}").request);
        let moved = Claim::new(&Ctx::now(Actor::Anonymous), Some("a"), "k", "POST/", "x", b"{}");
        assert_ne!(guest.request, moved.request);
    }

    #[test]
    fn key_runs_once_at_a_time() {
        let (claims, one) = (Claims::default(), claim(Actor::Anonymous, "a", "k", "{}"));
        let held = claims.hold(&one).unwrap();
        assert!(matches!(claims.hold(&one), Err(Error::Conflict("in_progress", ..))));
        assert!(matches!(claims.hold(&claim(Actor::Anonymous, "a", "k", "[]")), Err(Error::KeyReused)));
        assert!(claims.hold(&claim(Actor::Anonymous, "a", "l", "{}")).is_ok());
        drop(held);
        assert!(claims.hold(&one).is_ok());
    }
}
