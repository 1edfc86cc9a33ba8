//! Letters on their way out.

use super::{Ctx, Outcome, Shop};
use crate::domain::{Email, JobFailure, Letter, Right, Timestamp};
use crate::providers::mail::prune;
use std::time::Duration;

/// How long letters are kept that were written into the data folder. They hold personal data.
const FILES_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// A letter with an id of its own, to be sent now or put into a job.
pub fn letter(to: Email, subject: &str, text: &str) -> Outcome<Letter> {
    Ok(Letter::new(&crate::clock::random_hex::<16>(), to, subject, text)?)
}

impl Shop {
    /// Hands a letter over; slow, so it is for jobs and not for requests.
    pub async fn mail_send(&self, ctx: &Ctx, letter: Letter) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        let mailer = self.providers.mailer.clone();
        let sent = tokio::task::spawn_blocking(move || mailer.send(&letter)).await;
        sent.map_err(|_| JobFailure::Temporary("sending the letter panicked; the log says where".to_owned()))?
            .map_err(JobFailure::from)
    }

    /// Deletes the letters to somebody that are still at hand.
    pub(super) async fn mail_forget(&self, to: Email) {
        let mailer = self.providers.mailer.clone();
        match tokio::task::spawn_blocking(move || mailer.forget(&to)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "letters to somebody erased could not be deleted"),
            Err(error) => tracing::error!(%error, "deleting letters to somebody erased panicked"),
        }
    }

    /// Sends a letter that tells that mail works.
    pub async fn mail_test(&self, ctx: &Ctx, to: Email) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        let name = &self.settings.name;
        let text = format!("This is a test. If you can read it, {name} can send mail.\n");
        self.mail_send(ctx, letter(to, "A test of mail", &text)?).await
    }

    /// Deletes old letters from the data folder.
    pub async fn mail_prune(&self, ctx: &Ctx) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        let kept = i64::try_from(FILES_KEPT.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::from_millis(ctx.now.millis().saturating_sub(kept));
        let folder = self.folder.mail();
        let pruned = tokio::task::spawn_blocking(move || prune(&folder, before).map_err(|e| e.to_string())).await;
        match pruned {
            Ok(Ok(count)) => {
                tracing::debug!(count, "old letters were deleted");
                Ok(())
            }
            Ok(Err(why)) => Err(JobFailure::Temporary(format!("the folder of letters: {why}"))),
            Err(_) => Err(JobFailure::Temporary("deleting letters panicked; the log says where".to_owned())),
        }
    }
}
