//! What takes long in the database, for the log: what was run and which way the engine went, never with a value of
//! anybody's. The text of a statement is the program's own; whatever a user sent is a parameter of it.
//!
//! A read is looked at statement by statement. A write holds up everybody behind it, so it is looked at as a whole, and
//! its slowest statements are named along with it.

use crate::counters::{Count, Counters};
use crate::domain::audit::AuditEntry;
use crate::spans;
use rusqlite::Connection;
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// Letters of a statement that are logged.
const MOST_LETTERS: usize = 2_000;
/// Letters of those that are named after the slowest.
const FEW_LETTERS: usize = 300;
/// Statements of a write that are kept in mind.
const KEPT: usize = 3;
/// Actions of a write that are named.
const MOST_ACTIONS: usize = 5;

/// Looks how long statements take.
#[derive(Clone, Copy)]
pub(super) struct Watch<'c> {
    after: Duration,
    counters: &'c Counters,
    /// What is kept in mind of a write; a read has none.
    slowest: Option<&'c Slowest>,
}

impl<'c> Watch<'c> {
    /// Looks for reads that take longer than this; for none when it is zero.
    pub(super) fn new(after: Duration, counters: &'c Counters) -> Option<Self> {
        (!after.is_zero()).then_some(Self { after, counters, slowest: None })
    }

    /// Looks for writes that take longer than this; for none when it is zero.
    pub(super) fn of_writes(after: Duration, counters: &'c Counters, slowest: &'c Slowest) -> Option<Self> {
        Self::new(after, counters).map(|watch| Self { slowest: Some(slowest), ..watch })
    }

    /// Takes note of a statement. Of reads that took long one is logged a second, and all are counted.
    pub(super) fn look(&self, connection: &Connection, sql: &str, took: Duration) {
        if let Some(slowest) = self.slowest {
            return slowest.note(sql, took);
        }
        if took < self.after {
            return;
        }
        spans::read_was_slow(sql, took);
        if !self.is_told(Count::SlowReads) {
            return;
        }
        let plan = plan_or_why_not(connection, sql);
        let sql = in_brief(sql, MOST_LETTERS);
        tracing::warn!(target: "nexus::slow", took_ms = millis(took), %sql, %plan, "a statement took long");
    }

    /// A piece of a write begins: one use case, or what several share.
    pub(super) fn begin(&self) {
        if let Some(slowest) = self.slowest {
            slowest.begin();
        }
    }

    /// It has ended. What may take as long as it likes is held to its slowest statement alone.
    pub(super) fn end(&self, connection: &Connection, work: &Work<'_>) {
        let Some(slowest) = self.slowest else { return };
        let (took, worst) = (slowest.elapsed(), slowest.worst());
        let counts = if work.may_take_long { worst } else { took.max(worst) };
        if counts < self.after || !self.is_told(Count::SlowWrites) {
            return;
        }
        let statements = slowest.statements.get();
        let [first, others @ ..] = slowest.taken();
        let plan = plan_or_why_not(connection, &first.1);
        let (sql_ms, sql) = (millis(first.0), in_brief(&first.1, MOST_LETTERS));
        let others = others.iter().filter(|(_, sql)| !sql.is_empty());
        let others: Vec<_> =
            others.map(|(took, sql)| format!("{} ms: {}", millis(*took), in_brief(sql, FEW_LETTERS))).collect();
        tracing::warn!(
            target: "nexus::slow",
            took_ms = millis(took), work = %plain_name(work.name), actions = %actions(work.entries), statements,
            sql_ms, %sql, %plan, others = %others.join("; "),
            "a write took long"
        );
    }

    /// Counts it, and says whether it is the first in this second of the clock.
    fn is_told(&self, what: Count) -> bool {
        self.counters.one(what);
        self.counters.may_tell(what, crate::clock::now().millis().unsigned_abs() / 1_000)
    }
}

/// What a write did.
pub(super) struct Work<'w> {
    /// The use case, as the compiler calls its closure, or a name for what several share.
    pub(super) name: &'static str,
    /// What it told the audit log.
    pub(super) entries: &'w [AuditEntry],
    /// Whether it has a transaction to itself and as much time as it needs.
    pub(super) may_take_long: bool,
}

/// The slowest statements of the piece of a write that is being done. There is one of these for all writes, so that
/// keeping them in mind takes no new memory.
#[derive(Default)]
pub(super) struct Slowest {
    began: Cell<Option<Instant>>,
    statements: Cell<u64>,
    taken: RefCell<[(Duration, String); KEPT]>,
}

impl Slowest {
    fn begin(&self) {
        self.began.set(Some(Instant::now()));
        self.statements.set(0);
        for (took, sql) in self.taken.borrow_mut().iter_mut() {
            *took = Duration::ZERO;
            sql.clear();
        }
    }

