//! `nexus import`: reads products from a file, lists such runs, undoes them.

use super::output::{count, file_progress, rate, table};
use super::{Common, Done, Failure, wait};
use crate::domain::ImportId;
use crate::services::import::{
    ImportFormat, ImportMode, ImportOptions, ImportReport, Progress, Rename, RowReport, RowSink, category_of,
};
use crate::services::{Ctx, Shop};
use clap::{Args, Subcommand, ValueEnum};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Reads products from a file: CSV or JSON Lines as `nexus export` writes them, Shopify's and WooCommerce's product
/// CSV, each also packed with gzip. All rows or none are written, unless --skip-errors is given. Pictures stay
/// addresses: nothing is fetched.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "Example: nexus import products.csv --dry-run\n         nexus import big.csv --map color=attr.color --map currency=-\n         nexus import undo 3"
)]
pub struct ImportArgs {
    #[command(subcommand)]
    what: Option<ImportWhat>,
    /// The file, or - for standard input
    #[arg(required = true)]
    file: Option<PathBuf>,
    /// Tell what each row would do, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the good rows although others are refused
    #[arg(long, conflicts_with = "dry_run")]
    skip_errors: bool,
    /// Rename a column or key; TO may be attr.NAME, or - to drop it
    #[arg(long, value_name = "FROM=TO", value_parser = Rename::parse)]
    map: Vec<Rename>,
    /// The category of new products whose rows name none: a slug, an id or a path such as "Home > Kitchen"
    #[arg(long, value_name = "PATH")]
    category: Option<String>,
    /// What the file is, when its content should not decide
    #[arg(long, value_enum, default_value_t = FormatArg::Auto)]
    format: FormatArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum ImportWhat {
    /// Read orders that were made elsewhere before
    Orders(super::past_orders::PastOrdersArgs),
    /// Put back what a run changed
    #[command(after_help = "Example: nexus import undo 3")]
    Undo {
        /// The number of the run
        #[arg(value_parser = import_id)]
        id: ImportId,
        /// Also undo changes on top of which others were made
        #[arg(long)]
        force: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the runs so far
    #[command(after_help = "Example: nexus import list")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatArg {
    Auto,
    Csv,
    Jsonl,
    Shopify,
    Woocommerce,
}

impl From<FormatArg> for Option<ImportFormat> {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Auto => None,
            FormatArg::Csv => Some(ImportFormat::Csv),
            FormatArg::Jsonl => Some(ImportFormat::Jsonl),
            FormatArg::Shopify => Some(ImportFormat::Shopify),
            FormatArg::Woocommerce => Some(ImportFormat::Woocommerce),
        }
    }
}

fn import_id(text: &str) -> Result<ImportId, String> {
    ImportId::parse(text).ok_or_else(|| "must be the number of a run; `nexus import list` shows them".to_owned())
}

pub(super) fn run(args: ImportArgs, common: &Common) -> Done {
    match args.what {
        Some(ImportWhat::Orders(args)) => super::past_orders::run(args, common),
        Some(ImportWhat::Undo { id, force, json }) => undo(&common.open()?, id, force, json),
        Some(ImportWhat::List { json }) => list(&common.open()?, json),
        None => import(args, common),
    }
}

fn import(args: ImportArgs, common: &Common) -> Done {
    let path = args.file.clone().unwrap_or_default();
    let (file, size) = open(&path)?;
    let category = args.category.as_deref().map(category_of).transpose()?;
    let mode = match (args.dry_run, args.skip_errors) {
        (true, _) => ImportMode::DryRun,
        (_, true) => ImportMode::SkipErrors,
        _ => ImportMode::AllOrNothing,
    };
    let name = path.file_name().map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned());
    let options = ImportOptions { file: name, format: args.format.into(), renames: args.map, category, mode, size };
    common.begin(!args.dry_run, |shop| read(shop, file, options, args.json))
}

fn read(shop: &Shop, file: Box<dyn Read + Send>, options: ImportOptions, json: bool) -> Done {
    let (mode, size) = (options.mode, options.size);
    let (started, progress) = (Instant::now(), Arc::new(Progress::default()));
    let shown = show(&progress, size, started, "products");
    let sink = (mode == ImportMode::DryRun).then(|| if json { json_sink() } else { text_sink() });
    let report = wait(shop.import_products(&Ctx::owner(), file, options, progress, sink))?;
    shown.finish_and_clear();
    let report = report?;
    shop.close();
    if json {
        print_json(&report, started.elapsed())
    } else {
        print_text(&report, mode, started.elapsed())
    }
    verdict(&report, mode)
}

pub(super) fn open(path: &Path) -> Result<(Box<dyn Read + Send>, u64), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), 0));
    }
    let failed = |e: std::io::Error| Failure::new(format!("{}: {e}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if meta.is_dir() {
        return Err(Failure::new(format!("{} is a folder", path.display())));
    }
    Ok((Box::new(file), meta.len()))
}

/// Draws how far the import is until the bar is finished.
pub(super) fn show(
    progress: &Arc<Progress>,
    size: u64,
    started: Instant,
    what: &'static str,
) -> indicatif::ProgressBar {
    let bar = file_progress(size);
    let (later, progress) = (bar.downgrade(), progress.clone());
    drop(std::thread::spawn(move || {
        while let Some(bar) = later.upgrade().filter(|bar| !bar.is_finished()) {
            let (bytes, rows) = (progress.bytes.load(Ordering::Relaxed), progress.rows.load(Ordering::Relaxed));
            let stage = if size > 0 && bytes >= size { ", finishing" } else { "" };
            bar.set_message(format!("{} {what}, {}/s{stage}", count(rows), count(rate(rows, started.elapsed()))));
            bar.set_position(bytes);
            drop(bar);
            std::thread::sleep(Duration::from_millis(200));
        }
    }));
    bar
}

