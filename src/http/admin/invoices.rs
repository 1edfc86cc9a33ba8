//! `/admin/orders/{number}/invoices` and `/admin/invoices`: invoices and credit notes for the staff.

use super::orders::order_ref;
use crate::domain::InvoiceId;
use crate::http::answer::{Answer, Audience, Managed};
use crate::http::guards::{May, OrdersRead};
use crate::http::papers::{Page, PdfFile};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::views::InvoiceList;
use crate::services::invoices::InvoiceReader;
use crate::services::{Error, Shop};
use rocket::get;
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List the invoices of an order
/// Its invoice and its credit notes, as they were given out. There are none while `selling.invoices` is off.
#[openapi(tag = "Administration")]
#[get("/admin/orders/<number>/invoices")]
pub async fn invoice_list(
    staff: May<OrdersRead>,
    number: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<InvoiceList>, Problem> {
    query.only(&[])?;
    let invoices = shop.invoice_list(&InvoiceReader::Staff(&staff.0, order_ref(number)?))?;
    Ok(Answer::new(&InvoiceList::new(&invoices, shop.settings().currency()), Audience::Nobody))
}

/// # Read an invoice or credit note as a page
/// To be printed.
#[openapi(tag = "Administration")]
#[get("/admin/invoices/<id>")]
pub async fn invoice_page(staff: May<OrdersRead>, id: &str, shop: Managed<'_, Arc<Shop>>) -> Result<Page, Problem> {
    let invoice = shop.invoice_get(&staff.0, invoice_id(id)?)?;
    Ok(Page(shop.invoice_html(&invoice)?))
}

/// # Read an invoice or credit note as a PDF
/// Signs beyond Windows-1252 are replaced; the page has all of them.
#[openapi(tag = "Administration")]
#[get("/admin/invoices/<id>/pdf")]
pub async fn invoice_pdf(staff: May<OrdersRead>, id: &str, shop: Managed<'_, Arc<Shop>>) -> Result<PdfFile, Problem> {
    let invoice = shop.invoice_get(&staff.0, invoice_id(id)?)?;
    Ok(PdfFile { name: invoice.name(), bytes: shop.invoice_pdf(&invoice) })
}

/// The invoice that an address names.
pub(in crate::http) fn invoice_id(text: &str) -> Result<InvoiceId, Problem> {
    InvoiceId::parse(text).ok_or_else(|| Error::NotFound("invoice").into())
}
