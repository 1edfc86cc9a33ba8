//! Transactions and the few helpers every noun file uses, so that no other file names the driver.

use super::card::CardMaker;
use super::error::{StoreError, StoreResult};
use super::slow::{self, Watch, Work};
use crate::counters::Count;
use crate::domain::audit::{AuditChain, AuditEntry};
use crate::domain::id::*;
use crate::domain::{Change, Money, Timestamp};
use crate::spans::WriteSpan;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, Params};
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

pub use rusqlite::types::Value;
pub use rusqlite::{Row, params, params_from_iter};

/// What a row reader returns.
pub type RowResult<T> = rusqlite::Result<T>;

/// Statements run since the process started; tests bound how many a request may take.
pub(super) static STATEMENTS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// When the statement running on this thread must have ended. The progress handler of every connection
    /// looks here, so that a deadline needs no word between caller and connection.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
    /// Says that the statement running on this thread is not wanted any more.
    static GIVEN_UP: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Whether the statement on this thread has run too long.
pub(super) fn past_deadline() -> bool {
    DEADLINE.get().is_some_and(|at| Instant::now() > at)
        || GIVEN_UP.with_borrow(|flag| flag.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)))
}

/// Sets the deadline of this thread for as long as it lives.
pub(super) struct DeadlineGuard;

impl DeadlineGuard {
    pub(super) fn until(at: Option<Instant>) -> Self {
        DEADLINE.set(at);
        Self
    }

    /// Also ends what runs as soon as the flag is set.
    pub(super) fn unless(self, given_up: Arc<AtomicBool>) -> Self {
        GIVEN_UP.set(Some(given_up));
        self
    }
}

impl Drop for DeadlineGuard {
    fn drop(&mut self) {
        DEADLINE.set(None);
        GIVEN_UP.set(None);
    }
}

/// A consistent view of the database.
pub struct ReadTx<'c> {
    connection: &'c Connection,
    cards: &'c CardMaker,
    chain: &'c AuditChain,
    watch: Option<Watch<'c>>,
}

/// A transaction that may change things; it ends with its batch's commit.
pub struct WriteTx<'c> {
    read: ReadTx<'c>,
    changes: RefCell<Vec<Change>>,
    entries: RefCell<Vec<AuditEntry>>,
    counts: RefCell<Vec<(Count, u64)>>,
    disk_trouble: RefCell<Option<StoreError>>,
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &ReadTx<'c> {
        &self.read
    }
}

impl<'c> ReadTx<'c> {
    pub(super) fn new(connection: &'c Connection, cards: &'c CardMaker, chain: &'c AuditChain) -> Self {
        Self { connection, cards, chain, watch: None }
    }

    /// The same, with an eye on statements that take long.
    pub(super) fn watched(self, watch: Option<Watch<'c>>) -> Self {
        Self { watch, ..self }
    }

    /// Runs a statement, and looks how long it took.
    fn timed<T>(&self, sql: &str, run: impl FnOnce() -> StoreResult<T>) -> StoreResult<T> {
        STATEMENTS.fetch_add(1, Ordering::Relaxed);
        self.looked_at(sql, run)
    }

    fn looked_at<T>(&self, sql: &str, run: impl FnOnce() -> StoreResult<T>) -> StoreResult<T> {
        let Some(watch) = &self.watch else { return run() };
        let began = Instant::now();
        let outcome = run();
        watch.look(self.connection, sql, began.elapsed());
        outcome
    }

    pub(super) fn audit_chain(&self) -> &'c AuditChain {
        self.chain
    }

    pub(super) fn card_maker(&self) -> &'c CardMaker {
        self.cards
    }

    pub(super) fn card_layout(&self) -> i64 {
        self.cards.layout
    }

    /// All rows of a query, each read by `read`.
    pub fn query_all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> RowResult<T>,
    ) -> StoreResult<Vec<T>> {
        self.timed(sql, || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params, read)?;
            Ok(rows.collect::<RowResult<Vec<T>>>()?)
        })
    }

    /// The first row of a query, if there is one.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> RowResult<T>,
    ) -> StoreResult<Option<T>> {
        self.timed(sql, || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(params)?;
            Ok(rows.next()?.map(read).transpose()?)
        })
    }

    /// The one number a query gives; 0 when it gives no row.
    pub fn query_number(&self, sql: &str, params: impl Params) -> StoreResult<i64> {
        Ok(self.query_one(sql, params, |row| row.get(0))?.unwrap_or(0))
    }

    /// Calls `each` on every row as it is read, for results too long to hold.
    pub fn query_each(
        &self,
        sql: &str,
        params: impl Params,
        mut each: impl FnMut(&Row<'_>) -> StoreResult<()>,
    ) -> StoreResult<()> {
        self.timed(sql, || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(params)?;
            while let Some(row) = rows.next()? {
                each(row)?;
            }
            Ok(())
        })
    }
}

impl<'c> WriteTx<'c> {
    pub(super) fn new(connection: &'c Connection, cards: &'c CardMaker, chain: &'c AuditChain) -> Self {
        let read = ReadTx::new(connection, cards, chain);
        Self {
            read,
            changes: RefCell::default(),
            entries: RefCell::default(),
            counts: RefCell::default(),
            disk_trouble: RefCell::default(),
        }
    }

