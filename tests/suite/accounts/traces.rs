//! Where a text is still to be found: in which columns of the database, and in which files of the data folder.

use crate::support::TestShop;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
}

/// Every column of every table that holds the text, whatever the case of its letters.
pub fn columns_with(shop: &TestShop, text: &str) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = Connection::open_with_flags(shop.path().join("nexus.db"), flags).expect("the database");
    let mut tables = database.prepare("select name from sqlite_schema where type = 'table'").expect("a schema");
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).expect("tables").map(|name| name.expect("a name")).collect();
    assert!(tables.len() > 20, "{tables:?}");
    let mut found = Vec::new();
    // What virtual tables show is stored in tables that are listed too.
    for table in tables.iter().filter(|name| !matches!(name.as_str(), "search_index" | "search_term")) {
        let mut rows = database.prepare(&format!("select * from \"{table}\"")).expect("a table");
        let names: Vec<String> = rows.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = rows.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for (at, name) in names.iter().enumerate() {
                let there = match row.get_ref(at).expect("a value") {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => holds(bytes, text),
                    _ => false,
                };
                if there {
                    found.push(format!("{table}.{name}"));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Every file of the data folder that holds the text in its bytes, whatever the case of its letters. What the engine
/// has freed but not overwritten counts too.
pub fn files_with(shop: &TestShop, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![shop.path().to_owned()];
    while let Some(folder) = waiting.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                waiting.push(path);
            } else if holds(&std::fs::read(&path).expect("a file"), text) {
                found.push(path);
            }
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

/// Every row of a table, as text.
pub fn rows(shop: &TestShop, table: &str) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = Connection::open_with_flags(shop.path().join("nexus.db"), flags).expect("the database");
    let mut rows = database.prepare(&format!("select * from \"{table}\"")).expect("a table");
    let width = rows.column_count();
    let row = |row: &rusqlite::Row<'_>| Ok(format!("{:?}", (0..width).map(|at| row.get_ref(at)).collect::<Vec<_>>()));
    rows.query_map([], row).expect("rows").map(|row| row.expect("a row")).collect()
}