fn text_sink() -> RowSink {
    let mut out = BufWriter::new(std::io::stdout());
    Box::new(move |row: &RowReport<'_>| {
        let sku = if row.sku.is_empty() { String::new() } else { format!(" ({})", row.sku) };
        let reason = if row.reason.is_empty() { String::new() } else { format!(": {}", row.reason) };
        // A reader that has gone, such as `head`, must not fail the run.
        let _ = writeln!(out, "line {:<6} {:<9} {}{sku}{reason}", row.line, row.action.as_str(), row.name);
    })
}

fn json_sink() -> RowSink {
    let mut out = BufWriter::new(std::io::stdout());
    Box::new(move |row: &RowReport<'_>| {
        let reason = (!row.reason.is_empty()).then_some(row.reason);
        let line = serde_json::json!({ "line": row.line, "action": row.action.as_str(), "name": row.name, "sku": row.sku, "reason": reason });
        let _ = writeln!(out, "{line}");
    })
}

fn print_text(report: &ImportReport, mode: ImportMode, took: Duration) {
    let products = report.created + report.updated + report.unchanged + report.failed;
    if mode != ImportMode::DryRun {
        for error in &report.errors {
            let name = if error.name.is_empty() { String::new() } else { format!(" {}", error.name) };
            let sku = if error.sku.is_empty() { String::new() } else { format!(" ({})", error.sku) };
            let of = if name.is_empty() && sku.is_empty() { String::new() } else { format!(":{name}{sku}") };
            eprintln!("line {}{of}: {}", error.line, error.reason);
        }
        if report.failed > report.errors.len() as u64 {
            eprintln!("and {} more", count(report.failed - report.errors.len() as u64));
        }
    }
    let would = if report.applied { "" } else { "would be " };
    println!(
        "{}: {} {would}created, {} {would}updated, {} unchanged, {} refused ({:.1} s, {} products/s)",
        report.format,
        count(report.created),
        count(report.updated),
        count(report.unchanged),
        count(report.failed),
        took.as_secs_f64(),
        count(rate(products, took))
    );
    if let Some(id) = report.id {
        println!("`nexus import undo {id}` puts everything back");
    }
}

fn print_json(report: &ImportReport, took: Duration) {
    let error = |e: &crate::services::import::RowError| serde_json::json!({ "line": e.line, "name": e.name, "sku": e.sku, "reason": e.reason });
    let summary = serde_json::json!({
        "import": report.id, "format": report.format, "applied": report.applied, "created": report.created,
        "updated": report.updated, "unchanged": report.unchanged, "failed": report.failed,
        "errors": report.errors.iter().map(error).collect::<Vec<_>>(), "seconds": took.as_secs_f64(),
    });
    println!("{}", serde_json::json!({ "summary": summary }));
}

fn verdict(report: &ImportReport, mode: ImportMode) -> Done {
    let failed = count(report.failed);
    match mode {
        _ if report.failed == 0 => Ok(()),
        ImportMode::SkipErrors => Ok(()),
        ImportMode::DryRun => Err(Failure::new(format!("{failed} products would be refused"))),
        ImportMode::AllOrNothing => Err(Failure::new(format!(
            "{failed} products were refused, so nothing was written; --skip-errors writes the others"
        ))),
    }
}

fn undo(shop: &Shop, id: ImportId, force: bool, json: bool) -> Done {
    let undone = wait(shop.import_undo(&Ctx::owner(), id, force))??;
    if json {
        println!(
            "{}",
            serde_json::json!({
                "import": id, "removed": undone.removed, "archived": undone.archived, "restored": undone.restored,
                "gone": undone.gone,
            })
        );
    } else {
        let gone = if undone.gone > 0 { format!(", {} were gone already", count(undone.gone)) } else { String::new() };
        let kept = if undone.archived > 0 {
            format!(", {} archived since orders refer to them", count(undone.archived))
        } else {
            String::new()
        };
        println!(
            "import {id} is undone: {} products removed{kept}, {} restored{gone}",
            count(undone.removed),
            count(undone.restored)
        );
    }
    Ok(())
}

fn list(shop: &Shop, json: bool) -> Done {
    let runs = shop.import_list(&Ctx::owner())?;
    if json {
        for run in runs {
            let undone = run.undone_at.map(crate::domain::Timestamp::to_rfc3339);
            println!(
                "{}",
                serde_json::json!({
                    "import": run.id, "file": run.file, "format": run.format, "started_at": run.started_at.to_rfc3339(),
                    "created": run.created, "updated": run.updated, "undone_at": undone,
                })
            );
        }
        return Ok(());
    }
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            let state = if run.undone_at.is_some() { "undone" } else { "" };
            vec![
                run.id.to_string(),
                run.started_at.to_rfc3339(),
                run.format.clone(),
                run.created.to_string(),
                run.updated.to_string(),
                run.file.clone(),
                state.to_owned(),
            ]
        })
        .collect();
    print!("{}", table(&["id", "started", "format", "created", "updated", "file", ""], &rows));
    Ok(())
}
