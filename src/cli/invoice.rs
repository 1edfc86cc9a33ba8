//! `nexus invoice …`: lists invoices and credit notes, shows one, and writes one as a PDF.

use super::output::table;
use super::{Common, Done, Failure};
use crate::domain::invoice::{Invoice, InvoiceLine, InvoiceName};
use crate::domain::order::OrderRef;
use crate::domain::{Currency, Money};
use crate::services::invoices::InvoiceReader;
use crate::services::{Ctx, Shop};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Lists invoices and credit notes, shows one, and writes one as a PDF.
#[derive(Args)]
#[command(after_help = "Example: nexus invoice list --order 1001")]
pub struct InvoiceArgs {
    #[command(subcommand)]
    command: InvoiceCommand,
}

#[derive(Subcommand)]
enum InvoiceCommand {
    /// List invoices and credit notes, the newest first
    #[command(after_help = "Example: nexus invoice list --order 1001 --json")]
    List {
        /// Only those of this order, as they were given out
        #[arg(long, value_name = "NUMBER")]
        order: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000), conflicts_with = "order")]
        limit: u32,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Show what one says
    #[command(after_help = "Example: nexus invoice show INV-1")]
    Show {
        /// Its name: INV-1, or CN-1 for a credit note
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write one as a PDF
    #[command(after_help = "Example: nexus invoice pdf INV-1 --out invoice.pdf")]
    Pdf {
        /// Its name: INV-1, or CN-1 for a credit note
        name: String,
        /// Where to [default: its name and .pdf, in this folder]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: InvoiceArgs, common: &Common) -> Done {
    let (shop, ctx) = (common.open()?, Ctx::owner());
    match args.command {
        InvoiceCommand::List { order, limit, json } => {
            let invoices = match order {
                Some(number) => shop.invoice_list(&InvoiceReader::Staff(&ctx, order_ref(&number)?))?,
                None => shop.invoice_newest(&ctx, limit)?,
            };
            list(&invoices, json);
        }
        InvoiceCommand::Show { name, json } => show(&named(&shop, &ctx, &name)?, json),
        InvoiceCommand::Pdf { name, out, json } => {
            let invoice = named(&shop, &ctx, &name)?;
            let file = out.unwrap_or_else(|| PathBuf::from(format!("{}.pdf", invoice.name())));
            let shown = file.display().to_string();
            let failed = |error| Failure::new(format!("{shown} cannot be written: {error}"));
            std::fs::write(&file, shop.invoice_pdf(&invoice)).map_err(failed)?;
            if json {
                println!("{}", json!({ "number": invoice.name(), "file": shown }));
            } else {
                println!("{} was written into {shown}", invoice.name());
            }
        }
    }
    Ok(())
}

fn order_ref(text: &str) -> Result<OrderRef, Failure> {
    OrderRef::parse(text).ok_or_else(|| Failure::new(format!("{text:?} is no number of an order, such as 1001")))
}

fn named(shop: &Shop, ctx: &Ctx, text: &str) -> Result<Invoice, Failure> {
    let wrong = || Failure::new(format!("{text:?} is no name of an invoice or credit note, such as INV-1 or CN-1"));
    Ok(shop.invoice_named(ctx, InvoiceName::parse(text).ok_or_else(wrong)?)?)
}

fn list(invoices: &[Invoice], json: bool) {
    if json {
        invoices.iter().for_each(|invoice| println!("{}", row(invoice)));
        return;
    }
    let cells = |invoice: &Invoice| {
        let content = &invoice.content;
        let total = format!("{} {}", amount(invoice, content.total), content.currency);
        vec![invoice.name(), content.order_number.clone(), total, invoice.issued_at.to_rfc3339(), content.email.clone()]
    };
    let rows: Vec<Vec<String>> = invoices.iter().map(cells).collect();
    print!("{}", table(&["number", "order", "total", "issued", "e-mail"], &rows));
}

fn show(invoice: &Invoice, json: bool) {
    let content = &invoice.content;
    let money = |money| amount(invoice, money);
    if json {
        let line = |line: &InvoiceLine| {
            json!({
                "name": line.name, "title": line.title, "sku": line.sku, "quantity": line.quantity,
                "unit_price": line.unit_price.map(money), "discount": money(line.discount), "amount": money(line.amount),
            })
        };
        let mut shown = row(invoice);
        shown["seller"] = json!(content.seller);
        shown["buyer"] = json!(content.buyer);
        shown["corrects"] = json!(content.corrects);
        shown["reason"] = json!(content.reason);
        shown["lines"] = content.lines.iter().map(line).collect();
        shown["shipping"] = json!(money(content.shipping));
        println!("{shown}");
        return;
    }
    let of = content.corrects.as_ref().map(|name| format!(" for {name}")).unwrap_or_default();
    println!("{}{of} of {}, order {}", invoice.name(), invoice.issued_at.to_rfc3339(), content.order_number);
    println!("from {}", content.seller.join(", "));
    println!("to {}", content.buyer.iter().chain([&content.email]).cloned().collect::<Vec<_>>().join(", "));
    let cells = |line: &InvoiceLine| {
        let name = format!("{} {}", line.name, line.title);
        let units = line.quantity.map(|quantity| quantity.to_string()).unwrap_or_default();
        vec![line.sku.clone().unwrap_or_default(), name.trim_end().to_owned(), units, money(line.amount)]
    };
    let rows: Vec<Vec<String>> = content.lines.iter().map(cells).collect();
    print!("{}", table(&["sku", "name", "units", "amount"], &rows));
    println!("tax {}, total {} {}", money(content.tax), money(content.total), content.currency);
}

fn row(invoice: &Invoice) -> Value {
    let content = &invoice.content;
    json!({
        "number": invoice.name(), "kind": invoice.kind, "order_number": content.order_number, "email": content.email,
        "total": amount(invoice, content.total), "tax_total": amount(invoice, content.tax), "currency": content.currency,
        "issued_at": invoice.issued_at.to_rfc3339(),
    })
}

fn amount(invoice: &Invoice, money: Money) -> String {
    let currency = Currency::from_code(&invoice.content.currency);
    currency.map_or_else(|| money.minor().to_string(), |currency| currency.format(money))
}
