//! `nexus report`: what was sold.

use super::output::table;
use super::{Common, Done, Failure};
use crate::domain::report::{Sales, SalesBy, Span};
use crate::domain::{Currency, Timestamp};
use crate::services::Ctx;
use crate::services::export::formula_guard;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Sums up what was sold.
#[derive(Args)]
#[command(after_help = "Example: nexus report sales --from 2026-01-01 --to 2026-03-31 --by month")]
pub struct ReportArgs {
    #[command(subcommand)]
    what: ReportWhat,
}

#[derive(Subcommand)]
enum ReportWhat {
    /// Sums over paid orders by when they were placed, and over refunds by when they were made; all days are in UTC
    #[command(
        after_help = "Example: nexus report sales --from 2026-01-01 --to 2026-03-31 --by month\n         nexus report sales --from 2026-01-01 --to 2026-12-31 --by product --format csv > products.csv"
    )]
    Sales {
        /// The first day, such as 2026-01-31
        #[arg(long, value_parser = day)]
        from: Timestamp,
        /// The last day
        #[arg(long, value_parser = day)]
        to: Timestamp,
        /// What to divide the sums by
        #[arg(long, value_enum, default_value_t = By::Day)]
        by: By,
        /// How to print them
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Print JSON, the same as --format json
        #[arg(long, conflicts_with = "format")]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    Day,
    Month,
    Year,
    Product,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
}

impl From<By> for SalesBy {
    fn from(by: By) -> Self {
        match by {
            By::Day => Self::Day,
            By::Month => Self::Month,
            By::Year => Self::Year,
            By::Product => Self::Product,
        }
    }
}

fn day(text: &str) -> Result<Timestamp, String> {
    let at = if text.len() == 10 { Timestamp::parse(text) } else { None };
    at.ok_or_else(|| "must be a day such as 2026-01-31".to_owned())
}

pub(super) fn run(args: ReportArgs, common: &Common) -> Done {
    let ReportWhat::Sales { from, to, by, format, json } = args.what;
    if to < from {
        return Err(Failure::new("--to is before --from"));
    }
    let shop = common.open()?;
    let sales = shop.sales(&Ctx::owner(), Span { from, until: to.plus(DAY) }, by.into())?;
    let currency = shop.settings().currency();
    match format {
        _ if json => print_json(&sales, currency),
        Format::Json => print_json(&sales, currency),
        Format::Csv => print_csv(&sales, by, currency)?,
        Format::Table => print_table(&sales, by, currency),
    }
    Ok(())
}

const SUMS: [&str; 9] = ["orders", "units", "subtotal", "discounts", "shipping", "tax", "total", "refunded", "net"];

fn header(by: By) -> Vec<&'static str> {
    let first: &[&str] = match by {
        By::Day => &["day"],
        By::Month => &["month"],
        By::Year => &["year"],
        By::Product => &["sku", "name"],
    };
    first.iter().chain(&SUMS).copied().collect()
}

fn cells(sales: &Sales, by: By, currency: Currency) -> Vec<String> {
    let money = |amount| currency.format(amount);
    let mut cells = vec![sales.key.clone()];
    if matches!(by, By::Product) {
        cells.push(sales.name.clone().unwrap_or_default());
    }
    cells.extend([sales.orders.to_string(), sales.units.to_string()]);
    let sums = [sales.subtotal, sales.discounts, sales.shipping, sales.tax, sales.total, sales.refunded, sales.net()];
    cells.extend(sums.map(money));
    cells
}

fn print_table(sales: &[Sales], by: By, currency: Currency) {
    let mut rows: Vec<Vec<String>> = sales.iter().map(|row| cells(row, by, currency)).collect();
    if !matches!(by, By::Product) {
        let mut all = Sales { key: "all".to_owned(), ..Sales::default() };
        sales.iter().for_each(|row| all.add(row));
        rows.push(cells(&all, by, currency));
    }
    print!("{}", table(&header(by), &rows));
    println!("amounts in {}", currency.code());
}

fn print_csv(sales: &[Sales], by: By, currency: Currency) -> Done {
    let mut out = csv::Writer::from_writer(std::io::stdout());
    out.write_record(header(by))?;
    for row in sales {
        let mut cells = cells(row, by, currency);
        // Names and SKUs are what somebody typed; a spreadsheet must not take them for formulas.
        let texts = if matches!(by, By::Product) { 2 } else { 1 };
        cells.iter_mut().take(texts).for_each(|cell| *cell = formula_guard(cell));
        out.write_record(&cells)?;
    }
    out.flush()?;
    Ok(())
}

fn print_json(sales: &[Sales], currency: Currency) {
    let money = |amount| currency.format(amount);
    let row = |s: &Sales| {
        json!({
            "key": s.key, "name": s.name, "orders": s.orders, "units": s.units, "subtotal": money(s.subtotal),
            "discounts": money(s.discounts), "shipping": money(s.shipping), "tax": money(s.tax),
            "total": money(s.total), "refunded": money(s.refunded), "net": money(s.net()),
        })
    };
    let rows: Vec<_> = sales.iter().map(row).collect();
    println!("{}", json!({ "currency": currency.code(), "results": rows }));
}
