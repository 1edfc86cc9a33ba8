//! Every error that leaves: `application/problem+json` (RFC 9457), the framework's own errors included.
//!
//! Causes are logged here and never sent.

use super::fairings::{Headers, Requests, request_id};
use crate::domain::pricing::Refusal;
use crate::domain::{FieldError, Invalid};
use crate::services::Error;
use rocket::http::{ContentType, Header, Method, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{Catcher, catch, catchers};
use rocket_okapi::okapi::openapi3::Responses;
use rocket_okapi::response::OpenApiResponderInner;
use schemars::JsonSchema;
use serde::Serialize;
use std::io::Cursor;
use std::sync::Mutex;

/// Wrong fields that are named: one for each row of a batch, and never an answer far larger than the request.
const MOST_ERRORS: usize = 1_000;

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FieldProblem {
    /// The path of the field, such as `variants[2].price`; empty for the whole body.
    pub field: String,
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// An error as it is sent.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Problem {
    /// A stable path that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong this time, and what to do.
    pub detail: String,
    /// The request's id, also in `X-Request-Id` and in the server's log.
    pub instance: String,
    /// Every wrong field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    #[serde(skip)]
    headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem of a kind; `kind` is the last part of its `type`.
    pub fn new(status: u16, kind: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{kind}"),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            instance: String::new(),
            errors: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// A query parameter or path the client got wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "bad-request", "The request cannot be understood", detail)
    }

    /// The same problem with a header.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors
            .into_iter()
            .take(MOST_ERRORS)
            .map(|e| FieldProblem { field: e.field, code: e.code.to_owned(), message: e.message })
            .collect();
        self
    }

    /// A 401 with the challenge that must go with it.
    pub fn unauthenticated(detail: &str) -> Self {
        Self::new(401, "unauthenticated", "Sign in first", detail)
            .with_header("WWW-Authenticate", "Bearer realm=\"nexus\"")
    }

    /// Keeps the problem for the catcher, since a guard can only fail with a status.
    pub fn stash(self, request: &Request<'_>) -> Status {
        let status = Status::new(self.status);
        let slot: &Stash = request.local_cache(Stash::default);
        *slot.0.lock().unwrap_or_else(|e| e.into_inner()) = Some(self);
        status
    }
}

#[derive(Default)]
struct Stash(Mutex<Option<Problem>>);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::new(404, "not-found", "There is no such thing", detail),
            Error::Moved(slug) => {
                Self::new(301, "moved", "It has another address now", detail).with_header("Location", slug.to_string())
            }
            Error::Invalid(invalid) => invalid.into(),
            Error::Conflict(code, detail, fields) => {
                Self::new(409, code.replace('_', "-").as_str(), "It does not go with what is there", detail)
                    .with_errors(fields)
            }
            Error::KeyReused => Self::new(422, "idempotency-key-reused", "The key belongs to another request", detail),
            Error::Stale => {
                Self::new(412, "stale", "It has changed", "it has changed since you read it; read it again")
            }
            Error::Unauthenticated => Self::unauthenticated("send a valid access token as Authorization: Bearer …"),
            Error::BadCredentials | Error::BadRefresh => Self::unauthenticated(&detail),
            Error::WrongPassword => Invalid::one("current_password", "wrong", "is not your password").into(),
            Error::UnknownCode => {
                let refusal = Refusal::Unknown;
                Invalid::one("code", refusal.code(), refusal.message()).into()
            }
            Error::Forbidden => Self::new(403, "forbidden", "Not allowed", detail),
            Error::TooManyUnpaid(_) => Self::new(429, "too-many-unpaid-orders", "Too many unpaid orders", detail)
                .with_header("Retry-After", "600"),
            Error::NoProvider => Self::new(503, "no-provider", "The payment provider gave no answer", detail)
                .with_header("Retry-After", "5"),
            Error::Busy => Self::new(503, "busy", "Too much is going on", detail).with_header("Retry-After", "1"),
            Error::Timeout => Self::new(503, "timeout", "It took too long", detail).with_header("Retry-After", "5"),
            Error::DiskFull => {
                Self::new(507, "disk-full", "No room on the disk", "the shop is read-only until there is room")
                    .with_header("Retry-After", "30")
            }
            Error::Unavailable => {
                let detail = "whether the write happened is unknown: read it again before you repeat it";
                Self::new(503, "outcome-unknown", "The disk failed", detail).with_header("Retry-After", "5")
            }
            Error::Internal(why) => {
                tracing::error!(%why, "a request failed");
                Self::new(500, "internal", "Something is broken here", "the shop's log says more under this request id")
            }
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let count = invalid.0.len();
        let detail = if count == 1 { "one field is wrong".to_owned() } else { format!("{count} fields are wrong") };
        Self::new(422, "validation", "The input breaks rules", detail).with_errors(invalid.0)
    }
}

