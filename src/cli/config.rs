//! `nexus config show`: the settings in effect.

use super::{Common, Done};
use crate::config::Flags;
use clap::{Args, Subcommand};

/// Shows the settings in effect.
#[derive(Args)]
#[command(after_help = "Example: nexus config show")]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print each setting with its value and where it comes from
    #[command(after_help = "Example: nexus config show --json")]
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: ConfigArgs, common: &Common) -> Done {
    let ConfigCommand::Show { json } = args.command;
    let entries = common.load(Flags::default())?.entries();
    if json {
        println!("{}", serde_json::to_string_pretty(&entries)?);
        return Ok(());
    }
    let width = entries.iter().map(|e| e.key.len()).max().unwrap_or(0);
    for entry in entries {
        println!("{:<width$} = {:<24} # {}", entry.key, entry.value.to_string(), entry.origin);
    }
    println!(
        "\nSecrets (token.key, cursor.key) lie in the data folder under secrets/ and are never shown,\nnor are passwords among the settings."
    );
    Ok(())
}
