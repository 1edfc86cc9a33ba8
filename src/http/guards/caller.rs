//! Who is calling, by their access token.

use super::client::{admit, client_address, only_reads, origin};
use super::described::described;
use crate::domain::Right;
use crate::http::problem::Problem;
use crate::services::{Actor, Ctx, Origin, Shop};
use rocket::Request;
use rocket::request::{FromRequest, Outcome};
use rocket_okapi::okapi::openapi3::{Object, SecurityRequirement, SecurityScheme, SecuritySchemeData};
use rocket_okapi::request::RequestHeaderInput;
use std::marker::PhantomData;
use std::sync::Arc;

/// Anybody; known when they send a token. A token that is not valid is refused, not ignored.
pub struct Caller(pub Ctx);

/// Somebody who has the right `R`.
pub struct May<R>(pub Ctx, PhantomData<R>);

/// Somebody signed in, for what is theirs alone; a key is nobody.
pub struct SignedIn(pub Ctx);

/// Names a right in a handler's signature.
pub trait Asked: Send + Sync {
    /// The right.
    const RIGHT: Right;
}

macro_rules! asked {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Asked for $name {
            const RIGHT: Right = Right::$name;
        }
    )*};
}

asked! {
    /// To look after the shop itself.
    Maintain,
    /// To see discounts.
    DiscountsRead,
    /// To make and change discounts.
    DiscountsWrite,
    /// To see tax rates and shipping zones.
    SettingsRead,
    /// To change tax rates and shipping zones.
    SettingsWrite,
    /// To read the audit log.
    AuditRead,
    /// To change the catalog.
    CatalogWrite,
    /// To see what was sold.
    ReportsRead,
    /// To let reviews appear, or not.
    ReviewsWrite,
    /// To see who has an account.
    UsersRead,
    /// To make, change and erase accounts.
    UsersWrite,
    /// To give out and revoke API keys.
    KeysManage,
    /// To see orders.
    OrdersRead,
    /// To work on orders.
    OrdersWrite,
    /// To see exact stock and its ledger.
    StockRead,
    /// To count and move stock.
    StockWrite,
    /// To say who is told of events.
    WebhooksWrite,
}

impl Caller {
    /// Whether the caller sees what the public sees.
    pub fn is_public(&self) -> bool {
        !self.0.may(Right::CatalogRead)
    }
}

fn actor(request: &Request<'_>) -> Result<Actor, Problem> {
    let Some(header) = request.headers().get_one("Authorization") else { return Ok(Actor::Anonymous) };
    let shop = request.rocket().state::<Arc<Shop>>().ok_or_else(|| Problem::unauthenticated("no shop"))?;
    // The scheme has no case (RFC 9110).
    let token = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map_or("", |(_, token)| token);
    Ok(shop.actor_of(token.trim())?)
}

/// The circumstances of a request that is within its budget.
pub(super) fn ctx(request: &Request<'_>) -> Result<Ctx, Problem> {
    admit(request)?;
    let actor = actor(request)?;
    // Nothing is noted down about what anybody may read, so the texts need not be copied.
    let origin = if actor == Actor::Anonymous && only_reads(request) {
        Origin { client: client_address(request), ..Origin::default() }
    } else {
        origin(request)
    };
    Ok(Ctx::now(actor).from(origin))
}

/// The caller, when they are within their budget and `check` lets them in; the refusal is kept for the catcher.
fn admitted<T>(request: &Request<'_>, check: impl FnOnce(Ctx) -> Result<T, Problem>) -> Outcome<T, ()> {
    match ctx(request).and_then(check) {
        Ok(guard) => Outcome::Success(guard),
        Err(problem) => Outcome::Error((problem.stash(request), ())),
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Caller {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        admitted(request, |ctx| Ok(Self(ctx)))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SignedIn {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        admitted(request, |ctx| {
            ctx.person()?;
            Ok(Self(ctx))
        })
    }
}

#[rocket::async_trait]
impl<'r, R: Asked> FromRequest<'r> for May<R> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        admitted(request, |ctx| {
            ctx.require(R::RIGHT)?;
            Ok(Self(ctx, PhantomData))
        })
    }
}

/// The token that lets its bearer in.
fn bearer() -> RequestHeaderInput {
    let scheme = SecurityScheme {
        description: Some("The `access` token that `POST /auth/login` gives, or an API key.".to_owned()),
        data: SecuritySchemeData::Http { scheme: "bearer".to_owned(), bearer_format: Some("JWT".to_owned()) },
        extensions: Object::default(),
    };
    let mut requirement = SecurityRequirement::new();
    requirement.insert("access".to_owned(), Vec::new());
    RequestHeaderInput::Security("access".to_owned(), scheme, requirement)
}

described!(Caller, RequestHeaderInput::None);
described!(SignedIn, bearer());
described!(for<R: Asked> May<R>, bearer());
