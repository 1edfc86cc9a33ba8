//! `nexus man`: writes the manual pages, one for each command.

use super::{Cli, Done, Failure};
use clap::{Args, CommandFactory};
use std::path::PathBuf;

/// Writes the manual pages, one for each command.
#[derive(Args)]
#[command(after_help = "Example: nexus man --out man && man man/nexus-serve.1")]
pub struct ManArgs {
    /// The folder they go to; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: ManArgs) -> Done {
    let folder = args.out;
    let wrote = std::fs::create_dir_all(&folder).and_then(|()| clap_mangen::generate_to(Cli::command(), &folder));
    wrote.map_err(|error| Failure::new(format!("{}: {error}", folder.display())))
}
