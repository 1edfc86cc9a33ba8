//! Listeners beside the shop's own: the address of the metrics.

use super::ServeError;
use crate::config::Config;
use crate::http::{Aside, Gauges};
use std::sync::Arc;

/// What listens, until it is dropped.
pub(super) struct Watched {
    _metrics: Option<Aside>,
}

/// Begins to listen where the configuration says so.
pub(super) fn begin(config: &Config, gauges: Option<&Gauges>) -> Result<Watched, ServeError> {
    Ok(Watched { _metrics: metrics(config, gauges)? })
}

fn metrics(config: &Config, gauges: Option<&Gauges>) -> Result<Option<Aside>, ServeError> {
    let (Some(address), Some(gauges)) = (config.metrics.own_address(), gauges.cloned()) else { return Ok(None) };
    if !address.ip().is_loopback() && gauges.token.is_empty() {
        tracing::warn!(%address, "everybody who reaches metrics.address sees the metrics; see metrics.token");
    }
    let aside = Aside::listen(address, Arc::new(move |asked| gauges.answer(asked)));
    aside.map(Some).map_err(|cause| {
        ServeError(format!("cannot listen on {address} for metrics: {cause}; choose another metrics.address"))
    })
}
