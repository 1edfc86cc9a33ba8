//! `nexus config`: the settings in effect, and the reference of all of them.

use super::{Common, Done};
use crate::config::{self, Flags};
use clap::{Args, Subcommand};

/// Shows the settings in effect, or explains all of them.
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
    /// Print the reference of all settings, in Markdown
    #[command(after_help = "Example: nexus config reference > configuration.md")]
    Reference,
    /// Print a file of settings: every key with its default, commented out
    #[command(after_help = "Example: nexus config template > Rocket.toml")]
    Template,
}

pub(super) fn run(args: ConfigArgs, common: &Common) -> Done {
    match args.command {
        ConfigCommand::Show { json } => show(json, common),
        ConfigCommand::Reference => {
            print!("{}", config::reference()?);
            Ok(())
        }
        ConfigCommand::Template => {
            print!("{}", config::TEMPLATE);
            Ok(())
        }
    }
}

fn show(json: bool, common: &Common) -> Done {
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
