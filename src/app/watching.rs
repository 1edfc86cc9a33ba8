//! Listeners beside the shop's own: the address of the metrics, and the one by which the command line asks the running
//! shop how it is doing.

use super::ServeError;
use crate::config::Config;
use crate::folder::{DataFolder, write_private};
use crate::http::{Aside, Control, ControlFile, Gauges, StatusView};
use crate::providers::health as neighbour;
use crate::services::Shop;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long the running shop may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What listens, until it is dropped.
pub(super) struct Watched {
    _metrics: Option<Aside>,
    _control: Option<ControlDesk>,
}

/// Where the command line asks; the file that says so goes with it.
struct ControlDesk {
    _aside: Aside,
    file: PathBuf,
}

impl Drop for ControlDesk {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Begins to listen where the configuration says so, and for the command line.
pub(super) fn begin(config: &Config, shop: &Arc<Shop>, gauges: Option<&Gauges>) -> Result<Watched, ServeError> {
    let control = control(config, shop);
    if let Err(error) = &control {
        // The shop sells all the same.
        tracing::warn!(%error, "nexus status will not be able to ask this shop");
    }
    Ok(Watched { _metrics: metrics(config, gauges)?, _control: control.ok() })
}

fn metrics(config: &Config, gauges: Option<&Gauges>) -> Result<Option<Aside>, ServeError> {
    let (Some(address), Some(gauges)) = (config.metrics.own_address(), gauges.cloned()) else { return Ok(None) };
    if !address.ip().is_loopback() && gauges.token.is_empty() {
        tracing::warn!(%address, "everybody who reaches metrics.address sees the metrics; see metrics.token");
    }
    let aside = Aside::listen(address, Arc::new(move |asked| gauges.answer(asked)));
    aside.map(Some).map_err(|cause| cannot_tell_metrics(address, &cause))
}

/// What is said of an address for metrics that is taken.
pub(super) fn cannot_tell_metrics(address: SocketAddr, cause: &std::io::Error) -> ServeError {
    ServeError(format!("cannot listen on {address} for metrics: {cause}; choose another metrics.address"))
}

fn control(config: &Config, shop: &Arc<Shop>) -> std::io::Result<ControlDesk> {
    let token = crate::clock::random_hex::<32>();
    let desk = Control { shop: shop.clone(), token: token.clone() };
    let aside = Aside::listen(([127, 0, 0, 1], 0).into(), Arc::new(move |asked| desk.answer(asked)))?;
    let said = ControlFile { process: std::process::id(), address: aside.address(), token, url: config.open_at() };
    let file = DataFolder::control(shop.folder().root());
    write_private(&file, serde_json::to_string(&said)?.as_bytes())?;
    Ok(ControlDesk { _aside: aside, file })
}

/// What is found out about the shop of a data folder.
pub enum Asked {
    /// It runs, there, and says this.
    Runs(String, Box<StatusView>),
    /// Somebody holds the folder and does not answer: a command, or a shop that opens or closes.
    Held(u32),
    /// Nothing runs.
    Stopped,
}

/// Asks the shop that runs on a data folder how it is doing.
pub fn status(root: &Path) -> Asked {
    if let Some((said, view)) = ask(root) {
        return Asked::Runs(said.url, Box::new(view));
    }
    match DataFolder::holder(root).filter(|process| is_alive(*process)) {
        Some(process) => Asked::Held(process),
        None => Asked::Stopped,
    }
}

fn ask(root: &Path) -> Option<(ControlFile, StatusView)> {
    let text = std::fs::read_to_string(DataFolder::control(root)).ok()?;
    let said: ControlFile = serde_json::from_str(&text).ok()?;
    // A file that a killed shop left behind names a port that is nobody's, or somebody else's.
    let view = serde_json::from_str(&neighbour::status(said.address, &said.token, PATIENCE)?).ok()?;
    Some((said, view))
}

#[cfg(unix)]
fn is_alive(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    process.is_some_and(|process| match rustix::process::test_kill_process(process) {
        Ok(()) => true,
        // It is there, and somebody else's.
        Err(error) => error == rustix::io::Errno::PERM,
    })
}

#[cfg(not(unix))]
fn is_alive(_: u32) -> bool {
    false
}
