//! One request: looked at, passed to the shop with the address it came from, and its answer passed back.

use super::Front;
use super::answer::{Answer, Going};
use super::fields::{join_cookies, take_one_hop, wants_web_socket};
use super::inside::{Asked, Told};
use super::limits::{HEADER_BYTES, HEADERS, URI_BYTES};
use super::paced::{Fault, Faults, Paced};
use super::pulse::Pulse;
use super::refusal::{
    BROKEN_BODY, BUSY, FOREIGN_HOST, LARGE_BODY, LARGE_HEADERS, LATE, LONG_URI, MALFORMED, NOT_IMPLEMENTED, Refusal,
    SLOW, UNANSWERED,
};
use super::tunnel;
use super::upstream::{Line, LineBody, NoAnswer};
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where the health of the shop is asked after.
const PROBES: [&str; 2] = ["/health/live", "/health/ready"];

/// What the requests of one connection have in common.
pub struct Passage {
    /// The edge.
    pub front: Arc<Front>,
    /// The connection's.
    pub pulse: Arc<Pulse>,
    /// Where it comes from.
    pub address: IpAddr,
    /// What tells the shop that.
    pub stamp: HeaderValue,
    /// Kept for as long as the connection, or what became of it, has its place.
    pub slot: Arc<super::caps::Slot>,
    /// Places for what is worked on at once.
    pub at_once: Arc<Semaphore>,
}

impl Passage {
    /// Answers a request.
    pub async fn pass(&self, request: Request<Incoming>) -> Response<Answer> {
        let mut going = Going::begin(&self.pulse, &self.front.limits);
        let (version, method) = (request.version(), request.method().clone());
        if version == Version::HTTP_2 {
            going.take_place(self.at_once.clone().acquire_owned().await.ok());
        }
        // What follows chunks or an upgrade was not held to the letter, and what follows a refusal is not worth reading.
        let mut is_last = request.headers().contains_key(TRANSFER_ENCODING) || request.headers().contains_key(UPGRADE);
        let answered = match self.look(&request) {
            Ok(()) => self.ask(request).await,
            Err(refusal) => Err(refusal),
        };
        let mut response = answered.unwrap_or_else(|refusal| {
            is_last = true;
            self.front.dress.refuse(refusal, self.address, &method)
        });
        let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if version < Version::HTTP_2 && !switches && (is_last || self.front.is_stopping()) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response.map(|answer| answer.hold(going))
    }

