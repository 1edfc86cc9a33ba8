//! The writing side of an import: finds the product each row means, and creates, changes or leaves it.

use super::entry::{Entry, RowError};
use super::{
    ERRORS_NAMED, ImportAction, ImportMode, ImportOptions, ImportReport, Message, Progress, RowReport, RowSink,
};
use crate::domain::audit::{AuditEntry, Subject};
use crate::domain::catalog::{CategoryKey, Product, ProductDraft};
use crate::domain::{Currency, ImportId, Invalid, ProductId, Slug};
use crate::services::catalog::CatalogWriter;
use crate::services::{Ctx, Error, Outcome};
use crate::store::{ImportChange, StoreError, WriteTx};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Files of fewer products are not worth building indexes anew.
const BULK_LEAST: u64 = 2_000;
/// A file this many times larger than the shop is loaded in bulk.
const BULK_TIMES: u64 = 4;

/// Characters of a file's name that an entry of the audit log keeps.
const FILE_CHARS: usize = 200;

/// Why the transaction of an import is rolled back.
pub enum Stop {
    /// It was a trial, or rows were refused, or nothing changed.
    RolledBack(Box<ImportReport>),
    /// The file cannot be read on.
    Broken(String),
    /// The shop failed.
    Failed(Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// An import about to be written.
pub struct Load {
    pub format: &'static str,
    pub options: ImportOptions,
    pub currency: Currency,
    pub ctx: Ctx,
    /// About how many products will come.
    pub rough_count: u64,
    pub progress: Arc<Progress>,
    pub sink: Option<RowSink>,
}

impl Load {
    /// Writes everything that `next` gives.
    pub fn run(mut self, tx: &WriteTx<'_>, next: &impl Fn() -> Message) -> Result<ImportReport, Stop> {
        let count = u64::try_from(tx.product_count()?).unwrap_or(0);
        let bulk = self.rough_count >= BULK_LEAST && self.rough_count / BULK_TIMES >= count;
        let result = if bulk {
            // The settings outlive the transaction, so they are put back however it ends.
            tx.bulk_settings(true)?;
            let result = self.bulk(tx, next, count == 0);
            tx.bulk_settings(false)?;
            result
        } else {
            self.rows(tx, next, count == 0)
        };
        let report = result?;
        let changed = report.created + report.updated > 0;
        let keep = match self.options.mode {
            ImportMode::DryRun => false,
            ImportMode::AllOrNothing => report.failed == 0,
            ImportMode::SkipErrors => true,
        };
        if keep && changed {
            tx.audit(&self.entry(&report))?;
            return Ok(ImportReport { applied: true, ..report });
        }
        Err(Stop::RolledBack(Box::new(ImportReport { applied: keep, id: None, ..report })))
    }

    /// What the audit log says of the run: one entry, however many products it wrote.
    fn entry(&self, report: &ImportReport) -> AuditEntry {
        let file: String = self.options.file.chars().take(FILE_CHARS).collect();
        let detail = json!({
            "file": file, "format": report.format, "created": report.created, "updated": report.updated,
            "unchanged": report.unchanged, "failed": report.failed,
        });
        self.ctx.entry("import.run", report.id.map(Subject::from), &detail)
    }

    fn bulk(&mut self, tx: &WriteTx<'_>, next: &impl Fn() -> Message, empty: bool) -> Result<ImportReport, Stop> {
        tx.statistics_forget()?;
        let indexes = tx.indexes_drop()?;
        tx.search_bulk_begin()?;
        let report = self.rows(tx, next, empty)?;
        // What is about to be rolled back needs no indexes.
        if self.options.mode == ImportMode::SkipErrors
            || (self.options.mode == ImportMode::AllOrNothing && report.failed == 0)
        {
            tx.search_bulk_end()?;
            tx.indexes_build(&indexes)?;
            tx.statistics_gather()?;
        }
        Ok(report)
    }

    fn rows(&mut self, tx: &WriteTx<'_>, next: &impl Fn() -> Message, empty: bool) -> Result<ImportReport, Stop> {
        let id = tx.import_begin(&self.options.file, self.format, &self.ctx.actor_name(), self.ctx.now)?;
        let mut rows = Rows {
            tx,
            id,
            writer: CatalogWriter::bulk(tx, &self.ctx, empty),
            currency: self.currency,
            category: self.options.category.take(),
            newest: tx.product_newest()?,
            touched: HashSet::new(),
            series: HashMap::new(),
            empty,
        };
        let mut report = ImportReport { id: Some(id), format: self.format, ..ImportReport::default() };
        loop {
            match next() {
                Message::End => break,
                Message::Broken(reason) => return Err(Stop::Broken(reason)),
                Message::Products(products) => {
                    let count = products.len() as u64;
                    for product in products {
                        self.row(&mut rows, product, &mut report)?;
                    }
                    self.progress.rows.fetch_add(count, Ordering::Relaxed);
                }
            }
        }
        rows.writer.finish()?;
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        tx.import_end(
            id,
            signed(report.created),
            signed(report.updated),
            signed(report.unchanged),
            signed(report.failed),
        )?;
        Ok(report)
    }

    fn row(
        &mut self,
        rows: &mut Rows<'_, '_>,
        product: Result<Entry, RowError>,
        report: &mut ImportReport,
    ) -> Result<(), Stop> {
        let outcome = match product {
            Ok(entry) => match rows.write(&entry) {
                Ok(action) => Ok((entry, action)),
                Err(error) => Err(row_error(&entry, error)?),
            },
            Err(refused) => Err(refused),
        };
        match &outcome {
            Ok((_, ImportAction::Create)) => report.created += 1,
            Ok((_, ImportAction::Update)) => report.updated += 1,
            Ok(_) => report.unchanged += 1,
            Err(_) => report.failed += 1,
        }
        if let Some(sink) = &mut self.sink {
            match &outcome {
                Ok((e, action)) => {
                    sink(&RowReport { line: e.line, action: *action, name: &e.draft.name, sku: e.sku(), reason: "" })
                }
                Err(e) => sink(&RowReport {
                    line: e.line,
                    action: ImportAction::Error,
                    name: &e.name,
                    sku: &e.sku,
                    reason: &e.reason,
                }),
            }
        }
        if let Err(refused) = outcome
            && report.errors.len() < ERRORS_NAMED
        {
            report.errors.push(refused);
        }
        Ok(())
    }
}

/// A refusal is the row's own matter; anything else ends the import.
fn row_error(entry: &Entry, error: Error) -> Result<RowError, Stop> {
    let reason = match error {
        Error::Invalid(_) | Error::Conflict(..) | Error::NotFound(_) => error.to_string(),
        other => return Err(Stop::Failed(other)),
    };
    Ok(RowError { line: entry.line, name: entry.draft.name.clone(), sku: entry.sku().to_owned(), reason })
}

/// The transaction of an import as its rows see it.
struct Rows<'t, 'c> {
    tx: &'t WriteTx<'c>,
    id: ImportId,
    writer: CatalogWriter<'t, 'c>,
    currency: Currency,
    category: Option<CategoryKey>,
    /// The newest product before the import; what is newer came from an earlier row.
    newest: ProductId,
    /// Older products that earlier rows meant.
    touched: HashSet<ProductId>,
    /// For each slug made of a name, the number at which the next row of that name looks.
    series: HashMap<Slug, u64>,
    /// Whether there were no products at first, so that no row can mean one.
    empty: bool,
}

impl Rows<'_, '_> {
    fn write(&mut self, entry: &Entry) -> Outcome<ImportAction> {
        let Some(before) = self.find(entry)? else { return self.create(entry) };
        self.touched.insert(before.id);
        let mut draft = entry.over(&before);
        self.resolve(&mut draft)?;
        if !self.writer.update(&before, &draft)? {
            return Ok(ImportAction::Unchanged);
        }
        let change = ImportChange {
            product_id: before.id,
            version: before.revision.own + 1,
            before: Some(restoring(&before, self.currency)),
        };
        self.tx.import_note(self.id, &change)?;
        Ok(ImportAction::Update)
    }

    fn create(&mut self, entry: &Entry) -> Outcome<ImportAction> {
        let given = match &entry.draft.category {
            CategoryKey::Path(names) if names.is_empty() => {
                let missing = || {
                    Invalid::one("category", "required", "is required; --category PATH names one for products without")
                };
                Some(self.category.clone().ok_or_else(missing)?)
            }
            CategoryKey::Slug(_) => Some(entry.draft.category.clone()),
            _ => None,
        };
        let id = match given {
            None => self.writer.create_indexed(&entry.draft, entry.document.as_ref())?,
            Some(category) => {
                let mut draft = ProductDraft { category, ..entry.draft.clone() };
                self.resolve(&mut draft)?;
                self.writer.create(&draft)?
            }
        };
        self.tx.import_note(self.id, &ImportChange { product_id: id, version: 1, before: None })?;
        Ok(ImportAction::Create)
    }

    /// A category in lower case reads as a slug; when there is none of that slug, it is the name of a root.
    fn resolve(&mut self, draft: &mut ProductDraft) -> Outcome<()> {
        if let CategoryKey::Slug(slug) = &draft.category {
            let name = slug.to_string();
            match self.writer.category(&draft.category) {
                Err(Error::Invalid(_)) => draft.category = CategoryKey::Path(vec![name]),
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// The product a row means: by any SKU, else by slug, else, when it has neither, by its name.
    fn find(&mut self, entry: &Entry) -> Outcome<Option<Product>> {
        let mut found: Option<ProductId> = None;
        let mut has_sku = false;
        for sku in entry.draft.variants.iter().filter_map(|v| v.sku.as_ref()) {
            has_sku = true;
            let Some(id) = self.writer.product_by_sku(sku)? else { continue };
            self.refuse_twice(id, &format!("SKU {sku}"))?;
            if found.is_some_and(|other| other != id) {
                return Err(Invalid::one(
                    "",
                    "two_products",
                    format!("its SKUs belong to two products ({sku} to another)"),
                )
                .into());
            }
            found = Some(id);
        }
        if let (None, Some(slug)) = (found, &entry.draft.slug) {
            found = self.writer.product_by_slug(slug)?;
            if let Some(id) = found {
                self.refuse_twice(id, &format!("slug {slug}"))?;
            }
        }
        match found {
            Some(id) => Ok(self.tx.product_by_id(id)?),
            None if has_sku || entry.draft.slug.is_some() || self.empty => Ok(None),
            None => self.find_by_name(&entry.draft.name),
        }
    }

    /// The first product of this name, without SKUs, that no earlier row meant: the second row of a name means
    /// the second product of it.
    fn find_by_name(&mut self, name: &str) -> Outcome<Option<Product>> {
        let plain = Slug::from_text(name);
        let mut number = self.series.get(&plain).copied().unwrap_or(1);
        let found = loop {
            let slug = if number == 1 { plain.clone() } else { plain.numbered(number) };
            let Some(id) = self.tx.product_id_by_slug(slug.as_str())? else { break None };
            if id > self.newest {
                break None;
            }
            number += 1;
            let product =
                self.tx.product_by_id(id)?.filter(|p| p.name == name && p.variants.iter().all(|v| v.sku.is_none()));
            if let Some(product) = product.filter(|p| !self.touched.contains(&p.id)) {
                break Some(product);
            }
        };
        self.series.insert(plain, number);
        Ok(found)
    }

    fn refuse_twice(&self, id: ProductId, what: &str) -> Outcome<()> {
        if id > self.newest || self.touched.contains(&id) {
            return Err(Invalid::one("", "twice", format!("an earlier row of this file has the same {what}")).into());
        }
        Ok(())
    }
}

/// The body that makes a product what it is now. Variants are named by their SKUs and options, since one that
/// the import takes away comes back under a new id.
fn restoring(before: &Product, currency: Currency) -> String {
    let mut body = ProductDraft::body_of(before, currency);
    if let Some(variants) = body.get_mut("variants").and_then(serde_json::Value::as_array_mut) {
        for variant in variants.iter_mut().filter_map(serde_json::Value::as_object_mut) {
            variant.shift_remove("id");
        }
    }
    body["created_at"] = serde_json::Value::from(before.created_at.to_rfc3339());
    body.to_string()
}
