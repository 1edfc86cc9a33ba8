//! What the page and the PDF of an invoice fill in: the same texts, in the same order.

use crate::domain::invoice::{Invoice, InvoiceContent, InvoiceKind, InvoiceLine, InvoiceTax};
use crate::domain::pricing::percent_text;
use crate::domain::{Currency, Money, Timestamp};
use serde::Serialize;

/// A label with what stands beside it.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// What it is.
    pub label: String,
    /// What it says.
    pub text: String,
}

/// A line.
#[derive(Clone, Debug, Serialize)]
pub struct LineShown {
    /// What was sold.
    pub name: String,
    /// Variant and code, where there are any.
    pub about: String,
    /// How many.
    pub quantity: String,
    /// What one costs.
    pub unit_price: String,
    /// What was taken off.
    pub discount: String,
    /// The rates of its taxes.
    pub tax: String,
    /// What it comes to.
    pub amount: String,
}

/// An invoice or credit note.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// What sort of paper it is.
    pub title: &'static str,
    /// Its name.
    pub number: String,
    /// When it was given out.
    pub date: String,
    /// Number, date, order and the like.
    pub facts: Vec<Pair>,
    /// Who sells, line by line.
    pub seller: Vec<String>,
    /// Who buys, line by line.
    pub buyer: Vec<String>,
    /// What was sold.
    pub lines: Vec<LineShown>,
    /// What leads to the total.
    pub sums: Vec<Pair>,
    /// The total.
    pub total: Pair,
    /// What is contained in the total.
    pub contained: Vec<Pair>,
    /// ISO 4217.
    pub currency: String,
}

impl Shown {
    /// What one says.
    pub fn new(invoice: &Invoice) -> Self {
        let content = &invoice.content;
        let amount = amounts(content);
        let (sums, contained) = sums(content, &amount);
        let email = Some(content.email.clone()).filter(|email| !email.is_empty());
        Self {
            title: if invoice.kind == InvoiceKind::Invoice { "Invoice" } else { "Credit note" },
            number: invoice.name(),
            date: date(invoice.issued_at),
            facts: facts(invoice),
            seller: content.seller.clone(),
            buyer: content.buyer.iter().cloned().chain(email).collect(),
            lines: content.lines.iter().map(|line| line_shown(line, &amount)).collect(),
            sums,
            total: pair(&format!("Total {}", content.currency), amount(content.total)),
            contained,
            currency: content.currency.clone(),
        }
    }
}

/// How amounts are written in its currency.
fn amounts(content: &InvoiceContent) -> impl Fn(Money) -> String + use<> {
    let currency = Currency::from_code(&content.currency);
    move |money| currency.map_or_else(|| money.minor().to_string(), |currency| currency.format(money))
}

fn facts(invoice: &Invoice) -> Vec<Pair> {
    let content = &invoice.content;
    let mut facts = vec![
        pair("Number", invoice.name()),
        pair("Date", date(invoice.issued_at)),
        pair("Order", content.order_number.clone()),
        pair("Date of order", date(content.ordered_at)),
    ];
    facts.extend(content.corrects.clone().map(|name| pair("For invoice", name)));
    facts.extend(content.reason.clone().map(|reason| pair("Reason", reason)));
    facts
}

fn line_shown(line: &InvoiceLine, amount: &impl Fn(Money) -> String) -> LineShown {
    let about: Vec<&str> =
        [line.title.as_str(), line.sku.as_deref().unwrap_or("")].into_iter().filter(|t| !t.is_empty()).collect();
    let rates: Vec<String> = line.rates.iter().map(|rate| format!("{} %", percent_text(*rate))).collect();
    let taken_off = Money::from_minor(-line.discount.minor());
    LineShown {
        name: line.name.clone(),
        about: about.join(", "),
        quantity: line.quantity.map(|quantity| quantity.to_string()).unwrap_or_default(),
        unit_price: line.unit_price.map(amount).unwrap_or_default(),
        discount: if taken_off.minor() == 0 { String::new() } else { amount(taken_off) },
        tax: rates.join(" + "),
        amount: amount(line.amount),
    }
}

/// What adds up to the total, and what is contained in it.
fn sums(content: &InvoiceContent, amount: &impl Fn(Money) -> String) -> (Vec<Pair>, Vec<Pair>) {
    let mut sums = Vec::new();
    if content.corrects.is_none() {
        let goods = content.lines.iter().map(|line| line.amount.minor()).sum();
        sums.push(pair("Subtotal", amount(Money::from_minor(goods))));
    }
    if content.shipping.minor() != 0 || content.shipping_name.is_some() {
        let named = content.shipping_name.as_deref().map(|name| format!("Shipping ({name})"));
        sums.push(pair(named.as_deref().unwrap_or("Shipping"), amount(content.shipping)));
    }
    let net = Money::from_minor(content.total.minor() - content.tax.minor());
    let mut net = vec![pair("Total without tax", amount(net))];
    let taxes = content.taxes.iter().map(|tax| pair(&tax_label(tax, amount), amount(tax.amount)));
    if content.taxes.is_empty() {
        return (sums, Vec::new());
    }
    if content.tax_included {
        net.extend(taxes);
        return (sums, net);
    }
    sums.extend(net);
    sums.extend(taxes);
    (sums, Vec::new())
}

fn tax_label(tax: &InvoiceTax, amount: &impl Fn(Money) -> String) -> String {
    match tax.rate_ppm {
        Some(rate) => format!("{} {} % on {}", tax.name, percent_text(rate), amount(tax.base)),
        None => format!("{} on {}", tax.name, amount(tax.base)),
    }
}

fn pair(label: &str, text: String) -> Pair {
    Pair { label: label.to_owned(), text }
}

/// The day, in UTC.
fn date(at: Timestamp) -> String {
    at.to_rfc3339().chars().take(10).collect()
}