    /// Whether a request may be passed on.
    fn look(&self, request: &Request<Incoming>) -> Result<(), Refusal> {
        let (headers, uri) = (request.headers(), request.uri());
        if uri.path_and_query().is_some_and(|path| path.as_str().len() > URI_BYTES) {
            return Err(LONG_URI);
        }
        let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if size > HEADER_BYTES || headers.len() > HEADERS {
            return Err(LARGE_HEADERS);
        }
        if request.method() == Method::CONNECT {
            return Err(NOT_IMPLEMENTED);
        }
        if headers.get(TRANSFER_ENCODING).is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            return Err(NOT_IMPLEMENTED);
        }
        if request.body().size_hint().lower() > self.front.limits.body_bytes {
            return Err(LARGE_BODY);
        }
        if uri.scheme_str().is_some_and(|scheme| scheme != "http" && scheme != "https") {
            return Err(MALFORMED);
        }
        let host = host_of(request)?;
        if self.front.serves(host.as_deref()) || is_probe(request) { Ok(()) } else { Err(FOREIGN_HOST) }
    }

    /// Passes a request on.
    async fn ask(&self, mut request: Request<Incoming>) -> Result<Response<Answer>, Refusal> {
        let upgrade = wants_web_socket(request.headers()).then(|| hyper::upgrade::on(&mut request));
        let faults = Faults::default();
        let (head, body) = self.prepare(request, upgrade.is_some(), &faults)?.into_parts();
        let front = &self.front;
        if !body.is_small() {
            // The body has a pace of its own to keep, and its time is no part of the shop's.
            let within = front.limits.answer + front.limits.time_for_body(body.size_hint().upper());
            let turn = front.upstream.long().map_err(|_| BUSY)?;
            return self.ask_over(Request::from_parts(head, body), turn, within, (upgrade, faults)).await;
        }
        let mut request = Request::from_parts(head, body.gather().await.map_err(refusal_for_fault)?);
        let mut turn = front.upstream.turn().await.map_err(|_| BUSY)?;
        if let Some(shop) = front.inside.as_deref().filter(|_| upgrade.is_none()) {
            (request, turn) = match Asked::new(shop, request, turn) {
                Ok(asked) => return self.hear(asked).await,
                Err(back) => *back,
            };
        }
        let request = request.map(|body| Paced::gathered(body, &front.limits, &faults));
        self.ask_over(request, turn, front.limits.answer, (upgrade, faults)).await
    }

    /// Waits for an answer that comes by the short way.
    async fn hear(&self, asked: Asked) -> Result<Response<Answer>, Refusal> {
        let told = tokio::time::timeout(self.front.limits.answer, asked).await.map_err(|_| LATE)?;
        let mut response = match told.map_err(|_| UNANSWERED)? {
            Told::Whole(response) => response.map(Answer::whole),
            Told::Streamed(mut response) => {
                response.body_mut().take_place(self.front.upstream.long().map_err(|_| BUSY)?);
                response.map(Answer::told)
            }
        };
        take_one_hop(response.headers_mut());
        Ok(response)
    }

    /// Asks over loopback. It is rare where there is the short way, so room for it is taken only then.
    fn ask_over<'p>(
        &'p self,
        request: Request<Paced>,
        turn: OwnedSemaphorePermit,
        within: Duration,
        (upgrade, faults): (Option<OnUpgrade>, Faults),
    ) -> Pin<Box<dyn Future<Output = Result<Response<Answer>, Refusal>> + Send + 'p>> {
        let asked = async move {
            let sent = self.front.upstream.send(request).await;
            let (response, line) = sent.map_err(|why| refusal_for(&why, &faults))?;
            self.receive(response, line, turn, upgrade).await
        };
        Box::pin(async move { tokio::time::timeout(within, asked).await.map_err(|_| LATE)? })
    }

    /// Takes the answer of the shop, and all of it when it is small.
    async fn receive(
        &self,
        response: Response<Incoming>,
        line: Line,
        turn: OwnedSemaphorePermit,
        upgrade: Option<OnUpgrade>,
    ) -> Result<Response<Answer>, Refusal> {
        let (mut head, incoming) = response.into_parts();
        head.version = Version::HTTP_11;
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            let Some(upgrade) = upgrade else { return Err(UNANSWERED) };
            let shop = hyper::upgrade::on(Response::from_parts(head.clone(), incoming));
            let turn = self.front.upstream.long().map_err(|_| BUSY)?;
            self.pulse.switch();
            tunnel::begin(upgrade, shop, line, turn, self);
            return Ok(Response::from_parts(head, Answer::whole(bytes::Bytes::new())));
        }
        take_one_hop(&mut head.headers);
        let mut body = LineBody::new(incoming, line, &self.front.upstream, turn);
        let answer = if body.is_small() {
            Answer::whole(body.whole().await.map_err(|_| UNANSWERED)?)
        } else {
            body.take_long().map_err(|_| BUSY)?;
            Answer::streamed(body)
        };
        Ok(Response::from_parts(head, answer))
    }

    /// The request as the shop gets it.
    fn prepare(&self, request: Request<Incoming>, upgrades: bool, faults: &Faults) -> Result<Request<Paced>, Refusal> {
        let host = host_of(&request)?;
        let (mut head, body) = request.into_parts();
        take_one_hop(&mut head.headers);
        join_cookies(&mut head.headers);
        if upgrades {
            head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            head.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        }
        if let Some(host) = host {
            head.headers.insert(HOST, HeaderValue::from_str(&host).map_err(|_| MALFORMED)?);
        }
        // Whoever sends this header from outside has it replaced.
        head.headers.insert(self.front.stamp_name.clone(), self.stamp.clone());
        head.version = Version::HTTP_11;
        head.uri = match head.uri.into_parts().path_and_query {
            Some(path) => Uri::from(path),
            None => Uri::from_static("/"),
        };
        let body = Paced::new(body, &self.front.limits, faults);
        if body.is_end_stream() && !matches!(head.method, Method::POST | Method::PUT | Method::PATCH) {
            head.headers.remove(CONTENT_LENGTH);
        }
        Ok(Request::from_parts(head, body))
    }
}

/// Whether it only asks after the shop's health, as those do that know the shop by an address and not by its name. What
/// they are told is the same for everybody, and says nothing that depends on the name.
fn is_probe(request: &Request<Incoming>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && PROBES.contains(&request.uri().path())
        && request.body().is_end_stream()
}

/// Whom a request is for: in HTTP/2, and where a whole address is asked for, the address says it.
fn host_of(request: &Request<Incoming>) -> Result<Option<String>, Refusal> {
    let mut lines = request.headers().get_all(HOST).iter();
    let header = lines.next().map(|line| line.to_str().map_err(|_| MALFORMED)).transpose()?;
    if lines.next().is_some() {
        return Err(MALFORMED);
    }
    match (request.uri().authority(), header) {
        (Some(authority), Some(header)) if request.version() == Version::HTTP_2 && header != authority.as_str() => {
            Err(MALFORMED)
        }
        (Some(authority), _) if authority.as_str().contains('@') => Err(MALFORMED),
        (Some(authority), _) => Ok(Some(authority.as_str().to_owned())),
        (None, Some(header)) => Ok(Some(header.to_owned())),
        (None, None) if request.version() == Version::HTTP_10 => Ok(None),
        (None, None) => Err(MALFORMED),
    }
}

fn refusal_for_fault(fault: Fault) -> Refusal {
    match fault {
        Fault::Slow => SLOW,
        Fault::Large => LARGE_BODY,
        Fault::Broken => BROKEN_BODY,
    }
}

fn refusal_for(why: &NoAnswer, faults: &Faults) -> Refusal {
    match (faults.found(), why) {
        (Some(fault), _) => refusal_for_fault(fault),
        (None, NoAnswer::Busy) => BUSY,
        (None, NoAnswer::Ended(error)) => {
            tracing::warn!(%error, "a request got no answer from the shop");
            UNANSWERED
        }
    }
}
