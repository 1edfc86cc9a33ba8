//! Looks at the database of a shop that is closed, without opening the shop: nothing is migrated, nothing is changed.

use super::error::{StoreError, StoreResult};
use super::{migrate, pragma};
use rusqlite::{Connection, OpenFlags};
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
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(database, flags)?;
    pragma::reader(&mut connection)?;
    let schema = migrate::current(&connection)?;
    let mut statement = connection.prepare("pragma quick_check(5)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let lines = lines.collect::<rusqlite::Result<Vec<String>>>().map_err(StoreError::from)?;
    let damage = lines.into_iter().filter(|line| line != "ok").collect();
    Ok(Inspection { schema, newest: migrate::newest(), damage })
}
