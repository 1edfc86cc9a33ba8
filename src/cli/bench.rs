//! `nexus bench`: proves and measures selling, in a temporary shop of its own.

mod checkout;
mod fair;
mod oversell;

use super::Done;
use clap::{Args, Subcommand};

/// Proves and measures selling, in a temporary shop of its own; no other shop is touched.
#[derive(Args)]
#[command(after_help = "Example: nexus bench oversell --buyers 500 --units 20")]
pub struct BenchArgs {
    #[command(subcommand)]
    what: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Let many buyers want few units at once, and look whether exactly as many orders are placed
    Oversell(oversell::OversellArgs),
    /// Measure carts and checkouts a second, with one client and with many
    Checkout(checkout::CheckoutArgs),
}

pub(super) fn run(args: BenchArgs) -> Done {
    match args.what {
        Bench::Oversell(args) => oversell::run(&args),
        Bench::Checkout(args) => checkout::run(&args),
    }
}
