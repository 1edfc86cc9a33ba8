//! The edge: what stands between the open internet and the shop, in the same process. It ends TLS, speaks HTTP/1.1 and
//! HTTP/2, cuts off who is too slow, too large or too many, and passes requests on over loopback together with the
//! address they came from. It knows nothing of the shop, and nothing of what is asked.

mod acme;
mod answer;
mod caps;
mod connection;
mod fields;
mod guarded;
mod inside;
mod limits;
mod listen;
mod paced;
mod proxy;
mod pulse;
mod redirect;
mod refusal;
mod refused;
mod strict;
mod tls;
mod tunnel;
mod upstream;

pub use acme::{Automatic, Challenges, Obtain};
pub use inside::{Broken, Inside, Voice, Work};
pub use limits::WHOLE_BYTES;
pub use listen::bind;

use crate::config::EdgeSettings;
use crate::counters::Doorway;
use acme::Keeper;
use caps::Caps;
use connection::Door;
use hyper::header::{HeaderName, HeaderValue};
use ipnet::IpNet;
use limits::Limits;
use refusal::Dress;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tls::{Certificate, Files};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use upstream::Upstream;

/// Makes the value of the header that tells the shop where a request comes from.
pub type Stamp = Box<dyn Fn(IpAddr) -> HeaderValue + Send + Sync>;

/// What the edge must be told.
pub struct Parts {
    /// Its settings.
    pub settings: EdgeSettings,
    /// Proxies that may have any number of connections.
    pub proxies: Vec<IpNet>,
    /// Headers of every answer it makes itself.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The header that tells the shop where a request comes from.
    pub stamp_name: &'static str,
    /// Its value for an address.
    pub stamp: Stamp,
    /// The origin that plain HTTP is sent on to.
    pub redirect_to: Option<String>,
    /// Files that the process may have open.
    pub open_files: Option<u64>,
    /// Whether what it refuses is logged as each request is.
    pub access_log: bool,
    /// Where connections and refusals are counted.
    pub doorway: Arc<Doorway>,
    /// Where the certificate comes from, if not from files.
    pub automatic: Option<Automatic>,
}

/// The doors, bound and not yet open.
pub struct Doors {
    /// The shop's own.
    pub shop: TcpListener,
    /// Plain HTTP that is sent on.
    pub redirect: Option<TcpListener>,
}

/// An edge whose certificate has been read, if there is one.
pub struct Edge {
    parts: Parts,
    source: Option<Source>,
    tls: Option<TlsAcceptor>,
}

/// Where the certificate comes from.
enum Source {
    Files(Files),
    Acme(Box<Keeper>),
}

/// An edge at work.
pub struct Running {
    front: Arc<Front>,
    stop: watch::Sender<bool>,
    /// Those who take connections.
    doormen: Vec<JoinHandle<()>>,
    /// Whoever looks after the certificate works for as long as this is here.
    keeping: Option<mpsc::Sender<()>>,
}

/// What all connections share.
struct Front {
    limits: Arc<Limits>,
    caps: Arc<Caps>,
    dress: Arc<Dress>,
    inside: Option<Arc<dyn Inside>>,
    upstream: Arc<Upstream>,
    tls: Option<TlsAcceptor>,
    hosts: Vec<String>,
    stamp_name: HeaderName,
    stamp: Stamp,
    redirect_to: Option<String>,
    challenges: Option<Arc<Challenges>>,
    stop: watch::Receiver<bool>,
    doorway: Arc<Doorway>,
}

/// Files that are left to the shop itself: its database, its jobs, what it logs and keeps.
const FILES_OF_THE_SHOP: u64 = 256;

impl Edge {
    /// Reads the certificate; what is wrong with it is said for people.
    pub fn prepare(mut parts: Parts) -> Result<Self, String> {
        let (settings, certificate) = (&parts.settings, Arc::<Certificate>::default());
        let source = match parts.automatic.take() {
            Some(automatic) => {
                Some(Source::Acme(Box::new(Keeper::new(automatic, settings.hosts.clone(), &certificate))))
            }
            None if settings.has_files() => {
                Some(Source::Files(Files::read(&settings.tls_cert, &settings.tls_key, &certificate)?))
            }
            None => None,
        };
        let config = source.is_some().then(|| certificate.server_config()).transpose()?;
        let tls = config.map(|config| TlsAcceptor::from(Arc::new(config)));
        Ok(Self { parts, source, tls })
    }

