//! `nexus check`: looks for damage and broken rules.

use super::{Common, Done, Failure};
use crate::services::{CheckDepth, Ctx};
use clap::Args;

/// Looks for damage and broken rules: the file, references, the search index, sums. Exit code 3 when anything is
/// found.
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
    let shop = common.open()?;
    let depth = if args.quick { CheckDepth::Quick } else { CheckDepth::Full };
    let findings = shop.check(&Ctx::owner(), depth)?;
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
