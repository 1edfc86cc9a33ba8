//! `nexus import orders`: reads orders that were made elsewhere before.

use super::import::{open, show};
use super::output::{count, rate};
use super::{Common, Done, Failure};
use crate::services::import::{Progress, Rename};
use crate::services::past_orders::{PastOptions, PastReport};
use crate::services::{Ctx, Shop};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Reads orders that were made elsewhere before, so that reports have something to stand on: a CSV file with one line
/// of an order in each row, also packed with gzip. The columns are order, sku, item, quantity, unit_price, placed_at
/// and customer (an e-mail address, a number or nothing); usual names of other shops are known too. The first row of an
/// order, or each, may say of the whole order: currency, shipping, tax, discount, total, refunded, status and
/// cancelled_at. Its parts must come to its total; orders that were never paid are left out. A quantity below zero came
/// back: it is refunded on the newest sale to that customer it fits. Orders that are there already are left alone, stock
/// is not touched, nobody is told, and each order gets the next number of the series.
#[derive(Args)]
#[command(
    after_help = "Example: nexus import orders history.csv --dry-run\n         nexus import orders history.csv.gz --skip-errors --shipping-sku POST"
)]
pub struct PastOrdersArgs {
    /// The file
    file: PathBuf,
    /// Look at every row, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the good rows although others are refused
    #[arg(long, conflicts_with = "dry_run")]
    skip_errors: bool,
    /// Rename a column
    #[arg(long, value_name = "FROM=TO", value_parser = Rename::parse)]
    map: Vec<Rename>,
    /// A SKU whose lines are what shipping cost; repeat for several
    #[arg(long, value_name = "SKU")]
    shipping_sku: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: PastOrdersArgs, common: &Common) -> Done {
    if args.file == Path::new("-") {
        return Err(Failure::new("the file is read twice, so it cannot be standard input"));
    }
    let (_, size) = open(&args.file)?;
    common.begin(!args.dry_run, |shop| read(shop, args, size))
}

fn read(shop: &Shop, args: PastOrdersArgs, size: u64) -> Done {
    let options = PastOptions {
        renames: args.map,
        shipping_skus: args.shipping_sku,
        skip_errors: args.skip_errors,
        dry_run: args.dry_run,
    };
    let (started, progress) = (Instant::now(), Arc::new(Progress::default()));
    let shown = show(&progress, size, started, "rows");
    let reopen = || Ok(Box::new(std::fs::File::open(&args.file)?) as Box<dyn std::io::Read + Send>);
    let report = shop.past_orders_import(&Ctx::owner(), &reopen, options, &progress);
    shown.finish_and_clear();
    let report = report?;
    let total = shop.settings().currency().format(report.sales_total);
    shop.close();
    if args.json {
        print_json(&report, &total, started.elapsed())
    } else {
        print_text(&report, &total, started.elapsed())
    }
    match report.refused {
        refused if refused > 0 && !report.applied && args.dry_run => {
            Err(Failure::new(format!("{} rows would be refused", count(refused))))
        }
        refused if refused > 0 && !report.applied => Err(Failure::new(format!(
            "{} rows were refused, so nothing was written; --skip-errors writes the others",
            count(refused)
        ))),
        _ => Ok(()),
    }
}

fn print_text(report: &PastReport, total: &str, took: Duration) {
    for row in &report.named {
        eprintln!("line {}: {}", row.number, row.reason);
    }
    if report.refused > report.named.len() as u64 {
        eprintln!("and {} more", count(report.refused - report.named.len() as u64));
    }
    println!(
        "{} sales in the file, which come to {total}; {} orders that were never paid are left out",
        count(report.sales),
        count(report.left_out)
    );
    if !report.applied {
        println!("{} rows, {} refused; nothing was written", count(report.rows), count(report.refused));
        return;
    }
    println!(
        "{} orders ({} known before), {} lines returned, {} returns of which no sale is known, {} lines of the catalog, \
         {} rows refused ({:.1} s, {} rows/s)",
        count(report.orders),
        count(report.known),
        count(report.returned),
        count(report.unmatched),
        count(report.linked),
        count(report.refused),
        took.as_secs_f64(),
        count(rate(report.rows, took))
    );
}

fn print_json(report: &PastReport, total: &str, took: Duration) {
    let named: Vec<_> =
        report.named.iter().map(|row| serde_json::json!({ "line": row.number, "reason": row.reason })).collect();
    println!(
        "{}",
        serde_json::json!({
            "applied": report.applied, "rows": report.rows, "refused": report.refused, "errors": named,
            "sales": report.sales, "sales_total": total, "left_out": report.left_out,
            "orders": report.orders, "known": report.known, "returned": report.returned,
            "unmatched": report.unmatched, "linked": report.linked, "seconds": took.as_secs_f64(),
        })
    );
}
