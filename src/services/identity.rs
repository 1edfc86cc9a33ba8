//! Who people are: accounts, passwords and access tokens.

use super::{Actor, Ctx, Error, Outcome, Shop};
use crate::domain::account::password_problem;
use crate::domain::audit::Subject;
use crate::domain::{Email, Invalid, Right, Role, SessionId, Timestamp, UserId};
use crate::store::UserRow;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What an access token says. Each token has one purpose, named by `typ`.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    typ: String,
    stamp: String,
    iat: i64,
    exp: i64,
}

const ISSUER: &str = "nexus";
const AUDIENCE: &str = "nexus-api";
const ACCESS: &str = "access";

/// The keys that sign and verify tokens.
pub struct TokenKeys {
    sign: EncodingKey,
    verify: DecodingKey,
}

impl TokenKeys {
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        Self { sign: EncodingKey::from_secret(secret), verify: DecodingKey::from_secret(secret) }
    }
}

/// A person as the outside may know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in.
    pub active: bool,
    /// Since when they are here.
    pub created_at: Timestamp,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let UserRow { id, email, name, role, active, created_at, .. } = row;
        Self { id, email, name, role, active, created_at }
    }
}

/// What a login gives.
pub struct Login {
    /// The signed access token.
    pub access: String,
    /// Seconds until it ends.
    pub expires_in: u64,
    /// Whose it is.
    pub user: User,
}

impl Shop {
    /// Checks an e-mail address and password; wrong and unknown look and take the same.
    pub async fn login(&self, ctx: &Ctx, email: &str, password: String) -> Outcome<Login> {
        let email = Email::parse(email.trim());
        let found = match &email {
            Some(email) => self.store.read(|tx| Ok::<_, Error>(tx.user_by_email(email)?))?,
            None => None,
        };
        if password.len() > 1024 {
            return Err(Error::BadCredentials);
        }
        let hash = found.as_ref().map(|user| user.password_hash.clone());
        let right = self.passwords.verify(password, hash).await?;
        match found.filter(|user| right && user.active) {
            Some(user) => self.login_as(ctx, user),
            None => Err(Error::BadCredentials),
        }
    }

    fn login_as(&self, ctx: &Ctx, user: UserRow) -> Outcome<Login> {
        let seconds = self.auth.access_minutes * 60;
        let issued = ctx.now.millis() / 1000;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.id.to_string(),
            typ: ACCESS.to_owned(),
            stamp: user.stamp.clone(),
            iat: issued,
            exp: issued + i64::try_from(seconds).unwrap_or(600),
        };
        let access = encode(&Header::new(Algorithm::HS256), &claims, &self.tokens.sign)
            .map_err(|e| Error::Internal(format!("signing a token failed: {e}")))?;
        Ok(Login { access, expires_in: seconds, user: user.into() })
    }

    /// Who an access token belongs to, as their account stands now.
    pub fn actor_of(&self, token: &str) -> Outcome<Actor> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.leeway = 5;
        let claims = decode::<Claims>(token, &self.tokens.verify, &rules).map_err(|_| Error::Unauthenticated)?.claims;
        let id = UserId::parse(&claims.sub).filter(|_| claims.typ == ACCESS).ok_or(Error::Unauthenticated)?;
        let user = self.store.read(|tx| Ok::<_, Error>(tx.user_by_id(id)?))?;
        match user {
            Some(user) if user.active && user.stamp == claims.stamp => {
                Ok(Actor::User { id, role: user.role, session: SessionId::new(1) })
            }
            _ => Err(Error::Unauthenticated),
        }
    }

    /// Adds a person.
    pub async fn user_create(&self, ctx: &Ctx, email: &str, role: Role, password: String) -> Outcome<User> {
        ctx.require(Right::UsersWrite)?;
        let email =
            Email::parse(email.trim()).ok_or_else(|| Invalid::one("email", "invalid", "must be an e-mail address"))?;
        let hash = self.new_password(password).await?;
        let (now, stamp, ctx) = (ctx.now, crate::clock::random_hex::<16>(), ctx.clone());
        self.store
            .write(move |tx| {
                let id = tx.user_insert(&email, role, &hash, &stamp, now)?;
                tx.audit(&ctx.entry("user.create", Subject::from(id), &json!({ "role": role })))?;
                tx.user_by_id(id)?.map(User::from).ok_or(Error::NotFound("user"))
            })
            .await
    }

    /// Everybody, or everybody of one role.
    pub fn user_list(&self, ctx: &Ctx, role: Option<Role>) -> Outcome<Vec<User>> {
        ctx.require(Right::UsersWrite)?;
        let rows = self.store.read(|tx| Ok::<_, Error>(tx.user_all(role)?))?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// Gives a person another role; it acts on their live tokens at once.
    pub async fn user_set_role(&self, ctx: &Ctx, email: &str, role: Role) -> Outcome<User> {
        ctx.require(Right::UsersWrite)?;
        let user = self.user_named(email)?;
        let (now, stamp, ctx) = (ctx.now, crate::clock::random_hex::<16>(), ctx.clone());
        let detail = json!({ "role": role, "before": user.role });
        self.store
            .write(move |tx| {
                tx.user_set_role(user.id, role, &stamp, now)?;
                Ok::<_, Error>(tx.audit(&ctx.entry("user.set_role", Subject::from(user.id), &detail))?)
            })
            .await?;
        Ok(User { role, ..user })
    }

    /// Gives a person another password; tokens given out before end at once.
    pub async fn user_set_password(&self, ctx: &Ctx, email: &str, password: String) -> Outcome<User> {
        ctx.require(Right::UsersWrite)?;
        let user = self.user_named(email)?;
        let hash = self.new_password(password).await?;
        let (now, stamp, ctx) = (ctx.now, crate::clock::random_hex::<16>(), ctx.clone());
        self.store
            .write(move |tx| {
                tx.user_set_password(user.id, &hash, &stamp, now)?;
                Ok::<_, Error>(tx.audit(&ctx.entry("user.set_password", Subject::from(user.id), &json!({})))?)
            })
            .await?;
        Ok(user)
    }

    fn user_named(&self, email: &str) -> Outcome<User> {
        let unknown = Error::NotFound("user");
        let Some(email) = Email::parse(email.trim()) else { return Err(unknown) };
        self.store.read(|tx| tx.user_by_email(&email)?.map(User::from).ok_or(unknown))
    }

    async fn new_password(&self, password: String) -> Outcome<String> {
        if let Some(problem) = password_problem(&password) {
            return Err(Invalid::one("password", "unacceptable", problem).into());
        }
        self.passwords.hash(password).await
    }
}
