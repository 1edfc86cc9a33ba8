//! `/metrics`: numbers for programs that watch over the shop, in the text form of Prometheus.
//!
//! Where it is served and to whom is a setting. On the shop's own address and without a token it answers programs on this
//! machine only, and nothing that came by way of a proxy.

mod exposition;
mod families;
mod traffic;

pub use exposition::CONTENT_TYPE;
pub use traffic::Traffic;

use super::aside::{Asked, Told};
use super::cache::Bodies;
use super::problem::Problem;
use crate::config::Secret;
use crate::services::{Ctx, Outcome, Shop};
use rocket::http::ContentType;
use rocket::request::{FromRequest, Outcome as Guarded};
use rocket::{Request, State, get};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Headers that proxies add, so that whoever comes with one is not on this machine.
const OF_PROXIES: [&str; 5] = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"];

/// What the numbers are taken from, and the token that shows them.
#[derive(Clone)]
pub struct Gauges {
    /// The shop.
    pub shop: Arc<Shop>,
    /// Bodies kept ready.
    pub bodies: Bodies,
    /// What was asked of the shop over HTTP.
    pub traffic: Arc<Traffic>,
    /// What whoever asks has to bring along; empty for nothing.
    pub token: Secret,
}

impl Gauges {
    /// The numbers as they are now.
    pub fn text(&self) -> Outcome<String> {
        let vitals = self.shop.vitals(&Ctx::shop())?;
        let families = families::all(&self.shop, &vitals, &self.bodies, &self.traffic);
        Ok(exposition::text(families))
    }

    /// Whether a token is needed and this is not it.
    fn refuses(&self, authorization: Option<&str>) -> bool {
        let token = self.token.reveal();
        !token.is_empty() && !is_bearer(authorization, token)
    }

    /// Answers at an address of their own.
    pub fn answer(&self, asked: &Asked) -> Told {
        if asked.path != "/metrics" {
            return Told::plain(404, "only /metrics is here\n");
        }
        if self.refuses(asked.authorization.as_deref()) {
            return Told::plain(401, "bring the token of metrics.token along, as Authorization: Bearer\n");
        }
        match self.text() {
            Ok(text) => Told { status: 200, kind: CONTENT_TYPE, body: text },
            Err(error) => Told::plain(503, &format!("the numbers cannot be read: {error}\n")),
        }
    }
}

/// Whether an `Authorization` header brings this token along.
pub fn is_bearer(authorization: Option<&str>, token: &str) -> bool {
    let given = authorization.and_then(|text| text.strip_prefix("Bearer ")).map(str::trim);
    given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(token.as_bytes())))
}

/// Somebody who may see the numbers.
pub struct Watcher;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Watcher {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Guarded<Self, ()> {
        let Some(gauges) = request.rocket().state::<Gauges>() else {
            return Guarded::Error((
                Problem::new(404, "not-found", NOTHING, "there are no metrics").stash(request),
                (),
            ));
        };
        if gauges.refuses(request.headers().get_one("Authorization")) {
            let problem = Problem::unauthenticated("bring the token of metrics.token along");
            return Guarded::Error((problem.stash(request), ()));
        }
        if gauges.token.is_empty() && !is_of_this_machine(request) {
            let detail = "without metrics.token only programs on this machine see the metrics";
            return Guarded::Error((Problem::new(404, "not-found", NOTHING, detail).stash(request), ()));
        }
        Guarded::Success(Self)
    }
}

const NOTHING: &str = "There is no such thing";

fn is_of_this_machine(request: &Request<'_>) -> bool {
    let near = request.remote().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    near && !OF_PROXIES.iter().any(|name| request.headers().contains(*name))
}

#[get("/metrics")]
pub(super) fn metrics(_watcher: Watcher, gauges: &State<Gauges>) -> Result<(ContentType, String), Problem> {
    let kind = ContentType::new("text", "plain").with_params([("version", "0.0.4"), ("charset", "utf-8")]);
    Ok((kind, gauges.text()?))
}

#[cfg(test)]
mod tests {
    use super::is_bearer;

    #[test]
    fn only_the_whole_token_is_taken() {
        assert!(is_bearer(Some("Bearer abc"), "abc"));
        for wrong in [None, Some("abc"), Some("Bearer ab"), Some("Bearer abcd"), Some("bearer abc"), Some("Basic abc")]
        {
            assert!(!is_bearer(wrong, "abc"), "{wrong:?}");
        }
    }
}
