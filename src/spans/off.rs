//! Nothing, in a build without spans.

use std::time::Duration;

/// Spans on their way to a collector, until it is dropped.
pub struct Exporting;

/// Begins to give spans to the collector that the environment names.
pub fn begin() -> Result<Exporting, String> {
    Ok(Exporting)
}

/// A request that is being answered.
pub struct RequestSpan;

impl RequestSpan {
    /// Begins, below what the headers name.
    pub fn begin<'h>(_id: &str, _header: impl Fn(&str) -> Option<&'h str>) -> Self {
        Self
    }

    /// Has been answered.
    pub fn end(&self, _method: &'static str, _route: Option<&str>, _status: u16) {}
}

/// A write that is being done; there is none.
pub enum WriteSpan {}

impl WriteSpan {
    /// Begins.
    pub fn begin() -> Option<Self> {
        None
    }

    /// Has done its work, or given it up.
    pub fn did(&mut self, _work: String, _actions: String, _request_id: Option<&str>, _good: bool) {
        match *self {}
    }
}

/// Writes of one commit have ended.
pub fn written(_writes: Vec<WriteSpan>, _committed: bool) {}

/// A statement that reads took long.
pub fn read_was_slow(_sql: &str, _took: Duration) {}
