//! Sends events with an HTTP client that follows no redirects and resolves no names itself.

use super::target::{Allowed, Lookup, SystemLookup, Target};
use super::{Post, Refused, Reply, SendError, WebhookSender};
use std::fmt;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

/// How long sending may take in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long looking a name up may take of that.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(5);
/// How long saving an address waits for its name to be looked up.
const CHECK_PATIENCE: Duration = Duration::from_secs(2);
/// The most of an answer that is read.
const MOST_READ: u64 = 4_096;
/// The most characters of it that are kept.
const MOST_KEPT: usize = 500;

/// Tells endpoints of events over HTTP.
pub struct HttpSender {
    allowed: Allowed,
    lookup: Arc<dyn Lookup>,
    patience: Duration,
}

impl HttpSender {
    /// A sender that may also send to private addresses that are let in.
    pub fn new(allowed: Allowed) -> Self {
        Self { allowed, lookup: Arc::new(SystemLookup), patience: PATIENCE }
    }

    /// The same with another way to look names up.
    #[must_use]
    pub fn looking_up(self, lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, ..self }
    }

    /// The same with less patience.
    #[must_use]
    pub fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// Gives the addresses that were looked at, whatever is asked.
struct Pinned(Vec<SocketAddr>);

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pinned")
    }
}

impl Resolver for Pinned {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        self.0.iter().for_each(|address| addresses.push(*address));
        Ok(addresses)
    }
}

impl WebhookSender for HttpSender {
    fn check(&self, url: &str) -> Result<String, Refused> {
        let target = Target::parse(url, &self.allowed)?;
        // A name that cannot be resolved now may be later; it is looked at again before anything is sent.
        let _ = target.addresses(&self.lookup, CHECK_PATIENCE.min(self.patience))?;
        Ok(target.url.into())
    }

    fn send(&self, post: &Post) -> Result<Reply, SendError> {
        let started = Instant::now();
        let target = Target::parse(&post.url, &self.allowed).map_err(SendError::Refused)?;
        let found = target.addresses(&self.lookup, LOOKUP_PATIENCE.min(self.patience)).map_err(SendError::Refused)?;
        let pinned = Pinned(found.map_err(SendError::Failed)?);
        let left = self.patience.saturating_sub(started.elapsed()).max(Duration::from_millis(1));
        let config = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(left))
            .max_idle_connections(0)
            .max_response_header_size(16 * 1024)
            .user_agent(concat!("Nexus/", env!("CARGO_PKG_VERSION")))
            .accept("*/*")
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), pinned);
        let mut request = agent.post(target.url.as_str()).header("Content-Type", "application/json");
        for (name, value) in &post.headers {
            request = request.header(*name, value);
        }
        let mut response =
            request.send(&post.body).map_err(|error| SendError::Failed(reason(&error, self.patience)))?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        // The status says it all; an answer that breaks off or never ends is still that answer.
        let _ = response.body_mut().as_reader().take(MOST_READ).read_to_end(&mut bytes);
        Ok(Reply { status, excerpt: readable(&bytes) })
    }
}

/// What went wrong, in words that do not repeat the address.
fn reason(error: &Error, patience: Duration) -> String {
    match error {
        Error::Timeout(_) => format!("no answer within {} s", patience.as_secs_f32()),
        Error::Io(error) => format!("the connection failed: {}", error.kind()),
        Error::Tls(_) | Error::Rustls(_) => "its certificate is not good, or it speaks no TLS".to_owned(),
        Error::HostNotFound => "its name has no address".to_owned(),
        Error::Protocol(_) => "it does not speak HTTP as it should".to_owned(),
        _ => "it could not be asked".to_owned(),
    }
}

/// The beginning of an answer as one piece of text.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(MOST_KEPT).collect()
}
