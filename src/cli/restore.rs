//! `nexus restore`: puts the shop of a backup in the place of the one in the data folder.

use super::backup::{SecretsArgs, failure, stepwise};
use super::{Common, Done, Failure};
use crate::app;
use crate::config::Flags;
use crate::services::Ctx;
use crate::services::backup::{self, Restored};
use clap::Args;
use std::path::{Path, PathBuf};

/// Puts the shop of a backup in the place of the one in the data folder, which no server may run on. The backup is looked
/// over first; the shop that was there is kept, and --undo brings it back.
#[derive(Args)]
#[command(after_help = "Example: nexus restore data/backups/nexus-20260131-090500-123.tar.gz")]
pub struct RestoreArgs {
    /// The backup
    #[arg(required_unless_present = "undo", conflicts_with = "undo")]
    file: Option<PathBuf>,
    /// Bring the shop back that was there before the last restore or rollback
    #[arg(long, conflicts_with = "with_secrets")]
    undo: bool,
    #[command(flatten)]
    secrets: SecretsArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: RestoreArgs, common: &Common) -> Done {
    let config = common.load(Flags::default())?.config;
    let root = &config.data.dir;
    let now = Ctx::owner().now;
    let Some(file) = args.file.filter(|_| !args.undo) else {
        let kept = backup::undo(root, now).map_err(failure)?;
        if args.json {
            println!("{}", serde_json::json!({ "undone": true, "before": kept.display().to_string() }));
        } else {
            println!("the shop from before the restore is back; the one that was here is kept in {}", kept.display());
        }
        return Ok(());
    };
    let passphrase = args.secrets.passphrase(false)?;
    let cards = app::cards(&config.shop);
    let restored = stepwise(|step| backup::restore(root, &file, &cards, passphrase.as_deref(), now, step))?;
    report(&restored, root, args.json);
    match restored.verified.findings.len() {
        0 => Ok(()),
        count => {
            Err(Failure::findings(format!("the shop is restored, and {count} things in it are not as they should be")))
        }
    }
}

fn report(restored: &Restored, root: &Path, json: bool) {
    let (verified, before) = (&restored.verified, restored.before.as_ref().map(|path| path.display().to_string()));
    if json {
        let report = serde_json::json!({
            "created_at": verified.manifest.created_at.to_rfc3339(), "schema": verified.manifest.schema,
            "secrets": restored.secrets, "before": before, "findings": verified.findings,
        });
        println!("{report}");
        return;
    }
    verified.findings.iter().for_each(|finding| println!("{finding}"));
    println!("{} holds the shop of {}", root.display(), verified.manifest.created_at.to_rfc3339());
    if !restored.secrets && !root.join("secrets/audit.key").exists() {
        println!("without its keys: everybody signs in again, and the audit log up to now cannot be verified");
    }
    if let Some(before) = before {
        println!("the shop that was here is kept in {before} until the new one has run for a week");
    }
}
