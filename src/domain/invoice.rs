//! Invoices and credit notes: what they say. Each is written once, and nothing that happens later changes it.

use super::order::{OrderLine, Refund, RefundStatus, WholeOrder};
use super::pricing::{Explained, ExplainedKind};
use super::{InvoiceId, Money, OrderId, RefundId, Timestamp};
use serde::{Deserialize, Serialize};

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceKind {
    /// What was sold, and for how much.
    Invoice,
    /// What of an invoice was paid back.
    CreditNote,
}

impl InvoiceKind {
    /// The name on the wire and in the database, which is also that of its series of numbers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Invoice, Self::CreditNote].into_iter().find(|kind| kind.as_str() == text)
    }

    /// What its names begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Invoice => "INV-",
            Self::CreditNote => "CN-",
        }
    }

    /// How people name the one of this number: `INV-1`, `CN-1`.
    pub fn name(self, number: i64) -> String {
        format!("{}{number}", self.prefix())
    }
}

/// How people name an invoice or credit note, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceName {
    /// Which of the two.
    pub kind: InvoiceKind,
    /// Its place in the series of its kind.
    pub number: i64,
}

impl InvoiceName {
    /// Reads a name such as `INV-1` or `CN-1`.
    pub fn parse(text: &str) -> Option<Self> {
        [InvoiceKind::Invoice, InvoiceKind::CreditNote].into_iter().find_map(|kind| {
            let number = InvoiceId::parse(text.strip_prefix(kind.prefix())?)?.get();
            Some(Self { kind, number })
        })
    }
}

/// An invoice or credit note that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Its id.
    pub id: InvoiceId,
    /// Which of the two.
    pub kind: InvoiceKind,
    /// Its place in the series of its kind.
    pub number: i64,
    /// Of which order.
    pub order_id: OrderId,
    /// For which refund, when it is a credit note.
    pub refund_id: Option<RefundId>,
    /// When it was given out.
    pub issued_at: Timestamp,
    /// What it says.
    pub content: InvoiceContent,
}

impl Invoice {
    /// How people name it.
    pub fn name(&self) -> String {
        self.kind.name(self.number)
    }
}

/// What an invoice or credit note says. The amounts of a credit note are below zero, and contain the tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceContent {
    /// Who sells, line by line.
    pub seller: Vec<String>,
    /// Who buys, line by line.
    pub buyer: Vec<String>,
    /// Where the buyer is written to.
    pub email: String,
    /// The number of the order.
    pub order_number: String,
    /// When it was placed.
    pub ordered_at: Timestamp,
    /// The name of the invoice that a credit note is about.
    pub corrects: Option<String>,
    /// Why money went back.
    pub reason: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Whether the amounts of lines and shipping contain the tax.
    pub tax_included: bool,
    /// What was sold, or taken back.
    pub lines: Vec<InvoiceLine>,
    /// What shipping costs.
    pub shipping: Money,
    /// How it is shipped.
    pub shipping_name: Option<String>,
    /// The taxes by rate.
    pub taxes: Vec<InvoiceTax>,
    /// All tax.
    pub tax: Money,
    /// What it comes to, tax included.
    pub total: Money,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// What it is called.
    pub name: String,
    /// Which variant; empty where there is only one.
    pub title: String,
    /// Its code.
    pub sku: Option<String>,
    /// How many; none where it is not about units.
    pub quantity: Option<i64>,
    /// What one costs.
    pub unit_price: Option<Money>,
    /// What was taken off.
    pub discount: Money,
    /// The rates of its taxes in parts per million.
    pub rates: Vec<i64>,
    /// What it comes to, after the discount.
    pub amount: Money,
}

/// The tax of one rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceTax {
    /// What it is called.
    pub name: String,
    /// Its rate in parts per million, where it is one.
    pub rate_ppm: Option<i64>,
    /// What it is a part of, without tax.
    pub base: Money,
    /// The tax.
    pub amount: Money,
}

impl InvoiceContent {
    /// The invoice of an order.
    pub fn of_order(whole: &WholeOrder, seller: Vec<String>) -> Self {
        let order = &whole.order;
        let address = order.billing_address.as_ref().or(order.shipping_address.as_ref());
        let vat_number = address.and_then(|address| address.vat_number.as_deref());
        let buyer = address.map(super::account::AddressDraft::lines).unwrap_or_default();
        Self {
            seller,
            buyer: buyer.into_iter().chain(vat_number.map(|number| format!("VAT number {number}"))).collect(),
            email: order.email.clone(),
            order_number: order.name(),
            ordered_at: order.placed_at,
            corrects: None,
            reason: None,
            currency: order.currency.clone(),
            tax_included: order.tax_included,
            lines: whole.lines.iter().map(sold).collect(),
            shipping: order.sums.shipping_total,
            shipping_name: order.shipping_name.clone(),
            taxes: taxes_of(whole),
            tax: order.sums.tax_total,
            total: order.sums.total,
        }
    }

