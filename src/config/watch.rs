//! The settings of what the shop looks after by itself.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Checks in the background, and what else deserves a look.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchSettings {
    /// Hours between two checks of the whole database; 0 for none.
    pub check_hours: u32,
    /// Certificates that `nexus doctor` looks at.
    pub certificates: Vec<PathBuf>,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self { check_hours: 24, certificates: Vec::new() }
    }
}
