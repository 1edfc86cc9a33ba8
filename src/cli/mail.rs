//! `nexus mail …`: tries out the settings of mail, and the templates of letters.

use super::{Common, Done, Failure, open_shop, wait};
use crate::config::Flags;
use crate::domain::Email;
use crate::services::Ctx;
use crate::services::letters::{Template, Written};
use clap::{Args, Subcommand};
use serde_json::json;

/// Tries out the settings of mail and the templates of letters.
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
    /// List the templates of letters, or write the built-in ones into the data folder to be changed there
    #[command(after_help = "Example: nexus mail templates --export")]
    Templates {
        /// Write those that are not there yet into templates/mail in the data folder
        #[arg(long)]
        export: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a letter as its template makes it of made-up data
    #[command(after_help = "Example: nexus mail preview order_placed")]
    Preview {
        /// Which letter: order_placed, order_paid, order_shipped, order_refunded, order_cancelled, stock_low,
        /// stock_confirm or stock_available
        template: String,
        /// Show the HTML instead of the text
        #[arg(long)]
        html: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: MailArgs, common: &Common) -> Done {
    match args.command {
        MailCommand::Test { to, json } => test(&to, json, common),
        MailCommand::Templates { export, json } => templates(export, json, common),
        MailCommand::Preview { template, html, json } => preview(&template, html, json, common),
    }
}

fn templates(export: bool, json: bool, common: &Common) -> Done {
    let shop = open_shop(&common.load(Flags::default())?.config)?;
    let folder = shop.folder().mail_templates().display().to_string();
    let mut broken = Vec::new();
    for template in Template::ALL {
        broken.extend(shop.mail_preview(&Ctx::owner(), template)?.broken);
    }
    let written = if export { shop.mail_templates_export(&Ctx::owner())? } else { Vec::new() };
    if json {
        let names: Vec<&str> = Template::ALL.into_iter().map(Template::name).collect();
        println!("{}", json!({ "templates": names, "folder": folder, "written": written, "broken": broken }));
    } else if export {
        written.iter().for_each(|name| println!("{name}"));
        println!("{} files were written into {folder}", written.len());
    } else {
        Template::ALL.into_iter().for_each(|template| println!("{}", template.name()));
    }
    if broken.is_empty() { Ok(()) } else { Err(Failure::findings(broken.join("\n"))) }
}

fn preview(name: &str, html: bool, json: bool, common: &Common) -> Done {
    let names = || Template::ALL.map(Template::name).join(", ");
    let template = Template::parse(name)
        .ok_or_else(|| Failure::new(format!("there is no letter {name:?}; there are {}", names())))?;
    let shop = open_shop(&common.load(Flags::default())?.config)?;
    let Written { subject, text, html: markup, broken } = shop.mail_preview(&Ctx::owner(), template)?;
    if json {
        println!("{}", json!({ "subject": subject, "text": text, "html": markup, "broken": broken }));
    } else if html {
        print!("{markup}");
    } else {
        print!("Subject: {subject}\n\n{text}");
    }
    broken.map_or(Ok(()), |why| Err(Failure::findings(format!("{why}; the built-in template was taken instead"))))
}

fn test(to: &str, json: bool, common: &Common) -> Done {
    let to = Email::parse(to.trim()).ok_or_else(|| Failure::new(format!("{to:?} is not an e-mail address")))?;
    let config = common.load(Flags::default())?.config;
    let shop = open_shop(&config)?;
    wait(shop.mail_test(&Ctx::owner(), to.clone()))??;
    let host = &config.mail.smtp_host;
    let by = if host.is_empty() { shop.folder().mail().display().to_string() } else { host.clone() };
    if json {
        println!("{}", json!({ "sent": !host.is_empty(), "by": by }));
    } else if host.is_empty() {
        println!("mail.smtp_host is not set, so the letter was not sent but written into {by}");
    } else {
        println!("{by} took the letter to {}", to.as_str());
    }
    Ok(())
}
