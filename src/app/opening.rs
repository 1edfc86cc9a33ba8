//! Opening the shop that a configuration describes: one that is there, or a new one.

use super::{ServeError, cards, providers};
use crate::config::Config;
use crate::folder::{DataFolder, shop_in};
use crate::services::{CheckDepth, Ctx, Finding, Shop, check_unopened};
use std::fmt;

fn failed(error: &dyn fmt::Display) -> ServeError {
    ServeError(error.to_string())
}

/// Opens the shop, or begins one where there is none.
pub fn open(config: &Config) -> Result<Shop, ServeError> {
    let providers = providers(config)?;
    let folder = DataFolder::open(&config.data.dir).map_err(|e| failed(&e))?;
    Shop::open(folder, config, cards(&config.shop), providers).map_err(|e| failed(&e))
}

/// Opens the shop that is there. Where there is none, nothing is made: somebody has mistyped the folder.
pub fn open_existing(config: &Config) -> Result<Shop, ServeError> {
    shop_in(&config.data.dir).map_err(|e| failed(&e))?;
    open(config)
}

/// Looks the shop over that is there, also one that is too damaged to be opened. What comes of a look at everything is
/// kept as that of its last check.
pub fn check(config: &Config, depth: CheckDepth) -> Result<Vec<Finding>, ServeError> {
    let (root, cards, providers) = (&config.data.dir, cards(&config.shop), providers(config)?);
    shop_in(root).map_err(|e| failed(&e))?;
    let folder = DataFolder::open(root).map_err(|e| failed(&e))?;
    match Shop::open(folder, config, cards.clone(), providers) {
        Ok(shop) => {
            let ctx = Ctx::owner();
            let found = if depth == CheckDepth::Full { shop.check_whole(&ctx) } else { shop.check(&ctx, depth) };
            found.map_err(|e| failed(&e))
        }
        Err(error) => {
            let found = check_unopened(root, &cards, &error.to_string()).map_err(|e| failed(&e))?;
            if found.is_empty() { Err(failed(&error)) } else { Ok(found) }
        }
    }
}
