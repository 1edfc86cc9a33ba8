//! What people do with their own account.

use super::letters::{change_letter_due, letter_due};
use super::secret::Secret;
use super::sessions::{Session, session_begin};
use super::signing_in::Login;
use super::users::erase;
use super::{USER, User, email_of};
use crate::domain::account::{Address, Addressee, Occasion};
use crate::domain::audit::Subject;
use crate::domain::cart::Cart;
use crate::domain::catalog::Revision;
use crate::domain::invoice::Invoice;
use crate::domain::order::WholeOrder;
use crate::domain::{Fields, UserId};
use crate::services::catalog::Preconditions;
use crate::services::selling::Opinions;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::UserRow;
use serde_json::json;

/// What a person changes about themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MyChange {
    /// What they are called; empty to be called nothing.
    pub name: Option<String>,
    /// Where they want mail; the change waits until mail is proven to arrive there.
    pub email: Option<String>,
    /// Their password, which changing the address needs.
    pub password: Option<String>,
}

impl MyChange {
    /// Reads a merge patch (RFC 7396).
    pub fn read(fields: &mut Fields<'_>) -> Self {
        fields.kept(&["email"]);
        let change = Self {
            name: fields.cleared_text("name", 200),
            email: fields.text("email", 1..=254),
            password: fields.secret("current_password"),
        };
        if change.email.is_some() && change.password.is_none() {
            fields.wrong("current_password", "required", "is required to change the e-mail address");
        }
        change
    }
}

/// Everything the shop keeps about a person.
#[derive(Clone, Debug)]
pub struct MyData {
    /// Their account.
    pub user: User,
    /// Their address book.
    pub addresses: Vec<Address>,
    /// Where they are signed in.
    pub sessions: Vec<Session>,
    /// Their carts.
    pub carts: Vec<Cart>,
    /// Their orders.
    pub orders: Vec<WholeOrder>,
    /// The invoices and credit notes of these.
    pub invoices: Vec<Invoice>,
    /// What they say, remember and wait for.
    pub kept: Opinions,
}

impl Shop {
    /// The person who asks.
    pub fn me(&self, ctx: &Ctx) -> Outcome<User> {
        let (id, _) = ctx.person()?;
        self.store.read(|tx| tx.user_by_id(id)?.map(User::from).ok_or(USER))
    }

    /// The address of the person who asks, for their budget of guesses.
    pub fn my_email(&self, ctx: &Ctx) -> Outcome<String> {
        Ok(self.me(ctx)?.email)
    }

    /// Changes name or address of the person who asks.
    pub async fn me_update(&self, ctx: &Ctx, known: Preconditions, change: MyChange) -> Outcome<User> {
        let (id, _) = ctx.person()?;
        let email = change.email.as_deref().map(email_of).transpose()?;
        if let (Some(_), Some(password)) = (&email, change.password) {
            self.password_prove(id, password).await?;
        }
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = tx.user_by_id(id)?.ok_or(USER)?;
                known.check(Revision::of(before.version))?;
                let asked = email.as_ref().filter(|email| email.as_str() != before.email);
                let pending_email = match &email {
                    // Who asks for the address they have wants no other any more.
                    Some(_) => asked.map(|email| email.as_str().to_owned()),
                    None => before.pending_email.clone(),
                };
                let name = change.name.unwrap_or_else(|| before.name.clone());
                tx.user_update(&UserRow { name, pending_email, ..before }, ctx.now)?;
                if let Some(email) = asked {
                    change_letter_due(tx, id, email, ctx.now)?;
                }
                let asked = asked.is_some();
                tx.audit(&ctx.entry("user.update", Subject::from(id), &json!({ "email_change_asked": asked })))?;
                tx.user_by_id(id)?.map(User::from).ok_or(USER)
            })
            .await
    }

    /// Gives the person who asks another password: all their sessions end, and one begins anew.
    pub async fn password_change(&self, ctx: &Ctx, current: String, new: String) -> Outcome<Login> {
        let (id, _) = ctx.person()?;
        let before = self.password_prove(id, current).await?;
        let hash = self.new_password(new, &before.email).await.map_err(|error| renamed(error, "new_password"))?;
        let (ctx, lifetimes, refresh) = (ctx.clone(), self.lifetimes(), Secret::new());
        let token = refresh.hash();
        let begun = self.store.write(move |tx| {
            let now = tx.user_by_id(id)?.filter(|user| user.active).ok_or(USER)?;
            if now.password_hash != before.password_hash {
                return Err(Error::WrongPassword);
            }
            tx.user_set_password(id, &hash, ctx.now)?;
            tx.sessions_end(id)?;
            tx.audit(&ctx.entry("user.password_change", Subject::from(id), &json!({})))?;
            letter_due(tx, Occasion::PasswordChanged, Addressee::User(id), ctx.now)?;
            let session = session_begin(tx, &ctx, lifetimes, id, &token)?;
            Ok((tx.user_by_id(id)?.ok_or(USER)?, session))
        });
        let (user, session) = begun.await?;
        self.signed_in(user, session, &refresh)
    }

    /// Forgets who the person who asks was. What the books need stays, without name or address.
    pub async fn me_erase(&self, ctx: &Ctx, known: Preconditions) -> Outcome<()> {
        let (id, _) = ctx.person()?;
        let ctx = ctx.clone();
        let erased = self.store.write(move |tx| {
            let before = tx.user_by_id(id)?.ok_or(USER)?;
            known.check(Revision::of(before.version))?;
            erase(tx, &ctx, &before)?;
            Ok::<_, Error>(before)
        });
        self.letters_forget(erased.await?).await;
        Ok(())
    }

    /// Everything the shop keeps about the person who asks.
    pub fn me_export(&self, ctx: &Ctx) -> Outcome<MyData> {
        Ok(MyData {
            user: self.me(ctx)?,
            addresses: self.address_list(ctx)?,
            sessions: self.session_list(ctx)?,
            carts: self.my_carts(ctx)?,
            orders: self.my_orders(ctx)?,
            invoices: self.my_invoices(ctx)?,
            kept: self.my_opinions(ctx)?,
        })
    }

    /// Refuses whoever does not know the password of a person.
    async fn password_prove(&self, id: UserId, password: String) -> Outcome<UserRow> {
        let user = self.store.read(|tx| tx.user_by_id(id)?.ok_or(USER))?;
        if self.passwords.verify(password, Some(user.password_hash.clone())).await? {
            Ok(user)
        } else {
            Err(Error::WrongPassword)
        }
    }
}

/// The same error about a field that has another name here.
fn renamed(error: Error, field: &str) -> Error {
    match error {
        Error::Invalid(mut invalid) => {
            invalid.0.iter_mut().for_each(|e| field.clone_into(&mut e.field));
            Error::Invalid(invalid)
        }
        other => other,
    }
}
