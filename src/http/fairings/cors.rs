//! Pages of other sites: those on the list may use the API from a browser, nobody else's.
//!
//! An origin is compared as a whole with those on the list and is never answered with `*`. Nothing is sent along by
//! browsers on their own (sign-ins travel in `Authorization`), so no credentials are allowed either.

use crate::config::WebOrigin;
use crate::http::problem::Problem;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Method, Status};
use rocket::response::Responder;
use rocket::{Request, Response};

/// The origins that may.
pub struct Cors {
    /// As they were configured; with none, nothing is said about origins at all.
    pub origins: Vec<WebOrigin>,
}

/// Headers that pages may send.
const SENT: &str = "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id";
/// Headers that pages may read.
const SHOWN: &str = "ETag, Location, X-Request-Id, Retry-After, RateLimit, RateLimit-Policy";
/// Seconds for which browsers may remember what they were told.
const REMEMBERED: &str = "600";

#[rocket::async_trait]
impl Fairing for Cors {
    fn info(&self) -> Info {
        Info { name: "cors", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if self.origins.is_empty() {
            return;
        }
        let allowed = self.allowed(request);
        let known_path = response.status() == Status::MethodNotAllowed;
        match allowed {
            Some(origin) if is_preflight(request) && known_path => *response = granted(origin, response),
            None if is_preflight(request) && known_path => {
                if let Ok(refused) = refusal().respond_to(request) {
                    *response = refused;
                }
            }
            Some(origin) => {
                response.set_raw_header("Access-Control-Allow-Origin", origin.as_str().to_owned());
                response.set_raw_header("Access-Control-Expose-Headers", SHOWN);
            }
            None => {}
        }
        let vary = response.headers().get_one("Vary").map(|named| format!("{named}, Origin"));
        response.set_raw_header("Vary", vary.unwrap_or_else(|| "Origin".to_owned()));
    }
}

impl Cors {
    /// The origin of a request, when it is on the list. Two at once are none.
    fn allowed(&self, request: &Request<'_>) -> Option<&WebOrigin> {
        let mut given = request.headers().get("Origin");
        let origin = given.next().filter(|_| given.next().is_none())?;
        self.origins.iter().find(|known| known.as_str() == origin)
    }
}

/// A browser that asks before it sends something.
fn is_preflight(request: &Request<'_>) -> bool {
    let asks = |name| request.headers().contains(name);
    request.method() == Method::Options && asks("Origin") && asks("Access-Control-Request-Method")
}

/// The path is known and takes the methods that `Allow` names; which of them the caller may use is found out then.
fn granted(origin: &WebOrigin, not_allowed: &Response<'_>) -> Response<'static> {
    let methods = not_allowed.headers().get_one("Allow").unwrap_or_default().to_owned();
    Response::build()
        .status(Status::NoContent)
        .raw_header("Access-Control-Allow-Origin", origin.as_str().to_owned())
        .raw_header("Access-Control-Allow-Methods", methods)
        .raw_header("Access-Control-Allow-Headers", SENT)
        .raw_header("Access-Control-Max-Age", REMEMBERED)
        .raw_header("Cache-Control", "no-store")
        .finalize()
}

fn refusal() -> Problem {
    Problem::new(403, "origin-not-allowed", "Not from this page", "pages of this origin may not use the API")
}
