//! The body of a request on its way to the shop: it must keep a pace and stay within its bound.

use super::limits::Limits;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// What went wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It came too slowly.
    Slow = 1,
    /// It is too large.
    Large = 2,
    /// It broke off, or is not as its headers say.
    Broken = 3,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body of the request: {self:?}")
    }
}

impl std::error::Error for Fault {}

/// Where the fault of a body is noted: the body itself is given away.
#[derive(Clone, Default)]
pub struct Faults(Arc<AtomicU8>);

impl Faults {
    fn note(&self, fault: Fault) -> Fault {
        self.0.store(fault as u8, Ordering::Release);
        fault
    }

    /// What went wrong, if anything did.
    pub fn found(&self) -> Option<Fault> {
        let number = self.0.load(Ordering::Acquire);
        [Fault::Slow, Fault::Large, Fault::Broken].into_iter().find(|fault| *fault as u8 == number)
    }
}

/// A body.
pub struct Paced {
    incoming: Option<Incoming>,
    limits: Arc<Limits>,
    faults: Faults,
    taken: u64,
    /// How far behind the slowest allowed pace it was before it was waited for.
    behind: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Paced {
    /// The body of a request, if it has one.
    pub fn new(incoming: Incoming, limits: &Arc<Limits>, faults: &Faults) -> Self {
        let incoming = Some(incoming).filter(|body| !body.is_end_stream());
        let (limits, faults) = (limits.clone(), faults.clone());
        Self { incoming, limits, faults, taken: 0, behind: Duration::ZERO, waiting: None }
    }

    fn took(&mut self, bytes: usize) -> Result<(), Fault> {
        self.taken = self.taken.saturating_add(bytes as u64);
        if self.taken > self.limits.body_bytes {
            return Err(self.faults.note(Fault::Large));
        }
        if let Some((since, _)) = self.waiting.take() {
            self.behind = (self.behind + since.elapsed()).saturating_sub(self.limits.time_for(bytes));
        }
        Ok(())
    }

    /// Whether patience has run out with a body of which nothing is there.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        let patience = self.limits.stall.saturating_sub(self.behind);
        let begin = || {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + patience)))
        };
        let (_, sleep) = self.waiting.get_or_insert_with(begin);
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(self.faults.note(Fault::Slow))
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = self.get_mut();
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        match Pin::new(incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => Poll::Ready(Some(this.took(data.len()).map(|()| Frame::data(data)))),
                // Trailers mean something to one hop only, unless both ends agree; nobody asks for them here.
                Err(_) => Poll::Ready(None),
            },
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(this.faults.note(Fault::Broken)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => this.poll_patience(cx).map(|fault| Some(Err(fault))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}
