//! Products that nobody sells: made-up ones in any number for trying and measuring, and the demo shop.

mod demo;
mod generate;
mod words;

pub(super) use demo::demo_logins_open;
pub use demo::{DEMO_PASSWORD, DemoFilled};

use super::export::ExportFormat;
use super::import::{ImportMode, ImportOptions, ImportReport, Progress};
use super::{Ctx, Outcome, Shop};
use crate::domain::{Right, hex};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::Arc;

/// What seeding did.
#[derive(Clone, Debug)]
pub struct Seeded {
    /// The import by which the products came.
    pub report: ImportReport,
    /// SHA-256 of the shop as `nexus export products --format jsonl` writes it.
    pub digest: String,
}

impl Shop {
    /// Fills in `products` made-up products. The same number and seed give the same ones on every machine, and
    /// fewer of a seed are the first of more.
    pub async fn seed(&self, ctx: &Ctx, products: u64, seed: u64, progress: Arc<Progress>) -> Outcome<Seeded> {
        ctx.require(Right::Maintain)?;
        // About what a line of such a product takes, so that many are loaded in bulk.
        let size = products.saturating_mul(500);
        let options = ImportOptions {
            file: format!("seed {seed}"),
            mode: ImportMode::AllOrNothing,
            size,
            ..ImportOptions::default()
        };
        let made = generate::products(products, seed, self.settings().currency());
        let report = self.load_products(ctx, "seed", made, options, progress, None).await?;
        Ok(Seeded { report, digest: self.digest(ctx)? })
    }

    /// SHA-256 of all products as an export writes them.
    pub fn digest(&self, ctx: &Ctx) -> Outcome<String> {
        let mut hasher = Hashing(Sha256::new());
        self.export_products(ctx, ExportFormat::Jsonl, &mut hasher, &|_| {})?;
        Ok(hex(&hasher.0.finalize()))
    }
}

/// Hashes what is written to it.
struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The products of a seed, for tests that load them in their own way.
#[cfg(test)]
pub(crate) fn made(products: u64, seed: u64, currency: crate::domain::Currency) -> super::import::Products {
    generate::products(products, seed, currency)
}