    fn note(&self, sql: &str, took: Duration) {
        self.statements.set(self.statements.get() + 1);
        let mut taken = self.taken.borrow_mut();
        let Some(least) = taken.iter().map(|(took, _)| *took).min().filter(|least| took > *least) else { return };
        // One that is run again and again is named once.
        let place = taken.iter().position(|(_, known)| known == sql);
        let Some(place) = place.or_else(|| taken.iter().position(|(took, _)| *took == least)) else { return };
        let (known, text) = &mut taken[place];
        if took > *known {
            *known = took;
            text.clear();
            text.push_str(sql);
        }
    }

    fn elapsed(&self) -> Duration {
        self.began.get().map_or(Duration::ZERO, |began| began.elapsed())
    }

    fn worst(&self) -> Duration {
        self.taken.borrow().iter().map(|(took, _)| *took).max().unwrap_or_default()
    }

    /// The slowest first.
    fn taken(&self) -> [(Duration, String); KEPT] {
        let mut taken = self.taken.borrow().clone();
        taken.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
        taken
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

fn in_brief(sql: &str, most: usize) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

/// The actions that were told to the audit log, each once.
pub(super) fn actions(entries: &[AuditEntry]) -> String {
    let mut named: Vec<&str> = Vec::new();
    for entry in entries {
        if !named.contains(&&*entry.action) && named.len() < MOST_ACTIONS {
            named.push(&entry.action);
        }
    }
    named.join(", ")
}

/// The name of a closure without what says nothing about the use case that it stands in: `selling::carts::cart_line_add`.
pub(super) fn plain_name(name: &str) -> String {
    let plain = name.replace("::{{closure}}", "").replace("nexus::services::", "").replace("nexus::", "");
    plain.replace("<impl Shop>::", "")
}

fn plan_or_why_not(connection: &Connection, sql: &str) -> String {
    plan(connection, sql).unwrap_or_else(|error| format!("not known: {error}"))
}

/// The way the engine goes. The parameters are left empty, which changes nothing about it.
fn plan(connection: &Connection, sql: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(&format!("explain query plan {sql}"))?;
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(row.get::<_, String>(3)?);
    }
    Ok(steps.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::DataFolder;
    use crate::store::{CardMaker, Store, StoreError, StoreSettings};

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn slowest_statements_are_kept_each_once_with_the_longest_it_took() {
        let slowest = Slowest::default();
        slowest.begin();
        for (sql, took) in [("a", 5), ("b", 1), ("a", 3), ("c", 4), ("d", 9), ("b", 2), ("a", 7), ("e", 1)] {
            slowest.note(sql, ms(took));
        }
        let taken = slowest.taken().map(|(took, sql)| (took, sql));
        assert_eq!(taken, [(ms(9), "d".to_owned()), (ms(7), "a".to_owned()), (ms(4), "c".to_owned())]);
        assert_eq!((slowest.worst(), slowest.statements.get()), (ms(9), 8));
        slowest.begin();
        assert_eq!((slowest.worst(), slowest.statements.get()), (Duration::ZERO, 0));
    }

    #[test]
    fn use_case_is_named_by_its_path() {
        let name =
            "nexus::services::selling::carts::<impl nexus::services::Shop>::cart_line_add::{{closure}}::{{closure}}";
        assert_eq!(plain_name(name), "selling::carts::cart_line_add");
        assert_eq!(plain_name("commit"), "commit");
    }

    /// How many slow writes and reads a store counts that calls slow what takes longer than this.
    fn counted(slow: Duration) -> (u64, u64) {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&dir.path().join("data")).unwrap();
        let settings = StoreSettings { readers: 2, read_deadline: ms(60_000), slow, replicated: false };
        let store = Store::open(&folder, settings, CardMaker::by_name()).unwrap();
        store.write_blocking(|tx| tx.setting_put("a", "b")).unwrap();
        let alone = store.write_alone(|tx| tx.setting_put("a", "c"));
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(alone).unwrap();
        store.read::<_, StoreError>(|tx| tx.setting("a")).unwrap();
        (store.counters().get(Count::SlowWrites), store.counters().get(Count::SlowReads))
    }

    #[test]
    fn writes_are_counted_when_they_take_longer_than_the_setting_and_never_when_it_is_off() {
        assert_eq!(counted(Duration::ZERO), (0, 0));
        assert_eq!(counted(ms(3_600_000)), (0, 0));
        let (writes, reads) = counted(Duration::from_nanos(1));
        // Each of the two began, did its work, and was committed.
        assert_eq!((writes, reads), (6, 1));
    }
}
