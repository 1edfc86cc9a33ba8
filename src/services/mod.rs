//! Use cases: what the shop does, for whoever asks, over HTTP, from the command line or as a job.
//!
//! Each takes a [`Ctx`] (who asks, when), proves on its first line that they may, and opens at most one write
//! transaction.

pub mod catalog;
mod ctx;
mod error;
pub mod export;
pub mod health;
pub mod identity;
pub mod import;
mod passwords;
mod reindex;
pub mod relevance;
pub mod seed;

pub use crate::store::{CardMaker, CheckDepth, Finding, ImportRun, Migrated, Store, StoreSettings};
pub use ctx::{Actor, Ctx, Origin};
pub use error::{Error, Outcome};

use crate::config::{AuthSettings, ShopSettings};
use crate::folder::{DataFolder, FolderError};
use crate::generations::Generations;
use passwords::Passwords;

/// A running shop: its database, its settings and its secrets. Use cases are its methods.
pub struct Shop {
    store: Store,
    settings: ShopSettings,
    auth: AuthSettings,
    tokens: identity::TokenKeys,
    passwords: Passwords,
    folder: DataFolder,
}

impl Shop {
    /// Opens the shop in a data folder, setting it up when the folder is new.
    pub fn open(
        folder: DataFolder,
        store: StoreSettings,
        settings: ShopSettings,
        auth: AuthSettings,
        cards: CardMaker,
    ) -> Result<Self, Error> {
        let store = Store::open(&folder, store, cards)?;
        let failed = |e: FolderError| Error::Internal(e.0);
        folder.mark().map_err(failed)?;
        let secret = folder.secret("token.key").map_err(failed)?;
        let shop = Self {
            store,
            tokens: identity::TokenKeys::new(&secret),
            passwords: Passwords::new(),
            settings,
            auth,
            folder,
        };
        shop.currency_fix()?;
        Ok(shop)
    }

    /// What the owner decided about the shop.
    pub fn settings(&self) -> &ShopSettings {
        &self.settings
    }

    /// The counters that tell whether something read earlier still holds.
    pub fn generations(&self) -> &Generations {
        self.store.generations()
    }

    /// How many reads may run beside those of the serving threads.
    pub fn spare_readers(&self, serving: usize) -> usize {
        (self.store.readers() as usize).saturating_sub(serving).max(1)
    }

    /// What opening did to the schema.
    pub fn migrated(&self) -> &Migrated {
        self.store.migrated()
    }

    /// Whether the shop was not stopped in order last time, so that its file deserves a look.
    pub fn was_interrupted(&self) -> bool {
        self.store.was_interrupted()
    }

    /// The store, for tests that look underneath.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where everything lies.
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// Finishes queued writes and leaves a clean file behind.
    pub fn close(&self) {
        self.store.close();
    }

    /// Amounts are stored without their currency, so a shop that has amounts cannot change it: the currency of
    /// the first start is kept and a different one refused.
    fn currency_fix(&self) -> Result<(), Error> {
        let code = self.settings.currency().code();
        let known = self.store.read(|tx| tx.setting("currency"))?;
        match known {
            Some(kept) if kept == code => Ok(()),
            Some(kept) => {
                let empty = self.store.read(|tx| tx.product_count())? == 0;
                if empty {
                    self.currency_keep(code)
                } else {
                    Err(Error::Internal(format!(
                        "this shop's prices are in {kept}, but the configuration says {code}: set shop.currency = \"{kept}\""
                    )))
                }
            }
            None => self.currency_keep(code),
        }
    }

    fn currency_keep(&self, code: &'static str) -> Result<(), Error> {
        self.store.write_blocking(move |tx| tx.setting_put("currency", code).map_err(Error::from))
    }
}
