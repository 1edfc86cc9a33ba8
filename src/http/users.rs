//! `/users`: user administration.

use super::BASE;
use super::answer::{Answer, Audience, Managed, Nothing};
use super::guards::{IfMatch, May, UsersRead, UsersWrite};
use super::json::Body;
use super::page::CursorKey;
use super::parameters::USER_LIST;
use super::problem::Problem;
use super::query::Query;
use super::views::{UserBody, UserList, UserPatch, UserView, revision_tag};
use crate::domain::{Email, Fields, Role, UserId};
use crate::services::identity::{User, UserChange, UserDraft, UserFilter};
use crate::services::{Error, Shop};
use rocket::{delete, get, patch, post};
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List users
/// In order of id.
#[openapi(tag = "Users")]
#[get("/users")]
pub async fn user_list(
    admin: May<UsersRead>,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
    cursors: Managed<'_, CursorKey>,
) -> Result<Answer<UserList>, Problem> {
    query.only(USER_LIST)?;
    let filter = UserFilter {
        role: query.parsed("role", "customer, staff or admin", Role::parse)?,
        active: query.flag("active")?,
        email: query.parsed("email", "an e-mail address", Email::parse)?.map(|email| email.key()),
    };
    let list = format!("users {}", query.key_without(&["cursor", "page_size"]));
    let from = query.one("cursor")?.map(|cursor| cursors.open::<UserId>(&list, cursor)).transpose()?;
    let page = shop.user_page(&admin.0, &filter, query.page_size()?, from)?;
    let links = query.links("users", cursors, &list, page.next, page.previous);
    Ok(Answer::new(&UserList::new(page.items, links), Audience::Nobody))
}

/// # Read a user
#[openapi(tag = "Users")]
#[get("/users/<id>")]
pub async fn user_get(
    admin: May<UsersRead>,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<UserView>, Problem> {
    Ok(one(shop.user_get(&admin.0, user_id(id)?)?))
}

/// # Create a user
/// Without a `password` they are invited by mail to choose one.
#[openapi(tag = "Users")]
#[post("/users", data = "<body>")]
pub async fn user_create(
    admin: May<UsersWrite>,
    body: Body<UserBody>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<UserView>, Problem> {
    let draft = Fields::read(&body.value, UserDraft::read)?;
    let user = shop.user_add(&admin.0, draft).await?;
    let location = format!("{BASE}/users/{}", user.id);
    Ok(one(user).created_at(location))
}

/// # Change a user
/// A JSON merge patch (RFC 7396). It acts on their live tokens at once: another `email` or `password`, or
/// `active: false`, ends their sign-ins; another `role` counts from their next request.
#[openapi(tag = "Users")]
#[patch("/users/<id>", data = "<body>")]
pub async fn user_patch(
    admin: May<UsersWrite>,
    id: &str,
    known: IfMatch,
    body: Body<UserPatch>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<UserView>, Problem> {
    let change = Fields::read(&body.value, UserChange::read)?;
    Ok(one(shop.user_update(&admin.0, user_id(id)?, known.0, change).await?))
}

/// # Erase a user
/// Name, address and everything else personal is forgotten at once and for good; what the books need stays.
#[openapi(tag = "Users")]
#[delete("/users/<id>")]
pub async fn user_erase(
    admin: May<UsersWrite>,
    id: &str,
    known: IfMatch,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    shop.user_erase(&admin.0, user_id(id)?, known.0).await?;
    Ok(Nothing)
}

fn one(user: User) -> Answer<UserView> {
    let tag = revision_tag(user.revision, "");
    Answer::new(&UserView::new(user), Audience::Nobody).with_etag(tag)
}

fn user_id(text: &str) -> Result<UserId, Problem> {
    UserId::parse(text).ok_or_else(|| Error::NotFound("user").into())
}
