//! `nexus backup`: makes a backup, beside a running server or of a stopped shop; lists and verifies them.

use super::output::{file_progress, table};
use super::{Common, Done, Failure};
use crate::app;
use crate::config::Flags;
use crate::domain::backup::{BackupKind, BackupName};
use crate::services::Ctx;
use crate::services::backup::{self, BackupEntry, BackupError, Made, Plan, Verified};
use clap::{Args, Subcommand};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Makes a backup of the whole shop in one file, while it runs or not, and looks it over before it gets its name.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Example: nexus backup /mnt/other-disk/shop.tar.gz\n\n\
                        Exit code 3: the shop breaks rules of its own, or its database is damaged; `nexus check` tells more.")]
pub struct BackupArgs {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    /// The file to make [default: a new one in backups/ of the data folder]
    file: Option<PathBuf>,
    #[command(flatten)]
    secrets: SecretsArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How keys go in and out of a backup.
#[derive(Args)]
pub(super) struct SecretsArgs {
    /// The keys of the shop too, encrypted with a passphrase
    #[arg(long)]
    with_secrets: bool,
    /// Read the passphrase from standard input instead of asking for it
    #[arg(long, requires = "with_secrets")]
    passphrase_stdin: bool,
}

#[derive(Subcommand)]
enum BackupCommand {
    /// Show the backups in the data folder, newest first
    #[command(after_help = "Example: nexus backup list --json")]
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Look a backup over: every file, the database and the rules of the shop; exit code 3 when something is wrong
    #[command(after_help = "Example: nexus backup verify data/backups/nexus-20260131-090500-123.tar.gz")]
    Verify {
        /// The backup
        file: PathBuf,
        #[command(flatten)]
        secrets: SecretsArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: BackupArgs, common: &Common) -> Done {
    match args.command {
        None => make(args, common),
        Some(BackupCommand::List { json }) => list(common, json),
        Some(BackupCommand::Verify { file, secrets, json }) => verify(common, &file, &secrets, json),
    }
}

fn make(args: BackupArgs, common: &Common) -> Done {
    let config = common.load(Flags::default())?.config;
    let plan = Plan {
        root: config.data.dir.clone(),
        cards: app::cards(&config.shop),
        configuration: config.to_text(),
        at: Ctx::owner().now,
    };
    let passphrase = args.secrets.passphrase(true)?;
    let name = BackupName::new(BackupKind::Manual, plan.at);
    let target = args.file.clone().unwrap_or_else(|| plan.root.join("backups").join(name.as_str()));
    let made = stepwise(|step| backup::make(&plan, &target, passphrase.as_deref(), step))?;
    report(&made, args.json);
    // What lies in the data folder only would be lost together with it.
    if args.file.is_none()
        && let Some(storage) = app::storage(&config)?
    {
        stepwise(|step| {
            step("uploading");
            backup::upload(&made.path, storage.as_ref())
        })?;
        if !args.json {
            println!("uploaded to {}", config.backup.s3_bucket);
        }
    }
    match made.manifest.findings.len() {
        0 => Ok(()),
        count => Err(Failure::findings(format!(
            "the backup is made, and {count} things in it are not as they should be: stop the shop, run `nexus check`, and \
             go back to a backup from before where that cannot be mended (`nexus backup list`, `nexus restore FILE`)"
        ))),
    }
}

fn report(made: &Made, json: bool) {
    let (path, manifest) = (made.path.display(), &made.manifest);
    if json {
        let report = serde_json::json!({
            "file": path.to_string(), "size": made.size, "created_at": manifest.created_at.to_rfc3339(),
            "schema": manifest.schema, "files": manifest.files.len(), "secrets": manifest.secrets,
            "findings": manifest.findings,
        });
        println!("{report}");
        return;
    }
    manifest.findings.iter().for_each(|finding| println!("{finding}"));
    println!("{path}: {} files, {}, looked over", manifest.files.len(), mib(made.size));
    if !manifest.secrets {
        println!("the keys of the shop are not in it: see --with-secrets");
    }
}

fn list(common: &Common, json: bool) -> Done {
    let root = common.load(Flags::default())?.config.data.dir;
    let found = backup::list(&root)?;
    if json {
        found.iter().for_each(|entry| println!("{}", object(entry)));
        return Ok(());
    }
    let row = |entry: &BackupEntry| {
        let uploaded = if entry.uploaded { "yes" } else { "no" };
        vec![
            entry.name.as_str().to_owned(),
            entry.name.made_at().to_rfc3339(),
            entry.name.kind().as_str().to_owned(),
            mib(entry.size.unwrap_or(0)),
            uploaded.to_owned(),
        ]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    print!("{}", table(&["name", "made", "kind", "size", "uploaded"], &rows));
    Ok(())
}

fn object(entry: &BackupEntry) -> serde_json::Value {
    serde_json::json!({
        "name": entry.name.as_str(), "created_at": entry.name.made_at().to_rfc3339(),
        "kind": entry.name.kind().as_str(), "size": entry.size, "uploaded": entry.uploaded,
    })
}

fn verify(common: &Common, file: &Path, secrets: &SecretsArgs, json: bool) -> Done {
    let config = common.load(Flags::default())?.config;
    let home = &config.data.dir;
    let room = home.join("backups");
    let room = if room.is_dir() { room } else { std::env::temp_dir() };
    let passphrase = secrets.passphrase(false)?;
    let cards = app::cards(&config.shop);
    let verified = stepwise(|step| backup::verify(file, &room, home, &cards, passphrase.as_deref(), step))?;
    let Verified { manifest, findings, .. } = &verified;
    if json {
        let report = serde_json::json!({
            "ok": findings.is_empty(), "version": manifest.version, "schema": manifest.schema,
            "created_at": manifest.created_at.to_rfc3339(), "files": manifest.files.len(),
            "size": manifest.bytes(), "secrets": manifest.secrets, "findings": findings,
        });
        println!("{report}");
    } else {
        findings.iter().for_each(|finding| println!("{finding}"));
        let (files, size) = (manifest.files.len(), mib(manifest.bytes()));
        println!("{files} files, {size} unpacked, all as they were written");
        println!("made by Nexus {} at {}", manifest.version, manifest.created_at.to_rfc3339());
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(Failure::findings(format!("{count} things in it are not as they should be"))),
    }
}

/// Runs work that tells what it is doing, and shows that when it takes longer than a second.
pub(super) fn stepwise<T>(work: impl FnOnce(&dyn Fn(&str)) -> Result<T, BackupError>) -> Result<T, Failure> {
    let bar = file_progress(0);
    let done = work(&|step| {
        bar.set_message(step.to_owned());
        bar.tick();
    });
    bar.finish_and_clear();
    done.map_err(failure)
}

/// Damage has an exit code of its own.
pub(super) fn failure(error: BackupError) -> Failure {
    match error {
        BackupError::Failed(why) => Failure::new(why),
        BackupError::Damaged(why) => Failure::findings(why),
    }
}

fn mib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

impl SecretsArgs {
    /// The passphrase, when keys are asked for; a new one is asked for twice.
    pub(super) fn passphrase(&self, is_new: bool) -> Result<Option<String>, Failure> {
        if !self.with_secrets {
            return Ok(None);
        }
        let text = if self.passphrase_stdin {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            let line = text.strip_suffix('\n').unwrap_or(&text);
            line.strip_suffix('\r').unwrap_or(line).to_owned()
        } else if std::io::stdin().is_terminal() {
            let text = rpassword::prompt_password("Passphrase: ")?;
            if is_new && rpassword::prompt_password("Again: ")? != text {
                return Err(Failure::new("the two passphrases differ"));
            }
            text
        } else {
            return Err(Failure::new("there is no terminal to ask for a passphrase: use --passphrase-stdin"));
        };
        match backup::weak_passphrase(&text).filter(|_| is_new) {
            Some(why) => Err(Failure::new(why)),
            None => Ok(Some(text)),
        }
    }
}
