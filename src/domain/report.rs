//! What was sold, summed up.

use super::{Money, Timestamp};

/// What a report of sales is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SalesBy {
    /// Days, in UTC.
    Day,
    /// Months, in UTC.
    Month,
    /// Years, in UTC.
    Year,
    /// Products, by what their SKUs and names were when they were sold.
    Product,
}

impl SalesBy {
    /// All of them by name.
    pub const NAMES: &'static [&'static str] = &["day", "month", "year", "product"];

    /// The division of that name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "day" => Some(Self::Day),
            "month" => Some(Self::Month),
            "year" => Some(Self::Year),
            "product" => Some(Self::Product),
            _ => None,
        }
    }

    /// How many characters of an RFC 3339 date name the period.
    pub const fn date_chars(self) -> Option<usize> {
        match self {
            Self::Day => Some(10),
            Self::Month => Some(7),
            Self::Year => Some(4),
            Self::Product => None,
        }
    }
}

/// From when to when; the end is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

/// A row of a report of sales. Orders count at the time they were placed, once they are paid; refunds at the time
/// they were made, and of money that some order was sold for: what came in too late or twice is no sale, and neither is
/// its way back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sales {
    /// The period, such as `2026-01`, or the SKU of a product.
    pub key: String,
    /// The name of a product.
    pub name: Option<String>,
    /// Orders.
    pub orders: i64,
    /// Units sold.
    pub units: i64,
    /// Goods before discounts.
    pub subtotal: Money,
    /// Taken off.
    pub discounts: Money,
    /// For shipping; nothing for products.
    pub shipping: Money,
    /// Tax.
    pub tax: Money,
    /// What buyers paid.
    pub total: Money,
    /// What they got back.
    pub refunded: Money,
}

impl Sales {
    /// What stays: paid less refunded.
    pub fn net(&self) -> Money {
        Money::from_minor(self.total.minor() - self.refunded.minor())
    }

    /// Adds another row to this one.
    pub fn add(&mut self, other: &Self) {
        let plus = |a: &mut Money, b: Money| *a = Money::from_minor(a.minor() + b.minor());
        self.orders += other.orders;
        self.units += other.units;
        plus(&mut self.subtotal, other.subtotal);
        plus(&mut self.discounts, other.discounts);
        plus(&mut self.shipping, other.shipping);
        plus(&mut self.tax, other.tax);
        plus(&mut self.total, other.total);
        plus(&mut self.refunded, other.refunded);
    }
}
