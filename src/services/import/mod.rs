//! Imports: products out of a file, in one transaction, with a record of what changed so that it can be undone.
//!
//! One thread reads and judges, the writer thread writes, and a short queue between them keeps memory bounded
//! however long the file is. A trial run is the real thing in a transaction that is rolled back.

mod apply;
pub(crate) mod cells;
mod columns;
pub(crate) mod entry;
mod json_lines;
mod own_csv;
mod shopify;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod undo;
mod woocommerce;

pub use columns::Rename;
pub(crate) use columns::renamed;
pub use entry::{RowError, category_of};
pub(crate) use source::open as open_text;
pub(crate) use table::{Line, Named, Table};
pub use undo::Undone;

use super::{Ctx, Error, Outcome, Shop};
use crate::domain::catalog::CategoryKey;
use crate::domain::{Currency, ImportId, Invalid, Right, Timestamp};
use crate::store::ImportRun;
use apply::{Load, Stop};
use entry::{Entry, Raw};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Products in one message between the threads.
const PIECE: usize = 128;
/// Messages that may wait.
const QUEUE: usize = 4;
/// Refused rows a report names; the others are counted.
const ERRORS_NAMED: usize = 20;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportFormat {
    /// Our CSV.
    Csv,
    /// Our JSON Lines.
    Jsonl,
    /// Shopify's product CSV.
    Shopify,
    /// WooCommerce's product CSV.
    Woocommerce,
}

impl ImportFormat {
    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Shopify => "shopify",
            Self::Woocommerce => "woocommerce",
        }
    }
}

/// Whether and when an import is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImportMode {
    /// Only when every row is good.
    #[default]
    AllOrNothing,
    /// The good rows.
    SkipErrors,
    /// Never.
    DryRun,
}

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The file's name, for the record.
    pub file: String,
    /// What it is; found out from the content when not given.
    pub format: Option<ImportFormat>,
    /// Columns or keys to rename or drop.
    pub renames: Vec<Rename>,
    /// Where new products go that name no category.
    pub category: Option<CategoryKey>,
    /// Whether and when it is kept.
    pub mode: ImportMode,
    /// The size of the file, if known; large ones are loaded in bulk.
    pub size: u64,
}

/// How far a running import is.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of the file read so far.
    pub bytes: AtomicU64,
    /// Products written or refused so far.
    pub rows: AtomicU64,
    /// 1 when the file is packed.
    packed: AtomicU64,
}

/// What an import does with a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportAction {
    /// It is new.
    Create,
    /// It changes.
    Update,
    /// It already is so.
    Unchanged,
    /// It is refused.
    Error,
}

impl ImportAction {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Unchanged => "unchanged",
            Self::Error => "error",
        }
    }
}

/// One product of an import, as reports show it.
#[derive(Debug)]
pub struct RowReport<'a> {
    /// The line on which it starts.
    pub line: u64,
    /// What is done.
    pub action: ImportAction,
    /// What it is called.
    pub name: &'a str,
    /// Its first SKU.
    pub sku: &'a str,
    /// Why it is refused.
    pub reason: &'a str,
}

/// Is told of every product.
pub type RowSink = Box<dyn FnMut(&RowReport<'_>) + Send>;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Its number, by which it can be undone; none when it changed nothing.
    pub id: Option<ImportId>,
    /// The format that was recognised.
    pub format: &'static str,
    /// New products.
    pub created: u64,
    /// Changed products.
    pub updated: u64,
    /// Products that already were so.
    pub unchanged: u64,
    /// Refused products.
    pub failed: u64,
    /// The first refused ones.
    pub errors: Vec<RowError>,
    /// Whether what it did was kept.
    pub applied: bool,
}

/// What the reading thread tells the writing one.
enum Message {
    Products(Vec<Result<Entry, RowError>>),
    /// The file cannot be read on.
    Broken(String),
    /// The file is through; without this word the reader has died.
    End,
}

/// Products one after the other; an error ends them.
pub(crate) type Products = Box<dyn Iterator<Item = Result<Raw, String>> + Send>;

impl Shop {
    /// Imports the products of a file.
    pub async fn import_products(
        &self,
        ctx: &Ctx,
        file: impl Read + Send + 'static,
        options: ImportOptions,
        progress: Arc<Progress>,
        sink: Option<RowSink>,
    ) -> Outcome<ImportReport> {
        ctx.require(Right::Maintain)?;
        let currency = self.settings.currency();
        let (format, products) = open(file, &options, currency, ctx.now, &progress).map_err(refused)?;
        self.load_products(ctx, format.as_str(), products, options, progress, sink).await
    }

