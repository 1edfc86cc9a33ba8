//! `nexus bench checkout`: how many carts are filled and checked out a second, by one client and by many.

use super::fair::{Fair, check_out, filled_cart, finding, order_body, violated};
use crate::cli::output::table;
use crate::cli::{Done, Failure};
use crate::domain::VariantId;
use crate::services::Outcome;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Units of what is bought: more than anybody buys.
const PLENTY: i64 = 1_000_000;

/// Measures how many carts are filled and checked out a second, by one client and by many at once; every one of them is
/// on disk before it is answered. Without the time that HTTP takes.
#[derive(Args)]
#[command(after_help = "Example: nexus bench checkout --clients 64 --within .")]
pub struct CheckoutArgs {
    /// How many clients
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=800))]
    clients: u32,
    /// How many orders each measurement places
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    orders: u32,
    /// Where the temporary shop is made: it is that disk which is measured [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    within: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CheckoutArgs) -> Done {
    let fair = Fair::open(args.within.as_deref())?;
    let variants = (1..=10).map(|n| fair.offer(&format!("Thing {n}"), PLENTY)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for clients in [1, args.clients] {
        // One client alone is slower, and as good a measure with fewer orders.
        let orders = if clients == 1 { args.orders.div_ceil(8) } else { args.orders };
        let (filling, carts) = fill(&fair, &variants, clients, orders)?;
        let buying = buy(&fair, carts, clients)?;
        rows.push((clients, rate(orders * 2, filling), rate(orders, buying)));
    }
    let findings: Vec<String> = fair.check()?.iter().map(finding).collect();
    drop(fair);
    let times = rows[1].2 / rows[0].2;
    if args.json {
        let rates = rows.iter().map(|(clients, lines, orders)| {
            json!({ "clients": clients, "cart_lines_per_second": lines, "checkouts_per_second": orders })
        });
        println!("{}", json!({ "rates": rates.collect::<Vec<_>>(), "times": times, "findings": findings }));
    } else {
        let row = |(clients, lines, orders): &(u32, f64, f64)| {
            vec![clients.to_string(), format!("{lines:.0}"), format!("{orders:.0}")]
        };
        print!("{}", table(&["clients", "cart lines/s", "checkouts/s"], &rows.iter().map(row).collect::<Vec<_>>()));
        println!("{} clients check out {times:.1} times as much as one", args.clients);
        findings.iter().for_each(|finding| println!("VIOLATION {finding}"));
    }
    violated(findings.len())
}

fn rate(count: u32, took: Duration) -> f64 {
    f64::from(count) / took.as_secs_f64()
}

/// Fills carts with two things each.
fn fill(fair: &Fair, variants: &[VariantId], clients: u32, carts: u32) -> Result<(Duration, Vec<String>), Failure> {
    let variants = Arc::new(variants.to_vec());
    together(fair, clients, carts, move |shop, n| {
        let variants = variants.clone();
        async move {
            let start = n as usize % variants.len();
            let two = [variants[start], variants[(start + 1) % variants.len()]];
            filled_cart(&shop, &two).await
        }
    })
}

/// Checks all these carts out.
fn buy(fair: &Fair, carts: Vec<String>, clients: u32) -> Result<Duration, Failure> {
    let count = u32::try_from(carts.len()).unwrap_or(u32::MAX);
    let (carts, body) = (Arc::new(carts), Arc::new(order_body()));
    let (took, answers) = together(fair, clients, count, move |shop, n| {
        let (carts, body) = (carts.clone(), body.clone());
        async move { check_out(&shop, &carts[n as usize], &body).await }
    })?;
    match answers.iter().find(|answer| answer.status != 201) {
        Some(other) => Err(Failure::new(format!("a checkout was answered {}", other.status))),
        None => Ok(took),
    }
}

/// Does something so many times, by so many clients at once, each of which waits for its answer.
fn together<T, F, R>(fair: &Fair, clients: u32, times: u32, work: F) -> Result<(Duration, Vec<T>), Failure>
where
    T: Send + 'static,
    F: Fn(Arc<crate::services::Shop>, u32) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Outcome<T>> + Send,
{
    let (next, started) = (Arc::new(AtomicU32::new(0)), Instant::now());
    let running = (0..clients).map(|_| {
        let (shop, next, work) = (fair.shop.clone(), next.clone(), work.clone());
        fair.runtime.spawn(async move {
            let mut done = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= times {
                    return Ok::<_, crate::services::Error>(done);
                }
                done.push(work(shop.clone(), n).await?);
            }
        })
    });
    let running: Vec<_> = running.collect();
    let mut done = Vec::new();
    for client in running {
        done.extend(fair.runtime.block_on(client)??);
    }
    Ok((started.elapsed(), done))
}
