//! Looks for texts that are none. The engine takes any bytes for a text and compares them as such, so a bit that flips
//! in one is no damage to it; whoever reads the text is refused.

use super::{Finding, MOST, found, is_damage, quoted};
use crate::store::error::StoreResult;
use crate::store::tx::{ReadTx, Row, RowResult};

/// What the columns of a table are called, and which of them make its key where its rows have no number.
struct Columns {
    names: Vec<String>,
    key: Option<Vec<usize>>,
}

impl ReadTx<'_> {
    /// The texts of a table that are not UTF-8, by row and column; the first of them.
    pub(super) fn texts_check(&self, table: &str) -> StoreResult<Vec<Finding>> {
        let Some(columns) = self.columns(table)? else { return Ok(Vec::new()) };
        let number = if columns.key.is_some() { "0" } else { "rowid" };
        let list: Vec<String> = columns.names.iter().map(|name| quoted(name)).collect();
        // From the table itself: an index may have a copy of the same text that is sound.
        let sql = format!("select {number}, {} from {} not indexed", list.join(", "), quoted(table));
        let (mut problems, mut place) = (Vec::new(), 0_u64);
        let outcome = self.query_each(&sql, [], |row| {
            place += 1;
            let wrong = wrong_texts(row, &columns)?;
            if !wrong.is_empty() && problems.len() < MOST {
                let row = name_of(row, &columns, place)?;
                problems.extend(wrong.iter().map(|column| {
                    format!("table {table}, {row}: {column} is not a text (UTF-8) any more; bits of it have flipped")
                }));
            }
            Ok(())
        });
        // What was found up to where the table cannot be read is not to be lost.
        match outcome {
            Err(error) if is_damage(&error) => {
                problems.push(format!("table {table}: cannot be read behind its row {place}: {}", error.cause()));
            }
            other => other?,
        }
        Ok(found("texts", problems))
    }

    /// Nothing for a table that the engine makes up from others.
    fn columns(&self, table: &str) -> StoreResult<Option<Columns>> {
        let kind = format!("pragma table_list({})", quoted(table));
        let kind = self.query_one(&kind, [], |row| Ok((row.get::<_, String>(2)?, row.get::<_, bool>(4)?)))?;
        let Some((_, is_without_number)) = kind.filter(|(kind, _)| kind != "virtual") else { return Ok(None) };
        let sql = format!("pragma table_info({})", quoted(table));
        let columns = self.query_all(&sql, [], |row| Ok((row.get::<_, String>(1)?, row.get::<_, i64>(5)?)))?;
        let key = columns.iter().enumerate().filter(|(_, (_, place))| *place > 0).map(|(at, _)| at).collect();
        let names = columns.into_iter().map(|(name, _)| name).collect();
        Ok(Some(Columns { names, key: is_without_number.then_some(key) }))
    }
}

fn wrong_texts<'c>(row: &Row<'_>, columns: &'c Columns) -> RowResult<Vec<&'c str>> {
    let mut wrong = Vec::new();
    for (at, name) in columns.names.iter().enumerate() {
        let value = row.get_ref(at + 1)?;
        // Bytes that are no text may be any.
        let text = value.as_bytes().ok().filter(|_| value.as_blob().is_err());
        if text.is_some_and(|bytes| std::str::from_utf8(bytes).is_err()) {
            wrong.push(name.as_str());
        }
    }
    Ok(wrong)
}

/// By its number; or by its place and the numbers in its key. Texts in a key may be what somebody is called.
fn name_of(row: &Row<'_>, columns: &Columns, place: u64) -> RowResult<String> {
    let Some(key) = &columns.key else { return Ok(format!("row {}", row.get::<_, i64>(0)?)) };
    let numbers = key.iter().filter_map(|at| {
        let number = row.get_ref(at + 1).ok()?.as_i64().ok()?;
        Some(format!("{} {number}", columns.names[*at]))
    });
    let numbers: Vec<String> = numbers.collect();
    Ok(match numbers.as_slice() {
        [] => format!("row {place} in order of its key"),
        numbers => format!("row {place} in order of its key ({})", numbers.join(", ")),
    })
}
