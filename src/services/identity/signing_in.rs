//! Registering, signing in, and the first admin of a new shop.

use super::letters::letter_due;
use super::secret::Secret;
use super::sessions::{Lifetimes, session_begin};
use super::{User, email_of};
use crate::counters::Count;
use crate::domain::account::{Addressee, Occasion};
use crate::domain::audit::Subject;
use crate::domain::{Email, Fields, Invalid, Right, Role, SessionId};
use crate::services::selling::cart_bring;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::UserRow;
use serde_json::json;
use std::sync::Mutex;
use subtle::ConstantTimeEq;

/// What signing in gives.
pub struct Login {
    /// The signed access token.
    pub access: String,
    /// The token to be exchanged for the next pair.
    pub refresh: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
    /// Whose they are.
    pub user: User,
}

/// Somebody who wants an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Their address.
    pub email: String,
    /// The password they choose.
    pub password: String,
    /// What they are called.
    pub name: String,
    /// The cart they used before, by its token.
    pub cart: Option<String>,
}

impl Registration {
    /// Reads the body of a registration.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        for name in ["email", "password"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        Self {
            email: fields.text("email", 1..=254).unwrap_or_default(),
            password: fields.secret("password").unwrap_or_default(),
            name: fields.text("name", 1..=200).unwrap_or_default(),
            cart: None,
        }
    }

    /// Reads the body of a registration by somebody who may have used a cart before.
    pub fn read_with_cart(fields: &mut Fields<'_>) -> Self {
        Self { cart: fields.secret("cart"), ..Self::read(fields) }
    }
}

/// The token that makes the first admin, while there is none.
#[derive(Default)]
pub struct Setup(Mutex<Option<[u8; 32]>>);

impl Setup {
    fn hash(&self) -> std::sync::MutexGuard<'_, Option<[u8; 32]>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Shop {
    /// Opens an account and signs in. An address that has an account already gets a decoy, so that nobody learns
    /// who is known; its owner is told by mail.
    pub async fn register(&self, ctx: &Ctx, registration: Registration) -> Outcome<Login> {
        let Registration { email, password, name, cart } = registration;
        let email = email_of(&email)?;
        let hash = self.new_password(password, email.as_str()).await?;
        let (ctx, lifetimes, refresh) = (ctx.clone(), self.lifetimes(), Secret::new());
        let (token, life) = (refresh.hash(), self.cart_terms().life());
        let opened = self.store.write(move |tx| {
            let id = match tx.user_by_email(&email)? {
                None => tx.user_insert(&email, &name, Role::Customer, &hash, ctx.now)?,
                Some(_) => tx.user_insert_decoy(&email, &name, &hash, ctx.now)?,
            };
            let session = session_begin(tx, &ctx, lifetimes, id, &token)?;
            cart.map_or(Ok(()), |cart| cart_bring(tx, id, &cart, life, ctx.now))?;
            letter_due(tx, Occasion::Registered, Addressee::User(id), ctx.now)?;
            tx.audit(&ctx.entry("user.register", Subject::from(id), &json!({})))?;
            Ok::<_, Error>((tx.user_by_id(id)?.ok_or(super::USER)?, session))
        });
        let (user, session) = opened.await?;
        self.signed_in(user, session, &refresh)
    }

    /// Checks an e-mail address and password; wrong and unknown look and take the same.
    pub async fn login(&self, ctx: &Ctx, email: &str, password: String) -> Outcome<Login> {
        self.login_with_cart(ctx, email, password, None).await
    }

