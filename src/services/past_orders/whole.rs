//! Judges an order of a file as a whole: whether it was paid, and what its parts come to.

use super::rows::{PastLine, Refused};
use crate::domain::money::MAX_MINOR;
use crate::domain::order::OrderSums;
use crate::domain::{Invalid, Money, Timestamp};
use crate::services::Outcome;

/// Words of other shops for an order whose money came in.
const PAID: [&str; 5] = ["paid", "partially_refunded", "completed", "complete", "processing"];
/// Words of other shops for an order whose money came in and went back.
const REFUNDED: [&str; 1] = ["refunded"];
/// Words of other shops for an order whose money never came in.
const UNPAID: [&str; 11] = [
    "pending",
    "voided",
    "authorized",
    "expired",
    "unpaid",
    "failed",
    "cancelled",
    "canceled",
    "on-hold",
    "draft",
    "checkout-draft",
];

/// Whether the money of an order came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It did.
    Paid,
    /// It did, and went back.
    Refunded,
    /// It did not.
    Unpaid,
}

impl Standing {
    /// Reads what another shop calls it.
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.to_lowercase().replace(' ', "_");
        let word = word.strip_prefix("wc-").unwrap_or(&word);
        let known: [(&[&str], Self); 3] = [(&PAID, Self::Paid), (&REFUNDED, Self::Refunded), (&UNPAID, Self::Unpaid)];
        known.into_iter().find(|(words, _)| words.contains(&word)).map(|(_, standing)| standing)
    }
}

/// What a row says of its whole order. Files say it in the first row of an order, or in each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What shipping cost.
    pub shipping: Option<Money>,
    /// All tax.
    pub tax: Option<Money>,
    /// What was taken off.
    pub discount: Option<Money>,
    /// What was to be paid.
    pub total: Option<Money>,
    /// What was paid back.
    pub refunded: Option<Money>,
    /// Whether the money came in.
    pub standing: Option<Standing>,
    /// When it was called off.
    pub cancelled_at: Option<Timestamp>,
}

impl Said {
    /// What all rows of an order say together.
    fn of(rows: &[PastLine]) -> Self {
        rows.iter().map(|row| &row.said).fold(Self::default(), |all, row| Self {
            shipping: all.shipping.or(row.shipping),
            tax: all.tax.or(row.tax),
            discount: all.discount.or(row.discount),
            total: all.total.or(row.total),
            refunded: all.refunded.or(row.refunded),
            standing: all.standing.or(row.standing),
            cancelled_at: all.cancelled_at.or(row.cancelled_at),
        })
    }

    fn was_never_paid(&self) -> bool {
        match self.standing {
            Some(standing) => standing == Standing::Unpaid,
            None => self.cancelled_at.is_some(),
        }
    }
}

/// An order of the file that adds up.
#[derive(Debug, PartialEq, Eq)]
pub struct PastOrder<'r> {
    /// The first of its rows.
    pub first: &'r PastLine,
    /// Whether anything was sold; if not, it is only what came back.
    pub is_sale: bool,
    /// What was sold, without the lines of shipping.
    pub goods: Vec<&'r PastLine>,
    /// What came back.
    pub back: Vec<&'r PastLine>,
    /// Its sums.
    pub sums: OrderSums,
    /// Whether the prices contain the tax.
    pub tax_included: bool,
    /// What was paid back for no line in particular, and when.
    pub refunded: Option<(Money, Timestamp)>,
}

/// Judges the rows of one order. None when it was never paid, and so is no sale.
pub fn judge<'r>(rows: &'r [PastLine], shipping_skus: &[String]) -> Result<Option<PastOrder<'r>>, Refused> {
    let Some(first) = rows.first() else { return Ok(None) };
    let said = Said::of(rows);
    if said.was_never_paid() {
        return Ok(None);
    }
    let is_shipping = |row: &PastLine| {
        row.sku.as_ref().is_some_and(|sku| shipping_skus.iter().any(|named| named.eq_ignore_ascii_case(sku)))
    };
    let (sold, back): (Vec<&PastLine>, Vec<&PastLine>) = rows.iter().partition(|row| row.quantity > 0);
    let is_sale = !sold.is_empty();
    let (postage, goods): (Vec<&PastLine>, Vec<&PastLine>) = sold.into_iter().partition(|row| is_shipping(row));
    let refuse = |reason: String| Refused { number: first.number, reason: format!("order {}: {reason}", first.order) };
    let (sums, tax_included) = sums(&said, worth(&goods), worth(&postage)).map_err(refuse)?;
    let back_in_full = (said.standing == Some(Standing::Refunded)).then_some(sums.total);
    let refunded = said.refunded.filter(|amount| amount.minor() > 0).or(back_in_full).filter(|_| is_sale);
    if refunded.is_some_and(|amount| amount > sums.total) {
        return Err(refuse("more was paid back than it comes to".to_owned()));
    }
    let refunded = refunded.filter(|amount| amount.minor() > 0);
    let refunded = refunded.map(|amount| (amount, said.cancelled_at.unwrap_or(first.placed_at).max(first.placed_at)));
    Ok(Some(PastOrder { first, is_sale, goods, back, sums, tax_included, refunded }))
}

