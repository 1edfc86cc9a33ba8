//! Copies of a database: made while it is written to, and looked at on their own.
//!
//! A copy is taken through a connection that only reads, in one read transaction, so it is the shop at one moment and
//! holds everything that was acknowledged before. The file itself must never be copied: what was written last stands in
//! its log. None of this needs the lock of the data folder.

use super::card::CardMaker;
use super::check::Finding;
use super::error::{StoreError, StoreResult};
use super::tx::ReadTx;
use super::{View, migrate, pragma};
use crate::domain::audit::AuditChain;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// What was found in a copy.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// Its schema.
    pub schema: i64,
    /// Damage to the file: it is no backup.
    pub damage: Vec<Finding>,
    /// Texts that are none and rules of the shop that do not hold: it is what the shop was, and may be all there is of it.
    pub broken: Vec<Finding>,
    /// Whether the rules could be looked at, which takes the newest schema.
    pub whole: bool,
}

/// What the next version would do to a database.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Its schema.
    pub schema: i64,
    /// The schema of this program.
    pub newest: i64,
    /// The steps that are missing, such as `V0009 invoices`.
    pub steps: Vec<String>,
}

/// The schema this program is made for.
pub fn newest_schema() -> i64 {
    migrate::newest()
}

/// Copies the database to a new file.
pub fn snapshot(database: &Path, target: &Path) -> StoreResult<()> {
    pragma::assert_engine()?;
    let mut connection = open_to_read(database)?;
    pragma::common(&mut connection)?;
    let target = target.to_str().ok_or_else(|| StoreError::Internal("the path is not UTF-8".to_owned()))?;
    // The engine attaches the file it writes to, which nothing else may.
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
    connection.execute("vacuum into ?1", [target])?;
    Ok(())
}

/// Looks a copy over that nobody else has open. Without the key of the audit log its entries are not looked at. One of
/// an earlier schema is looked over as a file; with `upgrade` it is brought to the newest schema and looked over whole.
pub fn examine(copy: &Path, cards: &CardMaker, audit_key: Option<[u8; 32]>, upgrade: bool) -> StoreResult<Examined> {
    let schema = schema_of(copy)?;
    let mut found = Examined { schema, whole: schema == migrate::newest(), ..Examined::default() };
    found.damage = look(copy, cards, audit_key, |tx, _| tx.check_file())?;
    if found.damage.is_empty() && upgrade && schema < migrate::newest() {
        let mut connection = Connection::open(copy)?;
        migrate::upgrade(&mut connection)?;
        found.whole = true;
    }
    if found.damage.is_empty() {
        found.broken = look(copy, cards, audit_key, |tx, _| tx.check_texts())?;
    }
    if found.damage.is_empty() && found.whole {
        found.broken.extend(look(copy, cards, audit_key, |tx, audit| tx.check_rules(audit))?);
    }
    Ok(found)
}

/// Looks a database over in which no shop can be opened: everything that can be looked at all the same.
pub fn look_over(database: &Path, cards: &CardMaker, audit_key: Option<[u8; 32]>) -> Vec<Finding> {
    let is_of_now = schema_of(database).is_ok_and(|schema| schema == migrate::newest());
    let looked = look(database, cards, audit_key, |tx, audit| {
        let mut findings = tx.check_file()?;
        findings.extend(tx.check_texts()?);
        if is_of_now {
            findings.extend(tx.check_rules(audit)?);
        }
        Ok(findings)
    });
    looked.unwrap_or_else(|error| {
        let problem = format!("{}: cannot be read: {}", database.display(), error.cause());
        vec![Finding { check: "integrity", problem }]
    })
}

/// The first that is wrong with a database as a file, in words; nothing when that cannot be told.
pub fn damage_of(database: &Path, cards: &CardMaker) -> Option<String> {
    let found = look(database, cards, None, |tx, _| tx.check_file()).ok()?;
    found.first().map(|first| format!("{}: {}", first.check, first.problem))
}

/// The schema of a database that is not open here.
pub fn schema_of(database: &Path) -> StoreResult<i64> {
    migrate::current(&open_to_read(database)?)
}

/// What opening a database with this program would do to it.
pub fn pending(database: &Path) -> StoreResult<Pending> {
    let schema = schema_of(database)?;
    Ok(Pending { schema, newest: migrate::newest(), steps: migrate::steps_after(schema) })
}

/// How many orders there are in a database, of whatever schema.
pub fn order_count(database: &Path) -> StoreResult<i64> {
    let connection = open_to_read(database)?;
    let known = "select count(*) from sqlite_schema where type = 'table' and name = 'shop_order'";
    if connection.query_row(known, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(0);
    }
    Ok(connection.query_row("select count(*) from shop_order", [], |row| row.get(0))?)
}

fn open_to_read(path: &Path) -> StoreResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(pragma::PATIENCE)?;
    Ok(connection)
}

fn look<T>(
    copy: &Path,
    cards: &CardMaker,
    audit_key: Option<[u8; 32]>,
    work: impl FnOnce(&ReadTx<'_>, bool) -> StoreResult<T>,
) -> StoreResult<T> {
    let mut connection = open_to_read(copy)?;
    pragma::reader(&mut connection)?;
    let chain = AuditChain::new(&audit_key.unwrap_or_default());
    let view = View::begin(&connection)?;
    work(&ReadTx::new(view.0, cards, &chain), audit_key.is_some())
}
