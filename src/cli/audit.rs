//! `nexus audit …`: reads the audit log, and finds out whether it is as it was written.

use super::output::{count, progress, table};
use super::{Common, Done, Failure};
use crate::domain::audit::{ActionPick, ActorPick, AuditFilter, AuditRecord, Digest, digest_of_hex};
use crate::domain::{Direction, PageSize, Timestamp};
use crate::services::{Ctx, Shop, client_address};
use clap::{Args, Subcommand};
use std::io::{BufWriter, Write};

/// Reads the audit log, and finds out whether it is as it was written.
#[derive(Args)]
#[command(after_help = "Example: nexus audit verify")]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Look whether any entry was edited, removed or put in between; exit code 3 when it was
    #[command(after_help = "Example: nexus audit verify --head \"$(cat noted-elsewhere)\"")]
    Verify {
        /// A hash that an earlier run printed: it must still be in the log
        #[arg(long, value_name = "HASH", value_parser = hash)]
        head: Option<Digest>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show entries, newest first
    #[command(after_help = "Example: nexus audit list --subject product:12 --limit 20")]
    List(ListArgs),
}

#[derive(Args)]
struct ListArgs {
    /// By this actor: user:ID, api_key:ID, owner, shop or anonymous
    #[arg(long, value_parser = actor)]
    actor: Option<ActorPick>,
    /// This action, or with a dot at its end every one that begins so: product.
    #[arg(long, value_parser = action)]
    action: Option<ActionPick>,
    /// Done to this thing: its kind and id, such as product:12
    #[arg(long, value_parser = subject)]
    subject: Option<(String, String)>,
    /// From this address
    #[arg(long, value_parser = client)]
    client: Option<String>,
    /// At this moment or later, such as 2026-01-31 or 2026-01-31T09:05:00Z
    #[arg(long, value_parser = moment)]
    since: Option<Timestamp>,
    /// Before this moment
    #[arg(long, value_parser = moment)]
    until: Option<Timestamp>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u64,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

fn hash(text: &str) -> Result<Digest, String> {
    digest_of_hex(text.trim()).ok_or_else(|| "must be 64 hexadecimal digits".to_owned())
}

fn actor(text: &str) -> Result<ActorPick, String> {
    ActorPick::parse(text).ok_or_else(|| "must be user:ID, api_key:ID, owner, shop or anonymous".to_owned())
}

fn action(text: &str) -> Result<ActionPick, String> {
    ActionPick::parse(text).ok_or_else(|| "must be an action such as product.update, or product.".to_owned())
}

fn subject(text: &str) -> Result<(String, String), String> {
    AuditFilter::subject(text).ok_or_else(|| "must be a kind and an id such as product:12".to_owned())
}

fn client(text: &str) -> Result<String, String> {
    client_address(text).ok_or_else(|| "must be an IP address".to_owned())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "must be a time such as 2026-01-31T09:05:00Z".to_owned())
}

pub(super) fn run(args: AuditArgs, common: &Common) -> Done {
    let shop = common.open()?;
    match args.command {
        AuditCommand::Verify { head, json } => verify(&shop, head, json),
        AuditCommand::List(args) => list(&shop, args),
    }
}

fn verify(shop: &Shop, noted: Option<Digest>, json: bool) -> Done {
    let ctx = Ctx::owner();
    let bar = progress(shop.audit_count(&ctx)?);
    let verdict = shop.audit_verify(&ctx, noted, &|done| bar.set_position(done))?;
    bar.finish_and_clear();
    match verdict {
        Ok(sound) => {
            let (entries, head) = (sound.head.count, sound.hash());
            if json {
                println!("{}", serde_json::json!({ "ok": true, "entries": entries, "head": head }));
            } else {
                println!("{} entries, all as they were written", count(entries.unsigned_abs()));
                println!("head {head}");
                println!(
                    "note it elsewhere: `nexus audit verify --head` finds out later whether these are still there"
                );
            }
            Ok(())
        }
        Err(broken) => {
            if json {
                let report = serde_json::json!({
                    "ok": false, "entry": broken.entry, "fault": broken.fault.as_str(), "problem": broken.to_string(),
                });
                println!("{report}");
            }
            Err(Failure::findings(broken.to_string()))
        }
    }
}

fn list(shop: &Shop, args: ListArgs) -> Done {
    let ListArgs { actor, action, subject, client, since, until, limit, json } = args;
    let filter = AuditFilter { actor, action, subject, client, since, until };
    let (mut left, mut from) = (limit, None);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut rows = Vec::new();
    while left > 0 {
        let size = PageSize::new(u32::try_from(left.min(100)).unwrap_or(100)).unwrap_or_default();
        let page = shop.audit_list(&Ctx::owner(), &filter, size, from)?;
        left -= page.items.len() as u64;
        if json {
            page.items.iter().try_for_each(|record| writeln!(out, "{}", object(record)))?;
        } else {
            rows.extend(page.items.iter().map(row));
        }
        let Some(next) = page.next else { break };
        from = Some((next, Direction::Next));
    }
    if !json {
        let header = ["id", "at", "actor", "action", "subject", "detail"];
        write!(out, "{}", table(&header, &rows))?;
    }
    Ok(out.flush()?)
}

fn row(record: &AuditRecord) -> Vec<String> {
    let entry = &record.entry;
    vec![
        record.id.to_string(),
        entry.at.to_rfc3339(),
        entry.actor(),
        entry.action.to_string(),
        entry.subject(),
        entry.detail.clone(),
    ]
}

fn object(record: &AuditRecord) -> serde_json::Value {
    let entry = &record.entry;
    let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap_or_default();
    let subject = entry.subject_kind.as_ref();
    let subject = subject.map(|kind| serde_json::json!({ "kind": kind, "id": entry.subject_id }));
    serde_json::json!({
        "id": record.id, "at": entry.at.to_rfc3339(),
        "actor": { "kind": entry.actor_kind, "id": entry.actor_id, "role": entry.actor_role },
        "action": entry.action, "subject": subject, "detail": detail,
        "client": entry.client, "request_id": entry.request_id,
    })
}
