//! `nexus reindex`: builds the search index anew.

use super::{Common, Done, wait};
use crate::services::Ctx;
use clap::Args;

/// Builds the search index anew from the products.
#[derive(Args)]
#[command(after_help = "Example: nexus reindex")]
pub struct ReindexArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: ReindexArgs, common: &Common) -> Done {
    let shop = common.open()?;
    let bar = super::output::progress(shop.product_count(&Ctx::owner())?);
    let tick = bar.clone();
    let started = std::time::Instant::now();
    let count = wait(shop.reindex(&Ctx::owner(), move |done| tick.set_position(done)))??;
    bar.finish_and_clear();
    if args.json {
        println!("{}", serde_json::json!({ "products": count, "seconds": started.elapsed().as_secs_f64() }));
    } else {
        println!("indexed {count} products in {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(())
}
