//! `nexus rollback`: back to the database from before the last migration.

use super::backup::failure;
use super::{Common, Done, Failure};
use crate::app;
use crate::config::Flags;
use crate::services::Ctx;
use crate::services::backup;
use clap::Args;

/// Goes back to the copy of the database that was made before the last migration, for the version of Nexus that ran
/// before. What happened since is not in it; the database of now is kept, and `nexus restore --undo` brings it back.
#[derive(Args)]
#[command(after_help = "Example: nexus rollback --yes")]
pub struct RollbackArgs {
    /// Do it; otherwise only say what would be done
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: RollbackArgs, common: &Common) -> Done {
    let config = common.load(Flags::default())?.config;
    let root = &config.data.dir;
    let back = backup::rollback_find(root).map_err(failure)?;
    let kept = if args.yes {
        Some(backup::rollback(root, &back, &app::cards(&config.shop), Ctx::owner().now).map_err(failure)?)
    } else {
        None
    };
    if args.json {
        let report = serde_json::json!({
            "done": kept.is_some(), "from": back.from, "to": back.to, "copy": back.copy.display().to_string(),
            "orders_lost": back.orders_lost, "before": kept.as_ref().map(|path| path.display().to_string()),
        });
        println!("{report}");
    } else {
        println!("from schema {} to {}, which {} holds", back.from, back.to, back.copy.display());
        println!("orders placed since, which it has not: {}", back.orders_lost);
    }
    match kept {
        None => Err(Failure::new("nothing was changed: say --yes to go back")),
        Some(_) if args.json => Ok(()),
        Some(kept) => {
            println!("done; the database of now is kept in {}", kept.display());
            println!("start the version of Nexus that ran before: this one would migrate again");
            Ok(())
        }
    }
}
