//! Looks over what a shop stands on, in words for owners who are no engineers. It opens no shop: it must work beside the
//! running one, and where opening fails.

mod certificate;
mod ground;
mod settings;

use super::Backup;
use super::status::newest_backup;
use crate::config::Config;
use crate::machine::{self, Disk};
use std::path::Path;

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Fine,
    /// It works, and could be better.
    Advice,
    /// It needs a hand.
    Problem,
}

impl Severity {
    /// A word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Advice => "advice",
            Self::Problem => "problem",
        }
    }
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it is about, in a word or two.
    pub topic: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is the case.
    pub text: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Remark {
    fn fine(topic: &'static str, text: impl Into<String>) -> Self {
        Self { topic, severity: Severity::Fine, text: text.into(), advice: None }
    }

    fn advice(topic: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { topic, severity: Severity::Advice, text: text.into(), advice: Some(advice.into()) }
    }

    fn problem(topic: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { topic, severity: Severity::Problem, text: text.into(), advice: Some(advice.into()) }
    }
}

/// Whether the shop runs, and what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Running {
    /// It does.
    Yes {
        /// Why it cannot do its work.
        problem: Option<String>,
        /// What its last check of the data found, if there was one.
        findings: Option<usize>,
        /// Jobs that were given up.
        jobs_dead: u64,
        /// What is wrong with its backups.
        backup: Option<String>,
        /// Where it says that the public reaches it.
        url: String,
    },
    /// Somebody holds the data folder and says nothing.
    Busy,
    /// It does not.
    No,
}

/// What can be seen of a shop without opening it.
#[derive(Clone, Debug)]
pub struct Outside {
    /// The size of its database; nothing when there is no shop.
    pub database_bytes: Option<u64>,
    /// The newest backup.
    pub backup: Option<Backup>,
    /// Room on the disk.
    pub disk: Option<Disk>,
}

/// Looks at a data folder without opening the shop.
pub fn outside(root: &Path) -> Outside {
    Outside {
        database_bytes: machine::file_bytes(&root.join("nexus.db")).filter(|bytes| *bytes > 0),
        backup: newest_backup(root, crate::clock::now()),
        disk: machine::disk(root),
    }
}

/// Looks everything over.
pub fn examine(config: &Config, running: &Running) -> Vec<Remark> {
    let root = &config.data.dir;
    let mut remarks = vec![Remark::fine("settings", "they can be read, and every key is known")];
    remarks.extend(settings::risky(config));
    remarks.extend(certificate::all(config, running, crate::clock::now()));
    let seen = outside(root);
    if seen.database_bytes.is_none() && !root.join("nexus.json").exists() {
        let text = format!("there is no shop in {} yet", root.display());
        remarks.push(Remark::advice("data folder", text, "nexus serve makes one; --data-dir chooses another folder"));
        return remarks;
    }
    remarks.extend(ground::folder(root));
    remarks.extend(ground::disk(&seen));
    remarks.extend(ground::clock(root));
    remarks.extend(ground::backup(config, &seen, running));
    remarks.extend(ground::database(root, running));
    remarks.extend(settings::demo(config, running));
    remarks
}
