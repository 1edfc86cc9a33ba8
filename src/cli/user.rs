//! `nexus user …`: manages the people who can sign in.

use super::{Common, Done, Failure, wait};
use crate::domain::Role;
use crate::services::identity::User;
use crate::services::{Ctx, Shop};
use clap::{Args, Subcommand, ValueEnum};
use std::io::{IsTerminal, Read};

/// Manages the people who can sign in.
#[derive(Args)]
#[command(after_help = "Example: nexus user create --role admin --email ann@example.com")]
pub struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a person
    #[command(after_help = "Example: nexus user create --role admin --email ann@example.com")]
    Create {
        /// What they may do
        #[arg(long)]
        role: RoleArg,
        /// Their e-mail address
        #[arg(long)]
        email: String,
        #[command(flatten)]
        password: PasswordArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the people
    #[command(after_help = "Example: nexus user list --role staff --json")]
    List {
        /// Only those of this role
        #[arg(long)]
        role: Option<RoleArg>,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Give a person another role; it acts on their open sessions at once
    #[command(after_help = "Example: nexus user set-role --email ann@example.com --role staff")]
    SetRole {
        /// Their e-mail address
        #[arg(long)]
        email: String,
        /// What they may do from now on
        #[arg(long)]
        role: RoleArg,
    },
    /// Let a person sign in again
    #[command(after_help = "Example: nexus user activate --email ann@example.com")]
    Activate {
        /// Their e-mail address
        #[arg(long)]
        email: String,
    },
    /// Let a person no longer sign in; their open sessions end at once
    #[command(after_help = "Example: nexus user deactivate --email ann@example.com")]
    Deactivate {
        /// Their e-mail address
        #[arg(long)]
        email: String,
    },
    /// Give a person another password; their open sessions end at once
    #[command(after_help = "Example: nexus user set-password --email ann@example.com")]
    SetPassword {
        /// Their e-mail address
        #[arg(long)]
        email: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
}

#[derive(Args)]
struct PasswordArgs {
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArg {
    Customer,
    Staff,
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Customer => Self::Customer,
            RoleArg::Staff => Self::Staff,
            RoleArg::Admin => Self::Admin,
        }
    }
}

pub(super) fn run(args: UserArgs, common: &Common) -> Done {
    let ctx = Ctx::owner();
    match args.command {
        UserCommand::Create { role, email, password, json } => {
            let password = password.read()?;
            let user = common.begin(true, |shop| Ok(wait(shop.user_create(&ctx, &email, role.into(), password))??))?;
            if json {
                println!("{}", row(&user));
            } else {
                println!("created {} {} (id {})", user.role.as_str(), user.email, user.id);
            }
            Ok(())
        }
        UserCommand::List { role, json } => list(&common.open()?, &ctx, role, json),
        UserCommand::SetRole { email, role } => {
            let user = wait(common.open()?.user_set_role(&ctx, &email, role.into()))??;
            println!("{} is {} now", user.email, user.role.as_str());
            Ok(())
        }
        UserCommand::Activate { email } => {
            let user = wait(common.open()?.user_set_active(&ctx, &email, true))??;
            println!("{} may sign in", user.email);
            Ok(())
        }
        UserCommand::Deactivate { email } => {
            let user = wait(common.open()?.user_set_active(&ctx, &email, false))??;
            println!("{} may no longer sign in", user.email);
            Ok(())
        }
        UserCommand::SetPassword { email, password } => {
            let password = password.read()?;
            let user = wait(common.open()?.user_set_password(&ctx, &email, password))??;
            println!("{} has a new password", user.email);
            Ok(())
        }
    }
}

fn list(shop: &Shop, ctx: &Ctx, role: Option<RoleArg>, json: bool) -> Done {
    for user in shop.user_list(ctx, role.map(Role::from))? {
        if json {
            println!("{}", row(&user));
        } else {
            let state = if user.active { "" } else { "  (inactive)" };
            println!("{:>6}  {:<8}  {}{state}", user.id, user.role.as_str(), user.email);
        }
    }
    Ok(())
}

fn row(user: &User) -> serde_json::Value {
    serde_json::json!({
        "id": user.id, "email": user.email, "role": user.role.as_str(), "active": user.active,
        "created_at": user.created_at.to_rfc3339(),
    })
}

impl PasswordArgs {
    /// From standard input, or asked for twice without showing it.
    fn read(&self) -> Result<String, Failure> {
        if self.password_stdin {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            let line = text.strip_suffix('\n').unwrap_or(&text);
            return Ok(line.strip_suffix('\r').unwrap_or(line).to_owned());
        }
        if !std::io::stdin().is_terminal() {
            return Err(Failure::new("there is no terminal to ask for a password: use --password-stdin"));
        }
        let password = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Again: ")? != password {
            return Err(Failure::new("the two passwords differ"));
        }
        Ok(password)
    }
}
