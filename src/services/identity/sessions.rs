//! Sign-ins that last: refresh tokens are exchanged at each use, and a spent one used again ends the whole family.

use super::secret::Secret;
use super::signing_in::Login;
use crate::domain::audit::Subject;
use crate::domain::page::Page;
use crate::domain::{Direction, PageSize, Right, SessionId, Timestamp, UserId};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{NewSession, SessionRow, UserRow, WriteTx};
use serde_json::json;
use std::cmp::Reverse;

/// Sessions of one person that live at once; beyond that the one not used for longest ends.
const MOST_SESSIONS: usize = 50;

/// Where a page of sessions begins or ends: the one used last comes first.
pub type SessionPosition = Reverse<(Timestamp, SessionId)>;

/// How long tokens live.
#[derive(Clone, Copy)]
pub(super) struct Lifetimes {
    pub access_seconds: u64,
    refresh_ms: i64,
    session_ms: i64,
}

impl Lifetimes {
    /// When a session that is used now ends unless it is used again.
    fn expiry(self, now: Timestamp, ends_at: Timestamp) -> Timestamp {
        Timestamp::from_millis((now.millis() + self.refresh_ms).min(ends_at.millis()))
    }
}

/// A sign-in as its owner sees it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The client's address when it was last used.
    pub client: Option<String>,
    /// What the client called itself.
    pub agent: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When a token was last given out.
    pub used_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

const SESSION: Error = Error::NotFound("session");

/// How an exchange ended, when nothing failed.
enum Exchange {
    Done(UserRow, SessionId),
    /// Two requests brought the same token at once; the other one was first.
    LostRace,
    /// A spent token came back: somebody has a copy, so the family has ended.
    Reused,
}

impl Shop {
    pub(super) fn lifetimes(&self) -> Lifetimes {
        let days = |days: u32| i64::from(days) * 24 * 60 * 60 * 1000;
        Lifetimes {
            access_seconds: self.auth.access_minutes * 60,
            refresh_ms: days(self.auth.refresh_days),
            session_ms: days(self.auth.session_days),
        }
    }

    /// Whose refresh token this is, so that their budget can be charged before anything else is done.
    pub fn refresh_holder(&self, token: &str) -> Outcome<Option<UserId>> {
        let Some(secret) = Secret::parse(token) else { return Ok(None) };
        let found = self.store.read(|tx| Ok::<_, Error>(tx.refresh_by_hash(&secret.hash())?))?;
        Ok(found.map(|row| row.session.user_id))
    }

    /// Exchanges a refresh token for a new pair.
    pub async fn refresh(&self, ctx: &Ctx, token: &str) -> Outcome<Login> {
        // Later than this the token may be spent by a request that ran beside this one; earlier, only by one whose
        // answer somebody had already: that tells a race from a copy.
        let arrived_us = crate::clock::micros();
        let spent = Secret::parse(token).ok_or(Error::BadRefresh)?;
        let (ctx, lifetimes, next) = (ctx.clone(), self.lifetimes(), Secret::new());
        let next_hash = next.hash();
        let exchange =
            self.store.write(move |tx| exchange(tx, &ctx, lifetimes, &spent.hash(), &next_hash, arrived_us)).await?;
        match exchange {
            Exchange::Done(user, session) => self.signed_in(user, session, &next),
            Exchange::LostRace => Err(Error::Conflict(
                "refresh_raced",
                "another request has just used this refresh token: go on with what it was given".to_owned(),
                Vec::new(),
            )),
            Exchange::Reused => Err(Error::BadRefresh),
        }
    }

    /// Ends the session that asks.
    pub async fn logout(&self, ctx: &Ctx) -> Outcome<()> {
        let (_, session) = ctx.person()?;
        let ctx = ctx.clone();
        self.store.write(move |tx| end(tx, &ctx, session, "logout").map(drop)).await
    }

