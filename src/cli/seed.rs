//! `nexus seed`: fills the shop with made-up products.

use super::output::{count, progress, rate};
use super::{Common, Done, Failure, wait};
use crate::services::import::Progress;
use crate::services::{Ctx, Shop};
use clap::Args;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Fills the shop with made-up products, the same for the same number and seed on every machine.
#[derive(Args)]
#[command(after_help = "Example: nexus seed --products 1000 --seed 7")]
pub struct SeedArgs {
    /// How many products
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    products: u64,
    /// Which ones
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: SeedArgs, common: &Common) -> Done {
    common.begin(true, |shop| seed(shop, &args))
}

fn seed(shop: &Shop, args: &SeedArgs) -> Done {
    let (started, done) = (Instant::now(), Arc::new(Progress::default()));
    let bar = progress(args.products);
    let (later, rows) = (bar.downgrade(), done.clone());
    drop(std::thread::spawn(move || {
        while let Some(bar) = later.upgrade().filter(|bar| !bar.is_finished()) {
            bar.set_position(rows.rows.load(Ordering::Relaxed));
            drop(bar);
            std::thread::sleep(Duration::from_millis(200));
        }
    }));
    let seeded = wait(shop.seed(&Ctx::owner(), args.products, args.seed, done))?;
    bar.finish_and_clear();
    let seeded = seeded?;
    let took = started.elapsed();
    shop.close();
    if let Some(refused) = seeded.report.errors.first() {
        return Err(Failure::new(format!("product {}: {}", refused.line, refused.reason)));
    }
    if args.json {
        println!(
            "{}",
            serde_json::json!({
                "products": args.products, "seed": args.seed, "created": seeded.report.created, "updated": seeded.report.updated,
                "unchanged": seeded.report.unchanged, "seconds": took.as_secs_f64(), "sha256": seeded.digest,
            })
        );
    } else {
        println!(
            "{} products: {} created, {} updated, {} unchanged ({:.1} s, {} products/s)",
            count(args.products),
            count(seeded.report.created),
            count(seeded.report.updated),
            count(seeded.report.unchanged),
            took.as_secs_f64(),
            count(rate(args.products, took))
        );
        println!("sha256 {}", seeded.digest);
    }
    Ok(())
}
