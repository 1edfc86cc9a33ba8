//! `/me`: what people do with their own account.

use super::answer::{Answer, Audience, Managed, Nothing};
use super::guards::{IfMatch, SignedIn};
use super::json::Body;
use super::limits::Limits;
use super::page::CursorKey;
use super::parameters::SHORT_LIST;
use super::problem::Problem;
use super::query::Query;
use super::views::{MeExport, MePatch, SessionList, UserView, revision_tag};
use crate::domain::{Fields, PageSize, SessionId};
use crate::services::identity::{MyChange, SessionPosition, User};
use crate::services::{Error, Shop};
use rocket::{delete, get, patch};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # Read your account
#[openapi(tag = "Accounts")]
#[get("/me")]
pub async fn me_get(person: SignedIn, shop: Managed<'_, Arc<Shop>>) -> Result<Answer<UserView>, Problem> {
    Ok(one(shop.me(&person.0)?))
}

/// # Change your account
/// A JSON merge patch (RFC 7396). Another `email` needs `current_password`, and waits as `pending_email` until the
/// mail sent there is confirmed by `POST /auth/verify`; the present `email` withdraws the change, and so does another
/// password.
#[openapi(tag = "Accounts")]
#[patch("/me", data = "<body>")]
pub async fn me_patch(
    person: SignedIn,
    known: IfMatch,
    body: Body<MePatch>,
    shop: Managed<'_, Arc<Shop>>,
    limits: Managed<'_, Limits>,
) -> Result<Answer<UserView>, Problem> {
    let change = Fields::read(&body.value, MyChange::read)?;
    let guess = match change.password {
        Some(_) => Some(limits.login(person.0.origin.client, &shop.my_email(&person.0)?).await?),
        None => None,
    };
    let user = shop.me_update(&person.0, known.0, change).await;
    let user = match guess {
        Some(guess) => guess.settle(user),
        None => user,
    };
    Ok(one(user?))
}

/// # Erase yourself
/// Name, address and everything else personal is forgotten at once and for good; what the books need stays.
#[openapi(tag = "Accounts")]
#[delete("/me")]
pub async fn me_erase(person: SignedIn, known: IfMatch, shop: Managed<'_, Arc<Shop>>) -> Result<Nothing, Problem> {
    shop.me_erase(&person.0, known.0).await?;
    Ok(Nothing)
}

/// # Take your data with you
/// Everything the shop keeps about you.
#[openapi(tag = "Accounts")]
#[get("/me/export")]
pub async fn me_export(person: SignedIn, shop: Managed<'_, Arc<Shop>>) -> Result<Answer<MeExport>, Problem> {
    let data = shop.me_export(&person.0)?;
    Ok(Answer::new(&MeExport::new(data, shop.settings().currency()), Audience::Nobody))
}

/// # List your sign-ins
#[openapi(tag = "Accounts")]
#[get("/me/sessions")]
pub async fn session_list(
    person: SignedIn,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<SessionList>, Problem> {
    query.only(SHORT_LIST)?;
    let from = query.one("cursor")?.map(|cursor| cursors.open::<SessionPosition>("sessions", cursor)).transpose()?;
    let page = shop.session_page(&person.0, query.page_size_or(PageSize::LARGEST)?, from)?;
    let links = query.links("me/sessions", cursors, "sessions", page.next, page.previous);
    Ok(Answer::new(&SessionList::new(page.items, links), Audience::Nobody))
}

/// # End one of your sign-ins
#[openapi(tag = "Accounts")]
#[delete("/me/sessions/<id>")]
pub async fn session_revoke(person: SignedIn, id: &str, shop: Managed<'_, Arc<Shop>>) -> Result<Nothing, Problem> {
    let id = SessionId::parse(id).ok_or(Error::NotFound("session"))?;
    shop.session_revoke(&person.0, id).await?;
    Ok(Nothing)
}

fn one(user: User) -> Answer<UserView> {
    let tag = revision_tag(user.revision, "");
    Answer::new(&UserView::new(user), Audience::Nobody).with_etag(tag)
}
