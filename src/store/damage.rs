//! Whose table the engine's own check speaks of. It names pages and indexes; owners know tables.

use super::tx::ReadTx;

impl ReadTx<'_> {
    /// What the engine says is wrong, with the table where that can be told.
    pub(super) fn damage_named(&self, problem: String) -> String {
        match self.damaged_table(&problem).filter(|table| !problem.contains(table.as_str())) {
            Some(table) => format!("{problem} (table {table})"),
            None => problem,
        }
    }

    /// A damaged file may not answer, and then the engine's words must do.
    fn damaged_table(&self, problem: &str) -> Option<String> {
        let after = |word: &str| problem.split_whitespace().skip_while(|known| *known != word).nth(1);
        let number = |word: &str| after(word)?.trim_end_matches([':', ',', '.']).parse::<i64>().ok();
        let root = "select tbl_name from sqlite_schema where rootpage = ?1";
        let page =
            "select s.tbl_name from dbstat d join sqlite_schema s on s.name = d.name where d.pageno = ?1 limit 1";
        let index = "select tbl_name from sqlite_schema where name = ?1";
        let by_number = |sql: &str, number: i64| self.query_one(sql, [number], |row| row.get(0)).ok().flatten();
        if let Some(name) = after("index") {
            return self.query_one(index, [name], |row| row.get(0)).ok().flatten();
        }
        number("Tree")
            .and_then(|tree| by_number(root, tree))
            .or_else(|| number("page").and_then(|at| by_number(page, at)))
    }
}
