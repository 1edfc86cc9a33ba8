//! `nexus mail …`: tries out the settings of mail.

use super::{Common, Done, Failure, open_shop, wait};
use crate::config::Flags;
use crate::domain::Email;
use crate::services::Ctx;
use clap::{Args, Subcommand};

/// Tries out the settings of mail.
#[derive(Args)]
#[command(after_help = "Example: nexus mail test --to you@example.com")]
pub struct MailArgs {
    #[command(subcommand)]
    command: MailCommand,
}

#[derive(Subcommand)]
enum MailCommand {
    /// Send one letter right away and tell what became of it
    #[command(after_help = "Example: nexus mail test --to you@example.com")]
    Test {
        /// Who gets it
        #[arg(long)]
        to: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: MailArgs, common: &Common) -> Done {
    let MailCommand::Test { to, json } = args.command;
    let to = Email::parse(to.trim()).ok_or_else(|| Failure::new(format!("{to:?} is not an e-mail address")))?;
    let config = common.load(Flags::default())?.config;
    let shop = open_shop(&config)?;
    wait(shop.mail_test(&Ctx::owner(), to.clone()))??;
    let host = &config.mail.smtp_host;
    let by = if host.is_empty() { shop.folder().mail().display().to_string() } else { host.clone() };
    if json {
        println!("{}", serde_json::json!({ "sent": !host.is_empty(), "by": by }));
    } else if host.is_empty() {
        println!("mail.smtp_host is not set, so the letter was not sent but written into {by}");
    } else {
        println!("{by} took the letter to {}", to.as_str());
    }
    Ok(())
}
