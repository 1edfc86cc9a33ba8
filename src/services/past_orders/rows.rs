//! Reads the rows of a file of past orders: one row a line of an order, the lines of one order together.

use super::whole::{Said, Standing};
use crate::domain::{Currency, Email, Money, Timestamp};
use crate::services::import::{Line, Named, Rename, Table, renamed};

/// Who bought when nobody is named. The domain is reserved (RFC 2606), so no letter ever goes there.
const NOBODY: &str = "unknown@import.invalid";

/// A row, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastLine {
    /// The line of the file.
    pub number: u64,
    /// What the order was called.
    pub order: String,
    /// What was bought; none when the shop gave it no code.
    pub sku: Option<String>,
    /// What it was called.
    pub item: String,
    /// Units; below zero when they came back.
    pub quantity: i64,
    /// What one cost.
    pub unit_price: Money,
    /// When.
    pub placed_at: Timestamp,
    /// Who bought; none when nobody is named.
    pub buyer: Option<Email>,
    /// What the row says of the whole order.
    pub said: Said,
}

impl PastLine {
    /// What it comes to; the largest number there is where that is more, which no order may come to.
    pub fn worth(&self) -> i64 {
        self.unit_price.minor().saturating_mul(self.quantity)
    }
}

/// A row that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The line of the file.
    pub number: u64,
    /// Why.
    pub reason: String,
}

/// The address orders of nobody are kept under.
pub fn nobody() -> Email {
    Email::parse(NOBODY).expect("a valid address")
}

/// Where the columns stand, each known by our name for it and by those of other shops' exports. Of those that need not
/// be there and are not, the cells are empty.
#[derive(Clone, Copy)]
pub struct Columns {
    order: usize,
    sku: usize,
    item: usize,
    quantity: usize,
    placed_at: usize,
    unit_price: usize,
    customer: usize,
    currency: usize,
    shipping: usize,
    tax: usize,
    discount: usize,
    total: usize,
    refunded: usize,
    status: usize,
    cancelled_at: usize,
}

impl Columns {
    /// Finds them in the header.
    pub fn find(table: &Table, renames: &[Rename]) -> Result<Self, String> {
        let names = Named::new(renamed(table.header(), renames)?);
        let needed = |aliases: &[&str]| {
            let name = aliases[0];
            let missing = || format!("there is no column {name:?}; --map COLUMN={name} says which it is");
            names.find(aliases).ok_or_else(missing)
        };
        let optional = |aliases: &[&str]| names.find(aliases).unwrap_or(usize::MAX);
        Ok(Self {
            order: needed(&["order", "invoice", "invoiceno", "invoice no", "order number", "name"])?,
            sku: needed(&["sku", "stockcode", "stock code", "lineitem sku"])?,
            item: needed(&["item", "description", "lineitem name", "product"])?,
            quantity: needed(&["quantity", "lineitem quantity", "qty"])?,
            placed_at: needed(&["placed_at", "invoicedate", "invoice date", "created at", "date"])?,
            unit_price: needed(&["unit_price", "price", "unitprice", "unit price", "lineitem price"])?,
            customer: optional(&["customer", "email", "customer id", "customerid"]),
            currency: optional(&["currency"]),
            shipping: optional(&["shipping"]),
            tax: optional(&["tax", "taxes"]),
            discount: optional(&["discount", "discount amount"]),
            total: optional(&["total"]),
            refunded: optional(&["refunded", "refunded amount"]),
            status: optional(&["status", "financial status"]),
            cancelled_at: optional(&["cancelled_at", "cancelled at"]),
        })
    }

    /// Understands a row, or says why it is no sale.
    pub fn read(self, line: &Line, currency: Currency) -> Result<PastLine, Refused> {
        let cell = |column: usize| line.cell(column).trim();
        let refuse = |reason: String| Refused { number: line.number, reason };
        let order = cell(self.order);
        if order.is_empty() || order.chars().count() > 64 {
            return Err(refuse("it names no order".to_owned()));
        }
        let quantity: i64 = match cell(self.quantity).parse() {
            Ok(units @ (-999_999..=-1 | 1..=999_999)) => units,
            _ => return Err(refuse(format!("the quantity {:?} is no whole number other than 0", cell(self.quantity)))),
        };
        let unit_price = money("price", cell(self.unit_price), currency).map_err(refuse)?;
        let placed_at = time(cell(self.placed_at)).map_err(refuse)?;
        let buyer = buyer(cell(self.customer)).map_err(refuse)?;
        if unit_price.minor() == 0 && (buyer.is_none() || quantity < 0) {
            return Err(refuse("it moves stock at no price: a correction, not a sale".to_owned()));
        }
        let sku = Some(cell(self.sku)).filter(|sku| !sku.is_empty());
        let sku = sku.map(|sku| sku.chars().take(64).collect::<String>());
        let item: String = cell(self.item).chars().filter(|c| !c.is_control()).take(300).collect();
        let item = if item.is_empty() { sku.clone().unwrap_or_default() } else { item };
        if item.is_empty() {
            return Err(refuse("it names neither a SKU nor an item".to_owned()));
        }
        let said = self.said(line, currency).map_err(refuse)?;
        let (number, order) = (line.number, order.to_owned());
        Ok(PastLine { number, order, sku, item, quantity, unit_price, placed_at, buyer, said })
    }

