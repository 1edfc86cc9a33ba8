//! SQL of sign-ins that last: a session is a family of refresh tokens of which one is good.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::{Change, Role, SessionId, Timestamp, UserId};

/// A sign-in.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
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
    /// When it ends however much it is used.
    pub ends_at: Timestamp,
}

/// A refresh token as stored.
pub struct RefreshRow {
    /// The family it belongs to.
    pub session: SessionRow,
    /// When it was exchanged, in microseconds.
    pub spent_us: Option<i64>,
}

const SESSION: &str = "select s.id, s.account_id, s.client, s.agent, s.created_at, s.used_at, s.expires_at, s.ends_at";

fn session(row: &Row<'_>) -> RowResult<SessionRow> {
    Ok(SessionRow {
        id: row.get(0)?,
        user_id: row.get(1)?,
        client: row.get(2)?,
        agent: row.get(3)?,
        created_at: row.get(4)?,
        used_at: row.get(5)?,
        expires_at: row.get(6)?,
        ends_at: row.get(7)?,
    })
}

impl ReadTx<'_> {
    /// Whose session this is and what they may do, while it lives and they may sign in.
    pub fn session_holder(&self, id: SessionId) -> StoreResult<Option<(UserId, Role, Timestamp)>> {
        let sql = "select a.id, a.role, s.ends_at from session s join account a on a.id = s.account_id \
                   where s.id = ?1 and a.active = 1";
        self.query_one(sql, [id], |row| {
            Ok((row.get(0)?, Role::parse(&row.get::<_, String>(1)?).unwrap_or(Role::Customer), row.get(2)?))
        })
    }

    /// The refresh token with this hash.
    pub fn refresh_by_hash(&self, hash: &[u8]) -> StoreResult<Option<RefreshRow>> {
        let sql = format!(
            "{SESSION}, t.spent_us from refresh_token t join session s on s.id = t.session_id where t.hash = ?1"
        );
        self.query_one(&sql, [hash], |row| Ok(RefreshRow { session: session(row)?, spent_us: row.get(8)? }))
    }

    /// A person's sessions that have not run out, the one used last first.
    pub fn session_all(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<SessionRow>> {
        let sql = format!(
            "{SESSION} from session s where s.account_id = ?1 and s.expires_at > ?2 order by s.used_at desc, s.id desc"
        );
        self.query_all(&sql, params![user, now], session)
    }
}

/// A session about to begin.
pub struct NewSession<'a> {
    /// Whose it is.
    pub user_id: UserId,
    /// The hash of its first refresh token.
    pub hash: &'a [u8],
    /// The client's address.
    pub client: Option<&'a str>,
    /// What the client calls itself.
    pub agent: Option<&'a str>,
    /// When it begins.
    pub at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// When it ends however much it is used.
    pub ends_at: Timestamp,
}

impl WriteTx<'_> {
    /// Begins a session; of a person's sessions only the `most` used last stay.
    pub fn session_insert(&self, new: &NewSession<'_>, most: usize) -> StoreResult<SessionId> {
        let sql = "insert into session (account_id, client, agent, created_at, used_at, expires_at, ends_at) \
                   values (?1, ?2, ?3, ?4, ?4, ?5, ?6)";
        self.execute(sql, params![new.user_id, new.client, new.agent, new.at, new.expires_at, new.ends_at])?;
        let id = SessionId::new(self.last_id());
        self.refresh_insert(id, new.hash, new.at)?;
        let surplus = "select id from session where account_id = ?1 order by used_at desc, id desc limit -1 offset ?2";
        for old in self.query_all(surplus, params![new.user_id, most], |row| row.get(0))? {
            self.session_end(old)?;
        }
        Ok(id)
    }

    fn refresh_insert(&self, session: SessionId, hash: &[u8], at: Timestamp) -> StoreResult<()> {
        let sql = "insert into refresh_token (hash, session_id, created_at) values (?1, ?2, ?3)";
        self.execute(sql, params![hash, session, at]).map(drop)
    }

    /// Exchanges a token of a session for the next one, unless it was exchanged already.
    pub fn refresh_rotate(
        &self,
        session: &SessionRow,
        spent: &[u8],
        spent_us: i64,
        next: &[u8],
        at: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<bool> {
        let sql = "update refresh_token set spent_us = ?2 where hash = ?1 and spent_us is null";
        if self.execute(sql, params![spent, spent_us])? == 0 {
            return Ok(false);
        }
        self.refresh_insert(session.id, next, at)?;
        let sql = "update session set used_at = ?2, expires_at = ?3, client = ?4, agent = ?5 where id = ?1";
        self.execute(sql, params![session.id, at, expires_at, session.client, session.agent])?;
        Ok(true)
    }

    /// Ends a session with all its tokens.
    pub fn session_end(&self, id: SessionId) -> StoreResult<bool> {
        self.changed(Change::Session(id));
        Ok(self.execute("delete from session where id = ?1", [id])? > 0)
    }

    /// Ends all sessions of a person.
    pub fn sessions_end(&self, user: UserId) -> StoreResult<()> {
        self.changed(Change::User(user));
        self.execute("delete from session where account_id = ?1", [user]).map(drop)
    }

    /// Removes what has run out: sessions, and spent tokens so old that they would have run out by themselves.
    pub fn sessions_sweep(&self, now: Timestamp, spent_before: Timestamp, limit: usize) -> StoreResult<usize> {
        let sessions = "delete from session where id in (select id from session where expires_at <= ?1 limit ?2)";
        let tokens = "delete from refresh_token where hash in \
                      (select hash from refresh_token where created_at < ?1 and spent_us is not null limit ?2)";
        Ok(self.execute(sessions, params![now, limit])? + self.execute(tokens, params![spent_before, limit])?)
    }
}
