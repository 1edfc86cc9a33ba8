//! `/auth`.

use super::answer::{Answer, Audience, Managed};
use super::guards::Client;
use super::json::Body;
use super::limits::Limits;
use super::problem::Problem;
use super::views::{LoginBody, LoginView};
use crate::domain::Fields;
use crate::services::{Actor, Ctx, Error, Shop};
use rocket::post;
use rocket_okapi::openapi;
use std::sync::Arc;

/// # Sign in
/// Gives an access token for e-mail address and password.
#[openapi(tag = "Accounts")]
#[post("/auth/login", data = "<body>")]
pub async fn login(
    client: Client,
    body: Body<LoginBody>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> Result<Answer<LoginView<'static>>, Problem> {
    let (email, password) = Fields::read(&body.value, |fields| {
        for name in ["email", "password"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        (fields.secret("email").unwrap_or_default(), fields.secret("password").unwrap_or_default())
    })?;
    let guess = limits.login(client.address(), &email).await?;
    let login = shop.login(&Ctx::now(Actor::Anonymous).from(client.0), &email, password).await;
    if !matches!(login, Err(Error::BadCredentials)) {
        guess.take_back();
    }
    Ok(Answer::new(&LoginView::new(&login?), Audience::Nobody))
}
