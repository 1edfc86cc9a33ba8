//! The short way to the shop: it answers in the task that asks, without a connection and without another task. Whatever
//! cannot be asked so, such as large bodies and web sockets, goes over loopback.
//!
//! The shop is not told when nobody waits any more: what has begun is brought to its end, as on a connection.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::{Request, Response};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;

/// A shop in this process.
pub trait Inside: Send + Sync {
    /// Begins to answer a request. What is short is the outcome of the work; anything longer is said piece by piece.
    /// Gives the request back when it is not to be asked in this way.
    fn ask(&self, request: Request<Bytes>, voice: Voice) -> Result<Work, Box<Request<Bytes>>>;
}

/// The work on an answer. Its outcome is the whole answer, or none when it has been said by the voice.
pub type Work = Pin<Box<dyn Future<Output = Result<Option<Response<Bytes>>, Broken>> + Send>>;

/// There is no answer, or no more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer broke off")
    }
}

impl std::error::Error for Broken {}

/// By which an answer is said that is not whole from the start. Work and whoever listens to it are in the same task: what
/// has been said is fetched whenever the work rests, so nobody needs to be woken.
#[derive(Clone, Default)]
pub struct Voice(Arc<Mutex<Said>>);

#[derive(Default)]
struct Said {
    head: Option<Response<Option<u64>>>,
    piece: Option<Bytes>,
    /// Nobody listens any more.
    unheard: bool,
}

impl Voice {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Says the head of an answer, and of how many bytes the rest is, if that is known.
    pub fn begin(&self, head: Response<Option<u64>>) {
        self.said().head = Some(head);
    }

    /// Says the next piece, once the one before has been fetched.
    pub async fn say(&self, piece: Bytes) -> Result<(), Broken> {
        let mut piece = Some(piece);
        std::future::poll_fn(|_| {
            let mut said = self.said();
            if said.unheard {
                return Poll::Ready(Err(Broken));
            }
            if said.piece.is_some() {
                return Poll::Pending;
            }
            said.piece = piece.take();
            Poll::Ready(Ok(()))
        })
        .await
    }
}

/// An answer that is waited for.
pub struct Asked {
    work: Option<Work>,
    voice: Voice,
    /// Kept until the shop is done, whoever has left meanwhile.
    turn: Option<OwnedSemaphorePermit>,
}

/// An answer of the shop.
pub enum Told {
    /// All of it.
    Whole(Response<Bytes>),
    /// Its head, and the rest as it comes.
    Streamed(Response<Stream>),
}

impl Asked {
    /// Asks, if the shop is to be asked in this way; else the request and the turn come back.
    pub fn new(
        shop: &dyn Inside,
        request: Request<Bytes>,
        turn: OwnedSemaphorePermit,
    ) -> Result<Self, Box<(Request<Bytes>, OwnedSemaphorePermit)>> {
        let voice = Voice::default();
        match shop.ask(request, voice.clone()) {
            Ok(work) => Ok(Self { work: Some(work), voice, turn: Some(turn) }),
            Err(request) => Err(Box::new((*request, turn))),
        }
    }
}

/// Does what can be done now; a panic ends the answer and nothing else.
fn poll_work(work: &mut Work, cx: &mut Context<'_>) -> Poll<Result<Option<Response<Bytes>>, Broken>> {
    catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))).unwrap_or(Poll::Ready(Err(Broken)))
}

impl Future for Asked {
    type Output = Result<Told, Broken>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(work) = &mut this.work else { return Poll::Ready(Err(Broken)) };
        let polled = poll_work(work, cx);
        if let Poll::Ready(Ok(Some(response))) = polled {
            (this.work, this.turn) = (None, None);
            return Poll::Ready(Ok(Told::Whole(response)));
        }
        let head = this.voice.said().head.take();
        match (head, polled) {
            (Some(head), polled) => {
                let work = this.work.take().filter(|_| polled.is_pending());
                let broken = matches!(polled, Poll::Ready(Err(_)));
                let (head, left) = head.into_parts();
                let stream = Stream { work, voice: this.voice.clone(), turn: this.turn.take(), left, broken };
                Poll::Ready(Ok(Told::Streamed(Response::from_parts(head, stream))))
            }
            (None, Poll::Pending) => Poll::Pending,
            (None, Poll::Ready(_)) => {
                this.work = None;
                Poll::Ready(Err(Broken))
            }
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let (Some(mut work), Ok(runtime)) = (self.work.take(), tokio::runtime::Handle::try_current()) else { return };
        self.voice.said().unheard = true;
        let turn = self.turn.take();
        runtime.spawn(async move {
            let _ = std::future::poll_fn(|cx| poll_work(&mut work, cx)).await;
            drop(turn);
        });
    }
}

/// The rest of an answer as it comes.
pub struct Stream {
    work: Option<Work>,
    voice: Voice,
    turn: Option<OwnedSemaphorePermit>,
    /// Bytes to come, if that is known.
    left: Option<u64>,
    broken: bool,
}

