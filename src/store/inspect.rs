//! Looks at the database of a shop that is closed, without opening the shop: nothing is migrated, nothing is changed.

use super::error::{StoreError, StoreResult};
use super::{migrate, pragma};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;

/// What a database looks like from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The schema it has.
    pub schema: i64,
    /// The schema this program is made for.
    pub newest: i64,
    /// What is wrong with the structure of the file.
    pub damage: Vec<String>,
}

/// Looks at a database file. Only for whoever holds the lock of its folder.
pub fn inspect(database: &Path) -> StoreResult<Inspection> {
    let connection = open(database)?;
    let schema = migrate::current(&connection)?;
    let mut statement = connection.prepare("pragma quick_check(5)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let lines = lines.collect::<rusqlite::Result<Vec<String>>>().map_err(StoreError::from)?;
    let damage = lines.into_iter().filter(|line| line != "ok").collect();
    Ok(Inspection { schema, newest: migrate::newest(), damage })
}

/// What a shop keeps under the name of a setting. Works beside a shop that runs, too.
pub fn setting_of(database: &Path, name: &str) -> StoreResult<Option<String>> {
    let sql = "select value from setting where name = ?1";
    Ok(open(database)?.query_row(sql, [name], |row| row.get(0)).optional()?)
}

/// The hash of the password of somebody who may sign in; none where there is nobody of this address. Works beside a shop
/// that runs, too.
pub fn password_hash_of(database: &Path, email: &str) -> StoreResult<Option<String>> {
    let sql = "select password_hash from account where email_key = ?1 and active = 1";
    Ok(open(database)?.query_row(sql, [email], |row| row.get(0)).optional()?)
}

fn open(database: &Path) -> StoreResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(database, flags)?;
    pragma::reader(&mut connection)?;
    Ok(connection)
}
