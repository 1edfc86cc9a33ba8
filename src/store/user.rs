//! SQL of the people who can sign in.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::{Email, Role, Timestamp, UserId};

/// A person as stored.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Their id.
    pub id: UserId,
    /// Their address as given.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The password's argon2id hash in PHC form.
    pub password_hash: String,
    /// Changes whenever tokens given out before must no longer count.
    pub stamp: String,
    /// Whether they may sign in.
    pub active: bool,
    /// Since when they are here.
    pub created_at: Timestamp,
}

const USER: &str = "select id, email, name, role, password_hash, stamp, active, created_at from account";

fn user(row: &Row<'_>) -> RowResult<UserRow> {
    Ok(UserRow {
        id: row.get(0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        role: Role::parse(&row.get::<_, String>(3)?).unwrap_or(Role::Customer),
        password_hash: row.get(4)?,
        stamp: row.get(5)?,
        active: row.get(6)?,
        created_at: row.get(7)?,
    })
}

impl ReadTx<'_> {
    /// The person with this id.
    pub fn user_by_id(&self, id: UserId) -> StoreResult<Option<UserRow>> {
        self.query_one(&format!("{USER} where id = ?1"), [id], user)
    }

    /// The person with this address, whatever the case of its letters.
    pub fn user_by_email(&self, email: &Email) -> StoreResult<Option<UserRow>> {
        self.query_one(&format!("{USER} where email_key = ?1"), [email.key()], user)
    }

    /// Everybody in order of id, or everybody of one role.
    pub fn user_all(&self, role: Option<Role>) -> StoreResult<Vec<UserRow>> {
        let sql = format!("{USER} where ?1 is null or role = ?1 order by id");
        self.query_all(&sql, [role.map(Role::as_str)], user)
    }
}

impl WriteTx<'_> {
    /// Adds a person; a conflict when the address is taken.
    pub fn user_insert(
        &self,
        email: &Email,
        role: Role,
        password_hash: &str,
        stamp: &str,
        at: Timestamp,
    ) -> StoreResult<UserId> {
        let sql = "insert into account (email, email_key, role, password_hash, stamp, created_at, updated_at) \
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
        self.execute(sql, params![email.as_str(), email.key(), role.as_str(), password_hash, stamp, at])?;
        Ok(UserId::new(self.last_id()))
    }

    /// Gives a person another role; tokens given out before no longer count.
    pub fn user_set_role(&self, id: UserId, role: Role, stamp: &str, at: Timestamp) -> StoreResult<()> {
        let sql = "update account set role = ?2, stamp = ?3, updated_at = ?4 where id = ?1";
        self.execute(sql, params![id, role.as_str(), stamp, at]).map(drop)
    }

    /// Gives a person another password; tokens given out before no longer count.
    pub fn user_set_password(&self, id: UserId, password_hash: &str, stamp: &str, at: Timestamp) -> StoreResult<()> {
        let sql = "update account set password_hash = ?2, stamp = ?3, updated_at = ?4 where id = ?1";
        self.execute(sql, params![id, password_hash, stamp, at]).map(drop)
    }
}
