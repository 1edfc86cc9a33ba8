//! What the audit log costs: products created one after the other and by many callers at once, in process, each with
//! its entry. Run on a version without the log, it gives the figures to compare with.
//!
//!     cargo bench --bench audit

use nexus::config::Config;
use nexus::domain::catalog::ProductDraft;
use nexus::services::Ctx;
use std::sync::Arc;
use std::time::Instant;

const PRODUCTS: usize = 2_000;
const CALLERS: usize = 32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = tempfile::tempdir()?;
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for round in 0..7 {
        alone.push(create(&place.path().join(format!("alone{round}")), 1)?);
        together.push(create(&place.path().join(format!("together{round}")), CALLERS)?);
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    println!("{PRODUCTS} products by one caller: {:.0} a second", median(&mut alone));
    println!("{PRODUCTS} products by {CALLERS} callers: {:.0} a second", median(&mut together));
    Ok(())
}

/// Products a second that these many callers create.
fn create(folder: &std::path::Path, callers: usize) -> Result<f64, Box<dyn std::error::Error>> {
    let mut config = Config { workers: 2, ..Config::default() };
    folder.clone_into(&mut config.data.dir);
    let shop = Arc::new(nexus::app::open(&config)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let started = Instant::now();
    let work = (0..callers).map(|caller| {
        let shop = shop.clone();
        runtime.spawn(async move {
            for n in 0..PRODUCTS / callers {
                let draft = ProductDraft::from_body(&body(caller, n), shop.settings().currency())?;
                shop.product_create(&Ctx::owner(), draft).await?;
            }
            Ok::<_, nexus::services::Error>(())
        })
    });
    let work: Vec<_> = work.collect();
    for caller in work {
        runtime.block_on(caller)??;
    }
    let rate = (PRODUCTS / callers * callers) as f64 / started.elapsed().as_secs_f64();
    shop.close();
    Ok(rate)
}

fn body(caller: usize, n: usize) -> serde_json::Value {
    serde_json::json!({
        "name": format!("Stoneware mug {caller} {n}"), "category": "Kitchen > Mugs", "price": "12.50", "stock": 5,
        "sku": format!("MUG-{caller}-{n}"), "brand": "Saltmarsk", "tags": ["gift", "new"],
        "attributes": { "material": "stoneware", "colour": "blue" },
        "description": "Thrown by hand, glazed twice and fired for eleven hours; holds 0.35 litres and keeps them warm.",
    })
}
