//! Telling others of events over HTTP, without being led to places that only the shop can reach.
//!
//! Where to send is decided by people who may be wrong or have been tricked, so an address is looked at twice: when it
//! is saved, and each time something is sent, when its name is resolved once, every address it has must be public, and
//! only those that were looked at are connected to.

mod client;
mod public;
mod target;
#[cfg(test)]
mod tests;

pub use client::HttpSender;
pub use target::{Allowed, Lookup, SystemLookup};

use std::fmt;

/// What is sent: one POST.
#[derive(Clone, Debug)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// Headers that say what it is and who sent it.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the body, made readable.
    pub excerpt: String,
}

/// An address that nothing is sent to, and why; `code` is a stable word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// A stable word for programs.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub why: String,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Nothing was sent, since the address is not one to send to.
    Refused(Refused),
    /// It could not be sent, or was not answered.
    Failed(String),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => f.write_str(&refused.why),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for SendError {}

/// Tells endpoints of events. Blocks for as long as that takes, at most some seconds.
pub trait WebhookSender: Send + Sync {
    /// The address as it is kept, when it is one to send to as far as can be told now.
    fn check(&self, url: &str) -> Result<String, Refused>;

    /// Sends, and tells what came back, whatever its status.
    fn send(&self, post: &Post) -> Result<Reply, SendError>;
}