    /// Opens the doors, on the runtime this is called on, to a shop that listens at `shop`, and is asked in this process
    /// whatever can be asked so.
    pub fn open(self, doors: Doors, shop: SocketAddr, inside: Option<Arc<dyn Inside>>) -> std::io::Result<Running> {
        let (stop, stopped) = watch::channel(false);
        let Parts {
            settings, proxies, headers, stamp_name, stamp, redirect_to, open_files, access_log, doorway, ..
        } = self.parts;
        let most_requests = settings.max_requests as usize;
        let front = Arc::new(Front {
            limits: Arc::new(Limits::from(&settings)),
            caps: Arc::new(Caps::new(
                most_connections(&settings, open_files),
                settings.max_per_address as usize,
                proxies,
                doorway.clone(),
            )),
            dress: Arc::new(Dress::new(&headers, access_log, doorway.clone())),
            inside,
            upstream: Arc::new(Upstream::new(shop, most_requests)),
            tls: self.tls,
            hosts: settings.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            stamp_name: HeaderName::from_static(stamp_name),
            stamp,
            redirect_to,
            challenges: match &self.source {
                Some(Source::Acme(keeper)) => Some(keeper.challenges()),
                _ => None,
            },
            stop: stopped,
            doorway,
        });
        let listeners = [(Some(doors.shop), Door::Shop), (doors.redirect, Door::Redirect)];
        let mut doormen = Vec::new();
        for (listener, door) in listeners.into_iter().filter_map(|(listener, door)| Some((listener?, door))) {
            doormen.push(tokio::spawn(listen::accept(listen::adopt(listener)?, door, front.clone())));
        }
        let keeping = self.source.map(|source| source.look_after(&front)).transpose()?.flatten();
        Ok(Running { front, stop, doormen, keeping })
    }
}

impl Source {
    /// Has the certificate looked after until the edge stops, or until what is given back is let go of.
    fn look_after(self, front: &Arc<Front>) -> std::io::Result<Option<mpsc::Sender<()>>> {
        match self {
            Self::Acme(keeper) => {
                let (keeping, ended) = mpsc::channel();
                keeper.start(ended).map(|()| Some(keeping))
            }
            Self::Files(files) => {
                let front = front.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = Arc::new(files).follow() => {}
                        () = front.stopped() => {}
                    }
                });
                Ok(None)
            }
        }
    }
}

/// Each connection is a file, and so is each end of a way to the shop, of which there are as many for what takes long.
fn most_connections(settings: &EdgeSettings, open_files: Option<u64>) -> usize {
    let wanted = settings.max_connections as usize;
    let Some(files) = open_files else { return wanted };
    let others = FILES_OF_THE_SHOP + 4 * u64::from(settings.max_requests);
    let possible = usize::try_from(files.saturating_sub(others).max(files / 4)).unwrap_or(usize::MAX);
    if possible < wanted {
        tracing::warn!(wanted, possible, "the limit of open files allows fewer connections than edge.max_connections");
    }
    possible.min(wanted)
}

impl Running {
    /// Takes no more connections, lets requests that are under way finish within the time, then cuts off the rest.
    pub async fn drain(mut self, within: Duration) {
        let _ = self.stop.send(true);
        drop(self.keeping.take());
        // Whoever takes a connection at this moment still counts it: only then can it be seen that none is left.
        for doorman in self.doormen.drain(..) {
            let _ = doorman.await;
        }
        if tokio::time::timeout(within, self.front.caps.emptied()).await.is_err() {
            tracing::warn!(connections = self.front.caps.count(), "connections are cut off, since their time is up");
        }
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.front.caps.count()
    }
}

impl Front {
    /// Whether the edge has been told to stop.
    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until it is.
    async fn stopped(&self) {
        let mut stop = self.stop.clone();
        // Whoever would tell is gone: then there is nothing left to do either.
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Whether a host is one of those that are served.
    fn serves(&self, host: Option<&str>) -> bool {
        if self.hosts.is_empty() {
            return true;
        }
        let host = host.unwrap_or_default();
        let name = match host.rfind(':') {
            Some(at) if !host[at..].contains(']') => &host[..at],
            _ => host,
        };
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}
