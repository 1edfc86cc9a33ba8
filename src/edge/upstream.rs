//! The way to the shop: connections over loopback that are kept and used again.
//!
//! Each is driven by the request that uses it, in the same task: no other task has to be woken for a request to get
//! there and its answer to come back.

use super::limits::{TURN, WHOLE_BYTES};
use super::paced::Paced;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that are kept for the next request.
const MOST_KEPT: usize = 64;

/// Where the shop is and what leads there.
pub struct Upstream {
    address: SocketAddr,
    turns: Arc<Semaphore>,
    /// For what takes as long as clients take: large bodies, streams and web sockets. Whoever takes all of these keeps
    /// nobody from asking for a page.
    long: Arc<Semaphore>,
    kept: Mutex<Vec<Line>>,
}

type Driver = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send>>;

/// One connection.
pub struct Line {
    sender: SendRequest<Paced>,
    driver: Option<Driver>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// There was no turn, or no way.
    Busy,
    /// The connection ended first.
    Ended(hyper::Error),
}

impl Upstream {
    /// The shop at an address, with so many requests at once, and as many more that take long.
    pub fn new(address: SocketAddr, most: usize) -> Self {
        let (turns, long) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(most)));
        Self { address, turns, long, kept: Mutex::default() }
    }

    /// A place among what takes long, if there is one.
    pub fn long(&self) -> Result<OwnedSemaphorePermit, NoAnswer> {
        self.long.clone().try_acquire_owned().map_err(|_| NoAnswer::Busy)
    }

    /// Waits for a turn.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, NoAnswer> {
        if let Ok(turn) = self.turns.clone().try_acquire_owned() {
            return Ok(turn);
        }
        let turn = tokio::time::timeout(TURN, self.turns.clone().acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or(NoAnswer::Busy)
    }

    /// Sends a request and waits for the head of its answer.
    pub async fn send(&self, request: Request<Paced>) -> Result<(Response<Incoming>, Line), NoAnswer> {
        let mut line = match self.take() {
            Some(line) => line,
            None => self.open().await?,
        };
        let sent = line.sender.send_request(request);
        let mut sent = std::pin::pin!(sent);
        let outcome = std::future::poll_fn(|cx| {
            if let Poll::Ready(outcome) = sent.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            line.drive(cx);
            sent.as_mut().poll(cx)
        });
        match outcome.await {
            Ok(response) => Ok((response, line)),
            Err(error) => Err(NoAnswer::Ended(error)),
        }
    }

    fn take(&self) -> Option<Line> {
        loop {
            let mut line = self.kept.lock().unwrap_or_else(|e| e.into_inner()).pop()?;
            if line.is_good() {
                return Some(line);
            }
        }
    }

    async fn open(&self) -> Result<Line, NoAnswer> {
        let connected = tokio::time::timeout(TURN, TcpStream::connect(self.address)).await;
        let stream = connected.ok().and_then(Result::ok).ok_or(NoAnswer::Busy)?;
        // Without it a request of two writes would wait for the other side; failing changes nothing else.
        let _ = stream.set_nodelay(true);
        let (sender, driver) = http1::handshake(TokioIo::new(Patient(stream))).await.map_err(NoAnswer::Ended)?;
        Ok(Line { sender, driver: Some(Box::pin(driver.with_upgrades())) })
    }

    /// Keeps a connection whose answer has been read, if it can be used again.
    fn keep(&self, mut line: Line) {
        if line.is_good() {
            let mut kept = self.kept.lock().unwrap_or_else(|e| e.into_inner());
            if kept.len() < MOST_KEPT {
                kept.push(line);
            }
        }
    }
}

/// A connection on which the shop may answer before it has taken the whole body, and then take no more: that this cannot be
/// written is no reason not to read the answer that is there. Reading tells the end of it.
struct Patient(TcpStream);

fn patiently<T>(polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
    match polled {
        Poll::Ready(Err(error)) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
            Poll::Pending
        }
        polled => polled,
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        patiently(Pin::new(&mut self.0).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        patiently(Pin::new(&mut self.0).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Line {
    /// Does what can be done on the connection now.
    pub fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver
            && driver.as_mut().poll(cx).is_ready()
        {
            self.driver = None;
        }
    }

    /// Whether it stands and is free.
    fn is_good(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }
}

/// The body of an answer, together with the connection it comes by.
pub struct LineBody {
    incoming: Incoming,
    line: Option<Line>,
    upstream: Arc<Upstream>,
    /// Kept until the answer has been read.
    turn: Option<OwnedSemaphorePermit>,
}

impl LineBody {
    /// Of an answer whose head has come.
    pub fn new(incoming: Incoming, line: Line, upstream: &Arc<Upstream>, turn: OwnedSemaphorePermit) -> Self {
        Self { incoming, line: Some(line), upstream: upstream.clone(), turn: Some(turn) }
    }

    /// Takes a place among what takes long in place of the one it has.
    pub fn take_long(&mut self) -> Result<(), NoAnswer> {
        self.turn = Some(self.upstream.long()?);
        Ok(())
    }

    /// Whether it is small enough to be read at once.
    pub fn is_small(&self) -> bool {
        self.incoming.size_hint().exact().is_some_and(|bytes| bytes <= WHOLE_BYTES)
    }

    /// Reads all of it.
    pub async fn whole(mut self) -> Result<Bytes, hyper::Error> {
        let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
        while !self.incoming.is_end_stream()
            && let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await
        {
            let Ok(data) = frame?.into_data() else { continue };
            match (first.is_empty(), rest.is_empty()) {
                (true, _) => first = data,
                (false, true) => {
                    rest.extend_from_slice(&first);
                    rest.extend_from_slice(&data);
                }
                (false, false) => rest.extend_from_slice(&data),
            }
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    }

    fn finish(&mut self) {
        if let Some(line) = self.line.take() {
            self.upstream.keep(line);
        }
        self.turn = None;
    }
}

impl Body for LineBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let mut polled = Pin::new(&mut this.incoming).poll_frame(cx);
        if polled.is_pending()
            && let Some(line) = &mut this.line
        {
            line.drive(cx);
            polled = Pin::new(&mut this.incoming).poll_frame(cx);
        }
        if matches!(polled, Poll::Ready(None)) {
            this.finish();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for LineBody {
    /// Nobody asks for the end of a body of known length once they have all of it.
    fn drop(&mut self) {
        if self.incoming.is_end_stream() {
            self.finish();
        }
    }
}
