//! Backups as clients see them.

use super::{Moment, one_of};
use crate::services::backup::{BackupEntry, BackupState};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::Serialize;

/// A backup of the whole shop.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Backup")]
pub struct BackupView {
    /// Its name, by which it is downloaded.
    name: String,
    /// `automatic` ones are removed again by the schedule; `manual` ones stay.
    #[schemars(schema_with = "kind")]
    kind: &'static str,
    /// `running` while it is made; `failed` when it was not made, or not uploaded.
    #[schemars(schema_with = "state")]
    state: &'static str,
    /// The moment of which it is.
    created_at: Moment,
    /// Its length in bytes; null while there is none.
    size: Option<u64>,
    /// Whether it was uploaded to other storage.
    uploaded: bool,
    /// Why it failed; null when it did not.
    problem: Option<String>,
}

fn kind(_: &mut SchemaGenerator) -> Schema {
    one_of(["automatic", "manual"])
}

fn state(_: &mut SchemaGenerator) -> Schema {
    one_of(["running", "done", "failed"])
}

impl BackupView {
    /// The view of one.
    pub fn new(entry: BackupEntry) -> Self {
        let (state, problem) = match entry.state {
            BackupState::Running => ("running", None),
            BackupState::Done => ("done", None),
            // The log has the reason, which names paths of the machine.
            BackupState::Failed(_) => ("failed", Some("see the log of the shop for the reason".to_owned())),
        };
        Self {
            kind: entry.name.kind().as_str(),
            created_at: Moment(entry.name.made_at()),
            name: entry.name.as_str().to_owned(),
            size: entry.size,
            uploaded: entry.uploaded,
            state,
            problem,
        }
    }
}

/// The backups in the data folder.
#[derive(Serialize, JsonSchema)]
pub struct BackupList {
    /// The backups, newest first.
    pub results: Vec<BackupView>,
    /// Always null: they fit on one page.
    pub next: Option<String>,
    /// Always null.
    pub previous: Option<String>,
}

impl BackupList {
    /// The view of all.
    pub fn new(entries: Vec<BackupEntry>) -> Self {
        Self { results: entries.into_iter().map(BackupView::new).collect(), next: None, previous: None }
    }
}
