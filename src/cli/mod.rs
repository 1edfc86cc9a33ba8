//! The admin command line: one file a subcommand. Each calls use cases, never SQL.
//!
//! Commands work on the data folder itself and take its lock, so they refuse, naming the process, while a server
//! runs on the same folder; `status`, `doctor`, `backup` and `upgrade-check`, which change nothing, do not. Exit codes:
//! 0 done, 1 failed, 2 wrong usage, 3 the data is not as it should be, 4 the shop does not run.

mod audit;
mod backup;
mod bench;
mod check;
mod completions;
mod config;
mod discount;
mod doctor;
mod export;
mod health;
mod import;
mod invoice;
mod job;
mod mail;
mod man;
mod migrate;
mod openapi;
mod order;
mod output;
mod past_orders;
mod payment;
mod reader;
mod reindex;
mod relevance;
mod report;
mod restore;
mod rollback;
mod secret;
mod seed;
mod serve;
mod status;
mod stock;
mod upgrade_check;
mod user;
mod webhook;

use crate::config::{Config, Flags, Loaded};
use crate::folder::Fresh;
use crate::machine;
use crate::services::Shop;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A shop in one file: API, search, cache and admin command line.
#[derive(Parser)]
#[command(name = "nexus", version = machine::VERSION_AND_COMMIT, about, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Example: nexus serve --demo")]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone)]
struct Common {
    /// The data folder [default: data, or data.dir of the configuration]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The configuration file [default: Rocket.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "NEXUS_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the shop
    Serve(serve::ServeArgs),
    /// Ask the running shop how it is doing
    Status(status::StatusArgs),
    /// Look over what the shop stands on, and say what to do
    Doctor(doctor::DoctorArgs),
    /// Bring the database to this version's schema
    Migrate(migrate::MigrateArgs),
    /// Manage the people who can sign in
    User(user::UserArgs),
    /// Look after the keys of the data folder
    Secret(secret::SecretArgs),
    /// Fill the shop with made-up products, the same for the same seed
    Seed(seed::SeedArgs),
    /// Read products from a file, or undo such a run
    Import(import::ImportArgs),
    /// Write products to a file
    Export(export::ExportArgs),
    /// Make discounts and list them
    Discount(discount::DiscountArgs),
    /// Count stock, move it and show its ledger
    Stock(stock::StockArgs),
    /// Look after the work that is done later
    Job(job::JobArgs),
    /// List orders, show one, and pay, send, cancel or refund it
    Order(order::OrderArgs),
    /// List invoices and credit notes, show one, or write it as a PDF
    Invoice(invoice::InvoiceArgs),
    /// Look after payments
    Payment(payment::PaymentArgs),
    /// Try out the settings of mail and the templates of letters
    Mail(mail::MailArgs),
    /// Look after those who are told of events
    Webhook(webhook::WebhookArgs),
    /// Build the search index anew
    Reindex(reindex::ReindexArgs),
    /// Read the audit log, and find out whether it was changed
    Audit(audit::AuditArgs),
    /// Make a backup, while the shop runs or not; list and verify backups
    Backup(backup::BackupArgs),
    /// Put the shop of a backup in the place of the one that is there
    Restore(restore::RestoreArgs),
    /// Tell what this version would do to the database
    UpgradeCheck(upgrade_check::UpgradeCheckArgs),
    /// Go back to the database from before the last migration
    Rollback(rollback::RollbackArgs),
    /// Look for damage and broken rules in the data
    Check(check::CheckArgs),
    /// Ask the running shop whether it is ready
    Health(health::HealthArgs),
    /// Show the settings in effect, or explain all of them
    Config(config::ConfigArgs),
    /// Print the API description
    Openapi(openapi::OpenapiArgs),
    /// Sum up what was sold
    Report(report::ReportArgs),
    /// Measure search relevance on rated queries
    Relevance(relevance::RelevanceArgs),
    /// Prove and measure selling in a temporary shop
    Bench(bench::BenchArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
    /// Write the manual pages
    Man(man::ManArgs),
}

/// Why a command ended without doing its work.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { code: 1, message: error.to_string() }
    }
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }

    /// Ended with a code of its own.
    fn coded(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The data is not as it should be.
    fn findings(message: impl Into<String>) -> Self {
        Self { code: 3, message: message.into() }
    }
}

