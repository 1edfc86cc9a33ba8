//! `/me/orders/{number}/invoices` and `/orders/{number}/invoices`: invoices as buyers read them.

use super::admin::invoices::invoice_id;
use super::answer::{Answer, Audience, Managed};
use super::guards::{Client, SignedIn};
use super::papers::{Page, PdfFile};
use super::parameters::ORDER_BY_TOKEN;
use super::problem::Problem;
use super::query::Query;
use super::views::InvoiceList;
use crate::domain::OrderNumber;
use crate::services::invoices::InvoiceReader;
use crate::services::{Error, Shop};
use rocket::get;
use rocket_okapi::openapi;
use std::sync::Arc;

/// # List the invoices of one of your orders
/// Its invoice and its credit notes, as they were given out.
#[openapi(tag = "Selling")]
#[get("/me/orders/<number>/invoices")]
pub async fn my_invoice_list(
    person: SignedIn,
    number: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<InvoiceList>, Problem> {
    query.only(&[])?;
    list(shop, &mine(&person, number)?)
}

/// # Read one of your invoices as a page
/// To be printed.
#[openapi(tag = "Selling")]
#[get("/me/orders/<number>/invoices/<id>")]
pub async fn my_invoice_page(
    person: SignedIn,
    number: &str,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Page, Problem> {
    page(shop, &mine(&person, number)?, id)
}

/// # Read one of your invoices as a PDF
/// Signs beyond Windows-1252 are replaced; the page has all of them.
#[openapi(tag = "Selling")]
#[get("/me/orders/<number>/invoices/<id>/pdf")]
pub async fn my_invoice_pdf(
    person: SignedIn,
    number: &str,
    id: &str,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<PdfFile, Problem> {
    pdf(shop, &mine(&person, number)?, id)
}

/// # List the invoices of an order by its token
/// With the token that the answer to the checkout gave.
#[openapi(tag = "Selling")]
#[get("/orders/<number>/invoices")]
pub async fn guest_invoice_list(
    _client: Client,
    number: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Answer<InvoiceList>, Problem> {
    list(shop, &bearer(number, &query)?)
}

/// # Read an invoice as a page by the token of its order
/// To be printed.
#[openapi(tag = "Selling")]
#[get("/orders/<number>/invoices/<id>")]
pub async fn guest_invoice_page(
    _client: Client,
    number: &str,
    id: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Page, Problem> {
    page(shop, &bearer(number, &query)?, id)
}

/// # Read an invoice as a PDF by the token of its order
/// Signs beyond Windows-1252 are replaced; the page has all of them.
#[openapi(tag = "Selling")]
#[get("/orders/<number>/invoices/<id>/pdf")]
pub async fn guest_invoice_pdf(
    _client: Client,
    number: &str,
    id: &str,
    query: Query,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<PdfFile, Problem> {
    pdf(shop, &bearer(number, &query)?, id)
}

fn mine<'a>(person: &'a SignedIn, number: &str) -> Result<InvoiceReader<'a>, Problem> {
    let number = OrderNumber::parse(number).ok_or(Error::NotFound("order"))?;
    Ok(InvoiceReader::Customer(&person.0, number))
}

fn bearer<'a>(number: &str, query: &'a Query) -> Result<InvoiceReader<'a>, Problem> {
    query.only(ORDER_BY_TOKEN)?;
    Ok(InvoiceReader::Bearer(OrderNumber::parse(number), query.one("token")?.unwrap_or_default()))
}

fn list(shop: &Shop, reader: &InvoiceReader<'_>) -> Result<Answer<InvoiceList>, Problem> {
    let list = InvoiceList::new(&shop.invoice_list(reader)?, shop.settings().currency());
    Ok(Answer::new(&list, Audience::Nobody))
}

fn page(shop: &Shop, reader: &InvoiceReader<'_>, id: &str) -> Result<Page, Problem> {
    Ok(Page(shop.invoice_html(&shop.invoice_of(reader, invoice_id(id)?)?)?))
}

fn pdf(shop: &Shop, reader: &InvoiceReader<'_>, id: &str) -> Result<PdfFile, Problem> {
    let invoice = shop.invoice_of(reader, invoice_id(id)?)?;
    Ok(PdfFile { name: invoice.name(), bytes: shop.invoice_pdf(&invoice) })
}
