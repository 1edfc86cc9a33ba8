//! The database: many readers, one writer.
//!
//! Noun files hold the SQL of their noun as methods of [`ReadTx`] and [`WriteTx`]; only this file and `tx`,
//! `writer`, `pragma`, `migrate`, `check`, `snapshot`, `inspect` and `slow` name the driver.

mod address;
mod api_key;
mod audit;
mod card;
mod cart;
mod category;
mod check;
mod damage;
mod delivery;
mod discount;
mod error;
mod event;
mod facets;
mod filter;
mod idempotency;
mod import;
mod inspect;
mod invoice;
mod job;
mod ledger;
mod listing;
mod mail_token;
mod migrate;
mod order;
mod order_check;
mod order_line;
mod order_list;
mod order_money;
mod own_order;
mod past_order;
mod payment;
mod pragma;
mod product;
mod report;
mod review;
mod search;
mod session;
mod setting;
mod shipping_zone;
mod slow;
mod snapshot;
mod sql;
mod stock;
mod stock_request;
mod tax_rate;
mod terms;
mod tx;
mod user;
mod vitals;
mod webhook;
mod wishlist;
mod write_call;
mod write_queue;
mod writer;

pub use api_key::ApiKeyRow;
pub use card::{CardMaker, CardRow};
pub use category::CategoryRow;
pub use check::{CheckDepth, Finding};
pub use delivery::{AttemptNote, ClaimedDelivery, DeliveryFilter};
pub use discount::{DiscountFilter, DiscountUse};
pub use error::{StoreError, StoreResult};
pub use idempotency::{KeptAnswer, KeyRow};
pub use import::{ImportChange, ImportRun, LateTerms};
pub use inspect::{inspect, password_hash_of, setting_of};
pub use invoice::NewInvoice;
pub use job::{ClaimedJob, JobRow};
pub use ledger::LedgerAccount;
pub use mail_token::MailPurpose;
pub use migrate::Migrated;
pub use order::OrderMove;
pub use order_line::LineCount;
pub use order_list::{OrderFilter, OrderPosition};
pub use order_money::NewRefund;
pub use own_order::OwnPosition;
pub use payment::PaymentRow;
pub use product::{ProductRow, VariantRow};
pub use session::{NewSession, SessionRow};
pub use snapshot::{
    Examined, Pending, damage_of, examine, look_over, newest_schema, order_count, pending, schema_of, snapshot,
};
pub use stock::MovementRow;
pub use stock_request::{StockRequestRow, StockRequestState};
pub use tx::{ReadTx, WriteTx};
pub use user::{UserFilter, UserRow};
pub use vitals::JobTally;
pub use webhook::ActiveWebhook;
pub use wishlist::WishPosition;

use crate::counters::Counters;
use crate::domain::audit::AuditChain;
use crate::folder::{DataFolder, FolderError};
use crate::generations::Generations;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};
use slow::Watch;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tx::{DeadlineGuard, STATEMENTS};
use write_queue::Writer;
use writer::{Database, Desk};

/// How the store is to be run.
#[derive(Clone, Copy, Debug)]
pub struct StoreSettings {
    /// Connections that read.
    pub readers: u32,
    /// How long a read may take.
    pub read_deadline: Duration,
    /// Statements of reads, and writes, that take longer are logged; none when it is zero.
    pub slow: Duration,
    /// Whether folding the log into the database is left to another program, which copies it elsewhere first.
    pub replicated: bool,
}

/// An open database.
pub struct Store {
    readers: r2d2::Pool<SqliteConnectionManager>,
    writer: Writer,
    generations: Arc<Generations>,
    counters: Arc<Counters>,
    settings: StoreSettings,
    migrated: Migrated,
    interrupted: bool,
    cards: CardMaker,
    chain: AuditChain,
    closing: Arc<AtomicBool>,
    /// The last field, so that it goes after every connection has gone.
    _last: Option<LastOut>,
}

impl Store {
    /// Opens the database of a folder and brings it to the newest schema.
    pub fn open(folder: &DataFolder, settings: StoreSettings, cards: CardMaker) -> StoreResult<Self> {
        pragma::assert_engine()?;
        let path = folder.database();
        // Another program leaves the log where it is, in order or not.
        let interrupted = has_log(&path) && !settings.replicated;
        let named = |error: StoreError| match error {
            StoreError::Internal(why) | StoreError::Unavailable(why) => {
                StoreError::Internal(format!("{}: {why}", path.display()))
            }
            other => other,
        };
        let last = (!settings.replicated).then(|| LastOut(path.clone()));
        let mut connection = Connection::open(&path).map_err(|e| named(e.into()))?;
        crate::folder::restrict(&path, 0o600).map_err(|e| StoreError::Unavailable(e.to_string()))?;
        pragma::writer(&mut connection, settings.replicated).map_err(named)?;
        let migrated = migrate::run(&mut connection, folder).map_err(named)?;
        let chain = audit_chain(folder, &connection, &cards).map_err(named)?;
        let (generations, counters) = (Arc::new(Generations::default()), Arc::new(Counters::default()));
        let readers = SqliteConnectionManager::file(&path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(pragma::reader);
        let readers = r2d2::Pool::builder()
            // All of them at once: later ones would be opened on threads of the pool's own, which outlive the store.
            .max_size(settings.readers)
            .test_on_check_out(false)
            .connection_timeout(Duration::from_secs(2))
            .idle_timeout(None)
            .max_lifetime(None)
            .build(readers)
            .map_err(|e| StoreError::Internal(e.to_string()))?;
        let file = Database { path, replicated: settings.replicated, slow: settings.slow };
        let desk = Desk::new(connection, file, (generations.clone(), counters.clone()), cards.clone(), chain.clone());
        let writer = Writer::start(desk)?;
        Ok(Self {
            readers,
            writer,
            generations,
            counters,
            settings,
            migrated,
            interrupted,
            cards,
            chain,
            closing: Arc::default(),
            _last: last,
        })
    }

    /// Runs `work` on a consistent view. Blocks while it runs.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&ReadTx<'_>) -> Result<T, E>) -> Result<T, E> {
        let watch = Watch::new(self.settings.slow, &self.counters);
        let deadline = DeadlineGuard::until(Some(Instant::now() + self.settings.read_deadline));
        self.view(deadline, watch, work)
    }

