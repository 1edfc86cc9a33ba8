//! Brings a database to the schema of this binary: forward only, all steps in one transaction, a backup first.

use super::error::{StoreError, StoreResult};
use crate::folder::{DataFolder, restrict};
use rusqlite::Connection;
use rusqlite::limits::Limit;

mod embedded {
    //! The SQL files of `migrations/`, compiled in.
    refinery::embed_migrations!("migrations");
}

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The schema before; 0 for a new database.
    pub from: i64,
    /// The schema now.
    pub to: i64,
    /// The copy made before changing an existing database.
    pub backup: Option<std::path::PathBuf>,
}

/// The schema this binary is made for.
pub fn newest() -> i64 {
    embedded::migrations::runner().get_migrations().iter().map(|m| i64::from(m.version())).max().unwrap_or(0)
}

/// Migrates the open database of a folder.
pub fn run(connection: &mut Connection, folder: &DataFolder) -> StoreResult<Migrated> {
    let from = current(connection)?;
    let to = newest();
    if from > to {
        return Err(StoreError::Internal(format!(
            "its schema is {from}, this version of Nexus knows up to {to}: use the newer version that wrote it"
        )));
    }
    if from == to {
        return Ok(Migrated { from, to, backup: None });
    }
    let backup = if from > 0 { Some(copy_before(connection, folder, from)?) } else { None };
    upgrade(connection)?;
    Ok(Migrated { from, to, backup })
}

/// Takes the steps that are missing, all or none.
pub fn upgrade(connection: &mut Connection) -> StoreResult<()> {
    // Grouped: else a step and the note that it was made are two transactions, and a crash between them is for ever.
    let run = embedded::migrations::runner().set_grouped(true).run(connection);
    run.map(drop).map_err(|e| StoreError::Internal(e.to_string()))
}

/// The steps that lead on from a schema, such as `V0009 invoices`.
pub fn steps_after(schema: i64) -> Vec<String> {
    let runner = embedded::migrations::runner();
    let mut steps: Vec<_> = runner.get_migrations().iter().filter(|m| i64::from(m.version()) > schema).collect();
    steps.sort_by_key(|m| m.version());
    steps.iter().map(|m| format!("V{:04} {}", m.version(), m.name())).collect()
}

/// The schema a database has; 0 when it is empty.
pub fn current(connection: &Connection) -> StoreResult<i64> {
    let known = "select count(*) from sqlite_schema where name = 'refinery_schema_history'";
    if connection.query_row(known, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(0);
    }
    let version = "select coalesce(max(version), 0) from refinery_schema_history";
    Ok(connection.query_row(version, [], |row| row.get(0))?)
}

/// Copies the database into `backups/` before it is changed.
fn copy_before(connection: &Connection, folder: &DataFolder, from: i64) -> StoreResult<std::path::PathBuf> {
    let stamp = crate::clock::now().millis();
    let path = folder.backups().join(format!("before-migration-from-{from}-{stamp}.db"));
    let target = path.to_str().ok_or_else(|| StoreError::Internal("the data folder's path is not UTF-8".to_owned()))?;
    // The engine attaches the file it writes to, which nothing else may.
    let attached = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
    let copied = connection.execute("vacuum into ?1", [target]);
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, attached)?;
    copied?;
    restrict(&path, 0o600).map_err(|e| StoreError::Internal(e.to_string()))?;
    Ok(path)
}
