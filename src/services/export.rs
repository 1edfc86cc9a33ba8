//! Exports: all products as a file. CSV and JSON Lines are what import takes back unchanged, and writing the same
//! shop twice gives the same bytes; the Shopify format is for moving there.

mod shopify;
mod spreadsheet;

pub use super::import::cells::guard as formula_guard;
use super::import::entry::category_text;
use super::{Ctx, Error, Outcome, Shop};
use crate::domain::catalog::{Product, ProductDraft};
use crate::domain::{CategoryId, Currency, ProductId, Right};
use crate::store::ReadTx;
use serde_json::Value;
use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

/// Products read at a time.
const PIECE: usize = 200;
/// An export reads one consistent view however long it takes.
const DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// What kind of file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Our CSV.
    Csv,
    /// Our JSON Lines.
    Jsonl,
    /// Shopify's product CSV.
    Shopify,
}

impl Shop {
    /// Writes all products in order of id, telling `tick` how many are done, and gives their number.
    pub fn export_products(
        &self,
        ctx: &Ctx,
        format: ExportFormat,
        out: &mut dyn Write,
        tick: &dyn Fn(u64),
    ) -> Outcome<u64> {
        ctx.require(Right::CatalogRead)?;
        let currency = self.settings.currency();
        self.store.read_within(DEADLINE, |tx| {
            let mut source = Source { tx, categories: HashMap::new(), currency };
            let mut done = 0;
            let mut counted = |count: usize| {
                done += count as u64;
                tick(done);
            };
            match format {
                ExportFormat::Jsonl => json_lines(&mut source, out, &mut counted)?,
                ExportFormat::Csv => spreadsheet::write(&mut source, out, &mut counted)?,
                ExportFormat::Shopify => shopify::write(&mut source, out, &mut counted)?,
            }
            out.flush().map_err(write_failed)?;
            Ok(done)
        })
    }
}

/// Why the file could not be written, such as a full disk.
fn write_failed(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("writing the export failed: {error}"))
}

/// Where an export reads from.
struct Source<'t, 'c> {
    tx: &'t ReadTx<'c>,
    categories: HashMap<CategoryId, String>,
    currency: Currency,
}

impl Source<'_, '_> {
    /// Calls `each` for every product, in pieces of bounded size.
    fn each(
        &mut self,
        mut each: impl FnMut(&mut Self, &Product) -> Outcome<()>,
        counted: &mut dyn FnMut(usize),
    ) -> Outcome<()> {
        let mut after = ProductId::new(0);
        loop {
            let ids = self.tx.product_ids_after(after, PIECE)?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = *last;
            let products = self.tx.products_by_ids(&ids)?;
            products.iter().try_for_each(|product| each(self, product))?;
            counted(products.len());
        }
    }

    /// How a file names a product's category.
    fn category(&mut self, id: CategoryId) -> Outcome<&str> {
        if !self.categories.contains_key(&id) {
            let text = category_text(&self.tx.category_path(id)?, id);
            self.categories.insert(id, text);
        }
        Ok(self.categories.get(&id).map_or("", String::as_str))
    }
}

fn json_lines(source: &mut Source<'_, '_>, out: &mut dyn Write, counted: &mut dyn FnMut(usize)) -> Outcome<()> {
    let write = |source: &mut Source<'_, '_>, product: &Product| {
        let mut body = ProductDraft::body_of(product, source.currency);
        body["category"] = Value::from(source.category(product.category.id)?);
        if let Some(variants) = body.get_mut("variants").and_then(Value::as_array_mut) {
            for variant in variants.iter_mut().filter_map(Value::as_object_mut) {
                variant.shift_remove("id");
            }
        }
        body["created_at"] = Value::from(product.created_at.to_rfc3339());
        serde_json::to_writer(&mut *out, &body).map_err(write_failed)?;
        out.write_all(b"\n").map_err(write_failed)
    };
    source.each(write, counted)
}