    /// The credit note for what a refund takes off an invoice; `given` are those given out for it before. Nothing when
    /// the refund only gives back what was paid beyond the invoice.
    pub fn of_refund(
        invoice: &Invoice,
        given: &[Invoice],
        whole: &WholeOrder,
        refund: &Refund,
        seller: Option<Vec<String>>,
    ) -> Option<Self> {
        let first = &invoice.content;
        let left = given.iter().fold(first.total.minor(), |left, note| left + note.content.total.minor());
        let amount = refund.amount.minor().min(left - whole.money_kept());
        if amount <= 0 {
            return None;
        }
        let (lines, exact) = back(whole, refund, amount);
        let remaining = remaining(first, given);
        let taxes = if amount == left {
            remaining
        } else if exact {
            capped(back_taxes(whole, refund), &remaining)
        } else {
            remaining
                .into_iter()
                .map(|tax| InvoiceTax {
                    base: part(tax.base, amount, left),
                    amount: part(tax.amount, amount, left),
                    ..tax
                })
                .collect()
        };
        let taxes: Vec<InvoiceTax> = taxes.into_iter().filter(|tax| tax.amount.minor() != 0).map(negative).collect();
        let tax = Money::from_minor(taxes.iter().map(|tax| tax.amount.minor()).sum());
        Some(Self {
            seller: seller.unwrap_or_else(|| first.seller.clone()),
            corrects: Some(invoice.name()),
            reason: refund.reason.clone(),
            tax_included: true,
            lines,
            shipping: Money::default(),
            shipping_name: None,
            taxes,
            tax,
            total: Money::from_minor(-amount),
            ..first.clone()
        })
    }
}

fn sold(line: &OrderLine) -> InvoiceLine {
    InvoiceLine {
        name: line.name.clone(),
        title: line.title.clone(),
        sku: line.sku.clone(),
        quantity: Some(line.quantity),
        unit_price: Some(line.unit_price),
        discount: line.discount,
        rates: line.taxes.iter().map(|tax| tax.rate_ppm).collect(),
        amount: Money::from_minor(line.unit_price.minor().saturating_mul(line.quantity) - line.discount.minor()),
    }
}

/// The taxes of an order by rate. Lines know theirs; what is left is the tax on shipping, whose names stand in the
/// explanation of the total.
fn taxes_of(whole: &WholeOrder) -> Vec<InvoiceTax> {
    let mut rows = Vec::new();
    for line in &whole.lines {
        let base = line.total.minor() - line.tax.minor();
        line.taxes.iter().for_each(|tax| add(&mut rows, &tax.name, Some(tax.rate_ppm), base, tax.amount.minor()));
    }
    let sums = &whole.order.sums;
    let on_shipping = sums.tax_total.minor() - whole.lines.iter().map(|line| line.tax.minor()).sum::<i64>();
    let base = sums.shipping_total.minor() - if whole.order.tax_included { on_shipping } else { 0 };
    let mut named = explained(&whole.order.explanation, &rows);
    if named.iter().map(|(_, amount)| amount).sum::<i64>() != on_shipping || named.iter().any(|(_, amount)| *amount < 0)
    {
        named = vec![("Tax on shipping".to_owned(), on_shipping)];
    }
    for (name, amount) in named.into_iter().filter(|(_, amount)| *amount != 0) {
        let mut same = rows.iter().filter(|row| row.name == name);
        let rate = same.next().filter(|_| same.next().is_none()).and_then(|row| row.rate_ppm);
        add(&mut rows, &name, rate, base, amount);
    }
    rows
}

fn add(rows: &mut Vec<InvoiceTax>, name: &str, rate_ppm: Option<i64>, base: i64, amount: i64) {
    let known = rows.iter_mut().find(|row| row.name == name && row.rate_ppm == rate_ppm);
    let (base, amount) = (Money::from_minor(base), Money::from_minor(amount));
    match known {
        Some(row) => (row.base, row.amount) = (plus(row.base, base), plus(row.amount, amount)),
        None => rows.push(InvoiceTax { name: name.to_owned(), rate_ppm, base, amount }),
    }
}

/// What each tax of the explanation comes to beyond what lines have of it.
fn explained(explanation: &str, rows: &[InvoiceTax]) -> Vec<(String, i64)> {
    let all: Vec<Explained> = serde_json::from_str(explanation).unwrap_or_default();
    let mut named: Vec<(String, i64)> = Vec::new();
    for tax in all.into_iter().filter(|one| one.kind == ExplainedKind::Tax) {
        match named.iter_mut().find(|(name, _)| *name == tax.name) {
            Some((_, amount)) => *amount += tax.amount.minor(),
            None => named.push((tax.name, tax.amount.minor())),
        }
    }
    for (name, amount) in &mut named {
        *amount -= rows.iter().filter(|row| row.name == *name).map(|row| row.amount.minor()).sum::<i64>();
    }
    named
}

