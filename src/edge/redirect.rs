//! The door of plain HTTP: everybody is sent on to the shop's https address, which is configured. Nothing a client sends
//! decides where it is sent, only what it asks for there.

use super::answer::{Answer, Going};
use super::proxy::Passage;
use super::refusal::MALFORMED;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, LOCATION};
use hyper::{Request, Response, StatusCode};

impl Passage {
    /// Sends a client on to the same address below this origin.
    pub fn send_on(&self, origin: &str, request: &Request<Incoming>) -> Response<Answer> {
        let going = Going::begin(&self.pulse, &self.front.limits);
        let path = request.uri().path_and_query().map(|path| path.as_str()).filter(|path| path.starts_with('/'));
        let Ok(location) = HeaderValue::from_str(&format!("{origin}{}", path.unwrap_or("/"))) else {
            return self.front.dress.response(MALFORMED).map(|answer| answer.hold(going));
        };
        let mut response = Response::new(Answer::whole(Bytes::new()));
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        self.front.dress.put_on(response.headers_mut(), &crate::clock::random_hex::<8>());
        // Browsers take this one from https only, and it has no place elsewhere.
        response.headers_mut().remove("strict-transport-security");
        response.headers_mut().insert(LOCATION, location);
        response.map(|answer| answer.hold(going))
    }
}