    /// Like [`Store::read`] with a deadline of its own, for exports and checks.
    pub fn read_within<T, E: From<StoreError>>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.view(DeadlineGuard::until(Some(Instant::now() + deadline)), None, work)
    }

    /// Like [`Store::read_within`], given up when the shop is closed.
    pub fn read_while_open<T, E: From<StoreError>>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let deadline = DeadlineGuard::until(Some(Instant::now() + deadline)).unless(self.closing.clone());
        self.view(deadline, None, work)
    }

    fn view<T, E: From<StoreError>>(
        &self,
        _deadline: DeadlineGuard,
        watch: Option<Watch<'_>>,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.readers.get().map_err(|_| StoreError::Busy)?;
        let view = View::begin(&connection)?;
        work(&ReadTx::new(view.0, &self.cards, &self.chain).watched(watch))
    }

    /// Queues a write and waits until it is on disk. The work sees and changes the newest state; an error from
    /// it undoes all it did.
    pub fn write<T, E, F>(&self, work: F) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.submit(false, work)
    }

    /// Like [`Store::write`] for work that takes long: it has a transaction to itself and no time limit.
    pub fn write_alone<T, E, F>(&self, work: F) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.submit(true, work)
    }

    /// Like [`Store::write`] for callers outside the async runtime.
    pub fn write_blocking<T, E>(&self, work: impl FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.submit_blocking(work)
    }

    /// The counters that tell whether something read earlier still holds.
    pub fn generations(&self) -> &Generations {
        &self.generations
    }

    /// What is counted while the shop runs.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Why writes are refused at the moment, if they are.
    pub fn trouble(&self) -> Option<StoreError> {
        self.writer.trouble()
    }

    /// For how long writes have been waiting, when that is longer than they should.
    pub fn stuck(&self) -> Option<Duration> {
        self.writer.stuck()
    }

    /// The layout of cards in use.
    pub fn card_layout(&self) -> i64 {
        self.cards.layout
    }

    /// How products are encoded.
    pub fn cards(&self) -> &CardMaker {
        &self.cards
    }

    /// What opening did to the schema.
    pub fn migrated(&self) -> &Migrated {
        &self.migrated
    }

    /// Whether a write-ahead log was left behind, as only a crash does.
    pub fn was_interrupted(&self) -> bool {
        self.interrupted
    }

    /// How many connections read.
    pub fn readers(&self) -> u32 {
        self.settings.readers
    }

    /// Statements run by this process so far.
    pub fn statements() -> u64 {
        STATEMENTS.load(Ordering::Relaxed)
    }

    /// Whether the shop is being closed.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Finishes queued writes and folds the log into the database.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.writer.stop();
    }
}

/// The files beside the database go when the last connection that may write is closed. The readers outlive the writer,
/// so somebody else looks in at the very end: a shop that did not start, or was stopped, leaves nothing lying about.
struct LastOut(PathBuf);

impl Drop for LastOut {
    fn drop(&mut self) {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let looked = Connection::open_with_flags(&self.0, flags)
            .and_then(|last| last.query_row("select count(*) from sqlite_schema", [], |_| Ok(())));
        if let Err(error) = looked {
            tracing::debug!(%error, "the log is left beside the database");
        }
    }
}

/// The chain of the audit log. Its key is kept once the empty log is sealed with it, so that a log without a head
/// is one that somebody took the head from, and never one that was just begun.
fn audit_chain(folder: &DataFolder, connection: &Connection, cards: &CardMaker) -> StoreResult<AuditChain> {
    let begin = |key: &[u8; 32]| {
        let begun = WriteTx::new(connection, cards, &AuditChain::new(key)).audit_begin();
        begun.map_err(|e| FolderError(format!("the audit log cannot be begun: {e}")))
    };
    let key = folder.secret_after("audit.key", begin).map_err(|e| StoreError::Internal(e.0))?;
    Ok(AuditChain::new(&key))
}

fn has_log(database: &Path) -> bool {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|meta| meta.len() > 0)
}

/// A read transaction on a pooled connection, ended on every way out, a panic included.
struct View<'c>(&'c Connection);

impl<'c> View<'c> {
    fn begin(connection: &'c Connection) -> StoreResult<Self> {
        if !connection.is_autocommit() {
            connection.execute_batch("rollback")?;
        }
        connection.prepare_cached("begin")?.execute([])?;
        Ok(Self(connection))
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        // Past its deadline the statement would be interrupted at once, so the deadline is lifted first.
        drop(DeadlineGuard::until(None));
        let ended = self.0.prepare_cached("commit").and_then(|mut s| s.execute([]));
        if ended.is_err() {
            let _ = self.0.execute_batch("rollback");
        }
    }
}