    /// The same, with an eye on what takes long.
    pub(super) fn watched(self, watch: Option<Watch<'c>>) -> Self {
        Self { read: self.read.watched(watch), ..self }
    }

    /// Does a piece of a write, and looks how long it took.
    pub(super) fn observed<T>(&self, name: &'static str, may_take_long: bool, piece: impl FnOnce() -> T) -> T {
        let Some(watch) = &self.read.watch else { return piece() };
        watch.begin();
        let outcome = piece();
        watch.end(self.read.connection, &Work { name, entries: &self.entries.borrow(), may_take_long });
        outcome
    }

    /// The span of a write that has done its work, or given it up.
    pub(super) fn told(&self, mut span: WriteSpan, name: &str, good: bool) -> WriteSpan {
        let entries = self.entries.borrow();
        let request = entries.iter().find_map(|entry| entry.request_id.as_deref());
        span.did(slow::plain_name(name), slow::actions(&entries), request, good);
        span
    }

    /// Runs a statement and tells how many rows it changed.
    pub fn execute(&self, sql: &str, params: impl Params) -> StoreResult<usize> {
        let run = || self.read.connection.prepare_cached(sql)?.execute(params);
        self.read.timed(sql, || run().map_err(|error| self.noted(error)))
    }

    /// Runs several statements that take no parameters.
    pub fn execute_script(&self, sql: &str) -> StoreResult<()> {
        let run = || self.read.connection.execute_batch(sql);
        self.read.looked_at(sql, || run().map_err(|error| self.noted(error)))
    }

    /// Remembers that the disk is full or failing, which concerns more than the job that met it.
    fn noted(&self, error: rusqlite::Error) -> StoreError {
        let error = StoreError::from(error);
        if matches!(error, StoreError::Full | StoreError::Unavailable(_)) {
            *self.disk_trouble.borrow_mut() = Some(error.clone());
        }
        error
    }

    pub(super) fn disk_trouble(&self) -> Option<StoreError> {
        self.disk_trouble.borrow().clone()
    }

    /// The id of the row inserted last.
    pub fn last_id(&self) -> i64 {
        self.read.connection.last_insert_rowid()
    }

    /// Notes what the write touches, to be told to readers once it has committed.
    pub fn changed(&self, change: Change) {
        self.changes.borrow_mut().push(change);
    }

    pub(super) fn take_changes(&self) -> Vec<Change> {
        self.changes.take()
    }

    /// Notes what is to be counted once the write has committed.
    pub fn count(&self, what: Count, number: u64) {
        self.counts.borrow_mut().push((what, number));
    }

    pub(super) fn take_counts(&self) -> Vec<(Count, u64)> {
        self.counts.take()
    }

    pub(super) fn note_entry(&self, entry: AuditEntry) {
        self.entries.borrow_mut().push(entry);
    }

    pub(super) fn take_entries(&self) -> Vec<AuditEntry> {
        self.entries.take()
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return Self::Internal(error.to_string());
        };
        match failure.code {
            ErrorCode::ConstraintViolation => Self::Conflict(message.clone().unwrap_or_default()),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::OperationInterrupted => Self::Timeout,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly => {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Internal(error.to_string()),
        }
    }
}

macro_rules! integer_columns {
    ($($name:ident: $make:path, $take:ident);* $(;)?) => {$(
        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map($make)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.$take().into())
            }
        }

        impl From<$name> for Value {
            fn from(value: $name) -> Self {
                Self::Integer(value.$take())
            }
        }
    )*};
}

integer_columns! {
    ProductId: ProductId::new, get;
    VariantId: VariantId::new, get;
    CategoryId: CategoryId::new, get;
    UserId: UserId::new, get;
    ImportId: ImportId::new, get;
    SessionId: SessionId::new, get;
    AddressId: AddressId::new, get;
    ApiKeyId: ApiKeyId::new, get;
    AuditId: AuditId::new, get;
    JobId: JobId::new, get;
    MovementId: MovementId::new, get;
    TaxRateId: TaxRateId::new, get;
    ShippingZoneId: ShippingZoneId::new, get;
    ShippingRateId: ShippingRateId::new, get;
    DiscountId: DiscountId::new, get;
    CartId: CartId::new, get;
    CartLineId: CartLineId::new, get;
    OrderId: OrderId::new, get;
    OrderNumber: OrderNumber::new, get;
    OrderLineId: OrderLineId::new, get;
    FulfillmentId: FulfillmentId::new, get;
    PaymentId: PaymentId::new, get;
    RefundId: RefundId::new, get;
    EventId: EventId::new, get;
    WebhookId: WebhookId::new, get;
    DeliveryId: DeliveryId::new, get;
    ReviewId: ReviewId::new, get;
    StockRequestId: StockRequestId::new, get;
    InvoiceId: InvoiceId::new, get;
    Money: Money::from_minor, minor;
    Timestamp: Timestamp::from_millis, millis;
}
