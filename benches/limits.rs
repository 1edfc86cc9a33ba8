//! What a flood of a million clients and accounts costs the counters behind the budgets: memory and time.
//!
//!     cargo bench --bench limits

use nexus::config::Config;
use nexus::http::Limits;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

const CALLS: u32 = 1_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limits = Limits::new(&Config::default());
    let before = resident_kib()?;
    let started = Instant::now();
    let mut let_in = 0_u32;
    for n in 0..CALLS {
        // Each call brings a new address and a new account: two keys.
        let client = IpAddr::V4(Ipv4Addr::from_bits(n));
        let_in += u32::from(limits.login(Some(client), &format!("{n}@example.test")).is_ok());
    }
    let took = started.elapsed();
    let after = resident_kib()?;
    println!("{} keys seen, {} kept, {let_in} calls let in", 2 * CALLS, limits.keys());
    println!("memory before {before} KiB, after {after} KiB, more by {:.1} MiB", (after - before) as f64 / 1024.0);
    println!("{:.0} ns a key", took.as_nanos() as f64 / f64::from(2 * CALLS));
    Ok(())
}

/// Memory of this process that lies in RAM.
fn resident_kib() -> Result<i64, Box<dyn std::error::Error>> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let resident = pages.split_whitespace().nth(1).ok_or("no second number in /proc/self/statm")?;
    Ok(resident.parse::<i64>()? * 4)
}
