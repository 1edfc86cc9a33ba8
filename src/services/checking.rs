//! Looking the whole database over, now and then, beside the running shop.
//!
//! It is done in pieces, each with a view of its own, so that the write-ahead log can be folded in between, and with a
//! pause after each that is as long as the piece took, so that buyers hardly notice. What a piece says holds for the moment
//! of that piece; every rule is one piece.

use super::health::CHECK_TIME;
use super::status::LAST_CHECK;
use super::{CheckNote, Ctx, Error, Outcome, Shop};
use crate::domain::Right;
use crate::folder::{DataFolder, secret_in};
use crate::store::{self, CardMaker, CheckDepth, Finding};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The longest pause after a piece.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Findings that are kept in words.
const FIRST: usize = 5;

/// When to check, and whether it is being done.
pub(super) struct Checking {
    every: Duration,
    running: AtomicBool,
}

impl Checking {
    /// So many hours apart; never when it is 0.
    pub(super) fn every(hours: u32) -> Self {
        Self { every: Duration::from_secs(3_600 * u64::from(hours)), running: AtomicBool::new(false) }
    }
}

/// Says that a check has ended, however it ends.
struct Running<'s>(&'s Shop);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.checking.running.store(false, Ordering::Release);
    }
}

/// Checks the shop of a data folder that is too damaged to be opened, in which nobody else may be at work. Nothing is kept
/// of it, since there is nowhere to keep it. Nothing is found where it is not the data that keeps the shop from opening.
pub fn check_unopened(root: &Path, cards: &CardMaker, why: &str) -> Outcome<Vec<Finding>> {
    let folder = DataFolder::look(root).map_err(|e| Error::Internal(e.0))?;
    let mut findings = store::look_over(&folder.database(), cards, secret_in(root, "audit.key"));
    if !findings.is_empty() {
        findings.insert(0, Finding { check: "opening", problem: format!("the shop cannot be opened: {why}") });
    }
    Ok(findings)
}

/// What is kept of a check that ends now.
fn note(began: Instant, findings: &[Finding]) -> CheckNote {
    CheckNote {
        at: crate::clock::now(),
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        findings: findings.len(),
        first: findings.iter().take(FIRST).map(|f| format!("{}: {}", f.check, f.problem)).collect(),
    }
}

impl Shop {
    /// Begins a check of everything when one is due, on a thread of its own, since it may take long.
    pub fn check_when_due(self: &Arc<Self>, ctx: &Ctx) -> Outcome<()> {
        ctx.require(Right::Maintain)?;
        if self.checking.every.is_zero() {
            return Ok(());
        }
        let last = self.check_last()?;
        if last.is_some_and(|note| ctx.now.since(note.at) < self.checking.every && note.at <= ctx.now) {
            return Ok(());
        }
        let shop = Arc::clone(self);
        let work = move || match shop.check_in_pieces(&Ctx::shop()) {
            Ok(Some(note)) if note.findings > 0 => {
                tracing::error!(findings = note.findings, "the data is not as it should be; see nexus check");
            }
            Ok(Some(note)) => tracing::info!(took_ms = note.took_ms, "the data was checked and is as it should be"),
            Ok(None) => {}
            Err(_) if shop.store.is_closing() => {}
            Err(error) => tracing::error!(%error, "the data could not be checked"),
        };
        let thread = std::thread::Builder::new().name("nexus-check".to_owned()).spawn(work);
        thread.map(drop).map_err(|error| Error::Internal(error.to_string()))
    }

    /// Checks everything piece by piece and keeps what came of it; nothing comes of it when a check is running or the
    /// shop is closed meanwhile. Blocks while it runs.
    pub fn check_in_pieces(&self, ctx: &Ctx) -> Outcome<Option<CheckNote>> {
        ctx.require(Right::Maintain)?;
        if self.checking.running.swap(true, Ordering::AcqRel) {
            return Ok(None);
        }
        let running = Running(self);
        let began = Instant::now();
        let pieces = self.store.read_while_open(CHECK_TIME, |tx| Ok::<_, Error>(tx.check_pieces()?))?;
        let mut findings = Vec::new();
        for piece in pieces {
            let at = Instant::now();
            findings.extend(self.store.read_while_open(CHECK_TIME, |tx| tx.check_piece(&piece))?);
            if self.store.is_closing() {
                return Ok(None);
            }
            std::thread::sleep(at.elapsed().min(LONGEST_PAUSE));
        }
        for finding in &findings {
            tracing::error!(check = finding.check, problem = %finding.problem, "the data is not as it should be");
        }
        let note = note(began, &findings);
        // Before anybody can see that it has ended: then the next one may begin.
        drop(running);
        self.check_keep(&note)?;
        Ok(Some(note))
    }

    /// Checks everything at once, in a shop that nobody else uses, and keeps what came of it where it is looked for. A
    /// shop too broken to keep it is told of all the same.
    pub fn check_whole(&self, ctx: &Ctx) -> Outcome<Vec<Finding>> {
        let began = Instant::now();
        let findings = self.check(ctx, CheckDepth::Full)?;
        if let Err(error) = self.check_keep(&note(began, &findings)) {
            tracing::warn!(%error, "what came of the check could not be kept");
        }
        Ok(findings)
    }

    fn check_keep(&self, note: &CheckNote) -> Outcome<()> {
        let text = serde_json::to_string(note).unwrap_or_default();
        self.store.write_blocking(move |tx| Ok(tx.setting_put(LAST_CHECK, &text)?))
    }

    /// What became of the last check.
    fn check_last(&self) -> Outcome<Option<CheckNote>> {
        let text = self.store.read(|tx| Ok::<_, Error>(tx.setting(LAST_CHECK)?))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