/// What a command gives.
type Done = Result<(), Failure>;

/// Runs the command line and gives the process its exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    reader::while_read(|| run(cli))
}

fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Serve(args) => serve::run(args, &cli.common),
        Command::Status(args) => status::run(args, &cli.common),
        Command::Doctor(args) => doctor::run(args, &cli.common),
        Command::Migrate(args) => migrate::run(args, &cli.common),
        Command::User(args) => user::run(args, &cli.common),
        Command::Secret(args) => secret::run(args, &cli.common),
        Command::Seed(args) => seed::run(args, &cli.common),
        Command::Import(args) => import::run(args, &cli.common),
        Command::Export(args) => export::run(args, &cli.common),
        Command::Discount(args) => discount::run(args, &cli.common),
        Command::Stock(args) => stock::run(args, &cli.common),
        Command::Job(args) => job::run(args, &cli.common),
        Command::Order(args) => order::run(args, &cli.common),
        Command::Invoice(args) => invoice::run(args, &cli.common),
        Command::Payment(args) => payment::run(args, &cli.common),
        Command::Mail(args) => mail::run(args, &cli.common),
        Command::Webhook(args) => webhook::run(args, &cli.common),
        Command::Reindex(args) => reindex::run(args, &cli.common),
        Command::Audit(args) => audit::run(args, &cli.common),
        Command::Backup(args) => backup::run(args, &cli.common),
        Command::Restore(args) => restore::run(args, &cli.common),
        Command::UpgradeCheck(args) => upgrade_check::run(args, &cli.common),
        Command::Rollback(args) => rollback::run(args, &cli.common),
        Command::Check(args) => check::run(args, &cli.common),
        Command::Health(args) => health::run(args, &cli.common),
        Command::Config(args) => config::run(args, &cli.common),
        Command::Openapi(args) => openapi::run(args),
        Command::Report(args) => report::run(args, &cli.common),
        Command::Relevance(args) => relevance::run(args, &cli.common),
        Command::Bench(args) => bench::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if reader::says_so(&failure.message) => reader::ended(),
        Err(Failure { code, message }) => {
            eprintln!("nexus: {message}");
            ExitCode::from(code)
        }
    }
}

impl Common {
    /// The configuration, with this command line's flags on top.
    fn load(&self, flags: Flags) -> Result<Loaded, Failure> {
        let flags = Flags { data_dir: self.data_dir.clone(), ..flags };
        Ok(Loaded::read(self.config.as_deref(), &flags)?)
    }

    /// Opens the shop that is there, for a command that works on the data folder.
    fn open(&self) -> Result<Shop, Failure> {
        open_shop(&self.load(Flags::default())?.config)
    }

    /// Has a command work on the shop, or on a new one where there is none. A new one is taken back when the command fails,
    /// or is not to change anything: whoever has mistyped something is to find things as they were.
    fn begin<T>(&self, keep: bool, work: impl FnOnce(&Shop) -> Result<T, Failure>) -> Result<T, Failure> {
        let config = self.load(Flags::default())?.config;
        let fresh = Fresh::at(&config.data.dir);
        let outcome = crate::app::open(&config).map_err(Failure::from).and_then(|shop| work(&shop));
        if let Some(fresh) = fresh.filter(|_| outcome.is_err() || !keep) {
            fresh.remove();
        }
        outcome
    }
}

fn open_shop(config: &Config) -> Result<Shop, Failure> {
    Ok(crate::app::open_existing(config)?)
}

/// Runs a use case that waits for its write, from a command.
fn wait<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}