    /// Ends the session a refresh token belongs to, whatever state the token is in; an unknown one is no error, since
    /// then there is nothing to end.
    pub async fn logout_by_refresh(&self, ctx: &Ctx, token: &str) -> Outcome<()> {
        let Some(secret) = Secret::parse(token) else { return Ok(()) };
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let found = tx.refresh_by_hash(&secret.hash())?;
                found.map_or(Ok(()), |row| end(tx, &ctx, row.session.id, "logout").map(drop))
            })
            .await
    }

    /// Ends all sessions of the person who asks.
    pub async fn logout_all(&self, ctx: &Ctx) -> Outcome<()> {
        let (user, _) = ctx.person()?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                tx.sessions_end(user)?;
                Ok::<_, Error>(tx.audit(&ctx.entry("session.end_all", Subject::from(user), &json!({})))?)
            })
            .await
    }

    /// The sessions of the person who asks.
    pub fn session_list(&self, ctx: &Ctx) -> Outcome<Vec<Session>> {
        let (user, current) = ctx.person()?;
        let rows = self.store.read(|tx| Ok::<_, Error>(tx.session_all(user, ctx.now)?))?;
        Ok(rows.into_iter().map(|row| session(row, current)).collect())
    }

    /// A page of them, the one used last first.
    pub fn session_page(
        &self,
        ctx: &Ctx,
        size: PageSize,
        from: Option<(SessionPosition, Direction)>,
    ) -> Outcome<Page<Session, SessionPosition>> {
        Ok(Page::of_whole(self.session_list(ctx)?, size, from, |session| Reverse((session.used_at, session.id))))
    }

    /// Ends one session of the person who asks.
    pub async fn session_revoke(&self, ctx: &Ctx, id: SessionId) -> Outcome<()> {
        let (user, current) = ctx.person()?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let theirs = tx.session_all(user, ctx.now)?.iter().any(|row| row.id == id) || id == current;
                if theirs && end(tx, &ctx, id, "revoked")? { Ok(()) } else { Err(SESSION) }
            })
            .await
    }

    /// Removes sessions and tokens that have run out.
    pub async fn sessions_sweep(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let (now, lifetimes) = (ctx.now, self.lifetimes());
        let spent_before = Timestamp::from_millis(now.millis() - lifetimes.refresh_ms);
        self.store
            .write(move |tx| Ok::<_, Error>(tx.sessions_sweep(now, spent_before, 1_000)? + tx.mail_tokens_sweep(now)?))
            .await
    }
}

fn session(row: SessionRow, current: SessionId) -> Session {
    let SessionRow { id, client, agent, created_at, used_at, expires_at, .. } = row;
    Session { id, client, agent, created_at, used_at, expires_at, current: id == current }
}

/// Ends a session and says why.
fn end(tx: &WriteTx<'_>, ctx: &Ctx, session: SessionId, why: &str) -> Outcome<bool> {
    let ended = tx.session_end(session)?;
    if ended {
        tx.audit(&ctx.entry("session.end", Subject::from(session), &json!({ "reason": why })))?;
    }
    Ok(ended)
}

/// Begins a session of somebody who has proven who they are.
pub(super) fn session_begin(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    lifetimes: Lifetimes,
    user: UserId,
    token: &[u8; 32],
) -> Outcome<SessionId> {
    let ends_at = Timestamp::from_millis(ctx.now.millis() + lifetimes.session_ms);
    let client = ctx.origin.client.map(|address| address.to_string());
    let new = NewSession {
        user_id: user,
        hash: token,
        client: client.as_deref(),
        agent: ctx.origin.agent.as_deref(),
        at: ctx.now,
        expires_at: lifetimes.expiry(ctx.now, ends_at),
        ends_at,
    };
    Ok(tx.session_insert(&new, MOST_SESSIONS)?)
}

/// Spends a token for the next one. That a family ended is a success of the transaction: it must be kept.
fn exchange(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    lifetimes: Lifetimes,
    spent: &[u8; 32],
    next: &[u8; 32],
    arrived_us: i64,
) -> Outcome<Exchange> {
    let row = tx.refresh_by_hash(spent)?.ok_or(Error::BadRefresh)?;
    let session = row.session;
    if let Some(spent_us) = row.spent_us {
        if arrived_us <= spent_us {
            return Ok(Exchange::LostRace);
        }
        end(tx, ctx, session.id, "a spent refresh token was used again")?;
        return Ok(Exchange::Reused);
    }
    let user = tx.user_by_id(session.user_id)?.filter(|user| user.active).ok_or(Error::BadRefresh)?;
    if session.expires_at <= ctx.now || session.ends_at <= ctx.now {
        return Err(Error::BadRefresh);
    }
    let used = SessionRow {
        client: ctx.origin.client.map(|address| address.to_string()),
        agent: ctx.origin.agent.clone(),
        ..session
    };
    let expires_at = lifetimes.expiry(ctx.now, used.ends_at);
    tx.refresh_rotate(&used, spent, crate::clock::micros(), next, ctx.now, expires_at)?;
    Ok(Exchange::Done(user, used.id))
}
