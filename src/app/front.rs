//! The edge in front of the server: bound before the shop is touched, opened when the server behind it listens, and
//! told to stop before the server is, so that what it has taken is still answered.

use super::inside::Indoors;
use super::stopping::{Stopping, told_to_stop};
use super::watching::cannot_tell_metrics;
use super::{Handed, ServeError, cannot_listen, prepare_process};
use crate::certificate::Kept;
use crate::config::Config;
use crate::counters::Doorway;
use crate::edge::{self, Automatic, Doors, Edge, Obtain, Parts, Running};
use crate::http::{Closing, Seal, headers_everywhere};
use crate::jobs::Runner;
use crate::providers::acme::Authority;
use hyper::header::HeaderValue;
use rocket::fairing::AdHoc;
use rocket::{Build, Rocket};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An edge with its doors.
pub(super) struct Prepared {
    edge: Edge,
    doors: Doors,
    seal: Seal,
}

/// The way in, made ready before the shop is opened: a start that is refused for an address that is taken or a certificate
/// that is not there has touched no data folder, and migrated nothing.
pub struct Entrance {
    pub(super) edge: Option<Prepared>,
    pub(super) doorway: Arc<Doorway>,
}

impl Entrance {
    /// Takes the addresses the shop is to listen at.
    pub fn prepare(config: &Config, handed: Handed) -> Result<Self, ServeError> {
        prepare_process();
        let doorway = Arc::default();
        let edge = prepare(config, handed, &doorway)?;
        if edge.is_none() {
            // The server behind takes it itself, and later.
            let address = SocketAddr::new(config.address, config.port);
            edge::bind(address).map_err(|cause| ServeError(cannot_listen(address, &cause)))?;
        }
        if let Some(address) = config.metrics.own_address() {
            edge::bind(address).map_err(|cause| cannot_tell_metrics(address, &cause))?;
        }
        Ok(Self { edge, doorway })
    }
}

/// Reads the certificate and takes the public addresses, if the edge is to stand in front. It does wherever a socket was
/// handed over, since the server behind it takes none.
fn prepare(config: &Config, mut handed: Handed, doorway: &Arc<Doorway>) -> Result<Option<Prepared>, ServeError> {
    if !config.has_edge() && handed.is_empty() {
        return Ok(None);
    }
    let seal = Seal::new();
    let public_url = config.public_url();
    let parts = Parts {
        settings: config.edge.clone(),
        proxies: config.proxy.ranges().map_err(ServeError)?,
        headers: headers_everywhere(public_url.starts_with("https://")),
        stamp_name: seal.name(),
        stamp: {
            let seal = seal.clone();
            Box::new(move |address| {
                HeaderValue::from_str(&seal.stamp(address)).unwrap_or(HeaderValue::from_static("none"))
            })
        },
        redirect_to: (config.edge.redirect_port > 0).then_some(public_url),
        open_files: open_files(),
        access_log: config.log.access,
        doorway: doorway.clone(),
        automatic: automatic(config)?,
    };
    let edge = Edge::prepare(parts).map_err(|why| ServeError(format!("configuration: edge: {why}")))?;
    let bind = |handed: Option<TcpListener>, port| match handed {
        Some(socket) => Ok(socket),
        None => {
            let address = SocketAddr::new(config.address, port);
            edge::bind(address).map_err(|cause| ServeError(cannot_listen(address, &cause)))
        }
    };
    let shop = bind(handed.next(), config.port)?;
    let redirect_port = config.edge.redirect_port;
    let redirect = (redirect_port > 0).then(|| bind(handed.next(), redirect_port)).transpose()?;
    let doors = Doors { shop, redirect };
    Ok(Some(Prepared { edge, doors, seal }))
}

impl Prepared {
    /// What the server behind it knows it by.
    pub(super) fn seal(&self) -> Seal {
        self.seal.clone()
    }

    /// Opens the doors once the server behind them listens, and has everything stop in order. A second server of the same
    /// API, which never listens, answers what comes by the short way.
    pub(super) fn opening(
        self,
        config: &Config,
        indoors: Rocket<Build>,
        runner: &Arc<Mutex<Option<Runner>>>,
        closing: Closing,
    ) -> AdHoc {
        let (runner, grace) = (runner.clone(), Duration::from_secs(config.grace_seconds.into()));
        let Self { edge, doors, .. } = self;
        AdHoc::on_liftoff("edge opens", move |server| {
            let shop = SocketAddr::from((Ipv4Addr::LOCALHOST, server.config().port));
            let shutdown = server.shutdown();
            Box::pin(async move {
                // Listened for first: whoever stops the shop as soon as it answers is to be heard.
                let opened = async {
                    let stopping = Stopping::listen().map_err(|e| e.to_string())?;
                    let indoors = Indoors::new(indoors).await.map_err(|e| e.to_string())?;
                    let running = edge.open(doors, shop, Some(Arc::new(indoors))).map_err(|e| e.to_string())?;
                    Ok::<_, String>((running, stopping))
                };
                match opened.await {
                    Ok((running, stopping)) => {
                        tracing::info!(%shop, "the edge stands in front");
                        tokio::spawn(stop_in_order(running, stopping, (shutdown, closing), runner, grace));
                    }
                    Err(error) => {
                        tracing::error!(%error, "the edge cannot be opened; stopping");
                        shutdown.notify();
                    }
                }
            })
        })
    }
}

/// Waits until the process is told to stop, or the server stops for a reason of its own; then the edge takes nothing
/// more, finishes what it has taken, and the server is told.
async fn stop_in_order(
    running: Running,
    stopping: Stopping,
    (shutdown, closing): (rocket::Shutdown, Closing),
    runner: Arc<Mutex<Option<Runner>>>,
    grace: Duration,
) {
    told_to_stop(stopping, shutdown.clone(), &closing, &runner, grace).await;
    running.drain(grace).await;
    shutdown.notify();
}

/// Has the authority of the settings asked for certificates, if any is.
fn automatic(config: &Config) -> Result<Option<Automatic>, ServeError> {
    if !config.edge.acme {
        return Ok(None);
    }
    let kept = Kept::new(&config.data.dir, &config.edge.acme_directory);
    let authority = Authority::new(&config.edge, kept.clone());
    let authority = authority.map_err(|why| ServeError(format!("configuration: edge.acme_roots: {why}")))?;
    let obtain: Obtain =
        Box::new(move |hosts, challenges| authority.obtain(hosts, &|token, proof| challenges.put(token, proof)));
    Ok(Some(Automatic { obtain, kept }))
}

fn open_files() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    None
}
