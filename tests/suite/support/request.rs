//! Requests as each kind of caller makes them, and what comes back.
//!
//! Every answer is held against the API description on its way in: a status, header or body that is not described
//! fails the test that met it.

use super::{TestShop, spec};
use rocket::http::{Header, Method};
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};

/// Encodes any text for use in an address.
pub fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Somebody who sends requests.
pub trait Requests {
    /// The shop they are sent to.
    fn shop(&self) -> &TestShop;

    /// The access token they carry.
    fn token(&self) -> Option<&str>;

    /// A request, not yet sent.
    fn request(&self, method: Method, path: &str) -> Pending<'_> {
        let headers = self.token().map(|token| ("Authorization".to_owned(), format!("Bearer {token}")));
        Pending {
            shop: self.shop(),
            method,
            path: path.to_owned(),
            headers: headers.into_iter().collect(),
            body: None,
            peer: None,
        }
    }

    /// Reads.
    fn get(&self, path: &str) -> Answer {
        self.request(Method::Get, path).send()
    }

    /// Reads, knowing a state already.
    fn get_unless(&self, path: &str, etag: &str) -> Answer {
        self.request(Method::Get, path).header("If-None-Match", etag).send()
    }

    /// Asks for the headers alone.
    fn head(&self, path: &str) -> Answer {
        self.request(Method::Head, path).send()
    }

    /// Sends a new thing.
    fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::Post, path).json(body).send()
    }

    /// Replaces a thing.
    fn put(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::Put, path).json(body).send()
    }

    /// Changes a thing.
    fn patch(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::Patch, path).json(body).send()
    }

    /// Removes a thing.
    fn delete(&self, path: &str) -> Answer {
        self.request(Method::Delete, path).send()
    }

    /// The results of a list that fits on one page.
    fn results(&self, path: &str) -> Vec<Value> {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()["results"].as_array().expect("results").clone()
    }

    /// The names on the one page of a list.
    fn names(&self, path: &str) -> Vec<String> {
        self.results(path).iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
    }
}

/// Nobody known.
pub struct Anonymous<'s>(pub(super) &'s TestShop);

/// Somebody with a token.
pub struct SignedIn<'s>(pub(super) &'s TestShop, pub(super) String);

impl Requests for Anonymous<'_> {
    fn shop(&self) -> &TestShop {
        self.0
    }

    fn token(&self) -> Option<&str> {
        None
    }
}

impl Requests for SignedIn<'_> {
    fn shop(&self) -> &TestShop {
        self.0
    }

    fn token(&self) -> Option<&str> {
        Some(&self.1)
    }
}

/// A request, not yet sent.
pub struct Pending<'s> {
    shop: &'s TestShop,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    peer: Option<SocketAddr>,
}

impl Pending<'_> {
    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With JSON.
    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    /// With bytes.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Through a socket whose other end has this address.
    pub fn from(mut self, address: &str) -> Self {
        let address: IpAddr = address.parse().expect("an address");
        self.peer = Some(SocketAddr::new(address, 50_000));
        self
    }

    /// Sends it, and holds the answer against the API description.
    pub fn send(self) -> Answer {
        let mut request = self.shop.client().req(self.method, self.path.clone());
        for (name, value) in self.headers {
            request = request.header(Header::new(name, value));
        }
        if let Some(peer) = self.peer {
            request = request.remote(peer);
        }
        let response = match self.body {
            Some(body) => request.body(body).dispatch(),
            None => request.dispatch(),
        };
        let status = response.status().code;
        let headers = response.headers().iter().map(|h| (h.name().as_str().to_owned(), h.value().to_owned())).collect();
        let answer = Answer { status, headers, body: response.into_bytes().unwrap_or_default() };
        spec::check(self.method, &self.path, &answer);
        answer
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Every header in order.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The `ETag`, quotes included.
    pub fn etag(&self) -> String {
        self.header("ETag").unwrap_or_else(|| panic!("an ETag in {self:?}")).to_owned()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e} in {} {}", self.status, self.text()))
    }

    /// The JSON of an answer that must have this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// All that a problem tells, but for the id of its request.
    pub fn told(&self) -> (u16, Value, Vec<(String, String)>) {
        let mut body = self.json();
        body["instance"] = Value::Null;
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| name != "X-Request-Id");
        (self.status, body, headers)
    }

    /// Holds it to this status and to no body.
    #[track_caller]
    pub fn empty(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text());
        assert!(self.body.is_empty(), "{}", self.text());
    }

    /// The problem of an answer that must have this status and kind, as `/problems/kind`.
    #[track_caller]
    pub fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{kind}"), "{problem}");
        problem
    }

    /// The fields and codes of a 422.
    #[track_caller]
    pub fn invalid(&self) -> Vec<(String, String)> {
        let problem = self.problem(422, "validation");
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("errors in {problem}"));
        let text = |error: &Value, key: &str| error[key].as_str().expect("a text").to_owned();
        errors.iter().map(|error| (text(error, "field"), text(error, "code"))).collect()
    }

    /// Asserts a 422 that names this field with this code.
    #[track_caller]
    pub fn names_field(&self, field: &str, code: &str) {
        let found = self.invalid();
        assert!(found.contains(&(field.to_owned(), code.to_owned())), "{field} {code} in {found:?}");
    }
}
