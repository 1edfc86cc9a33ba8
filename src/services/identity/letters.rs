//! Letters about accounts. That one is due is queued with the change it tells of; what it says, and the token in it,
//! is made when it is sent, so that no token lies about.

use super::secret::Secret;
use crate::domain::account::{Addressee, Notice, Occasion};
use crate::domain::{Email, Job, JobFailure, Letter, Right, Timestamp, UserId};
use crate::services::mail::letter;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{MailPurpose, ReadTx, UserRow, WriteTx};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Queues a letter in the transaction of what it tells of. Asked for twice before it is sent, it is sent once.
pub(super) fn letter_due(tx: &WriteTx<'_>, occasion: Occasion, to: Addressee, at: Timestamp) -> Outcome<()> {
    let key = match &to {
        Addressee::User(_) => None,
        Addressee::Email(email) => Some(format!("{occasion:?} {email}")),
    };
    queue(tx, occasion, to, key.as_deref(), at)
}

/// Queues the letter to the address that a person wants. One to the address they wanted before may be on its way, so
/// only the same wish is the same letter.
pub(super) fn change_letter_due(tx: &WriteTx<'_>, user: UserId, wanted: &Email, at: Timestamp) -> Outcome<()> {
    let occasion = Occasion::EmailChangeAsked;
    let key = format!("{occasion:?} {user} {}", wanted.key());
    queue(tx, occasion, Addressee::User(user), Some(&key), at)
}

fn queue(tx: &WriteTx<'_>, occasion: Occasion, to: Addressee, key: Option<&str>, at: Timestamp) -> Outcome<()> {
    tx.job_add_at(&Job::Notice(Notice { occasion, to }), at, at, key)?;
    Ok(())
}

/// What a letter will say, and to whom.
struct Plan {
    to: Email,
    words: Words,
}

/// The texts there are.
enum Words {
    /// Asks to prove the mailbox, with the token for it.
    Verify,
    /// Offers to choose a password, with the token for it, good so many hours.
    Reset { invited: bool, hours: i64 },
    /// Tells the owner of an address that somebody else wanted to use it.
    AlreadyHere,
    /// Tells that the password is another.
    PasswordChanged,
}

impl Shop {
    /// Writes and sends a letter that is due. When there is nobody to write to, that is all there is to do.
    pub async fn notice_send(&self, ctx: &Ctx, notice: Notice) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        let secret = Secret::new();
        let hash = secret.hash();
        let planned = self.store.write(move |tx| {
            let Some(user) = recipient(tx, &notice.to)? else { return Ok(None) };
            let Some(plan) = plan(tx, notice.occasion, &user)? else { return Ok(None) };
            keep_token(tx, &plan, &user, &hash, now)?;
            Ok::<_, Error>(Some(plan))
        });
        match planned.await? {
            Some(plan) => {
                let letter = self.letter_written(plan, &secret)?;
                self.mail_send(ctx, letter).await
            }
            None => Ok(()),
        }
    }

    /// Deletes the letters to somebody erased that were written into the data folder. They are erased whether it works
    /// or not; what is left goes with its age.
    pub(super) async fn letters_forget(&self, erased: UserRow) {
        let addresses = std::iter::once(erased.email).chain(erased.pending_email);
        for address in addresses.filter_map(|address| Email::parse(&address)) {
            self.mail_forget(address).await;
        }
    }

    fn letter_written(&self, plan: Plan, secret: &Secret) -> Outcome<Letter> {
        let shop = &self.settings.name;
        let token = secret.text();
        // Behind #, a token reaches neither the server's log nor other sites.
        let link = |page: &str| format!("{}/{page}#token={token}", self.url);
        let (subject, text) = match plan.words {
            Words::Verify => (
                format!("Please confirm your e-mail address for {shop}"),
                format!(
                    "Somebody, probably you, gave this address to {shop}. To confirm that mail arrives, open\n\n  {}\n\n\
                     or enter this code: {token}\n\nIf it was not you, do nothing.\n",
                    link("verify-email")
                ),
            ),
            Words::Reset { invited, hours } => {
                let (subject, why) = if invited {
                    (format!("Your account at {shop}"), "An account was made for you. To choose a password")
                } else {
                    (format!("A new password for {shop}"), "Somebody, probably you, asked for a new password. To choose one")
                };
                let text = format!(
                    "{why}, open\n\n  {}\n\nwithin {}, or enter this code: {token}\n\nIf it was not you, do \
                     nothing: your account stays as it is.\n",
                    link("reset-password"),
                    span(hours)
                );
                (subject, text)
            }
            Words::AlreadyHere => (
                format!("You already have an account at {shop}"),
                "Somebody, perhaps you, just wanted to use this e-mail address for an account, but it has one already. If \
                 it was you, sign in as usual, or ask for a new password if you forgot yours. If it was not you, do \
                 nothing: nobody got into your account.\n"
                    .to_owned(),
            ),
            Words::PasswordChanged => (
                format!("Your password for {shop} was changed"),
                "Your password was just changed, and all your sign-ins ended. If it was not you, ask for a new password \
                 at once.\n"
                    .to_owned(),
            ),
        };
        letter(plan.to, &subject, &text)
    }
}

