//! Every setting of the database engine, in one place, with its reason.

use super::error::{StoreError, StoreResult};
use super::tx::past_deadline;
use crate::folder::APPLICATION_ID;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use std::time::Duration;

/// The oldest engine without the race that can damage the file when the write-ahead log is reset.
const OLDEST_ENGINE: i32 = 3_051_003;

/// Engine instructions between two looks at the clock: about a tenth of a millisecond.
const INSTRUCTIONS_PER_CHECK: i32 = 2_000;

/// Values bound to one statement. The longest are conditions of lists, of a few dozen; what is long is bound as one text.
const MOST_VARIABLES: i32 = 1_000;

/// How long a connection waits for another one's lock.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Refuses to run on an engine that is too old.
pub fn assert_engine() -> StoreResult<()> {
    if rusqlite::version_number() < OLDEST_ENGINE {
        return Err(StoreError::Internal(format!(
            "SQLite {} is too old, 3.51.3 or newer is needed",
            rusqlite::version()
        )));
    }
    Ok(())
}

/// Settings of the connections that read.
pub fn reader(connection: &mut Connection) -> rusqlite::Result<()> {
    common(connection)?;
    connection.execute_batch("pragma query_only = on; pragma cache_size = -8000;")
}

/// Settings of the one connection that writes. With `replicated`, another program copies the log elsewhere and folds it
/// in once it has: whatever is folded in here would be missing there.
pub fn writer(connection: &mut Connection, replicated: bool) -> StoreResult<()> {
    // Waits happen only against a backup; set first, because switching to WAL may itself have to wait.
    connection.busy_timeout(PATIENCE)?;
    if connection.query_row("pragma page_count", [], |row| row.get::<_, i64>(0))? == 0 {
        // Before there is a log, so that even a shop killed in its first second is known for one by its header.
        connection.execute_batch(&format!("pragma application_id = {APPLICATION_ID}"))?;
    }
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Internal(format!("this file system gives journal mode {mode}; WAL is needed")));
    }
    common(connection)?;
    if !connection.query_row("pragma foreign_keys", [], |row| row.get(0))? {
        return Err(StoreError::Internal("this engine was built without foreign keys".to_owned()));
    }
    // FULL: what is acknowledged is on disk. Group commit makes one sync serve many writers.
    // What is deleted is overwritten where it stood, or somebody erased would stay in the file; FAST does so in the
    // pages that are written anyway, and costs no further ones.
    connection.execute_batch(
        "pragma synchronous = full;
         pragma secure_delete = fast;
         pragma journal_size_limit = 67108864;
         pragma cache_size = -16000;",
    )?;
    let pages = if replicated { 0 } else { 1000 };
    connection.execute_batch(&format!("pragma wal_autocheckpoint = {pages}"))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, replicated)?;
    Ok(())
}

/// Settings of every connection.
pub fn common(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(
        "pragma foreign_keys = on;
         pragma trusted_schema = off;
         pragma temp_store = memory;
         pragma mmap_size = 0;",
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // Without it a statement is prepared anew whenever a value is bound that its plan might have looked at, every LIMIT
    // included: that took longer than most statements take.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024)?;
    connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 500)?;
    connection.set_limit(Limit::SQLITE_LIMIT_VARIABLE_NUMBER, MOST_VARIABLES)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_prepared_statement_cache_capacity(256);
    connection.progress_handler(INSTRUCTIONS_PER_CHECK, Some(past_deadline))
}
