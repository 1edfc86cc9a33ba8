//! Looks for damage and for broken rules: the file, its texts, its references, what is kept twice, the sums.
//!
//! A check is made of pieces. A piece that cannot be made since the file is damaged is a finding itself and keeps none of
//! the others from being made: whoever has a damaged shop wants to know how far the damage goes.

mod filters;
mod products;
mod rules;
mod texts;

use super::error::{StoreError, StoreResult};
use super::order_check::ORDER_INVARIANTS;
use super::tx::ReadTx;
use crate::domain::ProductId;
use rules::INVARIANTS;
use std::fmt;

/// How much to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDepth {
    /// The structure of the file, without comparing indexes to rows.
    Quick,
    /// Everything.
    Full,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it.
    pub check: &'static str,
    /// What is wrong, naming the table.
    pub problem: String,
}

/// A part of a full check that can be made on its own, so that no view of the database is held for as long as a check of
/// all of it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckPiece {
    /// The structure of the whole file.
    File,
    /// The structure of a table and of its indexes.
    Table(String),
    /// The texts in a table.
    Texts(String),
    /// What a table refers to.
    References(String),
    /// A rule of the shop, by its place among them.
    Rule(usize),
    /// What is kept of products beside them, from one product on.
    Products(ProductId),
    /// What filters look up, of products behind one.
    Filters(ProductId),
    /// The audit log.
    AuditLog,
    /// The search index.
    SearchIndex,
}

impl fmt::Display for CheckPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Table(name) => write!(f, "table {name}"),
            Self::Texts(name) => write!(f, "texts of table {name}"),
            Self::References(name) => write!(f, "references of table {name}"),
            Self::Rule(place) => write!(f, "rule {:?}", rules().nth(*place).map_or("", |(name, _)| name)),
            Self::Products(after) => write!(f, "cards and search words of products behind {after}"),
            Self::Filters(after) => write!(f, "tags and attributes of products behind {after}"),
            Self::AuditLog => f.write_str("audit log (table audit)"),
            Self::SearchIndex => f.write_str("search index"),
        }
    }
}

/// Products whose cards make one piece.
const PRODUCTS: usize = 5_000;
/// Findings of one piece that are named.
const MOST: usize = 20;
/// The check of the file itself.
const INTEGRITY: &str = "integrity";

