//! One connection from its first byte to its last: the handshake, the protocol, and the end when a deadline passes or
//! the edge stops.
//!
//! Most connections do nothing most of the time. Room for requests, which is most of what a connection of HTTP/1 costs, is
//! taken with the first byte of one, and given back when no other has followed for a while.

use super::Front;
use super::caps::Slot;
use super::guarded::Guarded;
use super::limits::{AT_ONCE, FAREWELL, HEAD_BYTES, HEADER_BYTES};
use super::proxy::Passage;
use super::pulse::Over;
use crate::counters::Refused;
use bytes::Bytes;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

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
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let passage = Passage { front: front.clone(), pulse, address, stamp, slot: Arc::new(slot), at_once };
    let passage = Arc::new(passage);
    match front.tls.as_ref().filter(|_| door == Door::Shop) {
        None => speak_http1(stream, door, &passage, since).await,
        Some(tls) => Box::pin(speak_tls(stream, tls, door, &passage, since)).await,
    }
}

async fn speak_tls(stream: TcpStream, tls: &TlsAcceptor, door: Door, passage: &Arc<Passage>, since: Instant) {
    let limits = &passage.front.limits;
    // Room for the handshake is needed for as long as that takes.
    let shake = Box::pin(tokio::time::timeout(limits.handshake, tls.accept(stream)));
    let shaken = tokio::select! {
        shaken = shake => shaken,
        () = stopped(&passage.front, since) => return,
        Over::Displaced = passage.pulse.watch(limits, false) => return,
    };
    // Whoever does not get through the handshake cannot be told why.
    let Ok(Ok(stream)) = shaken else { return passage.front.doorway.refuse(Refused::Handshake) };
    passage.pulse.ready();
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        Box::pin(speak_http2(stream, passage, since)).await;
    } else {
        speak_http1(stream, door, passage, since).await;
    }
}

async fn speak_http1<S>(mut stream: S, door: Door, passage: &Arc<Passage>, since: Instant)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut first = Bytes::new();
    loop {
        if first.is_empty() {
            first = first_word(&mut stream, passage, since).await;
        }
        if first.is_empty() {
            let _ = tokio::time::timeout(FAREWELL, stream.shutdown()).await;
            return;
        }
        match Box::pin(converse(stream, first, door, passage, since)).await {
            Some(left) => (stream, first) = left,
            None => return,
        }
    }
}

/// Waits for the first byte of a request; there is none when the connection is to end before it comes.
async fn first_word<S: AsyncRead + Unpin>(stream: &mut S, passage: &Passage, since: Instant) -> Bytes {
    let mut word = [0];
    tokio::select! {
        biased;
        read = stream.read(&mut word) => Bytes::copy_from_slice(&word[..read.unwrap_or(0)]),
        _ = passage.pulse.watch(&passage.front.limits, false) => Bytes::new(),
        () = stopped(&passage.front, since) => Bytes::new(),
    }
}

/// Answers requests for as long as they follow one another, of which this has been read. The stream, if it rests, and
/// what has been read of what comes next.
async fn converse<S>(stream: S, first: Bytes, door: Door, passage: &Arc<Passage>, since: Instant) -> Option<(S, Bytes)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (front, pulse) = (passage.front.clone(), passage.pulse.clone());
    let late = Arc::new(AtomicBool::new(false));
    let dress = (front.dress.clone(), passage.address);
    let io = Guarded::with_heads(stream, first, pulse, front.limits.clone(), dress, late.clone());
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
    let mut connection = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let over = run(Pin::new(&mut connection), passage, since, true).await?;
    if over == Over::Resting {
        let parts = connection.into_parts()?;
        return Some((parts.io.into_inner().into_inner(), parts.read_buf));
    }
    late.store(over == Over::Head, Ordering::Release);
    end(Pin::new(&mut connection), over).await;
    None
}

async fn speak_http2<S>(stream: S, passage: &Arc<Passage>, since: Instant)
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
    let mut connection = std::pin::pin!(connection);
    if let Some(over) = run(connection.as_mut(), passage, since, false).await {
        end(connection, over).await;
    }
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

/// Runs a connection until it ends or has done what was under way when the edge stopped; or until it must end or, if it
/// can, rests.
async fn run<C: Ending>(
    mut connection: Pin<&mut C>,
    passage: &Passage,
    since: Instant,
    can_rest: bool,
) -> Option<Over> {
    let mut watch = std::pin::pin!(passage.pulse.watch(&passage.front.limits, can_rest));
    let mut stopped = std::pin::pin!(stopped(&passage.front, since));
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            _ = connection.as_mut() => return None,
            over = watch.as_mut() => {
                if over == Over::Stalled {
                    passage.front.doorway.refuse(Refused::Stalled);
                }
                return Some(over);
            }
            () = stopped.as_mut(), if !stopping => {
                stopping = true;
                connection.as_mut().ask_to_end();
            }
        }
    }
}

/// Gives a connection that must end the time to say so.
async fn end<C: Ending>(mut connection: Pin<&mut C>, over: Over) {
    if over == Over::Stalled {
        // What is said to somebody who does not listen would only wait for them.
        return;
    }
    if over != Over::Head {
        connection.as_mut().ask_to_end();
    }
    let _ = tokio::time::timeout(FAREWELL, connection).await;
}
