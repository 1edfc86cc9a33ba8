//! One connection from its first byte to its last: the handshake, the protocol, and the end when a deadline passes or
//! the edge stops.

use super::Front;
use super::caps::Slot;
use super::guarded::Guarded;
use super::limits::{FAREWELL, HEAD_BYTES, HEADER_BYTES};
use super::proxy::Passage;
use super::pulse::Over;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Streams of one connection of HTTP/2 at once.
const STREAMS: u32 = 100;
/// Bytes of bodies that one connection of HTTP/2 may have on their way.
const WINDOW: u32 = 256 * 1024;
/// How often a connection of HTTP/2 that waits for an answer is asked whether it is still there.
const STILL_THERE: Duration = Duration::from_secs(20);

/// How long a new connection has for its first request although the edge stops: whoever was let in is not turned away.
const FIRST_WORD: Duration = Duration::from_secs(2);

/// Where a connection came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The shop's own, with TLS if there is a certificate.
    Shop,
    /// Plain HTTP that is sent on to https.
    Redirect,
}

/// Serves one connection.
pub async fn serve(stream: TcpStream, address: IpAddr, slot: Slot, door: Door, front: Arc<Front>) {
    let since = Instant::now();
    let pulse = slot.pulse.clone();
    let stamp = (front.stamp)(address);
    let passage = Arc::new(Passage { front: front.clone(), pulse, stamp, slot: Arc::new(slot) });
    match front.tls.as_ref().filter(|_| door == Door::Shop) {
        None => Box::pin(speak_http1(stream, door, passage, since)).await,
        Some(tls) => {
            let shaken = tokio::select! {
                shaken = tokio::time::timeout(front.limits.handshake, tls.accept(stream)) => shaken,
                () = stopped(&front, since) => return,
                Over::Displaced = passage.pulse.watch(&front.limits) => return,
            };
            // Whoever does not get through the handshake cannot be told why.
            let Ok(Ok(stream)) = shaken else { return };
            passage.pulse.ready();
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                Box::pin(speak_http2(stream, passage, since)).await;
            } else {
                Box::pin(speak_http1(stream, door, passage, since)).await;
            }
        }
    }
}

async fn speak_http1<S>(stream: S, door: Door, passage: Arc<Passage>, since: Instant)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (front, pulse) = (passage.front.clone(), passage.pulse.clone());
    let late = Arc::new(AtomicBool::new(false));
    let io = Guarded::with_heads(stream, pulse, front.limits.clone(), front.dress.clone(), late.clone());
    let service = {
        let passage = passage.clone();
        service_fn(move |request| {
            let passage = passage.clone();
            // The server keeps room for this as long as the connection lives, most of which time nothing is asked.
            Box::pin(async move {
                let origin = passage.front.redirect_to.as_deref().filter(|_| door == Door::Redirect);
                Ok::<_, Infallible>(match origin {
                    Some(origin) => passage.at_the_plain_door(origin, &request),
                    None => passage.pass(request).await,
                })
            })
        })
    };
    let connection = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    run(connection, &passage, since, |over| late.store(over == Over::Head, Ordering::Release)).await;
}

async fn speak_http2<S>(stream: S, passage: Arc<Passage>, since: Instant)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = Guarded::new(stream, passage.pulse.clone(), passage.front.limits.clone());
    let service = {
        let passage = passage.clone();
        service_fn(move |request| {
            let passage = passage.clone();
            async move { Ok::<_, Infallible>(passage.pass(request).await) }
        })
    };
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
        .initial_stream_window_size(WINDOW / 4)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(HEAD_BYTES)
        .keep_alive_interval(STILL_THERE)
        .serve_connection(TokioIo::new(io), service);
    run(connection, &passage, since, |_| ()).await;
}

/// A connection that can be asked to end after what is under way.
trait Ending: Future {
    fn ask_to_end(self: Pin<&mut Self>);
}

impl<I, B, S> Ending for http1::UpgradeableConnection<I, S>
where
    http1::UpgradeableConnection<I, S>: Future,
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn ask_to_end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, B, S> Ending for http2::Connection<I, S, TokioExecutor>
where
    http2::Connection<I, S, TokioExecutor>: Future,
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    TokioExecutor: hyper::rt::bounds::Http2ServerConnExec<S::Future, B>,
{
    fn ask_to_end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Waits until the edge stops, and on, while the connection is new.
async fn stopped(front: &Front, since: Instant) {
    front.stopped().await;
    tokio::time::sleep_until(since + FIRST_WORD).await;
}

/// Runs a connection until it ends, is over, or has done what was under way when the edge stopped.
async fn run<C: Ending>(connection: C, passage: &Passage, since: Instant, tell: impl Fn(Over)) {
    let mut connection = std::pin::pin!(connection);
    let mut watch = std::pin::pin!(passage.pulse.watch(&passage.front.limits));
    let mut stopped = std::pin::pin!(stopped(&passage.front, since));
    let mut stopping = false;
    let over = loop {
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            over = watch.as_mut() => break over,
            () = stopped.as_mut(), if !stopping => {
                stopping = true;
                connection.as_mut().ask_to_end();
            }
        }
    };
    if over == Over::Stalled {
        // What is said to somebody who does not listen would only wait for them.
        return;
    }
    tell(over);
    if over != Over::Head {
        connection.as_mut().ask_to_end();
    }
    let _ = tokio::time::timeout(FAREWELL, connection).await;
}