/// So many hours, in words.
fn span(hours: i64) -> String {
    match hours {
        1 => "1 hour".to_owned(),
        _ if hours % 24 == 0 => format!("{} days", hours / 24),
        _ => format!("{hours} hours"),
    }
}

fn recipient(tx: &ReadTx<'_>, to: &Addressee) -> Outcome<Option<UserRow>> {
    let found = match to {
        Addressee::User(id) => tx.user_by_id(*id)?,
        Addressee::Email(email) => match Email::parse(email) {
            Some(email) => tx.user_by_email(&email)?,
            None => None,
        },
    };
    Ok(found.filter(|user| user.active && !user.erased))
}

/// What a person is to be told on an occasion; nothing when it is over.
fn plan(tx: &ReadTx<'_>, occasion: Occasion, user: &UserRow) -> Outcome<Option<Plan>> {
    let words = match occasion {
        Occasion::Registered if user.decoy => Words::AlreadyHere,
        // The address is somebody else's, whom nothing else a decoy does concerns.
        _ if user.decoy && occasion != Occasion::EmailChangeAsked => return Ok(None),
        Occasion::Registered | Occasion::VerifyAsked if user.verified_at.is_some() => return Ok(None),
        Occasion::Registered | Occasion::VerifyAsked => Words::Verify,
        Occasion::Invited => Words::Reset { invited: true, hours: 7 * 24 },
        Occasion::PasswordForgotten => Words::Reset { invited: false, hours: 1 },
        Occasion::PasswordChanged => Words::PasswordChanged,
        Occasion::EmailChangeAsked => {
            let Some(pending) = user.pending_email.as_deref().and_then(Email::parse) else { return Ok(None) };
            let taken = tx.user_by_email(&pending)?.is_some_and(|other| other.id != user.id);
            let words = if taken { Words::AlreadyHere } else { Words::Verify };
            return Ok(Some(Plan { to: pending, words }));
        }
    };
    Ok(Email::parse(&user.email).map(|to| Plan { to, words }))
}

/// Keeps the token that a letter will hold, if it holds one.
fn keep_token(tx: &WriteTx<'_>, plan: &Plan, user: &UserRow, hash: &[u8; 32], now: Timestamp) -> Outcome<()> {
    let (purpose, hours) = match plan.words {
        Words::Verify => (MailPurpose::Verify, 48),
        Words::Reset { hours, .. } => (MailPurpose::Reset, hours),
        Words::AlreadyHere | Words::PasswordChanged => return Ok(()),
    };
    let expires_at = Timestamp::from_millis(now.millis() + hours * HOUR_MS);
    Ok(tx.mail_token_put(hash, user.id, purpose, plan.to.as_str(), expires_at)?)
}
