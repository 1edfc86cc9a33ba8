//! A connection's bytes on their way in and out, under guard: heads are held to the letter, the pulse is told what
//! comes and goes, and what the HTTP/1 server says on its own, without a request, is said as the shop says it.

use super::limits::Limits;
use super::pulse::Pulse;
use super::refusal::{Dress, LARGE_HEADERS, LONG_URI, MALFORMED, Refusal, SLOW};
use super::strict::Strict;
use bytes::{Buf, Bytes};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What no request may have in its head, and the end of a head, without which the server would wait for more of it: so
/// it refuses whatever this stands in.
const REFUSED: &[u8] = b"\0\r\n\r\n";

/// Bytes under guard.
pub struct Guarded<S> {
    inner: S,
    /// What was read before and comes first.
    first: Bytes,
    pulse: Arc<Pulse>,
    limits: Arc<Limits>,
    /// For HTTP/1 only.
    heads: Option<Heads>,
}

/// What is known of the heads that come in.
struct Heads {
    strict: Strict,
    dress: Arc<Dress>,
    client: IpAddr,
    /// Told from outside that the head took too long.
    late: Arc<AtomicBool>,
    /// Nothing more is read, but what is left of this.
    ended: Option<&'static [u8]>,
    partial: bool,
    between: bool,
    /// What is said in place of the server's own words.
    words: Bytes,
}

impl<S> Guarded<S> {
    /// For a protocol that has its own framing.
    pub fn new(inner: S, pulse: Arc<Pulse>, limits: Arc<Limits>) -> Self {
        Self { inner, first: Bytes::new(), pulse, limits, heads: None }
    }

    /// For HTTP/1, where this has been read before.
    pub fn with_heads(
        inner: S,
        first: Bytes,
        pulse: Arc<Pulse>,
        limits: Arc<Limits>,
        (dress, client): (Arc<Dress>, IpAddr),
        late: Arc<AtomicBool>,
    ) -> Self {
        let strict = Strict::new();
        let heads =
            Heads { strict, dress, client, late, ended: None, partial: false, between: true, words: Bytes::new() };
        Self { inner, first, pulse, limits, heads: Some(heads) }
    }

    /// What was guarded.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl Heads {
    /// Looks at what has just been read, and has it refused where it goes wrong.
    fn look(&mut self, buf: &mut ReadBuf<'_>, before: usize, pulse: &Pulse) {
        if let Err(at) = self.strict.look(&buf.filled()[before..]) {
            buf.set_filled(before + at);
            self.ended = Some(REFUSED);
            self.end(buf);
        }
        let (partial, between) = (self.strict.in_head(), self.strict.is_between());
        if (partial, between) != (self.partial, self.between) {
            (self.partial, self.between) = (partial, between);
            pulse.came(partial, between);
        }
    }

    /// Gives what is left to be given.
    fn end(&mut self, buf: &mut ReadBuf<'_>) {
        if let Some(left) = &mut self.ended {
            let (now, later) = left.split_at(left.len().min(buf.remaining()));
            buf.put_slice(now);
            *left = later;
        }
    }

    /// What the server's own words are about: it says them only when it cannot read a request.
    fn meaning(&self, words: &[u8]) -> Option<Refusal> {
        let status = words.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
        match status {
            _ if self.late.load(Ordering::Acquire) => Some(SLOW),
            b"431" if self.strict.in_first_line() => Some(LONG_URI),
            b"431" => Some(LARGE_HEADERS),
            b"414" => Some(LONG_URI),
            b"400" => Some(MALFORMED),
            _ => None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(heads) = &mut this.heads else { return Pin::new(&mut this.inner).poll_read(cx, buf) };
        if heads.ended.is_none() && heads.late.load(Ordering::Acquire) {
            heads.ended = Some(REFUSED);
        }
        if heads.ended.is_some() {
            heads.end(buf);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        if this.first.is_empty() {
            ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        } else {
            buf.put_slice(&this.first.split_to(this.first.len().min(buf.remaining())));
            // The rest is most likely there as well. If it is not, or will never be, the next read says so.
            if buf.remaining() > 0 {
                let _ = Pin::new(&mut this.inner).poll_read(cx, buf);
            }
        }
        heads.look(buf, before, &this.pulse);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Guarded<S> {
    fn poll_pass(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write(cx, bytes) {
            Poll::Ready(Ok(written)) => {
                self.pulse.wrote(written, &self.limits);
                Poll::Ready(Ok(written))
            }
            Poll::Pending => {
                self.pulse.blocked();
                Poll::Pending
            }
            failed => failed,
        }
    }

    /// Writes what is said in place of the server's own words.
    fn poll_words(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(words) =
            self.heads.as_ref().map(|heads| heads.words.clone()).filter(|words| words.has_remaining())
        {
            let written = ready!(self.poll_pass(cx, &words))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            if let Some(heads) = &mut self.heads {
                heads.words.advance(written);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(heads) = &mut this.heads
            && this.pulse.is_clean()
            && let Some(refusal) = heads.meaning(bytes)
        {
            heads.words = heads.dress.last_words(refusal, heads.client);
            return Poll::Ready(Ok(bytes.len()));
        }
        this.poll_pass(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_words(cx))?;
        ready!(Pin::new(&mut this.inner).poll_flush(cx))?;
        this.pulse.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_words(cx))?;
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}
