//! `nexus payment`: looking after payments.

use super::output::table;
use super::{Common, Done, Failure, wait};
use crate::domain::order::{Payment, RefundStatus};
use crate::domain::payment::{PaymentDetails, PaymentFlag};
use crate::domain::{Currency, PageSize};
use crate::services::payments::{Checked, PaymentRow, Reconciled};
use crate::services::{Ctx, Shop};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Looks after payments: which need a person, and where those stand that are open.
#[derive(Args)]
#[command(after_help = "Example: nexus payment list --flagged")]
pub struct PaymentArgs {
    #[command(subcommand)]
    command: PaymentCommand,
}

#[derive(Subcommand)]
enum PaymentCommand {
    /// Show the newest payments, or those that a person has to look at
    #[command(after_help = "Example: nexus payment list --flagged --json")]
    List {
        /// Only those that a person has to look at; exit code 3 when there are any
        #[arg(long)]
        flagged: bool,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    #[command(after_help = "Example: nexus payment reconcile")]
    /// Ask the providers about what is open and due: payments that nothing was heard of, refunds on their way
    Reconcile {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: PaymentArgs, common: &Common) -> Done {
    let shop = common.open()?;
    let done = match args.command {
        PaymentCommand::List { flagged, json } => list(&shop, flagged, json),
        PaymentCommand::Reconcile { json } => reconcile(&shop, json),
    };
    shop.close();
    done
}

fn list(shop: &Shop, flagged: bool, json: bool) -> Done {
    let size = PageSize::new(100).unwrap_or_default();
    let rows = shop.payment_list(&Ctx::owner(), flagged, size, None)?.items;
    let currency = shop.settings().currency();
    if json {
        rows.iter().for_each(|row| println!("{}", shown(row, currency)));
    } else if rows.is_empty() {
        println!("no payments");
    } else {
        let cells = |row: &PaymentRow| {
            let payment = &row.payment;
            let order = row.number.map_or_else(|| format!("d{}", payment.order_id), |number| number.to_string());
            let flag = flags(payment).join(", ");
            let note = PaymentDetails::of(&payment.details).flag_note.unwrap_or_default().replace('\n', "; ");
            let amount = format!("{} {}", currency.format(payment.amount), payment.currency);
            let status = payment.status.as_str().to_owned();
            vec![payment.id.to_string(), order, payment.provider.clone(), status, amount, flag, note]
        };
        let rows: Vec<_> = rows.iter().map(cells).collect();
        print!("{}", table(&["id", "order", "provider", "status", "amount", "flag", "note"], &rows));
    }
    match rows.len() {
        count if flagged && count > 0 => Err(Failure::findings(format!("{count} payments need somebody to look"))),
        _ => Ok(()),
    }
}

/// Why somebody has to look at a payment, the oldest reason first.
fn flags(payment: &Payment) -> Vec<&'static str> {
    let details = PaymentDetails::of(&payment.details);
    PaymentFlag::all_of(payment.flag.as_deref(), &details).into_iter().map(PaymentFlag::as_str).collect()
}

fn shown(row: &PaymentRow, currency: Currency) -> Value {
    let payment = &row.payment;
    json!({
        "id": payment.id, "order": row.number.map(|number| number.to_string()), "provider": payment.provider,
        "reference": payment.reference, "status": payment.status, "amount": currency.format(payment.amount),
        "captured": currency.format(payment.captured), "refunded": currency.format(payment.refunded),
        "currency": payment.currency, "flag": payment.flag, "flags": flags(payment),
        "flag_note": PaymentDetails::of(&payment.details).flag_note,
        "created_at": payment.created_at.to_rfc3339(),
    })
}

fn reconcile(shop: &Shop, json: bool) -> Done {
    let Reconciled { payments, refunds } = wait(shop.payment_reconcile_now(&Ctx::owner()))??;
    for Checked { before, after, .. } in &payments {
        let (from, to, flag) = (before.status.as_str(), after.status.as_str(), after.flag.as_deref());
        if json {
            println!("{}", json!({ "id": after.id, "before": from, "after": to, "flag": flag }));
        } else {
            let flag = flag.map(|flag| format!(", flagged {flag}")).unwrap_or_default();
            println!("payment {}: {from} -> {to}{flag}", after.id);
        }
    }
    for (refund, after) in &refunds {
        let (from, to) = (RefundStatus::Pending.as_str(), after.as_str());
        if json {
            println!("{}", json!({ "refund": refund, "before": from, "after": to }));
        } else {
            println!("refund {refund}: {from} -> {to}");
        }
    }
    if !json {
        println!("{} payments and {} refunds were looked at", payments.len(), refunds.len());
    }
    Ok(())
}
