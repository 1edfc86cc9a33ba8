//! SQL of invoices and credit notes.

use super::error::{StoreError, StoreResult};
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::invoice::{Invoice, InvoiceContent, InvoiceKind, InvoiceName};
use crate::domain::{InvoiceId, OrderId, RefundId, Timestamp, UserId};

const INVOICE: &str = "select id, kind, number, order_id, refund_id, issued_at, snapshot from invoice";

/// An invoice or credit note about to be given out.
#[derive(Clone, Debug)]
pub struct NewInvoice {
    /// Which of the two.
    pub kind: InvoiceKind,
    /// Of which order.
    pub order_id: OrderId,
    /// For which refund, when it is a credit note.
    pub refund_id: Option<RefundId>,
    /// What it says.
    pub content: InvoiceContent,
}

/// A row, and what it says as JSON.
fn invoice(row: &Row<'_>) -> RowResult<(InvoiceRow, String)> {
    let kind = InvoiceKind::parse(&row.get::<_, String>(1)?).unwrap_or(InvoiceKind::Invoice);
    let told = (row.get(0)?, kind, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
    Ok((told, row.get(6)?))
}

type InvoiceRow = (InvoiceId, InvoiceKind, i64, OrderId, Option<RefundId>, Timestamp);

fn read((row, snapshot): (InvoiceRow, String)) -> StoreResult<Invoice> {
    let (id, kind, number, order_id, refund_id, issued_at) = row;
    let content = serde_json::from_str(&snapshot)
        .map_err(|error| StoreError::Internal(format!("invoice {id} cannot be read: {error}")))?;
    Ok(Invoice { id, kind, number, order_id, refund_id, issued_at, content })
}

impl ReadTx<'_> {
    /// The invoice or credit note with this id.
    pub fn invoice_by_id(&self, id: InvoiceId) -> StoreResult<Option<Invoice>> {
        self.query_one(&format!("{INVOICE} where id = ?1"), [id], invoice)?.map(read).transpose()
    }

    /// The one of this name.
    pub fn invoice_by_name(&self, name: InvoiceName) -> StoreResult<Option<Invoice>> {
        let sql = format!("{INVOICE} where kind = ?1 and number = ?2");
        self.query_one(&sql, params![name.kind.as_str(), name.number], invoice)?.map(read).transpose()
    }

    /// The newest of them.
    pub fn invoices_newest(&self, most: u32) -> StoreResult<Vec<Invoice>> {
        let rows = self.query_all(&format!("{INVOICE} order by id desc limit ?1"), [most], invoice)?;
        rows.into_iter().map(read).collect()
    }

    /// Those of a person's orders, as they were given out.
    pub fn invoices_of_account(&self, account: UserId) -> StoreResult<Vec<Invoice>> {
        let sql = format!("{INVOICE} where order_id in (select id from shop_order where account_id = ?1) order by id");
        self.query_all(&sql, [account], invoice)?.into_iter().map(read).collect()
    }

    /// The invoice of an order and its credit notes, as they were given out.
    pub fn invoices_of_order(&self, order: OrderId) -> StoreResult<Vec<Invoice>> {
        let rows = self.query_all(&of_order(), [order], invoice)?;
        rows.into_iter().map(read).collect()
    }

    /// How the engine finds them.
    pub fn invoices_of_order_plan(&self) -> StoreResult<Vec<String>> {
        self.query_all(&format!("explain query plan {}", of_order()), [1], |row| row.get("detail"))
    }
}

impl WriteTx<'_> {
    /// Gives one out: with the next number of its kind, which is free again when the write fails.
    pub fn invoice_insert(&self, new: &NewInvoice, at: Timestamp) -> StoreResult<i64> {
        let number = self.number_next(new.kind.as_str(), 1)?;
        let snapshot = serde_json::to_string(&new.content).map_err(|e| StoreError::Internal(e.to_string()))?;
        let sql = "insert into invoice (kind, number, order_id, refund_id, total, issued_at, snapshot) \
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (kind, total) = (new.kind.as_str(), new.content.total);
        self.execute(sql, params![kind, number, new.order_id, new.refund_id, total, at, snapshot])?;
        Ok(number)
    }
}

fn of_order() -> String {
    format!("{INVOICE} where order_id = ?1 order by id")
}
