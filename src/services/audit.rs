//! Use cases of the audit log: read it, and find out whether it is as it was written. Writing is the part of each use
//! case that changes something: `tx.audit(&ctx.entry(..))`, in its own transaction.

use super::{Ctx, Error, Outcome, Shop};
use crate::domain::audit::{AuditBreak, AuditFilter, AuditPosition, AuditRecord, AuditSound, Digest};
use crate::domain::page::Page;
use crate::domain::{Direction, PageSize, Right};
use std::net::IpAddr;

/// Reads a client's address and gives it in the form in which entries have it.
pub fn client_address(text: &str) -> Option<String> {
    text.parse::<IpAddr>().ok().map(|address| address.to_string())
}

impl Shop {
    /// A page of the log, newest first.
    pub fn audit_list(
        &self,
        ctx: &Ctx,
        filter: &AuditFilter,
        size: PageSize,
        from: Option<(AuditPosition, Direction)>,
    ) -> Outcome<Page<AuditRecord, AuditPosition>> {
        ctx.require(Right::AuditRead)?;
        let rows = self.store.read(|tx| Ok::<_, Error>(tx.audit_page(filter, from, size.get() + 1)?))?;
        Ok(Page::cut(rows, size, from, |record| AuditPosition(record.entry.at, record.id)))
    }

    /// How many entries the log has.
    pub fn audit_count(&self, ctx: &Ctx) -> Outcome<u64> {
        ctx.require(Right::AuditRead)?;
        self.store.read(|tx| Ok::<_, Error>(tx.audit_count()?))
    }

    /// Whether every entry is as it was written and none is missing. `noted` is a hash that an earlier run gave: it
    /// must still be in the log. `tick` is told how many entries have been looked at.
    pub fn audit_verify(
        &self,
        ctx: &Ctx,
        noted: Option<Digest>,
        tick: &dyn Fn(u64),
    ) -> Outcome<Result<AuditSound, AuditBreak>> {
        ctx.require(Right::AuditRead)?;
        self.store.read_within(super::health::CHECK_TIME, |tx| Ok::<_, Error>(tx.audit_verify(noted, tick)?))
    }
}
