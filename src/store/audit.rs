//! SQL of the audit log: entries are appended and read, never changed.
//!
//! An entry is written in the transaction of what it tells of, so that neither is there without the other. Those of one
//! commit are appended together at its end, so that the head moves once, and the entries of work that was rolled back
//! never reach it.

use super::error::StoreResult;
use super::sql::Sql;
use super::tx::{ReadTx, Row, RowResult, Value, WriteTx, params, params_from_iter};
use crate::domain::Direction;
use crate::domain::audit::{
    ActionPick, AuditBreak, AuditEntry, AuditFault, AuditFilter, AuditHead, AuditPosition, AuditRecord, AuditSound,
    AuditVerifier, Digest,
};
use std::sync::Once;

/// Entries read at a time when all are looked at.
const PIECE: usize = 1_000;

const ENTRY: &str = "select id, at, actor_kind, actor_id, actor_role, action, subject_kind, subject_id, detail, client, \
     request_id, previous, hash from audit";

fn record(row: &Row<'_>) -> RowResult<AuditRecord> {
    let cow = |text: Option<String>| text.map(Into::into);
    Ok(AuditRecord {
        id: row.get(0)?,
        entry: AuditEntry {
            at: row.get(1)?,
            actor_kind: row.get::<_, String>(2)?.into(),
            actor_id: row.get(3)?,
            actor_role: cow(row.get(4)?),
            action: row.get::<_, String>(5)?.into(),
            subject_kind: cow(row.get(6)?),
            subject_id: row.get(7)?,
            detail: row.get(8)?,
            client: row.get(9)?,
            request_id: row.get(10)?,
        },
        previous: row.get(11)?,
        hash: row.get(12)?,
    })
}

fn head(row: &Row<'_>) -> RowResult<Option<(AuditHead, Digest)>> {
    let (count, hash, seal) = (row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?);
    let hash_and_seal = hash.try_into().ok().zip(seal.try_into().ok());
    Ok(hash_and_seal.map(|(hash, seal)| (AuditHead { count, hash }, seal)))
}

impl ReadTx<'_> {
    /// One page of the log, newest first, or nearest to the position first when going back.
    pub fn audit_page(
        &self,
        filter: &AuditFilter,
        from: Option<(AuditPosition, Direction)>,
        limit: usize,
    ) -> StoreResult<Vec<AuditRecord>> {
        let Some(sql) = page(filter, from, limit, || self.audit_actions())? else { return Ok(Vec::new()) };
        self.query_all(&sql.text, params_from_iter(sql.values), record)
    }

    /// How the engine goes about a page, for tests.
    pub fn audit_plan(
        &self,
        filter: &AuditFilter,
        from: Option<(AuditPosition, Direction)>,
    ) -> StoreResult<Vec<String>> {
        let Some(sql) = page(filter, from, 20, || self.audit_actions())? else { return Ok(Vec::new()) };
        self.query_all(&format!("explain query plan {}", sql.text), params_from_iter(sql.values), |row| row.get(3))
    }

    /// The actions in the log, each found behind the one before it instead of reading all entries.
    fn audit_actions(&self) -> StoreResult<Vec<String>> {
        let sql = "with recursive known (action) as (select min(action) from audit union all \
                   select (select min(a.action) from audit a where a.action > k.action) from known k \
                   where k.action is not null) select action from known where action is not null limit 400";
        self.query_all(sql, [], |row| row.get(0))
    }

    /// How many entries there are, as the head has it.
    pub fn audit_count(&self) -> StoreResult<u64> {
        Ok(self.query_number("select count from audit_head where id = 1", [])?.unsigned_abs())
    }

    /// Looks whether every entry is as it was written, reading some at a time; `tick` is told how many were sound.
    pub fn audit_verify(
        &self,
        noted: Option<Digest>,
        tick: &dyn Fn(u64),
    ) -> StoreResult<Result<AuditSound, AuditBreak>> {
        let mut verifier = AuditVerifier::new(self.audit_chain(), noted);
        let sql = format!("{ENTRY} where id > ?1 order by id limit ?2");
        let mut after = i64::MIN;
        loop {
            // A row that cannot even be read was not written by the shop.
            let piece = self.query_all(&sql, params![after, PIECE], |row| Ok(record(row).ok()))?;
            let Some(last) = piece.last() else { break };
            after = last.as_ref().map_or(after, |record| record.id.get());
            for record in piece {
                let taken = match record {
                    Some(record) => verifier.take(&record),
                    None => Err(verifier.broken(AuditFault::Edited)),
                };
                if let Err(broken) = taken {
                    return Ok(Err(broken));
                }
            }
            tick(verifier.count().unsigned_abs());
        }
        let head = self.query_one("select count, hash, seal from audit_head where id = 1", [], head)?;
        Ok(verifier.end(head.flatten()))
    }
}

