//! The door of plain HTTP: everybody is sent on to the shop's https address, which is configured. Nothing a client sends
//! decides where it is sent, only what it asks for there. An authority that was asked for a certificate finds its proof
//! here, where RFC 8555, section 8.3 has it looked for.

use super::acme::PLACE;
use super::answer::{Answer, Going};
use super::proxy::Passage;
use super::refusal::{MALFORMED, NOT_EXPECTED, Refusal};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, STRICT_TRANSPORT_SECURITY};
use hyper::{Request, Response, StatusCode};

impl Passage {
    /// Answers at the door of plain HTTP, from where everybody is sent on to this origin.
    pub fn at_the_plain_door(&self, origin: &str, request: &Request<Incoming>) -> Response<Answer> {
        let going = Going::begin(&self.pulse, &self.front.limits);
        let token = request.uri().path().strip_prefix(PLACE);
        let answered = match (&self.front.challenges, token) {
            (Some(challenges), Some(token)) => self.prove(challenges.answer(token)),
            _ => self.send_on(origin, request),
        };
        let refuse = |refusal| self.front.dress.refuse(refusal, self.address, request.method());
        let mut response = answered.unwrap_or_else(refuse);
        // Browsers take this one from https only, and it has no place elsewhere.
        response.headers_mut().remove(STRICT_TRANSPORT_SECURITY);
        response.map(|answer| answer.hold(going))
    }

    /// Sends a client on to the same address below this origin.
    fn send_on(&self, origin: &str, request: &Request<Incoming>) -> Result<Response<Answer>, Refusal> {
        let path = request.uri().path_and_query().map(|path| path.as_str()).filter(|path| path.starts_with('/'));
        let Ok(location) = HeaderValue::from_str(&format!("{origin}{}", path.unwrap_or("/"))) else {
            return Err(MALFORMED);
        };
        let mut response = Response::new(Answer::whole(Bytes::new()));
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        self.dress(response.headers_mut());
        response.headers_mut().insert(LOCATION, location);
        Ok(response)
    }

    /// Shows an authority what it looks for, and nobody anything that no authority was told of.
    fn prove(&self, proof: Option<String>) -> Result<Response<Answer>, Refusal> {
        let proof = proof.ok_or(NOT_EXPECTED)?;
        let mut response = Response::new(Answer::whole(proof.into()));
        self.dress(response.headers_mut());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        Ok(response)
    }

    fn dress(&self, headers: &mut HeaderMap) {
        self.front.dress.put_on(headers, &crate::clock::random_hex::<8>());
    }
}
