//! `/auth`.

use super::answer::{Answer, Audience, Managed};
use super::json::Body;
use super::problem::Problem;
use super::views::{LoginBody, LoginView};
use crate::domain::Fields;
use crate::services::{Actor, Ctx, Shop};
use rocket::post;
use rocket_okapi::openapi;
use std::sync::Arc;

/// # Sign in
/// Gives an access token for e-mail address and password.
#[openapi(tag = "Accounts")]
#[post("/auth/login", data = "<body>")]
pub async fn login(body: Body<LoginBody>, shop: Managed<'_, Arc<Shop>>) -> Result<Answer<LoginView<'static>>, Problem> {
    let (email, password) = Fields::read(&body.value, |fields| {
        for name in ["email", "password"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        (fields.secret("email").unwrap_or_default(), fields.secret("password").unwrap_or_default())
    })?;
    let login = shop.login(&Ctx::now(Actor::Anonymous), &email, password).await?;
    Ok(Answer::new(&LoginView::new(&login), Audience::Nobody))
}