impl WriteTx<'_> {
    /// Writes an entry to the log: with the others of its commit, once all of them have done their work.
    pub fn audit(&self, entry: &AuditEntry) -> StoreResult<()> {
        self.note_entry(entry.clone());
        Ok(())
    }

    /// Appends entries behind the last one, and moves the head on.
    pub(super) fn audit_append(&self, entries: &[AuditEntry]) -> StoreResult<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let (mut head, last, sealed) = self.audit_end()?;
        head.count = head.count.max(last);
        for entry in entries {
            let hash = self.audit_chain().link(&head.hash, entry);
            head.count += 1;
            self.audit_insert(&head, entry, &hash)?;
            head.hash = hash;
        }
        if sealed {
            let sql = "update audit_head set count = ?1, hash = ?2, seal = ?3 where id = 1";
            self.execute(sql, params![head.count, head.hash, self.audit_chain().seal(&head)])?;
        }
        Ok(())
    }

    fn audit_insert(&self, before: &AuditHead, entry: &AuditEntry, hash: &Digest) -> StoreResult<()> {
        let sql = "insert into audit (id, at, actor_kind, actor_id, actor_role, action, subject_kind, subject_id, detail, \
                   client, request_id, previous, hash) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let values = params![
            before.count,
            entry.at,
            entry.actor_kind,
            entry.actor_id,
            entry.actor_role,
            entry.action,
            entry.subject_kind,
            entry.subject_id,
            entry.detail,
            entry.client,
            entry.request_id,
            before.hash,
            hash
        ];
        self.execute(sql, values).map(drop)
    }

    /// The head, the number of the last row, and whether the head is genuine. One that is not is left as it is: a new
    /// one would hide that somebody cut the log off. The shop goes on, and verifying the log finds it.
    fn audit_end(&self) -> StoreResult<(AuditHead, i64, bool)> {
        let sql = "select count, hash, seal, coalesce((select max(id) from audit), 0) from audit_head where id = 1";
        let found = self.query_one(sql, [], |row| Ok((head(row)?, row.get(3)?)))?;
        if let Some((Some((head, seal)), last)) = found
            && self.audit_chain().seal(&head) == seal
        {
            return Ok((head, last, true));
        }
        static TOLD: Once = Once::new();
        TOLD.call_once(|| tracing::error!("the audit log was changed by other hands; run `nexus audit verify`"));
        let last = self.query_one("select id, hash from audit order by id desc limit 1", [], |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        let (count, hash) = last.unwrap_or_default();
        let hash = hash.try_into().unwrap_or(AuditHead::EMPTY.hash);
        Ok((AuditHead { count, hash }, count, false))
    }

    /// Seals the head of a log that has no entries yet; one that has some is left as it is.
    pub fn audit_begin(&self) -> StoreResult<()> {
        if self.query_number("select exists (select 1 from audit)", [])? != 0 {
            tracing::warn!("secrets/audit.key was missing: the audit log up to now cannot be verified any more");
            return Ok(());
        }
        let head = AuditHead::EMPTY;
        let sql = "insert into audit_head (id, count, hash, seal) values (1, ?1, ?2, ?3) \
                   on conflict (id) do update set count = ?1, hash = ?2, seal = ?3";
        self.execute(sql, params![head.count, head.hash, self.audit_chain().seal(&head)]).map(drop)
    }
}

/// The statement of a page; none when there is nothing to find. Which index it walks is decided here, by what usually
/// says most. Where no index has the asked order at once, the walks of single actions are merged.
fn page(
    filter: &AuditFilter,
    from: Option<(AuditPosition, Direction)>,
    limit: usize,
    actions: impl FnOnce() -> StoreResult<Vec<String>>,
) -> StoreResult<Option<Sql>> {
    let (index, found) = conditions(filter, from);
    let mut sql = Sql::default();
    match (index, &filter.action) {
        (Some(index), _) => sql.append(&format!("{ENTRY} indexed by {index} where "), found, ""),
        (None, area) => {
            let area = match area {
                Some(ActionPick::Area(area)) => area.as_str(),
                _ => "",
            };
            for action in actions()?.into_iter().filter(|action| action.starts_with(area)) {
                let before = if sql.text.is_empty() { "" } else { " union all " };
                sql.push(
                    &format!("{before}{ENTRY} indexed by audit_by_action where action = ?"),
                    [Value::Text(action)],
                );
                let and = if found.text.is_empty() { "" } else { " and " };
                sql.append(and, found.clone(), "");
            }
        }
    }
    if sql.text.is_empty() {
        return Ok(None);
    }
    let order = if matches!(from, Some((_, Direction::Previous))) { "asc" } else { "desc" };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    sql.push(&format!(" order by at {order}, id {order} limit ?"), [Value::Integer(limit)]);
    Ok(Some(sql))
}

/// What must hold, but for the area of the action when all its actions are walked, and the one index to walk if any.
fn conditions(filter: &AuditFilter, from: Option<(AuditPosition, Direction)>) -> (Option<&'static str>, Sql) {
    let text = |text: &str| Value::Text(text.to_owned());
    let mut found = Sql::default();
    let mut index = None;
    if let Some((kind, id)) = &filter.subject {
        found.and("subject_kind = ? and subject_id = ?", [text(kind), text(id)]);
        index = index.or(Some("audit_by_subject"));
    }
    if let Some(actor) = &filter.actor {
        let id = actor.id.map_or(Value::Null, Value::Integer);
        found.and("actor_kind = ? and actor_id is ?", [text(&actor.kind), id]);
        index = index.or(Some("audit_by_actor"));
    }
    if let Some(client) = &filter.client {
        found.and("client = ?", [text(client)]);
        index = index.or(Some("audit_by_client"));
    }
    match &filter.action {
        Some(ActionPick::One(action)) => {
            found.and("action = ?", [text(action)]);
            index = index.or(Some("audit_by_action"));
        }
        // An area is plain letters and a dot: nothing in it means more than itself.
        Some(ActionPick::Area(area)) if index.is_some() => {
            found.and("action glob ?", [Value::Text(format!("{area}*"))])
        }
        _ => {}
    }
    if let Some(since) = filter.since {
        found.and("at >= ?", [since.into()]);
    }
    if let Some(until) = filter.until {
        found.and("at < ?", [until.into()]);
    }
    if let Some((AuditPosition(at, id), direction)) = from {
        let sign = if direction == Direction::Previous { ">" } else { "<" };
        found.and(&format!("(at, id) {sign} (?, ?)"), [at.into(), id.into()]);
    }
    (index, found)
}
