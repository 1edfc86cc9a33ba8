//! A connection that has become a web socket: bytes are passed both ways and not looked at, until one side ends it,
//! nothing passes for long, or the edge stops.

use super::limits::TUNNEL_SILENCE;
use super::proxy::Passage;
use super::upstream::Line;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// Begins to pass bytes once both sides have switched over.
pub fn begin(client: OnUpgrade, shop: OnUpgrade, mut line: Line, turn: OwnedSemaphorePermit, passage: &Passage) {
    let (front, slot) = (passage.front.clone(), passage.slot.clone());
    tokio::spawn(async move {
        let mut shop = std::pin::pin!(shop);
        // The connection to the shop hands its bytes over only while it is driven.
        let switched = std::future::poll_fn(|cx| {
            line.drive(cx);
            shop.as_mut().poll(cx)
        });
        if let (Ok(client), Ok(shop)) = tokio::join!(client, switched) {
            let moved = Mutex::new(Instant::now());
            let mut client = Lively { inner: TokioIo::new(client), moved: &moved };
            let mut shop = TokioIo::new(shop);
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut shop) => {}
                () = silence(&moved) => {}
                () = front.stopped() => {}
            }
        }
        drop((turn, slot));
    });
}

async fn silence(moved: &Mutex<Instant>) {
    loop {
        let until = *moved.lock().unwrap_or_else(|e| e.into_inner()) + TUNNEL_SILENCE;
        if until <= Instant::now() {
            return;
        }
        tokio::time::sleep_until(until).await;
    }
}

/// Notes when something passes.
struct Lively<'m, S> {
    inner: S,
    moved: &'m Mutex<Instant>,
}

impl<S> Lively<'_, S> {
    fn note(&self) {
        *self.moved.lock().unwrap_or_else(|e| e.into_inner()) = Instant::now();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lively<'_, S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.note();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lively<'_, S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.note();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
