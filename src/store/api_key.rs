//! SQL of keys for integrations.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::{ApiKeyId, Change, Rights, Timestamp};

/// A key as stored; the key itself is not.
#[derive(Clone, Debug)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Its beginning, to tell keys apart.
    pub hint: String,
    /// What it may do.
    pub rights: Rights,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

const API_KEY: &str = "select id, name, hint, scopes, created_by, created_at, expires_at from api_key";

fn api_key(row: &Row<'_>) -> RowResult<ApiKeyRow> {
    let scopes: String = row.get(3)?;
    Ok(ApiKeyRow {
        id: row.get(0)?,
        name: row.get(1)?,
        hint: row.get(2)?,
        // A scope this version does not know grants nothing.
        rights: Rights::known(scopes.split(' ')),
        created_by: row.get(4)?,
        created_at: row.get(5)?,
        expires_at: row.get(6)?,
    })
}

impl ReadTx<'_> {
    /// The key with this hash.
    pub fn api_key_by_hash(&self, hash: &[u8]) -> StoreResult<Option<ApiKeyRow>> {
        self.query_one(&format!("{API_KEY} where hash = ?1"), [hash], api_key)
    }

    /// One key.
    pub fn api_key_by_id(&self, id: ApiKeyId) -> StoreResult<Option<ApiKeyRow>> {
        self.query_one(&format!("{API_KEY} where id = ?1"), [id], api_key)
    }

    /// A page of keys in order of id, from behind or before one.
    pub fn api_key_page(&self, from: Option<ApiKeyId>, backwards: bool, limit: usize) -> StoreResult<Vec<ApiKeyRow>> {
        let (sign, direction, start) = if backwards { ("<", "desc", i64::MAX) } else { (">", "asc", 0) };
        let sql = format!("{API_KEY} where id {sign} ?1 order by id {direction} limit ?2");
        self.query_all(&sql, params![from.map_or(start, ApiKeyId::get), limit], api_key)
    }

    /// How many keys there are.
    pub fn api_key_count(&self) -> StoreResult<i64> {
        self.query_number("select count(*) from api_key", [])
    }
}

impl WriteTx<'_> {
    /// Adds a key; the id in `key` is not used.
    pub fn api_key_insert(&self, key: &ApiKeyRow, hash: &[u8]) -> StoreResult<ApiKeyId> {
        let sql = "insert into api_key (name, hash, hint, scopes, created_by, created_at, expires_at) \
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let scopes = key.rights.scopes().join(" ");
        self.execute(sql, params![key.name, hash, key.hint, scopes, key.created_by, key.created_at, key.expires_at])?;
        Ok(ApiKeyId::new(self.last_id()))
    }

    /// Revokes a key.
    pub fn api_key_delete(&self, id: ApiKeyId) -> StoreResult<bool> {
        self.changed(Change::ApiKeys);
        Ok(self.execute("delete from api_key where id = ?1", [id])? > 0)
    }
}