/// Refuses an order that comes to more than the shop can keep, before anything of the file is written.
pub fn check_worth(rows: &[PastLine]) -> Outcome<()> {
    let sold: Vec<&PastLine> = rows.iter().filter(|row| row.quantity > 0).collect();
    let Some(first) = sold.first().filter(|_| worth(&sold) > MAX_MINOR) else { return Ok(()) };
    let (number, order) = (first.number, &first.order);
    let reason =
        format!("line {number}: the order {order} comes to more than any amount the shop can keep; take it out");
    Err(Invalid::one("", "too_large", reason).into())
}

/// What rows come to.
fn worth(rows: &[&PastLine]) -> i64 {
    rows.iter().map(|row| row.worth()).fold(0, i64::saturating_add)
}

/// The sums of an order, and whether its prices contain the tax: whichever way comes to the total.
fn sums(said: &Said, goods: i64, postage: i64) -> Result<(OrderSums, bool), String> {
    let minor = |amount: Option<Money>| amount.map_or(0, Money::minor);
    let (tax, discount) = (minor(said.tax), minor(said.discount));
    // What is taken off beyond the goods was taken off their shipping.
    let off_goods = discount.min(goods);
    let shipping = minor(said.shipping).saturating_add(postage).saturating_sub(discount - off_goods);
    if shipping < 0 {
        return Err("more is taken off than it comes to".to_owned());
    }
    let net = (goods - off_goods).saturating_add(shipping);
    let tax_included = match said.total.map(Money::minor) {
        None if tax == 0 => true,
        None => return Err("it has tax and no total, so whether its prices contain the tax cannot be told".to_owned()),
        Some(total) if total == net => true,
        Some(total) if total == net.saturating_add(tax) => false,
        Some(_) => {
            let parts = "goods, less discount, with shipping, with or without tax on top";
            return Err(format!("its parts ({parts}) do not come to its total; correct it or take it out"));
        }
    };
    let total = if tax_included { net } else { net.saturating_add(tax) };
    let [subtotal, discount_total, shipping_total, tax_total, total] =
        [goods, off_goods, shipping, tax, total].map(Money::from_minor);
    Ok((OrderSums { subtotal, discount_total, shipping_total, tax_total, total }, tax_included))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(minor: i64) -> Option<Money> {
        Some(Money::from_minor(minor))
    }

    fn sums_of(said: &Said, goods: i64, postage: i64) -> Result<([i64; 5], bool), String> {
        let (sums, included) = sums(said, goods, postage)?;
        let OrderSums { subtotal, discount_total, shipping_total, tax_total, total } = sums;
        Ok(([subtotal, discount_total, shipping_total, tax_total, total].map(Money::minor), included))
    }

    #[test]
    fn tax_is_on_top_or_within_whichever_comes_to_the_total() {
        let said =
            |total| Said { shipping: amount(500), tax: amount(200), discount: amount(270), total, ..Said::default() };
        assert_eq!(sums_of(&said(amount(2_130)), 1_700, 0), Ok(([1_700, 270, 500, 200, 2_130], false)));
        assert_eq!(sums_of(&said(amount(1_930)), 1_700, 0), Ok(([1_700, 270, 500, 200, 1_930], true)));
        assert!(sums_of(&said(amount(2_131)), 1_700, 0).unwrap_err().contains("do not come to its total"));
        assert!(sums_of(&said(None), 1_700, 0).unwrap_err().contains("no total"));
        assert_eq!(sums_of(&Said::default(), 1_700, 490), Ok(([1_700, 0, 490, 0, 2_190], true)));
    }

    #[test]
    fn what_is_taken_off_beyond_the_goods_is_taken_off_shipping() {
        let said = Said { shipping: amount(500), discount: amount(1_100), ..Said::default() };
        assert_eq!(sums_of(&said, 1_000, 0), Ok(([1_000, 1_000, 400, 0, 400], true)));
        assert!(sums_of(&said, 500, 0).is_err());
    }

    #[test]
    fn standing_is_read_in_the_words_of_other_shops() {
        for (text, standing) in [
            ("paid", Standing::Paid),
            ("Partially Refunded", Standing::Paid),
            ("wc-completed", Standing::Paid),
            ("refunded", Standing::Refunded),
            ("voided", Standing::Unpaid),
            ("wc-on-hold", Standing::Unpaid),
        ] {
            assert_eq!(Standing::parse(text), Some(standing), "{text}");
        }
        assert_eq!(Standing::parse("partially_paid"), None);
    }
}
