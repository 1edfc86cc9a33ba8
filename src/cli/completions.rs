//! `nexus completions`: prints a completion script for a shell.

use super::{Cli, Done};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::Write;

/// Prints a completion script for a shell.
#[derive(Args)]
#[command(after_help = "Example: nexus completions bash > /etc/bash_completion.d/nexus")]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: CompletionsArgs) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "nexus", &mut script);
    Ok(std::io::stdout().write_all(&script)?)
}
