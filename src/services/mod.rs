//! Use cases: what the shop does, for whoever asks, over HTTP, from the command line or as a job.
//!
//! Each takes a [`Ctx`] (who asks, when), proves on its first line that they may, and opens at most one write
//! transaction.

mod audit;
pub mod backup;
pub mod catalog;
mod checking;
mod ctx;
pub mod doctor;
mod error;
pub mod export;
pub mod health;
pub mod idempotency;
pub mod identity;
pub mod import;
pub mod invoices;
pub mod jobs;
pub mod letters;
pub mod mail;
pub mod orders;
mod passwords;
pub mod past_orders;
pub mod payments;
mod reindex;
pub mod relevance;
mod reports;
pub mod seed;
pub mod selling;
mod status;
pub mod webhooks;

pub use crate::store::{CardMaker, CheckDepth, Finding, ImportRun, JobTally, Migrated, Store, StoreSettings};
pub use audit::client_address;
pub use checking::check_unopened;
pub use ctx::{Actor, Ctx, Origin};
pub use error::{Error, Outcome};
pub use status::{Backup, CheckNote, Status, Vitals};

use crate::config::{AuthSettings, Config, SellingSettings, ShopSettings};
use crate::counters::Counters;
use crate::domain::page::Page;
use crate::domain::{Direction, PageSize, Right};
use crate::folder::{DataFolder, FolderError};
use crate::generations::Generations;
use crate::providers::Providers;
use crate::store::ReadTx;
use passwords::Passwords;
use std::time::{Duration, Instant};

/// The file of the key that signs access tokens.
const TOKEN_KEY: &str = "token.key";

/// A running shop: its database, its settings and its secrets. Use cases are its methods.
pub struct Shop {
    store: Store,
    settings: ShopSettings,
    auth: AuthSettings,
    selling: SellingSettings,
    /// Unpaid orders one client may have; 0 for any number.
    most_held: u32,
    tokens: identity::TokenKeys,
    callers: identity::Callers,
    claims: idempotency::Claims,
    setup: identity::Setup,
    passwords: Passwords,
    folder: DataFolder,
    providers: Providers,
    /// Who of the shop is told of what needs a hand; the admins when empty.
    mail_staff: Vec<String>,
    /// Where the public reaches the shop, for links in letters.
    url: String,
    opened: Instant,
    checking: checking::Checking,
    backups: backup::Desk,
}

impl Shop {
    /// Opens the shop in a data folder, setting it up when the folder is new.
    pub fn open(folder: DataFolder, config: &Config, cards: CardMaker, providers: Providers) -> Result<Self, Error> {
        let store = StoreSettings {
            readers: config.readers(),
            read_deadline: config.read_deadline(),
            slow: Duration::from_millis(config.log.slow_ms),
            replicated: config.store.replicated,
        };
        let store = Store::open(&folder, store, cards)?;
        let failed = |e: FolderError| Error::Internal(e.0);
        folder.mark().map_err(failed)?;
        let secret = folder.secret(TOKEN_KEY).map_err(failed)?;
        let previous = folder.secret_previous(TOKEN_KEY).map_err(failed)?;
        let shop = Self {
            store,
            tokens: identity::TokenKeys::new(&secret, previous),
            callers: identity::Callers::new(),
            claims: idempotency::Claims::default(),
            setup: identity::Setup::default(),
            passwords: Passwords::new(),
            settings: config.shop.clone(),
            auth: config.auth.clone(),
            selling: config.selling.clone(),
            most_held: config.holds_per_client(),
            folder,
            providers,
            mail_staff: config.mail.staff.clone(),
            url: config.public_url(),
            opened: Instant::now(),
            checking: checking::Checking::every(config.watch.check_hours),
            backups: backup::Desk::new(config),
        };
        shop.migration_note()?;
        shop.currency_fix()?;
        shop.invoice_seller_keep()?;
        if let Err(error) = shop.job_recover(&Ctx::shop()) {
            // A full disk must not keep the shop closed; the leases of the jobs run out by themselves.
            tracing::warn!(%error, "jobs that were cut off could not be made due again");
        }
        Ok(shop)
    }

    /// What the owner decided about the shop.
    pub fn settings(&self) -> &ShopSettings {
        &self.settings
    }

    /// Replaces the key that signs access tokens. What the one before signed stays good for its ten minutes, unless
    /// everybody is to be signed in anew `at_once`.
    pub fn token_key_rotate(&self, ctx: &Ctx, at_once: bool) -> Result<(), Error> {
        ctx.require(Right::Maintain)?;
        self.folder.secret_rotate(TOKEN_KEY, ctx.now, !at_once).map_err(|e| Error::Internal(e.0))?;
        let entry = ctx.entry("secret.rotate", None, &serde_json::json!({ "at_once": at_once }));
        self.store.write_blocking(move |tx| Ok::<_, Error>(tx.audit(&entry)?))
    }

    /// The counters that tell whether something read earlier still holds.
    pub fn generations(&self) -> &Generations {
        self.store.generations()
    }

    /// What is counted while the shop runs.
    pub fn counters(&self) -> &Counters {
        self.store.counters()
    }

    /// Where buyers reach their order. Behind #, its token reaches neither a server's log nor other sites.
    pub fn order_link(&self, order: &crate::domain::order::Order) -> String {
        format!("{}/orders/{}#token={}", self.url, order.name(), order.token)
    }

    /// A page of a list by what reads its rows: from a position, backwards or not, and how many at most.
    fn page_read<T, P: Copy, E>(
        &self,
        size: PageSize,
        from: Option<(P, Direction)>,
        rows: impl FnOnce(&ReadTx<'_>, Option<P>, bool, usize) -> Result<Vec<T>, E>,
        position: impl Fn(&T) -> P,
    ) -> Outcome<Page<T, P>>
    where
        Error: From<E>,
    {
        let backwards = matches!(from, Some((_, Direction::Previous)));
        let start = from.map(|(position, _)| position);
        // One more than the page holds tells whether there is another page.
        let rows = self.store.read(|tx| Ok::<_, Error>(rows(tx, start, backwards, size.get() + 1)?))?;
        Ok(Page::cut(rows, size, from, position))
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

    /// How products are encoded.
    fn cards(&self) -> CardMaker {
        self.store.cards().clone()
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

    /// Notes in the audit log that opening changed the schema.
    fn migration_note(&self) -> Result<(), Error> {
        let Migrated { from, to, .. } = *self.store.migrated();
        if from == to {
            return Ok(());
        }
        let entry = Ctx::shop().entry("database.migrate", None, &serde_json::json!({ "from": from, "to": to }));
        self.store.write_blocking(move |tx| Ok::<_, Error>(tx.audit(&entry)?))
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
