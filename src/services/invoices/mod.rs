//! Invoices and credit notes: given out in the write that moves the money, and shown as a page or a PDF ever after.

mod page;
mod pdf;
mod shown;

use crate::domain::invoice::{Invoice, InvoiceContent, InvoiceKind, InvoiceName};
use crate::domain::order::{OrderRef, Refund, WholeOrder};
use crate::domain::{InvoiceId, OrderId, OrderNumber, Right, Timestamp};
use crate::services::selling::{order_of_bearer, order_of_person};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{NewInvoice, ReadTx, WriteTx};
use shown::Shown;

const INVOICE: Error = Error::NotFound("invoice");
const ORDER: Error = Error::NotFound("order");

/// The name under which the database keeps who sells; empty while there are no invoices. Orders are paid by way of
/// many callers, which need not know the setting.
const SELLER: &str = "invoice_seller";

/// Gives out the invoice of an order that has just been paid, and tells its name; none when there are to be none.
pub(in crate::services) fn invoice_issue(
    tx: &WriteTx<'_>,
    order: &WholeOrder,
    now: Timestamp,
) -> Outcome<Option<String>> {
    let Some(seller) = seller(tx)? else { return Ok(None) };
    let content = InvoiceContent::of_order(order, seller);
    give_out(tx, InvoiceKind::Invoice, order, None, content, now).map(Some)
}

/// Gives out the credit note for a refund that has just gone through, and tells its name. Whoever has an invoice gets
/// one, though there be no more invoices by now.
pub(in crate::services) fn credit_note_issue(
    tx: &WriteTx<'_>,
    order: &WholeOrder,
    refund: &Refund,
    now: Timestamp,
) -> Outcome<Option<String>> {
    let all = tx.invoices_of_order(order.order.id)?;
    let (invoices, notes): (Vec<Invoice>, Vec<Invoice>) =
        all.into_iter().partition(|one| one.kind == InvoiceKind::Invoice);
    let Some(invoice) = invoices.first() else { return Ok(None) };
    let content = InvoiceContent::of_refund(invoice, &notes, order, refund, seller(tx)?);
    content.map(|content| give_out(tx, InvoiceKind::CreditNote, order, Some(refund), content, now)).transpose()
}

fn give_out(
    tx: &WriteTx<'_>,
    kind: InvoiceKind,
    order: &WholeOrder,
    refund: Option<&Refund>,
    content: InvoiceContent,
    now: Timestamp,
) -> Outcome<String> {
    let new = NewInvoice { kind, order_id: order.order.id, refund_id: refund.map(|refund| refund.id), content };
    Ok(kind.name(tx.invoice_insert(&new, now)?))
}

fn seller(tx: &ReadTx<'_>) -> Outcome<Option<Vec<String>>> {
    let kept = tx.setting(SELLER)?.filter(|kept| !kept.is_empty());
    Ok(kept.map(|kept| kept.lines().map(str::to_owned).collect()))
}

/// Whose order it is that invoices are asked of.
#[derive(Clone, Debug)]
pub enum InvoiceReader<'a> {
    /// Somebody of the staff asks, for any order.
    Staff(&'a Ctx, OrderRef),
    /// The customer asks.
    Customer(&'a Ctx, OrderNumber),
    /// Whoever has the order's token asks.
    Bearer(Option<OrderNumber>, &'a str),
}

impl Shop {
    /// Keeps who sells where writes find it.
    pub(super) fn invoice_seller_keep(&self) -> Outcome<()> {
        let seller = if self.selling.invoices { self.selling.seller().join("\n") } else { String::new() };
        let kept = self.store.read(|tx| tx.setting(SELLER))?;
        if kept.unwrap_or_default() == seller {
            return Ok(());
        }
        self.store.write_blocking(move |tx| tx.setting_put(SELLER, &seller).map_err(Error::from))
    }

    /// The invoice of an order and its credit notes.
    pub fn invoice_list(&self, reader: &InvoiceReader<'_>) -> Outcome<Vec<Invoice>> {
        self.store.read(|tx| Ok(tx.invoices_of_order(order_of(tx, reader)?)?))
    }

    /// The newest invoices and credit notes, for the staff.
    pub fn invoice_newest(&self, ctx: &Ctx, most: u32) -> Outcome<Vec<Invoice>> {
        ctx.require(Right::OrdersRead)?;
        self.store.read(|tx| Ok(tx.invoices_newest(most)?))
    }

    /// All invoices and credit notes of the person who asks, as they were given out.
    pub fn my_invoices(&self, ctx: &Ctx) -> Outcome<Vec<Invoice>> {
        let (person, _) = ctx.person()?;
        self.store.read(|tx| Ok(tx.invoices_of_account(person)?))
    }

    /// One of them.
    pub fn invoice_of(&self, reader: &InvoiceReader<'_>, id: InvoiceId) -> Outcome<Invoice> {
        self.store.read(|tx| {
            let order = order_of(tx, reader)?;
            tx.invoice_by_id(id)?.filter(|invoice| invoice.order_id == order).ok_or(INVOICE)
        })
    }

    /// Any invoice or credit note, for the staff.
    pub fn invoice_get(&self, ctx: &Ctx, id: InvoiceId) -> Outcome<Invoice> {
        ctx.require(Right::OrdersRead)?;
        self.store.read(|tx| tx.invoice_by_id(id)?.ok_or(INVOICE))
    }

    /// The one of this name, for the staff.
    pub fn invoice_named(&self, ctx: &Ctx, name: InvoiceName) -> Outcome<Invoice> {
        ctx.require(Right::OrdersRead)?;
        self.store.read(|tx| tx.invoice_by_name(name)?.ok_or(INVOICE))
    }

    /// The page that shows it, to be printed.
    pub fn invoice_html(&self, invoice: &Invoice) -> Outcome<String> {
        page::page(&self.folder.invoice_template(), &Shown::new(invoice)).map_err(Error::Internal)
    }

    /// The same as a PDF.
    pub fn invoice_pdf(&self, invoice: &Invoice) -> Vec<u8> {
        pdf::pdf(&Shown::new(invoice))
    }
}

/// The order that invoices are asked of, for whoever may read it.
fn order_of(tx: &ReadTx<'_>, reader: &InvoiceReader<'_>) -> Outcome<OrderId> {
    let order = match *reader {
        InvoiceReader::Staff(ctx, name) => {
            ctx.require(Right::OrdersRead)?;
            tx.order_named(name)?.ok_or(ORDER)?
        }
        InvoiceReader::Customer(ctx, number) => order_of_person(tx, ctx.person()?.0, number)?,
        InvoiceReader::Bearer(number, token) => order_of_bearer(tx, number, token)?,
    };
    Ok(order.id)
}
