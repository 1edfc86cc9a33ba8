//! `nexus health`: asks the running shop whether it can do its work, for containers and service managers, which have no
//! other program at hand to ask with.

use super::{Common, Done, Failure};
use crate::app;
use crate::config::Flags;
use clap::Args;
use std::net::IpAddr;
use std::time::Duration;

/// Asks the running shop whether it is ready; exit code 0 if it is, 1 if not.
#[derive(Args)]
#[command(after_help = "Example: nexus health && echo the shop is open")]
pub struct HealthArgs {
    /// Address the shop listens on [default: as for serve]
    #[arg(long)]
    address: Option<IpAddr>,
    /// Port the shop listens on [default: as for serve]
    #[arg(long)]
    port: Option<u16>,
    /// Seconds the answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
}

pub(super) fn run(args: HealthArgs, common: &Common) -> Done {
    let config = common.load(Flags { address: args.address, port: args.port, data_dir: None })?.config;
    app::health(&config, Duration::from_secs(args.timeout)).map_err(Failure::new)?;
    println!("ready");
    Ok(())
}
