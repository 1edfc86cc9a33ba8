//! `/auth`: registering, signing in and out, passwords, mailboxes.

use super::BASE;
use super::answer::{Answer, Audience, Managed, Nothing};
use super::guards::{Caller, SignedIn};
use super::json::{Body, OptionalBody};
use super::problem::Problem;
use super::views::{
    AddressedBody, LoginBody, LoginView, LogoutBody, PasswordBody, RefreshBody, RegisterBody, ResetBody, SetupBody,
    VerifyBody,
};
use crate::domain::Fields;
use crate::services::identity::{Login, Registration};
use crate::services::{Actor, Ctx, Shop};
use rocket::post;
use rocket_okapi::openapi;
use serde_json::Value;
use std::sync::Arc;

type SignedInAnswer = Result<Answer<LoginView<'static>>, Problem>;

/// # Register
/// Opens an account and signs in. An address that has an account already is answered in the same way, so that nobody
/// learns who is known: its owner is told by mail, and the account opened here ends after a day.
#[openapi(tag = "Accounts")]
#[post("/auth/register", data = "<body>")]
pub async fn register(body: Body<RegisterBody>, shop: Managed<'_, Arc<Shop>>) -> SignedInAnswer {
    let registration = Fields::read(&body.value, Registration::read)?;
    let login = shop.register(&Ctx::now(Actor::Anonymous), registration).await?;
    Ok(signed_in(&login).created_at(format!("{BASE}/me")))
}

/// # Make the first admin
/// With the token that a shop without an admin prints when it starts; it works once.
#[openapi(tag = "Accounts")]
#[post("/auth/setup", data = "<body>")]
pub async fn setup(body: Body<SetupBody>, shop: Managed<'_, Arc<Shop>>) -> SignedInAnswer {
    let (token, registration) = Fields::read(&body.value, |f| (f.needed_secret("token"), Registration::read(f)))?;
    let login = shop.setup(&Ctx::now(Actor::Anonymous), &token, registration).await?;
    Ok(signed_in(&login).created_at(format!("{BASE}/me")))
}

/// # Sign in
/// Gives tokens for e-mail address and password.
#[openapi(tag = "Accounts")]
#[post("/auth/login", data = "<body>")]
pub async fn login(body: Body<LoginBody>, shop: Managed<'_, Arc<Shop>>) -> SignedInAnswer {
    let (email, password) = Fields::read(&body.value, |f| (f.needed_secret("email"), f.needed_secret("password")))?;
    let login = shop.login(&Ctx::now(Actor::Anonymous), &email, password).await?;
    Ok(signed_in(&login))
}

/// # Exchange a refresh token
/// Gives a new pair of tokens; the one sent is spent. A spent token sent again ends the sign-in with all its tokens,
/// since somebody must have a copy. Of two requests that bring the same token at once, one is served and the other
/// answered 409.
#[openapi(tag = "Accounts")]
#[post("/auth/refresh", data = "<body>")]
pub async fn refresh(body: Body<RefreshBody>, shop: Managed<'_, Arc<Shop>>) -> SignedInAnswer {
    let token = Fields::read(&body.value, |f| f.needed_secret("refresh"))?;
    let login = shop.refresh(&Ctx::now(Actor::Anonymous), &token).await?;
    Ok(signed_in(&login))
}

/// # Sign out
/// Ends the sign-in of the access token, or of the `refresh` token in the body.
#[openapi(tag = "Accounts")]
#[post("/auth/logout", data = "<body>")]
pub async fn logout(
    caller: Caller,
    body: OptionalBody<LogoutBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    let refresh = match &body.0.value {
        Value::Null => None,
        value => Fields::read(value, |fields| fields.secret("refresh"))?,
    };
    match (&caller.0.actor, refresh) {
        (Actor::Anonymous, Some(token)) => shop.logout_by_refresh(&caller.0, &token).await?,
        _ => shop.logout(&caller.0).await?,
    }
    Ok(Nothing)
}

/// # Sign out everywhere
#[openapi(tag = "Accounts")]
#[post("/auth/logout-all")]
pub async fn logout_all(person: SignedIn, shop: Managed<'_, Arc<Shop>>) -> Result<Nothing, Problem> {
    shop.logout_all(&person.0).await?;
    Ok(Nothing)
}

/// # Change your password
/// All your sign-ins end, and one begins anew with the tokens of the answer.
#[openapi(tag = "Accounts")]
#[post("/auth/password", data = "<body>")]
pub async fn password_change(
    person: SignedIn,
    body: Body<PasswordBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> SignedInAnswer {
    let (current, new) =
        Fields::read(&body.value, |f| (f.needed_secret("current_password"), f.needed_secret("new_password")))?;
    let login = shop.password_change(&person.0, current, new).await?;
    Ok(signed_in(&login))
}

/// # Ask for a new password
/// Mails a token for `POST /auth/password/reset`, if somebody has this address; the answer is the same if not.
#[openapi(tag = "Accounts")]
#[post("/auth/password/forgot", data = "<body>")]
pub async fn password_forgot(body: Body<AddressedBody>, shop: Managed<'_, Arc<Shop>>) -> Result<Nothing, Problem> {
    let email = Fields::read(&body.value, |f| f.needed_secret("email"))?;
    shop.password_forgot(&Ctx::now(Actor::Anonymous), &email).await?;
    Ok(Nothing)
}

/// # Choose a new password
/// With the token from the mail; all sign-ins end.
#[openapi(tag = "Accounts")]
#[post("/auth/password/reset", data = "<body>")]
pub async fn password_reset(body: Body<ResetBody>, shop: Managed<'_, Arc<Shop>>) -> Result<Nothing, Problem> {
    let (token, password) = Fields::read(&body.value, |f| (f.needed_secret("token"), f.needed_secret("password")))?;
    shop.password_reset(&Ctx::now(Actor::Anonymous), &token, password).await?;
    Ok(Nothing)
}

/// # Prove a mailbox
/// With the token from the mail. When it was sent to a new address, that one replaces the old, and all sign-ins end.
#[openapi(tag = "Accounts")]
#[post("/auth/verify", data = "<body>")]
pub async fn verify(body: Body<VerifyBody>, shop: Managed<'_, Arc<Shop>>) -> Result<Nothing, Problem> {
    let token = Fields::read(&body.value, |f| f.needed_secret("token"))?;
    shop.email_verify(&Ctx::now(Actor::Anonymous), &token).await?;
    Ok(Nothing)
}

/// # Ask again for the mail that proves a mailbox
/// The answer is the same whether somebody has this address or not.
#[openapi(tag = "Accounts")]
#[post("/auth/verify/resend", data = "<body>")]
pub async fn verify_resend(body: Body<AddressedBody>, shop: Managed<'_, Arc<Shop>>) -> Result<Nothing, Problem> {
    let email = Fields::read(&body.value, |f| f.needed_secret("email"))?;
    shop.verify_resend(&Ctx::now(Actor::Anonymous), &email).await?;
    Ok(Nothing)
}

fn signed_in(login: &Login) -> Answer<LoginView<'static>> {
    Answer::new(&LoginView::new(login), Audience::Nobody)
}
