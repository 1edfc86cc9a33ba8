//! The tables of the configuration, one struct each, with their defaults.

use crate::domain::Currency;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// What the owner decides about the shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShopSettings {
    /// Its name.
    pub name: String,
    /// ISO 4217 code of the currency of all prices.
    pub currency: String,
    /// Whether the public sees only if something is in stock, not how much.
    pub hide_stock: bool,
    /// Where the public reaches it, such as `https://shop.example`; empty where it listens.
    pub url: String,
    /// Whether reviews are shown only once somebody of the staff has approved them.
    pub reviews_need_approval: bool,
}

/// Where the shop lies on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSettings {
    /// The data folder.
    pub dir: PathBuf,
}

/// How the database is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadSettings {
    /// Connections that read; 0 means two for each core.
    pub readers: u32,
    /// Milliseconds a read may take.
    pub read_deadline_ms: u64,
    /// Whether a program such as Litestream copies the log of the database elsewhere as it is written: folding it in is
    /// left to that program then.
    pub replicated: bool,
}

/// Bodies of public catalog answers kept ready to send.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSettings {
    /// Whether any are kept.
    pub enabled: bool,
    /// Memory for them, in MiB.
    pub max_mib: u64,
    /// Seconds a browser or proxy may reuse an answer without asking.
    pub max_age_seconds: u32,
}

/// Sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthSettings {
    /// Minutes an access token lives, at most 10.
    pub access_minutes: u64,
    /// Days a sign-in lasts while it is not used.
    pub refresh_days: u32,
    /// Days after which a sign-in ends however much it is used.
    pub session_days: u32,
}

/// What is logged, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter by module.
    pub level: String,
    /// `pretty` or `json`.
    pub format: LogFormat,
    /// Whether each request is logged.
    pub access: bool,
    /// Milliseconds beyond which a statement that reads, or a whole write, is logged with the way the database goes; 0 for
    /// never.
    pub slow_ms: u64,
}

impl LogSettings {
    /// The level of each module; errors are told wherever nothing else is said.
    pub fn levels(&self) -> Result<Targets, String> {
        let mut levels = Targets::new().with_default(LevelFilter::ERROR);
        for part in self.level.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let given: Targets = part.parse().map_err(|_| {
                format!(
                    "log.level: {part:?} is neither a level such as info nor a module's such as nexus::services=debug"
                )
            })?;
            match given.default_level() {
                Some(level) => levels = levels.with_default(level),
                None => levels.extend(given),
            }
        }
        Ok(levels)
    }
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self {
            name: "Nexus".to_owned(),
            currency: "EUR".to_owned(),
            hide_stock: false,
            url: String::new(),
            reviews_need_approval: true,
        }
    }
}

impl Default for DataSettings {
    fn default() -> Self {
        Self { dir: PathBuf::from("data") }
    }
}

impl Default for ReadSettings {
    fn default() -> Self {
        Self { readers: 0, read_deadline_ms: 2_000, replicated: false }
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { enabled: true, max_mib: 32, max_age_seconds: 5 }
    }
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self { access_minutes: 10, refresh_days: 30, session_days: 90 }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Pretty, access: true, slow_ms: 500 }
    }
}

impl ShopSettings {
    /// The currency of all prices.
    pub fn currency(&self) -> Currency {
        // Checked when the configuration was read.
        Currency::from_code(&self.currency).or_else(|| Currency::from_code("EUR")).expect("EUR is a currency")
    }
}
