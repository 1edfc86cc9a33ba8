//! Sockets that whoever started the program has opened for it, as systemd does for a unit with a socket. They outlive
//! the process, so that what connects while it is restarted waits instead of being refused.

use super::ServeError;
use std::net::{SocketAddr, TcpListener};

/// Sockets that wait for connections: the shop's own first, then the one for plain HTTP that is sent on.
#[derive(Default)]
pub struct Handed {
    sockets: Vec<TcpListener>,
}

impl Handed {
    /// Takes what was handed over; usually nothing.
    pub fn take() -> Result<Self, ServeError> {
        let mut sockets = Vec::new();
        #[cfg(unix)]
        {
            let mut given = listenfd::ListenFd::from_env();
            if given.len() > 2 {
                return Err(ServeError(format!(
                    "{} sockets were handed over; the shop takes one, and a second for edge.redirect_port",
                    given.len()
                )));
            }
            for index in 0..given.len() {
                let socket = given.take_tcp_listener(index).map_err(|cause| {
                    ServeError(format!("socket {} that was handed over cannot be listened on: {cause}", index + 1))
                })?;
                sockets.extend(socket);
            }
        }
        Ok(Self { sockets })
    }

    /// Where the shop's own socket listens, if there is one.
    pub fn place(&self) -> Option<SocketAddr> {
        self.sockets.first().and_then(|socket| socket.local_addr().ok())
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// The next of them.
    pub(super) fn next(&mut self) -> Option<TcpListener> {
        (!self.sockets.is_empty()).then(|| self.sockets.remove(0))
    }
}
