//! `nexus check`: looks for damage and broken rules.

use super::{Common, Done, Failure};
use crate::app;
use crate::config::Flags;
use crate::services::CheckDepth;
use clap::Args;

/// Looks for damage and broken rules: the file, texts, references, what is kept twice, sums. Exit code 3 when anything is
/// found; each line names the table, and the row where that is known. The shop keeps the result as that of its last check,
/// unless it is too damaged to be opened; it is looked over all the same.
#[derive(Args)]
#[command(after_help = "Example: nexus check --json")]
pub struct CheckArgs {
    /// Look at the structure of the file only
    #[arg(long)]
    quick: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: CheckArgs, common: &Common) -> Done {
    let depth = if args.quick { CheckDepth::Quick } else { CheckDepth::Full };
    let findings = app::check(&common.load(Flags::default())?.config, depth)?;
    if args.json {
        let rows: Vec<_> =
            findings.iter().map(|f| serde_json::json!({ "check": f.check, "problem": f.problem })).collect();
        println!("{}", serde_json::json!({ "ok": findings.is_empty(), "findings": rows }));
    } else {
        for finding in &findings {
            println!("{}: {}", finding.check, finding.problem);
        }
        if findings.is_empty() {
            println!("all is well");
        }
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(Failure::findings(format!("{count} findings"))),
    }
}
