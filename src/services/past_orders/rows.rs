//! Reads the rows of a file of past orders: one row a line of an order, the lines of one order together.

use crate::domain::{Currency, Email, Money, Timestamp};
use crate::services::import::{Line, Named, Rename, Table, renamed};

/// Who bought when nobody is named. The domain is reserved (RFC 2606), so no letter ever goes there.
const NOBODY: &str = "unknown@import.invalid";

/// Names under which a column is known, the first being ours; the others are those of other shops' exports.
const COLUMNS: [(&str, &[&str]); 7] = [
    ("order", &["order", "invoice", "invoiceno", "invoice no", "order number", "name"]),
    ("sku", &["sku", "stockcode", "stock code", "lineitem sku"]),
    ("item", &["item", "description", "lineitem name", "product"]),
    ("quantity", &["quantity", "lineitem quantity", "qty"]),
    ("placed_at", &["placed_at", "invoicedate", "invoice date", "created at", "date"]),
    ("unit_price", &["unit_price", "price", "unitprice", "unit price", "lineitem price"]),
    ("customer", &["customer", "email", "customer id", "customerid"]),
];

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

/// Where the columns stand.
#[derive(Clone, Copy)]
pub struct Columns([usize; COLUMNS.len()]);

impl Columns {
    /// Finds them in the header; all but the last must be there.
    pub fn find(table: &Table, renames: &[Rename]) -> Result<Self, String> {
        let names = Named::new(renamed(table.header(), renames)?);
        let mut at = [usize::MAX; COLUMNS.len()];
        for (place, (name, aliases)) in at.iter_mut().zip(COLUMNS) {
            match names.find(aliases) {
                Some(column) => *place = column,
                None if name == "customer" => {}
                None => return Err(format!("there is no column {name:?}; --map COLUMN={name} says which it is")),
            }
        }
        Ok(Self(at))
    }

    /// Understands a row, or says why it is no sale.
    pub fn read(self, line: &Line, currency: Currency) -> Result<PastLine, Refused> {
        let cell = |column: usize| line.cell(self.0[column]).trim();
        let refuse = |reason: String| Refused { number: line.number, reason };
        let order = cell(0);
        if order.is_empty() || order.chars().count() > 64 {
            return Err(refuse("it names no order".to_owned()));
        }
        let quantity: i64 = match cell(3).parse() {
            Ok(units @ (-999_999..=-1 | 1..=999_999)) => units,
            _ => return Err(refuse(format!("the quantity {:?} is no whole number other than 0", cell(3)))),
        };
        let unit_price = currency.parse(cell(5)).map_err(|_| {
            let code = currency.code();
            refuse(format!("the price {:?} is no amount in {code}, or it is below zero", cell(5)))
        })?;
        let placed_at = moment(cell(4)).ok_or_else(|| refuse(format!("{:?} is no date and time", cell(4))))?;
        let buyer = buyer(cell(6)).map_err(refuse)?;
        if unit_price.minor() == 0 && (buyer.is_none() || quantity < 0) {
            return Err(refuse("it moves stock at no price: a correction, not a sale".to_owned()));
        }
        let sku = Some(cell(1)).filter(|sku| !sku.is_empty()).map(|sku| sku.chars().take(64).collect::<String>());
        let item: String = cell(2).chars().filter(|c| !c.is_control()).take(300).collect();
        let item = if item.is_empty() { sku.clone().unwrap_or_default() } else { item };
        if item.is_empty() {
            return Err(refuse("it names neither a SKU nor an item".to_owned()));
        }
        Ok(PastLine { number: line.number, order: order.to_owned(), sku, item, quantity, unit_price, placed_at, buyer })
    }
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

/// RFC 3339, or a date and a time as spreadsheets write them, taken as UTC.
fn moment(text: &str) -> Option<Timestamp> {
    if let Some(at) = Timestamp::parse(text) {
        return Some(at);
    }
    let (date, time) = text.split_once(' ')?;
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    Timestamp::parse(&format!("{date}T{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_files_have_them() {
        let at = Timestamp::parse("2009-12-01T07:45:00Z");
        assert_eq!(
            [moment("2009-12-01 07:45:00"), moment("2009-12-01 07:45"), moment("2009-12-01T08:45:00+01:00")],
            [at; 3]
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
