//! SQL of tokens that are sent by mail and used once.

use super::error::StoreResult;
use super::tx::{ReadTx, WriteTx, params};
use crate::domain::{Timestamp, UserId};

/// What a token from a mail is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPurpose {
    /// Proves that mail arrives at an address.
    Verify,
    /// Allows a new password.
    Reset,
}

impl MailPurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
        }
    }
}

impl ReadTx<'_> {
    /// Whose token this is and to which address it was sent, while it is good for this purpose.
    pub fn mail_token(
        &self,
        hash: &[u8],
        purpose: MailPurpose,
        now: Timestamp,
    ) -> StoreResult<Option<(UserId, String)>> {
        let sql = "select account_id, email from mail_token where hash = ?1 and purpose = ?2 and expires_at > ?3";
        self.query_one(sql, params![hash, purpose.as_str(), now], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl WriteTx<'_> {
    /// Keeps a token; earlier ones of the same person and purpose no longer count.
    pub fn mail_token_put(
        &self,
        hash: &[u8],
        user: UserId,
        purpose: MailPurpose,
        email: &str,
        expires_at: Timestamp,
    ) -> StoreResult<()> {
        self.mail_tokens_drop(user, Some(purpose))?;
        let sql = "insert into mail_token (hash, account_id, purpose, email, expires_at) values (?1, ?2, ?3, ?4, ?5)";
        self.execute(sql, params![hash, user, purpose.as_str(), email, expires_at]).map(drop)
    }

    /// Removes a person's tokens, of one purpose or all.
    pub fn mail_tokens_drop(&self, user: UserId, purpose: Option<MailPurpose>) -> StoreResult<()> {
        let sql = "delete from mail_token where account_id = ?1 and purpose = coalesce(?2, purpose)";
        self.execute(sql, params![user, purpose.map(MailPurpose::as_str)]).map(drop)
    }

    /// Removes tokens that have run out.
    pub fn mail_tokens_sweep(&self, now: Timestamp) -> StoreResult<usize> {
        self.execute("delete from mail_token where expires_at <= ?1", [now])
    }
}
