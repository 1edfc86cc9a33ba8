//! SQL of what the shop remembers about itself.

use super::error::StoreResult;
use super::tx::{ReadTx, WriteTx};

impl ReadTx<'_> {
    /// What was kept under a name.
    pub fn setting(&self, name: &str) -> StoreResult<Option<String>> {
        self.query_one("select value from setting where name = ?1", [name], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Keeps a value under a name.
    pub fn setting_put(&self, name: &str, value: &str) -> StoreResult<()> {
        let sql =
            "insert into setting (name, value) values (?1, ?2) on conflict (name) do update set value = excluded.value";
        self.execute(sql, [name, value]).map(drop)
    }
}
