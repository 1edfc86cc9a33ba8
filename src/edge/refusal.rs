//! What the edge answers itself: problems as the shop's own, with the headers that every answer has.

use super::answer::Answer;
use super::refused::AccessLog;
use crate::counters::{Doorway, Refused};
use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Response, StatusCode};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;

/// A reason not to pass a request on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// What kind of problem it is.
    pub kind: &'static str,
    counts_as: Refused,
    title: &'static str,
    detail: &'static str,
}

const fn refusal(
    (status, counts_as): (u16, Refused),
    kind: &'static str,
    title: &'static str,
    detail: &'static str,
) -> Refusal {
    Refusal { status, counts_as, kind, title, detail }
}

/// What is not HTTP, or not by the letter.
pub const MALFORMED: Refusal = refusal(
    (400, Refused::Malformed),
    "bad-request",
    "The request cannot be understood",
    "it is not HTTP as it is written down: look at line ends, Host, Content-Length and Transfer-Encoding",
);
/// A body that breaks off or is not in chunks as it says.
pub const BROKEN_BODY: Refusal = refusal(
    (400, Refused::Malformed),
    "bad-request",
    "The request cannot be understood",
    "its body does not come as its headers say",
);
/// A token that no authority was told of.
pub const NOT_EXPECTED: Refusal = refusal(
    (404, Refused::NotExpected),
    "not-found",
    "There is no such thing",
    "nobody is expected to look for a certificate's proof here",
);
/// A head or a body that does not come in time.
pub const SLOW: Refusal = refusal(
    (408, Refused::Slow),
    "request-timeout",
    "The request took too long",
    "send it again, faster and in one go",
);
/// A body beyond the bound.
pub const LARGE_BODY: Refusal =
    refusal((413, Refused::LargeBody), "too-large", "The body is too large", "send less at a time");
/// An address beyond the bound.
pub const LONG_URI: Refusal = refusal(
    (414, Refused::LongUri),
    "uri-too-long",
    "The address is too long",
    "an address may have 8 KiB; ask for less at a time",
);
/// A host name of others.
pub const FOREIGN_HOST: Refusal = refusal(
    (421, Refused::ForeignHost),
    "misdirected",
    "Not at this address",
    "the shop is not served under this host name",
);
/// Headers beyond the bound.
pub const LARGE_HEADERS: Refusal = refusal(
    (431, Refused::LargeHeaders),
    "headers-too-large",
    "The headers are too large",
    "at most 100 headers of 32 KiB altogether are read",
);
/// A method of proxies, or a coding nobody asked for.
pub const NOT_IMPLEMENTED: Refusal = refusal(
    (501, Refused::NotImplemented),
    "not-implemented",
    "Not in this way",
    "the shop does not know this method or transfer coding",
);
/// The shop gave no answer.
pub const UNANSWERED: Refusal = refusal(
    (502, Refused::Unanswered),
    "no-answer",
    "The shop gave no answer",
    "try again; if it was a write, look first whether it happened",
);
/// Too much is going on.
pub const BUSY: Refusal = refusal((503, Refused::Busy), "busy", "Too much is going on", "try again shortly");
/// The shop took too long.
pub const LATE: Refusal = refusal(
    (504, Refused::Late),
    "timeout",
    "It took too long",
    "if it was a write, look whether it happened before you repeat it",
);

/// How the edge's own answers are dressed, and where they are noted and counted.
pub struct Dress {
    headers: Vec<(HeaderName, HeaderValue)>,
    log: AccessLog,
    doorway: Arc<Doorway>,
}

impl Dress {
    /// With these headers on every answer; refusals are logged as requests are, or not.
    pub fn new(headers: &[(&'static str, &'static str)], access_log: bool, doorway: Arc<Doorway>) -> Self {
        let header = |(name, value): &(&'static str, &'static str)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_static(value)))
        };
        Self { headers: headers.iter().filter_map(header).collect(), log: AccessLog::new(access_log), doorway }
    }

    /// The answer to a request that is refused, which is noted.
    pub fn refuse(&self, refusal: Refusal, client: IpAddr, method: &Method) -> Response<Answer> {
        let response = self.response(refusal);
        let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
        self.log.note(refusal, id.unwrap_or_default(), client, Some(method));
        response
    }

    /// The answer to a request.
    pub fn response(&self, refusal: Refusal) -> Response<Answer> {
        self.doorway.refuse(refusal.counts_as);
        let (id, body) = body(refusal);
        let mut response = Response::new(Answer::whole(body.into()));
        *response.status_mut() = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.put_on(headers, &id);
        if refusal.status == 503 {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    /// Adds what every answer has.
    pub fn put_on(&self, headers: &mut hyper::HeaderMap, id: &str) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert("x-request-id", id);
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// The whole answer of an HTTP/1 connection that ends with it, for where there is no request to answer; it is noted.
    pub fn last_words(&self, refusal: Refusal, client: IpAddr) -> Bytes {
        self.doorway.refuse(refusal.counts_as);
        let (id, body) = body(refusal);
        self.log.note(refusal, &id, client, None);
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut text = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\
             cache-control: no-store\r\nx-request-id: {id}\r\n",
            body.len()
        );
        for (name, value) in &self.headers {
            text += &format!("{name}: {}\r\n", value.to_str().unwrap_or_default());
        }
        Bytes::from(text + "\r\n" + &body)
    }
}

/// The id of the answer, and its body.
fn body(refusal: Refusal) -> (String, String) {
    let id = crate::clock::random_hex::<8>();
    let body = json!({
        "type": format!("/problems/{}", refusal.kind),
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "instance": id,
    });
    (id, body.to_string())
}
