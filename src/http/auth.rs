//! `/auth`: registering, signing in and out, passwords, mailboxes.

use super::BASE;
use super::answer::{Answer, Audience, Managed, Nothing};
use super::guards::{Caller, Client, SignedIn};
use super::json::{Body, OptionalBody};
use super::limits::Limits;
use super::problem::Problem;
use super::views::{
    AddressedBody, LoginBody, LoginView, LogoutBody, PasswordBody, RefreshBody, RegisterBody, ResetBody, SetupBody,
    VerifyBody,
};
use crate::counters::Count;
use crate::domain::Fields;
use crate::services::identity::{Login, Registration};
use crate::services::{Actor, Ctx, Shop};
use rocket::post;
use rocket_okapi::openapi;
use std::sync::Arc;

type SignedInAnswer = Result<Answer<LoginView<'static>>, Problem>;

/// # Register
/// Opens an account and signs in. An address that has an account already is answered in the same way, so that nobody
/// learns who is known: its owner is told by mail, and the account opened here ends after a day.
#[openapi(tag = "Accounts")]
#[post("/auth/register", data = "<body>")]
pub async fn register(
    client: Client,
    body: Body<RegisterBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> SignedInAnswer {
    let registration = Fields::read(&body.value, Registration::read_with_cart)?;
    limits.register(client.address(), &registration.email)?;
    let login = shop.register(&anybody(client), registration).await?;
    Ok(signed_in(&login).created_at(format!("{BASE}/me")))
}

/// # Make the first admin
/// With the token that a shop without an admin prints when it starts; it works once.
#[openapi(tag = "Accounts")]
#[post("/auth/setup", data = "<body>")]
pub async fn setup(
    client: Client,
    body: Body<SetupBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> SignedInAnswer {
    let (token, registration) = Fields::read(&body.value, |f| (f.needed_secret("token"), Registration::read(f)))?;
    limits.reset(client.address())?;
    let login = shop.setup(&anybody(client), &token, registration).await?;
    Ok(signed_in(&login).created_at(format!("{BASE}/me")))
}

/// # Sign in
/// Gives tokens for e-mail address and password.
#[openapi(tag = "Accounts")]
#[post("/auth/login", data = "<body>")]
pub async fn login(
    client: Client,
    body: Body<LoginBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> SignedInAnswer {
    let (email, password, cart) =
        Fields::read(&body.value, |f| (f.needed_secret("email"), f.needed_secret("password"), f.secret("cart")))?;
    let counted = |_: &Problem| shop.counters().one(Count::SignInsLimited);
    let guess = limits.login(client.address(), &email).await.inspect_err(counted)?;
    let login = guess.settle(shop.login_with_cart(&anybody(client), &email, password, cart).await)?;
    Ok(signed_in(&login))
}

/// # Exchange a refresh token
/// Gives a new pair of tokens; the one sent is spent. A spent token sent again ends the sign-in with all its tokens,
/// since somebody must have a copy. Of two requests that bring the same token at once, one is served and the other
/// answered 409.
#[openapi(tag = "Accounts")]
#[post("/auth/refresh", data = "<body>")]
pub async fn refresh(
    client: Client,
    body: Body<RefreshBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> SignedInAnswer {
    let token = Fields::read(&body.value, |f| f.needed_secret("refresh"))?;
    limits.refresh_client(client.address())?;
    if let Some(user) = shop.refresh_holder(&token)? {
        limits.refresh_account(user)?;
    }
    let login = shop.refresh(&anybody(client), &token).await?;
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
    let refresh = match &body.0 {
        None => None,
        Some(body) => Fields::read(&body.value, |fields| fields.secret("refresh"))?,
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
    limits: Managed<'_, Limits>,
) -> SignedInAnswer {
    let (current, new) =
        Fields::read(&body.value, |f| (f.needed_secret("current_password"), f.needed_secret("new_password")))?;
    // Who has somebody's access token must not be able to guess their password with it.
    let guess = limits.login(person.0.origin.client, &shop.my_email(&person.0)?).await?;
    let login = guess.settle(shop.password_change(&person.0, current, new).await)?;
    Ok(signed_in(&login))
}

/// # Ask for a new password
/// Mails a token for `POST /auth/password/reset`, if somebody has this address; the answer is the same if not.
#[openapi(tag = "Accounts")]
#[post("/auth/password/forgot", data = "<body>")]
pub async fn password_forgot(
    client: Client,
    body: Body<AddressedBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> Result<Nothing, Problem> {
    let email = Fields::read(&body.value, |f| f.needed_secret("email"))?;
    limits.forgot(client.address(), &email)?;
    shop.password_forgot(&anybody(client), &email).await?;
    Ok(Nothing)
}

/// # Choose a new password
/// With the token from the mail; all sign-ins end.
#[openapi(tag = "Accounts")]
#[post("/auth/password/reset", data = "<body>")]
pub async fn password_reset(
    client: Client,
    body: Body<ResetBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> Result<Nothing, Problem> {
    let (token, password) = Fields::read(&body.value, |f| (f.needed_secret("token"), f.needed_secret("password")))?;
    limits.reset(client.address())?;
    shop.password_reset(&anybody(client), &token, password).await?;
    Ok(Nothing)
}

/// # Prove a mailbox
/// With the token from the mail. When it was sent to a new address, that one replaces the old, and all sign-ins end.
#[openapi(tag = "Accounts")]
#[post("/auth/verify", data = "<body>")]
pub async fn verify(
    client: Client,
    body: Body<VerifyBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> Result<Nothing, Problem> {
    let token = Fields::read(&body.value, |f| f.needed_secret("token"))?;
    limits.reset(client.address())?;
    shop.email_verify(&anybody(client), &token).await?;
    Ok(Nothing)
}

/// # Ask again for the mail that proves a mailbox
/// The answer is the same whether somebody has this address or not.
#[openapi(tag = "Accounts")]
#[post("/auth/verify/resend", data = "<body>")]
pub async fn verify_resend(
    client: Client,
    body: Body<AddressedBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> Result<Nothing, Problem> {
    let email = Fields::read(&body.value, |f| f.needed_secret("email"))?;
    limits.forgot(client.address(), &email)?;
    shop.verify_resend(&anybody(client), &email).await?;
    Ok(Nothing)
}

fn anybody(client: Client) -> Ctx {
    Ctx::now(Actor::Anonymous).from(client.0)
}

fn signed_in(login: &Login) -> Answer<LoginView<'static>> {
    Answer::new(&LoginView::new(login), Audience::Nobody)
}
