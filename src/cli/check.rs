//! `nexus check`: looks for damage and broken rules.

use super::{Common, Done, Failure};
use crate::services::{CheckDepth, Ctx};
use clap::Args;

/// Looks for damage and broken rules: the file, references, the search index, sums. Exit code 3 when anything is
/// found. The shop keeps the result as that of its last check.
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
    let ctx = Ctx::owner();
    // A look at the file alone says less than what the shop keeps of its last check.
    let findings = if args.quick { shop.check(&ctx, CheckDepth::Quick)? } else { shop.check_whole(&ctx)? };
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
