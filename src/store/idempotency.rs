//! SQL of idempotency keys: which request a key was first sent with, and what was answered.

use super::error::StoreResult;
use super::tx::{ReadTx, WriteTx, params};
use crate::domain::Timestamp;

/// An answer as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// Where what was made is found.
    pub location: Option<String>,
}

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The hash of the request it came with.
    pub request: Vec<u8>,
    /// What was answered; none while the first request runs, or when it was cut off.
    pub answer: Option<KeptAnswer>,
    /// What that request has begun.
    pub subject: Option<i64>,
}

impl ReadTx<'_> {
    /// A key that somebody sent after `since`.
    pub fn idempotency_key(&self, scope: &str, key: &str, since: Timestamp) -> StoreResult<Option<KeyRow>> {
        let sql = "select request, status, answer, location, subject_id from idempotency \
                   where scope = ?1 and key = ?2 and created_at > ?3";
        self.query_one(sql, params![scope, key, since], |row| {
            let status: Option<u16> = row.get(1)?;
            let answer = match status {
                Some(status) => Some(KeptAnswer { status, body: row.get(2)?, location: row.get(3)? }),
                None => None,
            };
            Ok(KeyRow { request: row.get(0)?, answer, subject: row.get(4)? })
        })
    }
}

impl WriteTx<'_> {
    /// Keeps a key with what its request has begun, or with its answer at once. A key of that name that has run out is
    /// overwritten.
    pub fn idempotency_put(&self, scope: &str, key: &str, row: &KeyRow, at: Timestamp) -> StoreResult<()> {
        let sql = "insert or replace into idempotency (scope, key, request, status, answer, location, subject_id, \
                   created_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let answer = row.answer.as_ref();
        let (status, body) = (answer.map(|a| a.status), answer.map(|a| &a.body));
        let location = answer.and_then(|a| a.location.as_ref());
        self.execute(sql, params![scope, key, row.request, status, body, location, row.subject, at]).map(drop)
    }

    /// Keeps the answer of a request that has ended.
    pub fn idempotency_answer(&self, scope: &str, key: &str, answer: &KeptAnswer) -> StoreResult<()> {
        let sql = "update idempotency set status = ?3, answer = ?4, location = ?5 \
                   where scope = ?1 and key = ?2 and status is null";
        self.execute(sql, params![scope, key, answer.status, answer.body, answer.location]).map(drop)
    }

    /// Forgets some of the keys from before a moment; tells how many.
    pub fn idempotency_sweep(&self, before: Timestamp, most: usize) -> StoreResult<usize> {
        let sql = "delete from idempotency where (scope, key) in \
                   (select scope, key from idempotency where created_at <= ?1 order by created_at limit ?2)";
        self.execute(sql, params![before, most])
    }
}
