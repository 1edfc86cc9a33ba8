//! The doors: sockets that wait for connections, and the connections that come in by them.

use super::Front;
use super::connection::{Door, serve};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// Connections that may wait to be taken.
const WAITING: i32 = 1024;

/// How long to wait when none can be taken, as when there are no more files.
const PAUSE: Duration = Duration::from_millis(50);

/// Takes an address, so that nobody else can; what comes waits until the doors are opened.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A shop that starts again need not wait for connections of the one before to be forgotten.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(WAITING)?;
    Ok(socket.into())
}

/// The same listener, on the runtime.
pub fn adopt(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// Takes connections until the edge stops.
pub async fn accept(listener: tokio::net::TcpListener, door: Door, front: Arc<Front>) {
    let mut stopped = std::pin::pin!(front.stopped());
    loop {
        let taken = tokio::select! {
            biased;
            () = stopped.as_mut() => return,
            taken = listener.accept() => taken,
        };
        match taken {
            Ok((stream, peer)) => {
                let address = peer.ip().to_canonical();
                // When all are busy, the one that comes is closed again: it has not been promised anything.
                let Some(slot) = front.caps.admit(address) else { continue };
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(stream, address, slot, door, front.clone()));
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
