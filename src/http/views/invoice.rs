//! Invoices and credit notes in lists; what they say is a page or a PDF.

use super::{Moment, SignedAmount};
use crate::domain::invoice::{Invoice, InvoiceKind};
use crate::domain::{Currency, InvoiceId, RefundId};
use schemars::JsonSchema;
use serde::Serialize;

/// An invoice or credit note.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Invoice")]
pub struct InvoiceView {
    #[schemars(with = "i64")]
    id: InvoiceId,
    kind: InvoiceKind,
    /// What it is called, such as `INV-1` or `CN-1`: each kind has numbers of its own, without gaps.
    number: String,
    /// The number of the order.
    order_number: String,
    /// The refund that a credit note is for.
    #[schemars(with = "Option<i64>")]
    refund_id: Option<RefundId>,
    /// What it comes to; below zero for a credit note.
    total: SignedAmount,
    /// The tax within the total.
    tax_total: SignedAmount,
    /// ISO 4217.
    currency: String,
    issued_at: Moment,
}

/// The invoice of an order and its credit notes.
#[derive(Serialize, JsonSchema)]
pub struct InvoiceList {
    /// As they were given out.
    results: Vec<InvoiceView>,
    /// Always null: they fit on one page.
    next: Option<String>,
    /// Always null.
    previous: Option<String>,
}

impl InvoiceList {
    /// The view of all.
    pub fn new(invoices: &[Invoice], currency: Currency) -> Self {
        let results = invoices.iter().map(|invoice| InvoiceView::new(invoice, currency)).collect();
        Self { results, next: None, previous: None }
    }
}

impl InvoiceView {
    /// The view of one.
    pub fn new(invoice: &Invoice, currency: Currency) -> Self {
        let content = &invoice.content;
        let currency = Currency::from_code(&content.currency).unwrap_or(currency);
        Self {
            id: invoice.id,
            kind: invoice.kind,
            number: invoice.name(),
            order_number: content.order_number.clone(),
            refund_id: invoice.refund_id,
            total: SignedAmount(content.total, currency),
            tax_total: SignedAmount(content.tax, currency),
            currency: content.currency.clone(),
            issued_at: Moment(invoice.issued_at),
        }
    }
}
