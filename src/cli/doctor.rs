//! `nexus doctor`: looks the installation over and says in plain words what to do.

use super::{Common, Done, Failure};
use crate::app::{self, Asked};
use crate::config::Flags;
use crate::services::doctor::{self, Remark, Running, Severity};
use clap::Args;
use serde_json::json;

/// Looks over what a shop stands on: folder and rights, disk, clock, risky settings, certificates, backup, schema and
/// structure of the database. Changes nothing, and may be run beside the running shop.
///
/// Exit code 0 when nothing is wrong (there may be advice), 3 when something needs a hand.
#[derive(Args)]
#[command(after_help = "Example: nexus doctor --json")]
pub struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: DoctorArgs, common: &Common) -> Done {
    let config = common.load(Flags::default())?.config;
    let running = match app::status(&config.data.dir) {
        Asked::Runs(url, view) => Running::Yes {
            problem: view.problem.clone(),
            findings: view.check.as_ref().map(|check| check.findings),
            jobs_dead: view.jobs_dead,
            backup: view.backup_problem.clone(),
            url,
        },
        Asked::Held(_) => Running::Busy,
        Asked::Stopped => Running::No,
    };
    let remarks = doctor::examine(&config, &running);
    if args.json {
        let rows: Vec<_> = remarks.iter().map(row).collect();
        let ok = remarks.iter().all(|remark| remark.severity < Severity::Problem);
        println!("{}", json!({ "ok": ok, "remarks": rows }));
    } else {
        remarks.iter().for_each(print);
    }
    match remarks.iter().filter(|remark| remark.severity == Severity::Problem).count() {
        0 => Ok(()),
        1 => Err(Failure::findings("one thing needs a hand")),
        count => Err(Failure::findings(format!("{count} things need a hand"))),
    }
}

fn row(remark: &Remark) -> serde_json::Value {
    json!({ "topic": remark.topic, "severity": remark.severity.as_str(), "text": remark.text, "advice": remark.advice })
}

fn print(remark: &Remark) {
    let mark = match remark.severity {
        Severity::Fine => "ok     ",
        Severity::Advice => "advice ",
        Severity::Problem => "PROBLEM",
    };
    println!("{mark} {}: {}", remark.topic, remark.text);
    if let Some(advice) = &remark.advice {
        println!("        → {advice}");
    }
}
