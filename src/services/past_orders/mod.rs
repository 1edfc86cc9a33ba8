//! Reads orders that were made elsewhere before, so that reports have something to stand on.
//!
//! The file is read twice: first every row is judged, then orders are written, some hundred in a transaction. An order
//! that is there already is left alone, so a run that was cut off is simply started again. Stock is not touched, and
//! nobody is told.

mod open;
mod rows;
mod whole;
mod writing;

pub use rows::Refused;

use super::import::{Progress, Rename, Table, open_text};
use super::{Ctx, Error, Outcome, Shop};
use crate::domain::{Invalid, Money, Right};
use open::OpenOrders;
use rows::{Columns, PastLine};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use whole::{check_worth, judge};
use writing::PastWriter;

/// Orders in one transaction.
const PIECE: usize = 200;
/// Lines an order may have.
const MOST_LINES: usize = 5_000;
/// Refused rows a report names; the others are counted.
const ROWS_NAMED: usize = 20;

/// How to read past orders.
#[derive(Clone, Debug, Default)]
pub struct PastOptions {
    /// Columns to rename.
    pub renames: Vec<Rename>,
    /// SKUs whose lines are what shipping cost, such as `POST`.
    pub shipping_skus: Vec<String>,
    /// Whether the good rows are written although others are refused.
    pub skip_errors: bool,
    /// Whether nothing is written at all.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastReport {
    /// Rows of the file.
    pub rows: u64,
    /// Rows that are no sale.
    pub refused: u64,
    /// The first of them.
    pub named: Vec<Refused>,
    /// Orders of the file that were never paid, and so are no sales.
    pub left_out: u64,
    /// Orders of the file that are sales.
    pub sales: u64,
    /// What those come to.
    pub sales_total: Money,
    /// New orders.
    pub orders: u64,
    /// Orders and returns that were there already.
    pub known: u64,
    /// Lines that came back and were refunded.
    pub returned: u64,
    /// Lines that came back of which no sale is known.
    pub unmatched: u64,
    /// Lines whose SKU is one of the catalog's.
    pub linked: u64,
    /// Whether anything was to be written.
    pub applied: bool,
}

impl PastReport {
    fn refuse(&mut self, rows: usize, refused: Refused) {
        self.refused += rows as u64;
        if self.named.len() < ROWS_NAMED {
            self.named.push(refused);
        }
    }

    /// Notes what an order of the file is.
    fn judge(&mut self, rows: &[PastLine], shipping_skus: &[String]) -> Outcome<()> {
        check_worth(rows)?;
        match judge(rows, shipping_skus) {
            Ok(Some(order)) => {
                self.sales += u64::from(order.is_sale);
                let sum = self.sales_total.minor().saturating_add(order.sums.total.minor());
                self.sales_total = Money::from_minor(sum);
            }
            Ok(None) => self.left_out += 1,
            Err(refused) => self.refuse(rows.len(), refused),
        }
        Ok(())
    }
}

/// Opens the file anew for each reading.
pub type Reopen<'a> = &'a dyn Fn() -> std::io::Result<Box<dyn Read + Send>>;

impl Shop {
    /// Reads past orders. Blocks until they are written, so it is for threads that serve nobody.
    pub fn past_orders_import(
        &self,
        ctx: &Ctx,
        file: Reopen<'_>,
        options: PastOptions,
        progress: &Arc<Progress>,
    ) -> Outcome<PastReport> {
        ctx.require(Right::Maintain)?;
        let mut report = PastReport::default();
        self.past_rows(file, &options, progress, &mut report, &mut |rows, report| {
            report.judge(&rows, &options.shipping_skus)
        })?;
        if options.dry_run || (report.refused > 0 && !options.skip_errors) {
            return Ok(report);
        }
        progress.bytes.store(0, Ordering::Relaxed);
        progress.rows.store(0, Ordering::Relaxed);
        let writer =
            PastWriter::new(ctx, self.settings.currency(), self.selling.first_order_number, &options.shipping_skus);
        let mut piece: Vec<Vec<PastLine>> = Vec::new();
        let mut written = PastReport { applied: true, ..report.clone() };
        self.past_rows(file, &options, progress, &mut PastReport::default(), &mut |rows, _| {
            piece.push(rows);
            if piece.len() == PIECE {
                self.past_piece(&writer, std::mem::take(&mut piece), &mut written)?;
            }
            Ok(())
        })?;
        self.past_piece(&writer, piece, &mut written)?;
        Ok(written)
    }

    /// Reads each row and hands on the good ones of each order together.
    fn past_rows(
        &self,
        file: Reopen<'_>,
        options: &PastOptions,
        progress: &Arc<Progress>,
        report: &mut PastReport,
        each: &mut dyn FnMut(Vec<PastLine>, &mut PastReport) -> Outcome<()>,
    ) -> Outcome<()> {
        let broken = |reason: String| Error::from(Invalid::one("", "unreadable", reason));
        let (text, budget) =
            file().and_then(|raw| open_text(raw, progress.clone())).map_err(|e| broken(e.to_string()))?;
        let mut table = Table::open(text, budget).map_err(broken)?;
        let columns = Columns::find(&table, &options.renames).map_err(broken)?;
        let currency = self.settings.currency();
        let mut orders = OpenOrders::default();
        while let Some(line) = table.next_line().map_err(broken)? {
            report.rows += 1;
            progress.rows.fetch_add(1, Ordering::Relaxed);
            match columns.read(&line, currency).and_then(|row| orders.add(row)) {
                Ok(Some(through)) => each(through, report)?,
                Ok(None) => {}
                Err(refused) => report.refuse(1, refused),
            }
            if let Some(order) = orders.too_long() {
                let (order, number) = (&order[0].order, order[0].number);
                return Err(broken(format!("line {number}: the order {order} has more than {MOST_LINES} lines")));
            }
        }
        orders.rest().into_iter().try_for_each(|rows| each(rows, report))
    }

    fn past_piece(&self, writer: &PastWriter, piece: Vec<Vec<PastLine>>, report: &mut PastReport) -> Outcome<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let writer = writer.clone();
        let done = self.store.write_blocking(move |tx| {
            let mut done = PastReport::default();
            piece.iter().try_for_each(|group| writer.write(tx, group, &mut done))?;
            writer.note(tx, &done)?;
            Ok::<_, Error>(done)
        })?;
        report.orders += done.orders;
        report.known += done.known;
        report.returned += done.returned;
        report.unmatched += done.unmatched;
        report.linked += done.linked;
        Ok(())
    }
}