    /// Writes products from any source as one import.
    pub(crate) async fn load_products(
        &self,
        ctx: &Ctx,
        format: &'static str,
        products: Products,
        options: ImportOptions,
        progress: Arc<Progress>,
        sink: Option<RowSink>,
    ) -> Outcome<ImportReport> {
        let currency = self.settings.currency();
        // In an empty shop every product is new, so that work done ahead is not wasted.
        let prepare = self.store.read(|tx| tx.product_count())? == 0;
        let (sender, receiver) = sync_channel(QUEUE);
        let rough_count = rough_count(&options, &progress);
        let load = Load { format, options, currency, ctx: ctx.clone(), rough_count, progress, sink };
        let outcome = self.store.write_alone(move |tx| load.run(tx, &receive(receiver)));
        std::thread::Builder::new()
            .name("nexus-import".to_owned())
            .spawn(move || send(products, currency, prepare, &sender))
            .map_err(|e| Error::Internal(e.to_string()))?;
        match outcome.await {
            Ok(report) => Ok(report),
            Err(Stop::RolledBack(report)) => Ok(*report),
            Err(Stop::Broken(reason)) => Err(refused(reason)),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// The imports so far, newest first.
    pub fn import_list(&self, ctx: &Ctx) -> Outcome<Vec<ImportRun>> {
        ctx.require(Right::Maintain)?;
        self.store.read(|tx| Ok(tx.import_runs()?))
    }
}

fn refused(reason: String) -> Error {
    Invalid::one("", "unreadable", reason).into()
}

/// About how many products a file of this size holds.
fn rough_count(options: &ImportOptions, progress: &Progress) -> u64 {
    let bytes = if progress.packed.load(Ordering::Relaxed) == 1 { 120 } else { 500 };
    options.size / bytes
}

fn receive(receiver: Receiver<Message>) -> impl Fn() -> Message {
    move || receiver.recv().unwrap_or_else(|_| Message::Broken("reading the file failed".to_owned()))
}

/// Reads and judges until the end, or until nobody listens any more.
fn send(products: Products, currency: Currency, prepare: bool, to: &SyncSender<Message>) {
    let mut piece = Vec::with_capacity(PIECE);
    for product in products {
        match product {
            Ok(raw) => {
                let mut entry = Entry::judge(raw, currency);
                if let (true, Ok(entry)) = (prepare, &mut entry) {
                    entry.prepare();
                }
                piece.push(entry);
            }
            Err(reason) => {
                let _ = to.send(Message::Broken(reason));
                return;
            }
        }
        if piece.len() == PIECE
            && to.send(Message::Products(std::mem::replace(&mut piece, Vec::with_capacity(PIECE)))).is_err()
        {
            return;
        }
    }
    if to.send(Message::Products(piece)).is_ok() {
        let _ = to.send(Message::End);
    }
}

/// Finds out the format and understands the header.
fn open(
    file: impl Read + Send + 'static,
    options: &ImportOptions,
    currency: Currency,
    now: Timestamp,
    progress: &Arc<Progress>,
) -> Result<(ImportFormat, Products), String> {
    let (mut text, budget) = source::open(file, progress.clone()).map_err(|e| e.to_string())?;
    let renames = options.renames.as_slice();
    let is_json = source::starts_with(&mut text, b'{').map_err(|e| e.to_string())?;
    if options.format.map_or(is_json, |format| format == ImportFormat::Jsonl) {
        let mut lines = json_lines::JsonLines::new(text, budget, renames.to_vec());
        return Ok((ImportFormat::Jsonl, products(move || lines.next_raw())));
    }
    if source::starts_with(&mut text, b'[').map_err(|e| e.to_string())? {
        return Err("this looks like one JSON list; write one object a line instead".to_owned());
    }
    let table = Table::open(text, budget)?;
    let names = Named::new(columns::renamed(table.header(), renames)?);
    let format = options.format.unwrap_or_else(|| match &names {
        names if shopify::recognises(names) => ImportFormat::Shopify,
        names if woocommerce::recognises(names) => ImportFormat::Woocommerce,
        _ => ImportFormat::Csv,
    });
    let products = match format {
        ImportFormat::Shopify => {
            let mut file = shopify::Shopify::open(table, renames)?;
            products(move || file.next_raw())
        }
        ImportFormat::Woocommerce => {
            let mut file = woocommerce::WooCommerce::open(table, renames, now)?;
            products(move || file.next_raw())
        }
        ImportFormat::Csv | ImportFormat::Jsonl => {
            let mut file = own_csv::OwnCsv::open(table, renames, currency)?;
            products(move || file.next_raw())
        }
    };
    Ok((format, products))
}

fn products(mut next: impl FnMut() -> Result<Option<Raw>, String> + Send + 'static) -> Products {
    Box::new(std::iter::from_fn(move || next().transpose()))
}