    /// The same for somebody who used a cart before, by its token: it is theirs then.
    pub async fn login_with_cart(
        &self,
        ctx: &Ctx,
        email: &str,
        password: String,
        cart: Option<String>,
    ) -> Outcome<Login> {
        let email = Email::parse(email.trim());
        let found = match &email {
            Some(email) => self.store.read(|tx| Ok::<_, Error>(tx.user_by_email(email)?))?,
            None => None,
        };
        let hash = found.as_ref().map(|user| user.password_hash.clone());
        let right = self.passwords.verify(password.clone(), hash).await?;
        let Some(user) = found.filter(|user| right && user.active) else {
            let client = ctx.origin.client.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
            tracing::info!(%client, "a sign-in was refused");
            self.counters().one(Count::SignInsRefused);
            return Err(Error::BadCredentials);
        };
        let stronger = self.passwords.stronger(password, &user.password_hash).await?;
        let (ctx, lifetimes, refresh) = (ctx.clone(), self.lifetimes(), Secret::new());
        let (token, life) = (refresh.hash(), self.cart_terms().life());
        let begun = self.store.write(move |tx| {
            let unchanged = |now: &UserRow| now.active && now.password_hash == user.password_hash;
            let now = tx.user_by_id(user.id)?.filter(unchanged).ok_or(Error::BadCredentials)?;
            if let Some(stronger) = stronger {
                tx.user_rehash(now.id, &now.password_hash, &stronger)?;
            }
            let session = session_begin(tx, &ctx, lifetimes, now.id, &token)?;
            cart.map_or(Ok(()), |cart| cart_bring(tx, now.id, &cart, life, ctx.now))?;
            tx.audit(&ctx.entry("session.begin", Subject::from(session), &json!({ "user_id": now.id })))?;
            Ok::<_, Error>((now, session))
        });
        let (user, session) = begun.await?;
        self.counters().one(Count::SignIns);
        self.signed_in(user, session, &refresh)
    }

    /// What somebody gets whose session has just begun or gone on.
    pub(super) fn signed_in(&self, user: UserRow, session: SessionId, refresh: &Secret) -> Outcome<Login> {
        let Lifetimes { access_seconds, .. } = self.lifetimes();
        let access = self.tokens.sign(user.id, session, crate::clock::now(), access_seconds)?;
        Ok(Login { access, refresh: refresh.text(), expires_in: access_seconds, user: user.into() })
    }

    /// A token that makes the first admin; none when there is an admin. Every call makes the one before it void.
    pub fn setup_open(&self, ctx: &Ctx) -> Outcome<Option<String>> {
        ctx.require(Right::Maintain)?;
        if self.store.read(|tx| tx.user_count_active(Role::Admin))? > 0 {
            return Ok(None);
        }
        let secret = Secret::new();
        *self.setup.hash() = Some(secret.hash());
        Ok(Some(secret.text()))
    }

    /// Makes the first admin, for whoever has the token, once.
    pub async fn setup(&self, ctx: &Ctx, token: &str, registration: Registration) -> Outcome<Login> {
        let refused = || Error::from(Invalid::one("token", "invalid", "is not the one printed when the shop started"));
        let given = Secret::parse(token).map(|s| s.hash()).ok_or_else(refused)?;
        let good = self.setup.hash().is_some_and(|expected| bool::from(expected.ct_eq(&given)));
        if !good {
            return Err(refused());
        }
        let Registration { email, password, name, .. } = registration;
        let email = email_of(&email)?;
        let hash = self.new_password(password, email.as_str()).await?;
        let (ctx, lifetimes, refresh) = (ctx.clone(), self.lifetimes(), Secret::new());
        let token = refresh.hash();
        let made = self.store.write(move |tx| {
            if tx.user_count_active(Role::Admin)? > 0 {
                return Err(refused());
            }
            let id = tx.user_insert(&email, &name, Role::Admin, &hash, ctx.now)?;
            let session = session_begin(tx, &ctx, lifetimes, id, &token)?;
            tx.audit(&ctx.entry("shop.setup", Subject::from(id), &json!({})))?;
            Ok((tx.user_by_id(id)?.ok_or(super::USER)?, session))
        });
        let (user, session) = made.await?;
        *self.setup.hash() = None;
        self.signed_in(user, session, &refresh)
    }

    /// The hash of a password that is fit for this person.
    pub(super) async fn new_password(&self, password: String, email: &str) -> Outcome<String> {
        if let Some(problem) = crate::services::passwords::problem(&password, email) {
            return Err(Invalid::one("password", "unacceptable", problem).into());
        }
        self.passwords.hash(password).await
    }
}
