//! Why a cart cannot be ordered as it is, in words that say what to do.

use crate::domain::pricing::{Quote, Refusal};
use crate::domain::stock::Shortage;
use crate::domain::{Currency, FieldError, Invalid, Money};
use crate::services::selling::cart_price::PricedCart;
use crate::services::{Error, Outcome};

/// Refuses a cart with nothing in it, or with lines that cannot be had.
pub(super) fn of_lines(priced: &PricedCart, hide_stock: bool) -> Outcome<()> {
    if priced.lines.is_empty() {
        let detail = "the cart is empty: put something into it first".to_owned();
        return Err(Error::Conflict("cart_empty", detail, Vec::new()));
    }
    let wrong = priced.lines.iter().enumerate().filter_map(|(index, line)| match &line.offer {
        None => Some(gone(index)),
        Some(_) if line.is_served() => None,
        Some(offer) => Some(too_few(index, offer.available, hide_stock)),
    });
    out_of_stock(wrong.collect())
}

/// The refusal of an order for which there was too little when it was taken.
pub(super) fn short(priced: &PricedCart, short: &[Shortage], hide_stock: bool) -> Error {
    let lines = priced.cart.lines.iter().enumerate();
    let short = lines.filter_map(|(index, line)| {
        let of_line = short.iter().find(|one| one.variant_id == line.variant_id)?;
        Some(too_few(index, of_line.available, hide_stock))
    });
    out_of_stock(short.collect()).err().unwrap_or(Error::Busy)
}

fn out_of_stock(errors: Vec<FieldError>) -> Outcome<()> {
    if errors.is_empty() {
        return Ok(());
    }
    let detail = "something in the cart cannot be had: change or remove the lines that are named".to_owned();
    Err(Error::Conflict("out_of_stock", detail, errors))
}

fn gone(index: usize) -> FieldError {
    FieldError { field: format!("lines[{index}]"), code: "gone", message: "is no longer for sale".to_owned() }
}

fn too_few(index: usize, available: i64, hide_stock: bool) -> FieldError {
    let message = match available {
        0 => "none are in stock".to_owned(),
        _ if hide_stock => "fewer are in stock".to_owned(),
        few => format!("only {few} are in stock"),
    };
    FieldError { field: format!("lines[{index}].quantity"), code: "out_of_stock", message }
}

/// Refuses a cart for which no way to ship it is chosen that is offered.
pub(super) fn of_shipping(priced: &PricedCart) -> Outcome<()> {
    if priced.shipping.is_some() {
        return Ok(());
    }
    let offered: Vec<&str> = priced.options.iter().map(|option| option.id.as_str()).collect();
    let invalid = match (&priced.cart.shipping_option, offered.as_slice()) {
        (_, []) => Invalid::one("shipping_address", "not_shipped_there", "is where the shop does not ship to"),
        (Some(_), ids) => Invalid::one("shipping_option", "not_offered", format!("must be one of {}", ids.join(", "))),
        (None, ids) => {
            Invalid::one("shipping_option", "required", format!("is required: choose one of {}", ids.join(", ")))
        }
    };
    Err(invalid.into())
}

/// Refuses a total that is not the one the buyer knows. Without one they must at least get the discount they entered.
pub(super) fn of_total(quote: &Quote, expected: Option<Money>, currency: Currency) -> Outcome<()> {
    if expected == Some(quote.total) {
        return Ok(());
    }
    if let Some(refusal) = quote.refused.filter(|refusal| disappoints(*refusal)) {
        let code = refusal.code();
        let detail = format!("{} Remove it, or enter another.", refusal.message());
        return Err(Error::Conflict(code, detail, now(quote, currency)));
    }
    if expected.is_none() {
        return Ok(());
    }
    let total = currency.format(quote.total);
    let changed = FieldError {
        field: "expected_total".to_owned(),
        code: "total_changed",
        message: format!("is not the total, which is {total} now"),
    };
    let errors = std::iter::once(changed).chain(now(quote, currency)).collect();
    let detail = format!("the total is {total} {} now: show it to the buyer, and expect it", currency.code());
    Err(Error::Conflict("total_changed", detail, errors))
}

/// Whether the buyer pays more than a code made them hope.
const fn disappoints(refusal: Refusal) -> bool {
    !matches!(refusal, Refusal::NothingToTakeOff | Refusal::OthersAreBetter)
}

/// The sums as they are now, for programs.
fn now(quote: &Quote, currency: Currency) -> Vec<FieldError> {
    let sums = [
        ("subtotal", quote.subtotal),
        ("discount_total", quote.discount_total),
        ("shipping_total", quote.shipping_total),
        ("tax_total", quote.tax_total),
        ("total", quote.total),
    ];
    let error = |(field, amount): (&str, Money)| FieldError {
        field: field.to_owned(),
        code: "current",
        message: currency.format(amount),
    };
    sums.into_iter().map(error).collect()
}

/// A discount was used up while the order was placed.
pub(super) fn used_up(name: &str) -> Error {
    let detail = format!("{name}: {}", Refusal::UsedUp.message());
    Error::Conflict(Refusal::UsedUp.code(), detail, Vec::new())
}

/// This buyer used up what one may.
pub(super) fn used_by_customer(name: &str) -> Error {
    let detail = format!("{name}: {}", Refusal::UsedByCustomer.message());
    Error::Conflict(Refusal::UsedByCustomer.code(), detail, Vec::new())
}
