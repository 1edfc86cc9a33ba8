//! `nexus migrate`: brings the database to this version's schema.

use super::{Common, Done};
use clap::Args;

/// Brings the database to this version's schema; a copy is made first. Starting the server does the same.
#[derive(Args)]
#[command(after_help = "Example: nexus migrate --data-dir data")]
pub struct MigrateArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: MigrateArgs, common: &Common) -> Done {
    let shop = common.open()?;
    let done = shop.migrated().clone();
    let backup = done.backup.map(|path| path.display().to_string());
    if args.json {
        println!("{}", serde_json::json!({ "from": done.from, "to": done.to, "backup": backup }));
    } else if done.from == done.to {
        println!("the database is at schema {}, nothing to do", done.to);
    } else {
        println!("migrated from schema {} to {}", done.from, done.to);
        backup.into_iter().for_each(|path| println!("the database before is kept at {path}"));
    }
    Ok(())
}
