//! `nexus status`: how the shop is doing, as the running shop says, or what can be seen of a stopped one.

use super::output::{ago, bytes, count, span};
use super::{Common, Done, Failure};
use crate::app::{self, Asked};
use crate::config::Flags;
use crate::http::{NewestBackupView, StatusView};
use crate::services::doctor;
use clap::Args;
use serde_json::json;
use std::path::Path;

/// Asks the running shop how it is doing: version, orders of today, what waits, backup, disk, last check.
///
/// Exit code 0 when all is well, 3 when something is not as it should be, 4 when the shop does not run.
#[derive(Args)]
#[command(after_help = "Example: nexus status --json")]
pub struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The exit code of a shop that does not run.
const STOPPED: u8 = 4;

pub(super) fn run(args: StatusArgs, common: &Common) -> Done {
    let root = common.load(Flags::default())?.config.data.dir;
    match app::status(&root) {
        Asked::Runs(url, view) => running(&url, &view, args.json),
        Asked::Held(process) => {
            if args.json {
                println!("{}", json!({ "running": false, "held_by": process }));
            }
            Err(Failure::coded(
                STOPPED,
                format!(
                    "data folder {}: process {process} holds it and does not answer: a command that is still at work, or a \
                     shop that is just opening or closing; ask again shortly",
                    root.display()
                ),
            ))
        }
        Asked::Stopped => stopped(&root, args.json),
    }
}

fn running(url: &str, view: &StatusView, as_json: bool) -> Done {
    if as_json {
        let mut value = serde_json::to_value(view)?;
        value["running"] = true.into();
        value["url"] = url.into();
        println!("{value}");
    } else {
        print_running(url, view);
    }
    let findings = view.check.as_ref().map_or(0, |check| check.findings);
    match &view.problem {
        Some(problem) => Err(Failure::findings(format!("the shop cannot do its work: {problem}"))),
        None if findings > 0 => {
            Err(Failure::findings(format!("the last check found {findings} things; see nexus check")))
        }
        None => view
            .backup_problem
            .as_ref()
            .map_or(Ok(()), |problem| Err(Failure::findings(format!("backups need a hand: {problem}")))),
    }
}

fn print_running(url: &str, view: &StatusView) {
    let commit = view.commit.as_ref().map(|commit| format!(" ({commit})")).unwrap_or_default();
    println!("Nexus {}{commit} is open at {url}", view.version);
    let line = |name: &str, text: String| println!("  {name:<13} {text}");
    line("Open for", span(view.uptime_seconds));
    line("Works", view.problem.as_ref().map_or_else(|| "yes".to_owned(), |problem| format!("no: {problem}")));
    line("Orders today", format!("{} for {} {}", count(view.orders_today), view.total_today, view.currency));
    let dead = match view.jobs_dead {
        0 => String::new(),
        dead => format!(", {} given up (see nexus job list --state dead)", count(dead)),
    };
    line("Waiting", format!("{} writes, {} jobs{dead}", count(view.write_queue), count(view.jobs_waiting)));
    line("Last backup", backup(view.backup.as_ref()));
    if let Some(problem) = &view.backup_problem {
        line("", format!("WRONG: {problem}"));
    }
    line("Disk", disk(view.disk_free_bytes, view.disk_size_bytes));
    line("Database", format!("{}, its log {}", bytes(view.database_bytes), bytes(view.wal_bytes)));
    if let Some(memory) = view.memory_bytes {
        line("Memory", bytes(memory));
    }
    let check = view.check.as_ref().map_or_else(
        || "not yet".to_owned(),
        |check| match check.findings {
            0 => format!("{}: all is well", ago(check.age_seconds)),
            found => format!("{}: {found} findings, the first: {}", ago(check.age_seconds), check.first.join("; ")),
        },
    );
    line("Last check", check);
}

fn stopped(root: &Path, as_json: bool) -> Done {
    let seen = doctor::outside(root);
    let view = seen.backup.as_ref().map(|backup| NewestBackupView::new(backup, crate::clock::now()));
    if as_json {
        println!(
            "{}",
            json!({
                "running": false,
                "shop": seen.database_bytes.is_some(),
                "database_bytes": seen.database_bytes,
                "disk_free_bytes": seen.disk.map(|disk| disk.free_bytes),
                "disk_size_bytes": seen.disk.map(|disk| disk.total_bytes),
                "backup": view,
            })
        );
    } else if let Some(database) = seen.database_bytes {
        println!("The shop in {} does not run; nexus serve opens it", root.display());
        println!("  {:<13} {}", "Last backup", backup(view.as_ref()));
        println!("  {:<13} {}", "Disk", disk(seen.disk.map(|d| d.free_bytes), seen.disk.map(|d| d.total_bytes)));
        println!("  {:<13} {}", "Database", bytes(database));
    } else {
        println!("There is no shop in {}; nexus serve makes one", root.display());
    }
    Err(Failure::coded(STOPPED, "the shop does not run"))
}

fn backup(backup: Option<&NewestBackupView>) -> String {
    backup.map_or_else(
        || "none".to_owned(),
        |backup| format!("{}, {} ({})", ago(backup.age_seconds), bytes(backup.bytes), backup.name),
    )
}

fn disk(free: Option<u64>, size: Option<u64>) -> String {
    match (free, size) {
        (Some(free), Some(size)) => format!("{} free of {}", bytes(free), bytes(size)),
        _ => "not known".to_owned(),
    }
}
