//! `nexus secret …`: looks after the keys of the data folder.

use super::{Common, Done};
use crate::services::Ctx;
use clap::{Args, Subcommand};

/// Looks after the keys of the data folder.
#[derive(Args)]
#[command(after_help = "Example: nexus secret rotate")]
pub struct SecretArgs {
    #[command(subcommand)]
    command: SecretCommand,
}

#[derive(Subcommand)]
enum SecretCommand {
    /// Replace the key that signs access tokens; nobody is signed out
    #[command(
        after_help = "Example: nexus secret rotate\n\nWhat the key before it signed stays good for its ten minutes; \
                            with --at-once it does not, and clients go on by their refresh tokens."
    )]
    Rotate {
        /// Refuse what the key before it signed at once: when somebody may know that key
        #[arg(long)]
        at_once: bool,
    },
}

pub(super) fn run(args: SecretArgs, common: &Common) -> Done {
    let SecretCommand::Rotate { at_once } = args.command;
    common.open()?.token_key_rotate(&Ctx::owner(), at_once)?;
    println!("access tokens are signed with a new key from the next start");
    Ok(())
}
