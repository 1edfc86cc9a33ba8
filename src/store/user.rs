//! SQL of the people who have an account.

use super::error::StoreResult;
use super::mail_token::MailPurpose;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::{Change, Email, Role, Timestamp, UserId};

/// A person as stored.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Their id.
    pub id: UserId,
    /// Their address as given; empty once erased.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The password's argon2id hash in PHC form; empty while none is set.
    pub password_hash: String,
    /// Whether they may sign in.
    pub active: bool,
    /// Since when they are here.
    pub created_at: Timestamp,
    /// When the account last changed.
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
    /// When mail was last proven to arrive at their address.
    pub verified_at: Option<Timestamp>,
    /// The address they want to change to, until mail is proven to arrive there.
    pub pending_email: Option<String>,
    /// Registered with an address that already had an account.
    pub decoy: bool,
    /// Whether they were erased.
    pub erased: bool,
}

/// Which people a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Only this role.
    pub role: Option<Role>,
    /// Only those who may, or may not, sign in.
    pub active: Option<bool>,
    /// Only the one with this address, whatever the case of its letters.
    pub email: Option<String>,
}

const USER: &str = "select id, email, name, role, password_hash, active, created_at, updated_at, version, verified_at, \
     pending_email, decoy, erased_at is not null from account";

fn user(row: &Row<'_>) -> RowResult<UserRow> {
    Ok(UserRow {
        id: row.get(0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        role: Role::parse(&row.get::<_, String>(3)?).unwrap_or(Role::Customer),
        password_hash: row.get(4)?,
        active: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        version: row.get(8)?,
        verified_at: row.get(9)?,
        pending_email: row.get(10)?,
        decoy: row.get(11)?,
        erased: row.get(12)?,
    })
}

/// A page of people: from ?1 on, at most ?2, of role ?3, with address ?4.
fn page(filter: &UserFilter, backwards: bool) -> String {
    let (sign, direction) = if backwards { ("<", "desc") } else { (">", "asc") };
    let role = if filter.role.is_some() { "role = ?3" } else { "?3 is null" };
    let email = if filter.email.is_some() { "email_key = ?4" } else { "?4 is null" };
    let active = match filter.active {
        // Spelled out, so that the index of those who are barred is recognized.
        Some(false) => "active = 0",
        Some(true) => "active = 1",
        None => "true",
    };
    format!(
        "{USER} where id {sign} ?1 and {role} and {email} and {active} and decoy = 0 and erased_at is null \
         order by id {direction} limit ?2"
    )
}

impl ReadTx<'_> {
    /// The person with this id.
    pub fn user_by_id(&self, id: UserId) -> StoreResult<Option<UserRow>> {
        self.query_one(&format!("{USER} where id = ?1"), [id], user)
    }

    /// The person whose address this is, whatever the case of its letters; never a decoy.
    pub fn user_by_email(&self, email: &Email) -> StoreResult<Option<UserRow>> {
        self.query_one(&format!("{USER} where email_key = ?1"), [email.key()], user)
    }

    /// A page of people in order of id, from behind or before one; decoys and the erased are left out.
    pub fn user_page(
        &self,
        filter: &UserFilter,
        from: Option<UserId>,
        backwards: bool,
        limit: usize,
    ) -> StoreResult<Vec<UserRow>> {
        let start = if backwards { i64::MAX } else { 0 };
        let from = from.map_or(start, UserId::get);
        let role = filter.role.map(Role::as_str);
        self.query_all(&page(filter, backwards), params![from, limit, role, filter.email], user)
    }

    /// How the engine goes about a page of people, for tests.
    pub fn user_plan(&self, filter: &UserFilter, backwards: bool) -> StoreResult<Vec<String>> {
        let sql = format!("explain query plan {}", page(filter, backwards));
        self.query_all(&sql, params![0, 21, filter.role.map(Role::as_str), filter.email], |row| row.get(3))
    }

    /// How many people of a role can sign in.
    pub fn user_count_active(&self, role: Role) -> StoreResult<i64> {
        let sql = "select count(*) from account where role = ?1 and active = 1 and password_hash <> ''";
        self.query_number(sql, [role.as_str()])
    }

    /// The addresses of people of a role who can sign in, at most so many.
    pub fn user_emails(&self, role: Role, most: usize) -> StoreResult<Vec<String>> {
        let sql = "select email from account where role = ?1 and active = 1 and password_hash <> '' \
                   and decoy = 0 and erased_at is null order by id limit ?2";
        self.query_all(sql, params![role.as_str(), most], |row| row.get(0))
    }

    /// Decoys older than a moment, at most so many.
    pub fn user_decoys_before(&self, at: Timestamp, limit: usize) -> StoreResult<Vec<UserId>> {
        let sql = "select id from account where decoy = 1 and created_at < ?1 order by created_at limit ?2";
        self.query_all(sql, params![at, limit], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Adds a person; a conflict when the address is taken. The hash is empty while no password is set.
    pub fn user_insert(
        &self,
        email: &Email,
        name: &str,
        role: Role,
        password_hash: &str,
        at: Timestamp,
    ) -> StoreResult<UserId> {
        self.user_insert_keyed(email, &email.key(), name, role, password_hash, false, at)
    }

    /// Adds a decoy: it shows the address but does not own it.
    pub fn user_insert_decoy(
        &self,
        email: &Email,
        name: &str,
        password_hash: &str,
        at: Timestamp,
    ) -> StoreResult<UserId> {
        // No address looks like this, so it takes nobody's place.
        let key = format!("decoy {}", crate::clock::random_hex::<16>());
        self.user_insert_keyed(email, &key, name, Role::Customer, password_hash, true, at)
    }

    #[expect(clippy::too_many_arguments, reason = "one for each column")]
    fn user_insert_keyed(
        &self,
        email: &Email,
        key: &str,
        name: &str,
        role: Role,
        password_hash: &str,
        decoy: bool,
        at: Timestamp,
    ) -> StoreResult<UserId> {
        let sql = "insert into account (email, email_key, name, role, password_hash, stamp, decoy, created_at, updated_at) \
                   values (?1, ?2, ?3, ?4, ?5, '', ?6, ?7, ?7)";
        self.execute(sql, params![email.as_str(), key, name, role.as_str(), password_hash, decoy, at])?;
        Ok(UserId::new(self.last_id()))
    }

    /// Overwrites what an admin or the person may change: name, role, whether they may sign in, the pending address.
    pub fn user_update(&self, user: &UserRow, at: Timestamp) -> StoreResult<()> {
        let sql = "update account set name = ?2, role = ?3, active = ?4, pending_email = ?5, updated_at = ?6, \
                   version = version + 1 where id = ?1";
        let UserRow { id, name, role, active, pending_email, .. } = user;
        self.execute(sql, params![id, name, role.as_str(), active, pending_email, at])?;
        self.changed(Change::User(*id));
        Ok(())
    }

    /// Gives a person another address, which is proven to be theirs or set by an admin; a conflict when it is
    /// another's. What was mailed to the old one no longer counts.
    pub fn user_set_email(
        &self,
        id: UserId,
        email: &Email,
        verified_at: Option<Timestamp>,
        at: Timestamp,
    ) -> StoreResult<()> {
        let sql = "update account set email = ?2, email_key = ?3, verified_at = ?4, pending_email = null, decoy = 0, \
                   updated_at = ?5, version = version + 1 where id = ?1";
        self.execute(sql, params![id, email.as_str(), email.key(), verified_at, at])?;
        self.mail_tokens_drop(id, None)
    }

    /// Notes that mail arrives at a person's address.
    pub fn user_set_verified(&self, id: UserId, at: Timestamp) -> StoreResult<()> {
        let sql = "update account set verified_at = ?2, updated_at = ?2, version = version + 1 where id = ?1";
        self.execute(sql, params![id, at]).map(drop)
    }

    /// Gives a person another password. Whoever knew the one before may have asked for a token that allows another, or
    /// for another address: neither counts any more.
    pub fn user_set_password(&self, id: UserId, password_hash: &str, at: Timestamp) -> StoreResult<()> {
        let sql = "update account set password_hash = ?2, pending_email = null, updated_at = ?3, version = version + 1 \
                   where id = ?1";
        self.execute(sql, params![id, password_hash, at])?;
        self.mail_tokens_drop(id, Some(MailPurpose::Reset))
    }

    /// Replaces the hash of a password by a stronger one of the same password, unless it changed meanwhile.
    pub fn user_rehash(&self, id: UserId, before: &str, after: &str) -> StoreResult<()> {
        let sql = "update account set password_hash = ?3 where id = ?1 and password_hash = ?2";
        self.execute(sql, params![id, before, after]).map(drop)
    }

    /// Removes a person nothing refers to, as decoys are.
    pub fn user_delete(&self, id: UserId) -> StoreResult<()> {
        self.user_forget(id)?;
        self.execute("delete from account where id = ?1", [id]).map(drop)
    }

    /// Removes what is a person's alone.
    fn user_forget(&self, id: UserId) -> StoreResult<()> {
        self.execute("delete from address where account_id = ?1", [id])?;
        self.carts_delete_of(id)?;
        self.mail_tokens_drop(id, None)?;
        self.sessions_end(id)
    }

    /// Forgets who a person was; the row stays for what refers to it.
    pub fn user_erase(&self, id: UserId, at: Timestamp) -> StoreResult<()> {
        let sql = "update account set email = '', email_key = 'erased ' || id, name = '', password_hash = '', active = 0, \
                   verified_at = null, pending_email = null, decoy = 0, erased_at = ?2, updated_at = ?2, \
                   version = version + 1 where id = ?1";
        self.notices_delete(id)?;
        self.execute(sql, params![id, at])?;
        self.user_forget(id)
    }
}
