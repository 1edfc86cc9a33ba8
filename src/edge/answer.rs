//! The body of an answer on its way to the client: whole, or as the shop gives it, over loopback or by the short way. It tells the connection's pulse who
//! is being waited for.

use super::inside::Stream;
use super::limits::Limits;
use super::pulse::Pulse;
use super::upstream::LineBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// A request that is being answered, from its head to the end of its answer.
pub struct Going {
    pulse: Arc<Pulse>,
    limits: Arc<Limits>,
    number: u64,
    /// Its place among those of the connection that are worked on.
    place: Option<OwnedSemaphorePermit>,
}

impl Going {
    /// Begins now.
    pub fn begin(pulse: &Arc<Pulse>, limits: &Arc<Limits>) -> Self {
        Self { number: pulse.begin(), pulse: pulse.clone(), limits: limits.clone(), place: None }
    }

    /// Has this place from now on.
    pub fn take_place(&mut self, place: Option<OwnedSemaphorePermit>) {
        self.place = place;
    }

    /// So many bytes are the client's to take.
    fn give(&self, bytes: usize) {
        self.pulse.expect(self.number, Some(Instant::now() + self.limits.stall + self.limits.time_for(bytes)));
    }

    /// The shop is waited for.
    fn wait(&self) {
        self.pulse.expect(self.number, None);
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.pulse.end(self.number);
    }
}

/// The body.
pub struct Answer {
    content: Content,
    going: Option<Going>,
}

enum Content {
    Whole(Option<Bytes>),
    Streamed(Box<LineBody>),
    Told(Box<Stream>),
}

impl Answer {
    /// All there is.
    pub fn whole(bytes: Bytes) -> Self {
        Self { content: Content::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())), going: None }
    }

    /// Whatever the shop goes on to give.
    pub fn streamed(body: LineBody) -> Self {
        Self { content: Content::Streamed(Box::new(body)), going: None }
    }

    /// Whatever the shop goes on to tell by the short way.
    pub fn told(stream: Stream) -> Self {
        Self { content: Content::Told(Box::new(stream)), going: None }
    }

    /// Counts as being answered until this is gone.
    pub fn hold(mut self, going: Going) -> Self {
        if let Content::Whole(bytes) = &self.content {
            going.give(bytes.as_ref().map_or(0, Bytes::len));
        }
        self.going = Some(going);
        self
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let polled = match &mut this.content {
            Content::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Streamed(body) => Pin::new(body.as_mut()).poll_frame(cx).map_err(Into::into),
            Content::Told(stream) => Pin::new(stream.as_mut()).poll_frame(cx).map_err(Into::into),
        };
        if let Some(going) = &this.going {
            match &polled {
                Poll::Ready(Some(Ok(frame))) => going.give(frame.data_ref().map_or(0, Bytes::len)),
                Poll::Ready(_) => going.give(0),
                Poll::Pending => going.wait(),
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_none(),
            Content::Streamed(body) => body.is_end_stream(),
            Content::Told(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Content::Streamed(body) => body.size_hint(),
            Content::Told(stream) => stream.size_hint(),
        }
    }
}