    /// What the row says of the whole order.
    fn said(self, line: &Line, currency: Currency) -> Result<Said, String> {
        let cell = |column: usize| Some(line.cell(column).trim()).filter(|text| !text.is_empty());
        if let Some(code) = cell(self.currency).filter(|code| !code.eq_ignore_ascii_case(currency.code())) {
            return Err(format!("it was sold in {code:?}, and this shop sells in {}", currency.code()));
        }
        let amount = |name, column| cell(column).map(|text| money(name, text, currency)).transpose();
        let unknown =
            |text| format!("the status {text:?} is not known; paid, refunded and cancelled are, among others");
        Ok(Said {
            shipping: amount("shipping", self.shipping)?,
            tax: amount("tax", self.tax)?,
            discount: amount("discount", self.discount)?,
            total: amount("total", self.total)?,
            refunded: amount("refunded amount", self.refunded)?,
            standing: cell(self.status).map(|text| Standing::parse(text).ok_or_else(|| unknown(text))).transpose()?,
            cancelled_at: cell(self.cancelled_at).map(time).transpose()?,
        })
    }
}

fn money(name: &str, text: &str, currency: Currency) -> Result<Money, String> {
    let wrong = |_| format!("the {name} {text:?} is no amount in {}, or it is below zero", currency.code());
    currency.parse(text).map_err(wrong)
}

fn time(text: &str) -> Result<Timestamp, String> {
    moment(text).ok_or_else(|| format!("{text:?} is no date and time"))
}

/// An e-mail address as it is; any other name of a customer becomes an address that reaches nobody.
fn buyer(text: &str) -> Result<Option<Email>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let address = match text.contains('@') {
        true => text.to_owned(),
        false if text.chars().all(plain) => format!("customer-{text}@import.invalid"),
        false => return Err(format!("the customer {text:?} is neither an e-mail address nor a number or plain name")),
    };
    Email::parse(&address).map(Some).ok_or_else(|| format!("{text:?} is no e-mail address"))
}

/// RFC 3339, or a date and a time as spreadsheets and other shops write them, such as 2025-03-01 10:00:00 +0100; taken
/// as UTC when they do not say how far from it they are.
fn moment(text: &str) -> Option<Timestamp> {
    if let Some(at) = Timestamp::parse(text) {
        return Some(at);
    }
    let (date, rest) = text.split_once(' ')?;
    let (time, offset) = rest.split_once(' ').unwrap_or((rest, "Z"));
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    let offset = match offset.split_at_checked(3) {
        Some((hours, minutes)) if minutes.len() == 2 => format!("{hours}:{minutes}"),
        _ => offset.to_owned(),
    };
    Timestamp::parse(&format!("{date}T{time}{offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_files_have_them() {
        let at = Timestamp::parse("2009-12-01T07:45:00Z");
        assert_eq!(
            [
                moment("2009-12-01 07:45:00"),
                moment("2009-12-01 07:45"),
                moment("2009-12-01T08:45:00+01:00"),
                moment("2009-12-01 08:45:00 +0100"),
            ],
            [at; 4]
        );
        assert_eq!([moment("01/12/2009"), moment(""), moment("2009-13-01 00:00")], [None; 3]);
    }

    #[test]
    fn customers_without_an_address_get_one_that_reaches_nobody() {
        assert_eq!(buyer("13085").unwrap().unwrap().as_str(), "customer-13085@import.invalid");
        assert_eq!(buyer("ann@example.com").unwrap().unwrap().as_str(), "ann@example.com");
        assert_eq!(buyer("").unwrap(), None);
        assert!(buyer("Ann Lee").is_err() && buyer("a@").is_err());
    }
}
