//! `nexus upgrade-check`: what this version would do to the shop, without doing it.

use super::{Common, Done, Failure};
use crate::config::Flags;
use crate::folder::{DATABASE, free_space};
use crate::services::backup;
use clap::Args;

/// Tells what starting this version would do to the database, and whether there is room for the copy made first. It
/// changes nothing and works beside a running server. Exit code 3: the upgrade would not work.
#[derive(Args)]
#[command(after_help = "Example: nexus upgrade-check --data-dir data")]
pub struct UpgradeCheckArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: UpgradeCheckArgs, common: &Common) -> Done {
    let root = common.load(Flags::default())?.config.data.dir;
    let pending = backup::upgrade_pending(&root).map_err(super::backup::failure)?;
    let size = |name: &str| std::fs::metadata(root.join(name)).map_or(0, |meta| meta.len());
    // The copy, and as much again for the log of a migration that touches everything.
    let needed = if pending.steps.is_empty() { 0 } else { 2 * (size(DATABASE) + size("nexus.db-wal")) };
    let free = free_space(&root);
    let (is_newer, is_full) = (pending.schema > pending.newest, free.is_some_and(|free| free < needed));
    if args.json {
        let report = serde_json::json!({
            "ok": !is_newer && !is_full, "schema": pending.schema, "newest": pending.newest,
            "steps": pending.steps, "bytes_needed": needed, "bytes_free": free,
        });
        println!("{report}");
    } else if pending.steps.is_empty() && !is_newer {
        println!("the database is at schema {}, nothing would be done", pending.schema);
    } else if !is_newer {
        println!("the database is at schema {}, this version would bring it to {}:", pending.schema, pending.newest);
        pending.steps.iter().for_each(|step| println!("  {step}"));
        println!("a copy is made first in backups/; `nexus rollback` goes back to it");
    }
    match (is_newer, is_full) {
        (true, _) => Err(Failure::findings(format!(
            "the database is at schema {}, this version knows up to {}: use the newer version that wrote it",
            pending.schema, pending.newest
        ))),
        (_, true) => Err(Failure::findings(format!(
            "{} has {} MiB free, the upgrade may need {} MiB: make room first",
            root.display(),
            free.unwrap_or(0) >> 20,
            needed >> 20
        ))),
        _ => Ok(()),
    }
}
