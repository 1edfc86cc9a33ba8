//! Whether the shop works, and what is wrong with its data.

use super::{Ctx, Error, Outcome, Shop};
use crate::domain::Right;
use crate::store::{CheckDepth, Finding, Store};
use std::time::Duration;

/// A full check of a large shop may take this long.
pub(super) const CHECK_TIME: Duration = Duration::from_secs(3_600);

impl Shop {
    /// Why the shop cannot do its work at the moment; nothing when it can.
    pub fn unready(&self) -> Option<String> {
        if let Some(trouble) = self.store.trouble() {
            return Some(format!("writes are refused: {trouble}"));
        }
        if let Some(waited) = self.store.stuck() {
            let waited = waited.as_secs();
            return Some(format!(
                "writes have been waiting for {waited} s: another program may hold the database's lock"
            ));
        }
        let readable = self.store.read(|tx| Ok::<_, Error>(tx.setting("currency")?));
        readable.err().map(|error| match error {
            Error::Internal(_) => "the database cannot be read".to_owned(),
            other => other.to_string(),
        })
    }

    /// Looks for damage and broken rules.
    pub fn check(&self, ctx: &Ctx, depth: CheckDepth) -> Outcome<Vec<Finding>> {
        ctx.require(Right::Maintain)?;
        self.store.read_within(CHECK_TIME, |tx| Ok::<_, Error>(tx.check(depth)?))
    }

    /// Statements run by this process so far; tests bound how many a request may take.
    pub fn statements() -> u64 {
        Store::statements()
    }
}
