//! `nexus serve`: runs the shop.

use super::{Common, Done, wait};
use crate::app;
use crate::config::Flags;
use crate::services::Ctx;
use clap::Args;
use std::net::IpAddr;

/// Runs the shop until it is stopped (Ctrl-C or SIGTERM).
#[derive(Args)]
#[command(after_help = "Example: nexus serve --demo --port 8000")]
pub struct ServeArgs {
    /// Fill an empty shop with a small demo catalog and demo logins
    #[arg(long)]
    demo: bool,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long)]
    address: Option<IpAddr>,
    /// Port to listen on [default: 8000]
    #[arg(long)]
    port: Option<u16>,
}

pub(super) fn run(args: ServeArgs, common: &Common) -> Done {
    // A socket that was handed over says by itself where the shop listens.
    let handed = app::Handed::take()?;
    let place = handed.place();
    let address = place.map(|place| place.ip()).or(args.address);
    let port = place.map(|place| place.port()).or(args.port);
    let config = common.load(Flags { address, port, data_dir: None })?.config;
    let log = app::log(&config.log)?;
    let entrance = app::Entrance::prepare(&config, handed)?;
    let shop = app::open(&config)?;
    let demo = if args.demo { Some(wait(shop.demo_fill(&Ctx::owner()))??) } else { None };
    let setup = shop.setup_open(&Ctx::owner())?;
    let name = config.shop.name.clone();
    let (folder, listening) = (config.data.dir.display().to_string(), config.listening_url());
    let served = app::serve(&config, shop, entrance, move |address| {
        println!("{name} is open at {address}");
        println!("  API docs   {address}/api/docs/");
        println!("  Products   {address}/api/v1/products");
        if listening != address {
            println!("  Listening  {listening}");
        }
        println!("  Data       {folder}");
        if let Some(demo) = demo {
            println!("  Demo       {demo}");
        }
        if let Some(token) = setup {
            println!("  Set up     make the first admin: POST {address}/api/v1/auth/setup");
            println!("             {{\"token\": \"{token}\", \"email\": \"…\", \"password\": \"…\"}}");
        }
    });
    log.flush();
    Ok(served?)
}
