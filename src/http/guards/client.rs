//! Where a request comes from: the peer of the socket or, behind the edge, of the edge's; or for whom a trusted proxy asks.
//! No other header changes it.

use super::described::described;
use super::forwarded::Proxies;
use super::seal::Seal;
use crate::http::fairings::request_id;
use crate::http::limits::Limits;
use crate::http::problem::Problem;
use crate::services::Origin;
use rocket::Request;
use rocket::http::Method;
use rocket::request::{FromRequest, Outcome};
use rocket_okapi::request::RequestHeaderInput;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

/// Letters of what a client calls itself that are kept.
const AGENT_LETTERS: usize = 200;

/// Where a request of anybody comes from.
pub struct Client(pub Origin);

impl Client {
    /// The address, as the budgets know it.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.client
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Client {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match admit(request) {
            Ok(()) => Outcome::Success(Self(origin(request))),
            Err(problem) => Outcome::Error((problem.stash(request), ())),
        }
    }
}

/// Where a request comes from that counts only when it turns out that it should not have been sent. For those who tell
/// the shop something and send as much as happens, such as providers of payments.
pub struct Uncounted(pub Origin);

impl Uncounted {
    /// The address, as the budgets know it.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.client
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Uncounted {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Self(origin(request)))
    }
}

/// The address of the client, in the shorter of its forms.
pub fn client_address(request: &Request<'_>) -> Option<IpAddr> {
    let peer = peer(request)?;
    match request.rocket().state::<Proxies>() {
        Some(proxies) if proxies.is_trusted(peer) => Some(*request.local_cache(|| forwarded(request, proxies, peer))),
        _ => Some(peer),
    }
}

/// Who is at the other end of the connection: as the edge says it, behind the edge, else as the socket does.
fn peer(request: &Request<'_>) -> Option<IpAddr> {
    let named = request.rocket().state::<Seal>().and_then(|seal| request.local_cache(|| Named(seal.read(request))).0);
    named.or_else(|| request.remote().map(|remote| remote.ip())).map(|address| address.to_canonical())
}

/// The address that the edge gave, once it has been looked at.
struct Named(Option<IpAddr>);

fn forwarded(request: &Request<'_>, proxies: &Proxies, peer: IpAddr) -> IpAddr {
    let lines: Vec<&str> = request.headers().get(proxies.header()).collect();
    proxies.client(peer, lines.into_iter())
}

/// All there is to know about where a request comes from.
pub fn origin(request: &Request<'_>) -> Origin {
    let agent = request.headers().get_one("User-Agent").map(agent).filter(|agent| !agent.is_empty());
    Origin { client: client_address(request), request_id: Some(request_id(request).to_owned()), agent }
}

fn agent(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(AGENT_LETTERS).collect()
}

/// Whether a request only reads.
pub fn only_reads(request: &Request<'_>) -> bool {
    matches!(request.method(), Method::Get | Method::Head)
}

/// Counts a request against the general budgets, once however many guards ask.
pub fn admit(request: &Request<'_>) -> Result<(), Problem> {
    let Some(limits) = request.rocket().state::<Limits>().filter(|limits| limits.has_general()) else {
        return Ok(());
    };
    if seen_before(request) {
        return Ok(());
    }
    if only_reads(request) { limits.catalog(client_address(request)) } else { limits.write(client_address(request)) }
}

/// Whether a request has been counted.
#[derive(Default)]
struct Admitted(AtomicBool);

fn seen_before(request: &Request<'_>) -> bool {
    request.local_cache(Admitted::default).0.swap(true, Ordering::Relaxed)
}

described!(Client, RequestHeaderInput::None);
described!(Uncounted, RequestHeaderInput::None);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_is_cut_short_and_loses_control_characters() {
        assert_eq!(agent("curl/8.0\u{1b}[31m\t\r\n"), "curl/8.0[31m");
        assert_eq!(agent(&"ü".repeat(500)).chars().count(), AGENT_LETTERS);
    }
}