/// The lines of a credit note, and whether they alone come to its amount.
fn back(whole: &WholeOrder, refund: &Refund, amount: i64) -> (Vec<InvoiceLine>, bool) {
    let mut lines: Vec<InvoiceLine> = units(whole, refund)
        .map(|(line, from, quantity)| InvoiceLine {
            quantity: Some(quantity),
            unit_price: None,
            discount: Money::default(),
            amount: Money::from_minor(-line.share(from, quantity).minor()),
            ..sold(line)
        })
        .collect();
    let rest = amount + lines.iter().map(|line| line.amount.minor()).sum::<i64>();
    let exact = rest == 0 && !lines.is_empty();
    if rest < 0 {
        lines.clear();
    }
    if !exact {
        let (name, amount) = if lines.is_empty() { ("Refund", amount) } else { ("Shipping and other", rest) };
        lines.push(InvoiceLine {
            name: name.to_owned(),
            title: String::new(),
            sku: None,
            quantity: None,
            unit_price: None,
            discount: Money::default(),
            rates: Vec::new(),
            amount: Money::from_minor(-amount),
        });
    }
    (lines, exact)
}

/// The units that a refund pays for: of which line, after how many others, and how many.
fn units<'w>(whole: &'w WholeOrder, refund: &'w Refund) -> impl Iterator<Item = (&'w OrderLine, i64, i64)> + 'w {
    refund.lines.iter().filter_map(|units| {
        let line = whole.line(units.line_id)?;
        let before = whole.refunds.iter().filter(|one| one.id < refund.id && one.status != RefundStatus::Failed);
        let same = before.flat_map(|one| &one.lines).filter(|one| one.line_id == units.line_id);
        Some((line, same.map(|one| one.quantity).sum(), units.quantity))
    })
}

/// The taxes within the units that a refund pays for.
fn back_taxes(whole: &WholeOrder, refund: &Refund) -> Vec<InvoiceTax> {
    let mut rows = Vec::new();
    for (line, from, quantity) in units(whole, refund) {
        let share = |of: i64| {
            let upto = |n: i64| part(Money::from_minor(of), n, line.quantity).minor();
            upto(from + quantity) - upto(from)
        };
        let base = share(line.total.minor() - line.tax.minor());
        line.taxes
            .iter()
            .for_each(|tax| add(&mut rows, &tax.name, Some(tax.rate_ppm), base, share(tax.amount.minor())));
    }
    rows
}

/// What of an invoice's taxes no credit note has taken back.
fn remaining(first: &InvoiceContent, given: &[Invoice]) -> Vec<InvoiceTax> {
    let mut rows = first.taxes.clone();
    for tax in given.iter().flat_map(|note| &note.content.taxes) {
        add(&mut rows, &tax.name, tax.rate_ppm, tax.base.minor(), tax.amount.minor());
    }
    rows
}

/// No more of each tax than remains of it.
fn capped(taxes: Vec<InvoiceTax>, remaining: &[InvoiceTax]) -> Vec<InvoiceTax> {
    let least = |tax: InvoiceTax| {
        let left = remaining.iter().find(|row| row.name == tax.name && row.rate_ppm == tax.rate_ppm)?;
        Some(InvoiceTax { base: tax.base.min(left.base), amount: tax.amount.min(left.amount), ..tax })
    };
    taxes.into_iter().filter_map(least).collect()
}

fn negative(tax: InvoiceTax) -> InvoiceTax {
    let minus = |money: Money| Money::from_minor(-money.minor());
    InvoiceTax { base: minus(tax.base), amount: minus(tax.amount), ..tax }
}

fn plus(a: Money, b: Money) -> Money {
    Money::from_minor(a.minor() + b.minor())
}

/// `of * some / all`, the fraction of a coin left out.
fn part(of: Money, some: i64, all: i64) -> Money {
    let part = i128::from(of.minor()) * i128::from(some) / i128::from(all.max(1));
    Money::from_minor(i64::try_from(part).unwrap_or(of.minor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for (text, kind, number) in [("INV-1", InvoiceKind::Invoice, 1), ("CN-12", InvoiceKind::CreditNote, 12)] {
            assert_eq!(InvoiceName::parse(text), Some(InvoiceName { kind, number }));
            assert_eq!(kind.name(number), text);
        }
        for bad in ["", "INV", "INV-", "INV-0", "INV-01", "inv-1", "CN--1", "1", "INV-1 "] {
            assert_eq!(InvoiceName::parse(bad), None, "{bad}");
        }
    }
}