impl Stream {
    /// Has this place in place of the one it has.
    pub fn take_place(&mut self, place: OwnedSemaphorePermit) {
        self.turn = Some(place);
    }

    /// What has been said; at the end whether it was all.
    fn fetch(&mut self) -> Option<Result<Bytes, Broken>> {
        let piece = self.voice.said().piece.take()?;
        let bytes = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(bytes));
        Some(Ok(piece))
    }

    fn end(&mut self) -> Option<Result<Bytes, Broken>> {
        self.turn = None;
        let missing = self.left.is_some_and(|left| left > 0);
        (std::mem::take(&mut self.broken) || missing).then_some(Err(Broken))
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        if let Some(piece) = self.fetch() {
            return Poll::Ready(Some(piece));
        }
        if let Some(work) = &mut self.work {
            if let Poll::Ready(outcome) = poll_work(work, cx) {
                self.work = None;
                self.broken |= outcome.is_err();
            }
            if let Some(piece) = self.fetch() {
                return Poll::Ready(Some(piece));
            }
            if self.work.is_some() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.end())
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.get_mut().poll_piece(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        !self.broken && self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::{Notify, Semaphore};

    /// A shop that does what the path says.
    #[derive(Clone, Default)]
    struct Fake {
        go: Arc<Notify>,
        done: Arc<AtomicUsize>,
    }

    impl Inside for Fake {
        fn ask(&self, request: Request<Bytes>, voice: Voice) -> Result<Work, Box<Request<Bytes>>> {
            if request.uri() == "/other" {
                return Err(Box::new(request));
            }
            let shop = self.clone();
            Ok(Box::pin(async move {
                let whole = Response::new(request.body().clone());
                match request.uri().path() {
                    "/whole" => return Ok(Some(whole)),
                    "/panics" => panic!("as handlers do"),
                    "/waits" => {
                        shop.go.notified().await;
                        shop.done.fetch_add(1, Ordering::SeqCst);
                        return Ok(Some(whole));
                    }
                    "/streams/late" => {
                        shop.go.notified().await;
                        voice.begin(Response::new(None));
                    }
                    "/short" => voice.begin(Response::new(Some(9))),
                    _ => voice.begin(Response::new(None)),
                }
                for piece in ["one", "two"] {
                    tokio::task::yield_now().await;
                    voice.say(Bytes::from(piece)).await?;
                }
                shop.done.fetch_add(1, Ordering::SeqCst);
                if request.uri() == "/breaks" { Err(Broken) } else { Ok(None) }
            }))
        }
    }

    fn ask(shop: &Fake, turns: &Arc<Semaphore>, path: &str) -> Asked {
        let request = Request::builder().uri(path).body(Bytes::from("body")).unwrap();
        let turn = turns.clone().try_acquire_owned().unwrap();
        Asked::new(shop, request, turn).map_err(|back| back.0.uri().to_string()).unwrap_or_else(|e| panic!("{e}"))
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test);
    }

    async fn pieces(mut stream: Stream) -> (String, bool) {
        let mut text = String::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut stream).poll_frame(cx)).await {
            let Ok(frame) = frame else { return (text, true) };
            text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
        (text, false)
    }

    #[test]
    fn answers_come_whole_or_piece_by_piece_and_break_off_where_they_do() {
        let (shop, turns) = (Fake::default(), Arc::new(Semaphore::new(1)));
        run(async {
            let Ok(Told::Whole(response)) = ask(&shop, &turns, "/whole").await else { panic!("not whole") };
            assert_eq!(response.body(), "body");
            for (path, broken) in [("/streams", false), ("/breaks", true), ("/short", true)] {
                let Ok(Told::Streamed(response)) = ask(&shop, &turns, path).await else { panic!("not streamed") };
                assert_eq!(turns.available_permits(), 0, "its turn lasts until its end");
                assert_eq!(pieces(response.into_body()).await, ("onetwo".to_owned(), broken), "{path}");
                assert_eq!(turns.available_permits(), 1);
            }
            assert!(ask(&shop, &turns, "/panics").await.is_err());
            assert_eq!(turns.available_permits(), 1);
            let request = Request::builder().uri("/other").body(Bytes::new()).unwrap();
            let turn = turns.clone().try_acquire_owned().unwrap();
            assert!(Asked::new(&shop, request, turn).is_err_and(|back| back.0.uri() == "/other"));
        });
    }

    #[test]
    fn what_has_begun_is_brought_to_its_end_though_nobody_waits() {
        let (shop, turns) = (Fake::default(), Arc::new(Semaphore::new(2)));
        run(async {
            for path in ["/waits", "/streams/late"] {
                let mut asked = ask(&shop, &turns, path);
                assert!(std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut asked).poll(cx).is_pending())).await);
            }
            tokio::task::yield_now().await;
            assert_eq!(turns.available_permits(), 0, "the shop is still at it, so the places are taken");
            shop.go.notify_waiters();
            while turns.available_permits() < 2 {
                tokio::task::yield_now().await;
            }
            assert_eq!(shop.done.load(Ordering::SeqCst), 1, "nobody listens to the stream, so it ends early");
        });
    }
}