impl ReadTx<'_> {
    /// Runs the checks; an empty list means all is well.
    pub fn check(&self, depth: CheckDepth) -> StoreResult<Vec<Finding>> {
        if depth == CheckDepth::Quick {
            return found_or_damaged(&CheckPiece::File, self.check_pages("pragma quick_check(20)"));
        }
        let mut findings = self.check_file()?;
        findings.extend(self.check_texts()?);
        findings.extend(self.check_rules(true)?);
        Ok(findings)
    }

    /// Looks for damage to the file: its pages and indexes, the search index among them, and its references.
    pub(super) fn check_file(&self) -> StoreResult<Vec<Finding>> {
        let tables = self.tables().unwrap_or_default();
        self.check_all([CheckPiece::File].into_iter().chain(tables.into_iter().map(CheckPiece::References)))
    }

    /// Looks for texts that are none.
    pub(super) fn check_texts(&self) -> StoreResult<Vec<Finding>> {
        // Whoever has looked at the file has said why there are none.
        self.check_all(self.tables().unwrap_or_default().into_iter().map(CheckPiece::Texts))
    }

    /// Looks for broken rules; at the audit log only where its key is at hand.
    pub(super) fn check_rules(&self, audit: bool) -> StoreResult<Vec<Finding>> {
        self.check_all(self.rule_pieces(audit))
    }

    fn check_all(&self, pieces: impl IntoIterator<Item = CheckPiece>) -> StoreResult<Vec<Finding>> {
        let mut findings = Vec::new();
        for piece in pieces {
            findings.extend(self.check_piece(&piece)?);
        }
        Ok(findings)
    }

    /// The pieces of a full check.
    pub fn check_pieces(&self) -> StoreResult<Vec<CheckPiece>> {
        let mut pieces: Vec<CheckPiece> = match self.tables() {
            Ok(tables) => {
                let each = [CheckPiece::Table, CheckPiece::References, CheckPiece::Texts];
                each.into_iter().flat_map(|piece| tables.iter().cloned().map(piece)).collect()
            }
            // Whoever looks at the file will say why.
            Err(error) if is_damage(&error) => vec![CheckPiece::File],
            Err(error) => return Err(error),
        };
        pieces.extend(self.rule_pieces(true));
        Ok(pieces)
    }

    fn tables(&self) -> StoreResult<Vec<String>> {
        let sql = "select name from sqlite_schema where type = 'table' and name not like 'sqlite~_%' escape '~' order by name";
        self.query_all(sql, [], |row| row.get(0))
    }

    fn rule_pieces(&self, audit: bool) -> Vec<CheckPiece> {
        let mut pieces: Vec<CheckPiece> = (0..rules().count()).map(CheckPiece::Rule).collect();
        let in_steps = |step: usize| {
            let mut starts = vec![ProductId::new(0)];
            // Where products cannot be walked, the piece that begins there says so.
            while let Some(last) =
                self.product_ids_after(starts[starts.len() - 1], step).ok().and_then(|ids| ids.last().copied())
            {
                starts.push(last);
            }
            starts
        };
        pieces.extend(in_steps(PRODUCTS).into_iter().map(CheckPiece::Products));
        pieces.extend(in_steps(filters::PRODUCTS).into_iter().map(CheckPiece::Filters));
        pieces.extend(audit.then_some(CheckPiece::AuditLog));
        pieces.push(CheckPiece::SearchIndex);
        pieces
    }

    /// Makes one piece of a full check.
    pub fn check_piece(&self, piece: &CheckPiece) -> StoreResult<Vec<Finding>> {
        found_or_damaged(piece, self.look_at(piece))
    }

    fn look_at(&self, piece: &CheckPiece) -> StoreResult<Vec<Finding>> {
        match piece {
            CheckPiece::File => self.whole_file(),
            CheckPiece::Table(name) => {
                let mut damage = self.check_pages(&format!("pragma integrity_check({})", quoted(name)))?;
                damage.truncate(MOST);
                Ok(damage)
            }
            CheckPiece::Texts(name) => self.texts_check(name),
            CheckPiece::References(name) => self.orphans(&format!("pragma foreign_key_check({})", quoted(name))),
            CheckPiece::Rule(place) => rules().nth(*place).map_or(Ok(Vec::new()), |rule| self.rule_check(rule)),
            CheckPiece::Products(after) => self.derived_check(*after, PRODUCTS),
            CheckPiece::Filters(after) => self.filters_check(*after),
            CheckPiece::AuditLog => self.audit_check(),
            CheckPiece::SearchIndex => Ok(found("search index", self.search_check()?)),
        }
    }

    /// The structure of the file. Where the engine gives up over it, each table is looked at on its own, to name those
    /// that are damaged.
    fn whole_file(&self) -> StoreResult<Vec<Finding>> {
        let outcome = self.check_pages("pragma integrity_check(20)");
        if !outcome.as_ref().is_err_and(is_damage) {
            return outcome;
        }
        let mut findings = Vec::new();
        for table in self.tables()? {
            findings.extend(self.check_piece(&CheckPiece::Table(table))?);
        }
        if findings.is_empty() { outcome } else { Ok(findings) }
    }

    fn rule_check(&self, (check, sql): (&'static str, &'static str)) -> StoreResult<Vec<Finding>> {
        Ok(found(check, self.query_all(sql, [], |row| row.get(0))?))
    }

    fn audit_check(&self) -> StoreResult<Vec<Finding>> {
        let broken = self.audit_verify(None, &|_| {})?.err();
        Ok(found("audit log", broken.map(|broken| broken.to_string())))
    }

    fn orphans(&self, pragma: &str) -> StoreResult<Vec<Finding>> {
        let orphans = self.query_all(pragma, [], |row| {
            let (table, rowid, parent) =
                (row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, String>(2)?);
            Ok(format!("table {table}, row {}: refers to a row of {parent} that is not there", rowid.unwrap_or(0)))
        })?;
        Ok(found("foreign keys", orphans.into_iter().take(MOST)))
    }

    fn check_pages(&self, pragma: &str) -> StoreResult<Vec<Finding>> {
        let lines: Vec<String> = self.query_all(pragma, [], |row| row.get(0))?;
        Ok(found(INTEGRITY, lines.into_iter().filter(|line| line != "ok").map(|line| self.damage_named(line))))
    }
}

fn found(check: &'static str, problems: impl IntoIterator<Item = String>) -> Vec<Finding> {
    problems.into_iter().map(|problem| Finding { check, problem }).collect()
}

/// Whether an error tells of the file rather than of the moment: it will be there at the next try.
fn is_damage(error: &StoreError) -> bool {
    matches!(error, StoreError::Internal(_) | StoreError::Unavailable(_))
}

/// What was found; or that nothing could be, which is a finding too.
fn found_or_damaged(piece: &CheckPiece, outcome: StoreResult<Vec<Finding>>) -> StoreResult<Vec<Finding>> {
    match outcome {
        Err(error) if is_damage(&error) => {
            Ok(found(INTEGRITY, [format!("{piece}: cannot be read: {}", error.cause())]))
        }
        other => other,
    }
}

/// All rules of the shop, each with its name.
fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    INVARIANTS.iter().chain(ORDER_INVARIANTS).copied()
}

/// A name as the engine takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
