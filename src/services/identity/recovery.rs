//! Lost passwords and unproven mailboxes: what a token from a mail allows.
//!
//! Asking for a mail only queues that it was asked, the same for every address; whether there is anybody to write
//! to is found out later, so neither the answer nor its time tells.

use super::letters::letter_due;
use super::secret::Secret;
use super::{USER, email_of};
use crate::domain::account::{Addressee, Occasion};
use crate::domain::audit::Subject;
use crate::domain::{Email, Invalid};
use crate::services::orders::orders_link;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{MailPurpose, UserRow, WriteTx};
use serde_json::json;

fn bad_token() -> Error {
    Invalid::one("token", "invalid", "is not valid or no longer so: ask for a new mail").into()
}

impl Shop {
    /// Asks for a mail that allows a new password.
    pub async fn password_forgot(&self, ctx: &Ctx, email: &str) -> Outcome<()> {
        self.letter_ask(ctx, Occasion::PasswordForgotten, email).await
    }

    /// Asks again for the mail that proves a mailbox.
    pub async fn verify_resend(&self, ctx: &Ctx, email: &str) -> Outcome<()> {
        self.letter_ask(ctx, Occasion::VerifyAsked, email).await
    }

    async fn letter_ask(&self, ctx: &Ctx, occasion: Occasion, email: &str) -> Outcome<()> {
        let (email, now) = (email_of(email)?, ctx.now);
        self.store.write(move |tx| letter_due(tx, occasion, Addressee::Email(email.key()), now)).await
    }

    /// Gives whoever has the mail a new password and ends all their sessions.
    pub async fn password_reset(&self, ctx: &Ctx, token: &str, password: String) -> Outcome<()> {
        let token = Secret::parse(token).ok_or_else(bad_token)?.hash();
        let found = self.store.read(|tx| Ok::<_, Error>(tx.mail_token(&token, MailPurpose::Reset, ctx.now)?))?;
        let (_, email) = found.ok_or_else(bad_token)?;
        let hash = self.new_password(password, &email).await?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let user = holder(tx, &ctx, &token, MailPurpose::Reset)?.0;
                tx.user_set_password(user.id, &hash, ctx.now)?;
                // The mail arrived.
                tx.user_set_verified(user.id, ctx.now)?;
                orders_link(tx, &ctx, user.id, &user.email)?;
                tx.audit(&ctx.entry("user.password_reset", Subject::from(user.id), &json!({})))?;
                letter_due(tx, Occasion::PasswordChanged, Addressee::User(user.id), ctx.now)?;
                Ok(tx.sessions_end(user.id)?)
            })
            .await
    }

    /// Proves a mailbox. When it is a new one, it replaces the old, and all sessions end.
    pub async fn email_verify(&self, ctx: &Ctx, token: &str) -> Outcome<()> {
        let token = Secret::parse(token).ok_or_else(bad_token)?.hash();
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let (user, email) = holder(tx, &ctx, &token, MailPurpose::Verify)?;
                tx.mail_tokens_drop(user.id, Some(MailPurpose::Verify))?;
                if email == user.email {
                    tx.audit(&ctx.entry("user.verify", Subject::from(user.id), &json!({})))?;
                    tx.user_set_verified(user.id, ctx.now)?;
                    return orders_link(tx, &ctx, user.id, &email);
                }
                if user.pending_email.as_ref() != Some(&email) {
                    // They no longer want it.
                    return Err(bad_token());
                }
                let email = Email::parse(&email).ok_or_else(bad_token)?;
                let taken = tx.user_by_email(&email)?.is_some_and(|other| other.id != user.id);
                if taken {
                    return Err(bad_token());
                }
                tx.user_set_email(user.id, &email, Some(ctx.now), ctx.now)?;
                orders_link(tx, &ctx, user.id, email.as_str())?;
                tx.audit(&ctx.entry("user.email_change", Subject::from(user.id), &json!({})))?;
                Ok(tx.sessions_end(user.id)?)
            })
            .await
    }
}

/// Whose token it is, while it is good and they may sign in, and to which address it was sent.
fn holder(tx: &WriteTx<'_>, ctx: &Ctx, token: &[u8; 32], purpose: MailPurpose) -> Outcome<(UserRow, String)> {
    let (id, email) = tx.mail_token(token, purpose, ctx.now)?.ok_or_else(bad_token)?;
    let user = tx.user_by_id(id)?.ok_or(USER)?;
    if user.active { Ok((user, email)) } else { Err(bad_token()) }
}
