//! Who is calling, by their token, from memory.
//!
//! What was read of a session or key is kept with the counters of what ends or changes it, so a role change, a
//! deactivation or a logout acts on the very next request, without a query for each.

use super::secret::Secret;
use crate::domain::{Change, SessionId, Timestamp, UserId};
use crate::generations::Stamp;
use crate::services::{Actor, Error, Outcome, Shop};
use quick_cache::sync::Cache;

/// Callers kept in memory; beyond that the least useful are read again.
const KEPT: usize = 10_000;

/// How API keys begin, so that they are told from other tokens, and found when leaked.
pub(super) const KEY_PREFIX: &str = "nxk_";

#[derive(Clone)]
struct Known {
    actor: Actor,
    until: Option<Timestamp>,
    stamp: Stamp,
}

/// The callers seen lately.
pub struct Callers {
    sessions: Cache<SessionId, Known>,
    keys: Cache<[u8; 32], Known>,
}

impl Callers {
    pub(in crate::services) fn new() -> Self {
        Self { sessions: Cache::new(KEPT), keys: Cache::new(KEPT / 10) }
    }
}

impl Shop {
    /// Who a token belongs to, as their account stands now.
    pub fn actor_of(&self, token: &str) -> Outcome<Actor> {
        let now = crate::clock::now();
        let known = match token.strip_prefix(KEY_PREFIX) {
            Some(secret) => self.key_known(secret),
            None => self.session_known(token, now),
        };
        match known? {
            Some(known) if known.until.is_none_or(|until| now < until) => Ok(known.actor),
            _ => Err(Error::Unauthenticated),
        }
    }

    fn session_known(&self, token: &str, now: Timestamp) -> Outcome<Option<Known>> {
        let Some((user, session)) = self.tokens.verify(token, now) else { return Ok(None) };
        let known = self.callers.sessions.get(&session).filter(|k| self.generations().is_current(&k.stamp));
        let known = match known {
            Some(known) => Some(known),
            None => self.session_read(user, session)?,
        };
        Ok(known.filter(|k| matches!(k.actor, Actor::User { id, .. } if id == user)))
    }

    fn session_read(&self, user: UserId, session: SessionId) -> Outcome<Option<Known>> {
        let stamp = self.generations().stamp(&[Change::User(user), Change::Session(session)]);
        let holder = self.store.read(|tx| Ok::<_, Error>(tx.session_holder(session)?))?;
        let known = holder.filter(|(id, ..)| *id == user).map(|(id, role, ends_at)| Known {
            actor: Actor::User { id, role, session },
            until: Some(ends_at),
            stamp,
        });
        if let Some(known) = &known {
            self.callers.sessions.insert(session, known.clone());
        }
        Ok(known)
    }

    fn key_known(&self, secret: &str) -> Outcome<Option<Known>> {
        let Some(hash) = Secret::parse(secret).map(|s| s.hash()) else { return Ok(None) };
        if let Some(known) = self.callers.keys.get(&hash).filter(|k| self.generations().is_current(&k.stamp)) {
            return Ok(Some(known));
        }
        let stamp = self.generations().stamp(&[Change::ApiKeys]);
        let key = self.store.read(|tx| Ok::<_, Error>(tx.api_key_by_hash(&hash)?))?;
        let known = key.map(|key| Known {
            actor: Actor::ApiKey { id: key.id, rights: key.rights },
            until: key.expires_at,
            stamp,
        });
        if let Some(known) = &known {
            self.callers.keys.insert(hash, known.clone());
        }
        Ok(known)
    }
}