impl<'r> Responder<'r, 'static> for Problem {
    fn respond_to(mut self, request: &'r Request<'_>) -> response::Result<'static> {
        request_id(request).clone_into(&mut self.instance);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::build();
        response
            .status(Status::new(self.status))
            .header(ContentType::new("application", "problem+json"))
            .header(Header::new("Cache-Control", "no-store"))
            .sized_body(body.len(), Cursor::new(body));
        for (name, value) in self.headers {
            response.header(Header::new(name, value));
        }
        // An address that cannot be parsed is answered past the fairings that do this for all others.
        let mut response = response.finalize();
        response.set_header(Header::new("X-Request-Id", self.instance));
        if let Some(headers) = request.rocket().state::<Headers>() {
            headers.add(request, &mut response);
        }
        Ok(response)
    }
}

/// The problems of an operation are added to the whole document by rule, in `openapi.rs`.
impl OpenApiResponderInner for Problem {
    fn responses(_: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<Responses> {
        Ok(Responses::default())
    }
}

/// The catchers of the whole server.
pub fn catchers() -> Vec<Catcher> {
    catchers![any]
}

#[catch(default)]
fn any(status: Status, request: &Request<'_>) -> Problem {
    let slot: &Stash = request.local_cache(Stash::default);
    if let Some(problem) = slot.0.lock().unwrap_or_else(|e| e.into_inner()).take() {
        return problem;
    }
    match status.code {
        404 => not_found(request),
        // Guards say for themselves what is wrong; this is the framework, which met a method it does not know.
        400 => unknown_method(request),
        413 => Problem::new(413, "too-large", "The body is too large", "send less at a time"),
        422 => Problem::new(422, "validation", "The input breaks rules", "a value in the address is not valid"),
        500 => {
            Problem::new(500, "internal", "Something is broken here", "the shop's log says more under this request id")
        }
        503 => Problem::new(503, "busy", "Too much is going on", "try again shortly").with_header("Retry-After", "1"),
        code => Problem::new(code, "error", status.reason_lossy(), "the request was refused"),
    }
}

/// The framework says 404 for a known path with a wrong method; the contract says 405 with what is allowed.
fn not_found(request: &Request<'_>) -> Problem {
    let allowed = allowed_methods(request);
    if allowed.is_empty() || allowed.contains(&request.method()) {
        return Problem::new(404, "not-found", "There is no such thing", "nothing is at this address");
    }
    method_not_allowed(&allowed)
}

/// The framework says 400 for `PROPFIND` and the like, and for the address of a `CONNECT`. It hands over a request
/// that no fairing has seen, so the headers of every answer are added here.
fn unknown_method(request: &Request<'_>) -> Problem {
    let allowed = allowed_methods(request);
    let problem = if allowed.is_empty() {
        Problem::new(501, "not-implemented", "Not with this method", "the shop does not know this method")
    } else {
        method_not_allowed(&allowed)
    };
    if let Some(requests) = request.rocket().state::<Requests>() {
        requests.note_unknown_method(request, problem.status);
    }
    problem.with_header("X-Request-Id", request_id(request)).with_header("X-Content-Type-Options", "nosniff")
}

fn method_not_allowed(allowed: &[Method]) -> Problem {
    let names: Vec<&str> = allowed.iter().map(|m| m.as_str()).collect();
    let names = names.join(", ");
    Problem::new(405, "method-not-allowed", "Not with this method", format!("this address takes {names}"))
        .with_header("Allow", names)
}

/// What the address takes. Where several templates fit it, such as `products/batch` and `products/<id>`, the one
/// that says most of it counts.
fn allowed_methods(request: &Request<'_>) -> Vec<Method> {
    let path = request.uri().path();
    let fitting = request.rocket().routes().filter_map(|route| {
        let template = route.uri.to_string();
        matches_path(&template, path.as_str()).then(|| (template.matches('<').count(), route.method))
    });
    let fitting: Vec<(usize, Method)> = fitting.collect();
    let fewest = fitting.iter().map(|(unknowns, _)| *unknowns).min();
    let mut allowed: Vec<Method> =
        fitting.into_iter().filter(|(unknowns, _)| Some(*unknowns) == fewest).map(|(_, method)| method).collect();
    if allowed.contains(&Method::Get) {
        allowed.push(Method::Head);
    }
    allowed.sort_by_key(|method| method.as_str());
    allowed.dedup();
    allowed
}

fn matches_path(template: &str, path: &str) -> bool {
    let template = template.split('?').next().unwrap_or("");
    let parts = |text: &str| text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (template, path) = (parts(template), parts(path));
    template.len() == path.len() && template.iter().zip(&path).all(|(t, p)| t.starts_with('<') || t == p)
}

#[cfg(test)]
mod tests {
    use super::matches_path;

    #[test]
    fn templates_match_by_segment() {
        assert!(matches_path("/api/v1/products/<id>", "/api/v1/products/7"));
        assert!(!matches_path("/api/v1/products/<id>", "/api/v1/products"));
        assert!(!matches_path("/api/v1/products", "/api/v1/categories"));
    }
}
