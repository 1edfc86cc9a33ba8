//! The body of a request on its way to the shop: it must keep a pace and stay within its bound. A small one is gathered
//! first, so that nobody who sends it slowly keeps anything of the shop busy.

use super::limits::{Limits, WHOLE_BYTES};
use bytes::{Bytes, BytesMut};
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
    /// All of it, when it has been gathered before.
    whole: Option<Bytes>,
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
        Self { incoming, whole: None, limits, faults, taken: 0, behind: Duration::ZERO, waiting: None }
    }

    /// One that has been gathered before.
    pub fn gathered(bytes: Bytes, limits: &Arc<Limits>, faults: &Faults) -> Self {
        let whole = Some(bytes).filter(|bytes| !bytes.is_empty());
        let (limits, faults) = (limits.clone(), faults.clone());
        Self { incoming: None, whole, limits, faults, taken: 0, behind: Duration::ZERO, waiting: None }
    }

    /// Whether it is there, or small enough to be waited for.
    pub fn is_small(&self) -> bool {
        self.size_hint().exact().is_some_and(|bytes| bytes <= WHOLE_BYTES)
    }

    /// Waits for all of it.
    pub async fn gather(mut self) -> Result<Bytes, Fault> {
        let mut gathered = BytesMut::new();
        while self.incoming.is_some()
            && let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await
        {
            if let Ok(data) = frame?.into_data() {
                gathered.extend_from_slice(&data);
            }
        }
        Ok(gathered.freeze())
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
        let Some(incoming) = &mut this.incoming else {
            return Poll::Ready(this.whole.take().map(|bytes| Ok(Frame::data(bytes))));
        };
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
        match &self.incoming {
            Some(incoming) => incoming.is_end_stream(),
            None => self.whole.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.incoming {
            Some(incoming) => incoming.size_hint(),
            None => SizeHint::with_exact(self.whole.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}
