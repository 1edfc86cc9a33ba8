//! Gives each request an id and logs it: client, method, route, status, duration; never a query string or a body.

use super::super::guards::client_address;
use super::super::health::{Closing, UnderWay};
use super::super::metrics::Traffic;
use crate::spans::RequestSpan;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Header;
use rocket::{Data, Request, Response};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Names, counts and logs requests.
#[derive(Clone)]
pub struct Requests {
    /// Whether each one is logged.
    pub access_log: bool,
    /// Where they are counted.
    pub traffic: Arc<Traffic>,
}

struct Began {
    id: String,
    at: Instant,
    span: RequestSpan,
    /// Lives as long as the request does, which is until its answer is sent.
    _under_way: Option<UnderWay>,
}

#[rocket::async_trait]
impl Fairing for Requests {
    fn info(&self) -> Info {
        Info { name: "requests", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        began(request);
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let began = began(request);
        response.set_header(Header::new("X-Request-Id", began.id.clone()));
        let (status, took) = (response.status().code, began.at.elapsed());
        self.traffic.note(request, status, took);
        let template = request.route().map(|route| route.uri.as_str());
        began.span.end(request.method().as_str(), template, status);
        let route = request.route().map_or("-", |route| route.uri.as_str());
        self.log(request, request.method().as_str(), route, status, took);
    }
}

impl Requests {
    /// Counts and logs a request with a method that the framework does not know, which it shows to no fairing.
    pub fn note_unknown_method(&self, request: &Request<'_>, status: u16) {
        let took = began(request).at.elapsed();
        self.traffic.note_unknown_method(status, took);
        self.log(request, "other", "-", status, took);
    }

    fn log(&self, request: &Request<'_>, method: &str, route: &str, status: u16, took: Duration) {
        if self.access_log {
            tracing::info!(
                target: "nexus::access",
                request_id = %began(request).id,
                client = client_address(request).map(tracing::field::display),
                method,
                route,
                status,
                duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            );
        }
    }
}

/// The id of a request: the client's, when it is a sane token, else one of ours.
pub fn request_id<'r>(request: &'r Request<'_>) -> &'r str {
    &began(request).id
}

fn began<'r>(request: &'r Request<'_>) -> &'r Began {
    request.local_cache(|| {
        let given = request.headers().get_one("X-Request-Id").filter(|id| is_sane(id));
        let id = given.map_or_else(new_id, str::to_owned);
        let span = RequestSpan::begin(&id, |name| request.headers().get_one(name));
        let under_way = request.rocket().state::<Closing>().and_then(Closing::begin);
        Began { id, at: Instant::now(), span, _under_way: under_way }
    })
}

/// What is taken over stands in logs and in answers, so it is short and of plain signs.
fn is_sane(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Random for each process and counted within it: unique without asking the system for each request.
fn new_id() -> String {
    static PROCESS: LazyLock<String> = LazyLock::new(crate::clock::random_hex::<6>);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{:06x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed))
}
