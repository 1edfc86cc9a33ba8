//! Around the catalog and around an order: reviews and ratings, wishlists, back-in-stock requests, and the letters that
//! are made of templates.

mod back_in_stock;
mod letters;
mod wishlists;
mod written;

use crate::support::{TestShop, wait};
use nexus::domain::account::AddressDraft;
use nexus::domain::order::{NewLine, NewOrder, NewPayment, OrderSource, OrderStatus, OrderSums};
use nexus::domain::{Email, Money, OrderId, ProductId, Timestamp, UserId};
use nexus::jobs::{Ran, Work, run_due};
use nexus::services::{Ctx, Error};
use serde_json::json;
use std::sync::Arc;

/// The token of orders made here.
pub const ORDER_TOKEN: &str = "c2FtcGxlLXRva2VuLW9mLWFuLW9yZGVy";

/// Writes down an order of two units of a product, for the template's customer, with what one can have.
pub fn order(shop: &TestShop, product: ProductId, status: OrderStatus) -> OrderId {
    let (now, money) = (Ctx::shop().now, Money::from_minor);
    let line = NewLine {
        product_id: Some(product),
        variant_id: None,
        sku: Some("MUG".to_owned()),
        name: "Mug <blue>".to_owned(),
        title: "Large".to_owned(),
        quantity: 2,
        unit_price: money(1_000),
        discount: money(100),
        tax: money(361),
        total: money(2_261),
        taxes: Vec::new(),
        weight_grams: None,
    };
    let sums = OrderSums {
        subtotal: money(2_000),
        discount_total: money(100),
        shipping_total: money(490),
        tax_total: money(361),
        total: money(2_751),
    };
    let address = AddressDraft {
        name: "Ann Lee".to_owned(),
        company: None,
        line1: "1 Canal Street".to_owned(),
        line2: None,
        city: "Utrecht".to_owned(),
        region: None,
        postal_code: "3511 AB".to_owned(),
        country: "NL".to_owned(),
        phone: None,
        vat_number: None,
    };
    let new = NewOrder {
        token: ORDER_TOKEN.to_owned(),
        account_id: Some(UserId::new(1)),
        email: Email::parse("customer@example.test").unwrap(),
        source: OrderSource::Web,
        status,
        currency: "EUR".to_owned(),
        tax_included: false,
        sums,
        shipping_option: Some("standard".to_owned()),
        shipping_name: Some("Standard shipping".to_owned()),
        shipping_address: Some(address),
        billing_address: None,
        discount_code: None,
        reference: None,
        explanation: "[]".to_owned(),
        note: None,
        client: None,
        placed_at: now,
        lines: vec![line],
    };
    let details = json!({ "method": "bank_transfer", "instructions": "Please transfer the total." });
    let payment = NewPayment {
        provider: "manual".to_owned(),
        amount: sums.total,
        currency: "EUR".to_owned(),
        details,
        check_at: None,
    };
    let written = shop.shop.store().write_blocking(move |tx| {
        let order = tx.order_insert(&new, 1001, now)?;
        tx.payment_insert(order, &payment, now)?;
        Ok::<_, Error>(order)
    });
    written.unwrap()
}

/// Sends what is due at a moment, and nothing else of what the shop does by itself.
pub fn deliver_at(shop: &TestShop, at: Timestamp) -> Ran {
    let work = Work { chores: Arc::new([]), clock: Arc::new(move || at), ..Work::default() };
    wait(run_due(shop.shop.clone(), work)).expect("jobs run")
}

/// Sends what is due and takes all letters out of the folder, as they are, the oldest first.
pub fn letters(shop: &TestShop) -> Vec<String> {
    deliver_at(shop, Ctx::shop().now);
    let folder = shop.path().join("mail");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("letters").map(|e| e.expect("a file").path()).collect();
    files.sort();
    let read = |path| {
        let message = std::fs::read_to_string(&path).expect("a letter");
        std::fs::remove_file(path).expect("taken");
        plain(&message)
    };
    files.into_iter().map(read).collect()
}

/// A message as it was before it was made fit for the mail: each part that is quoted-printable (RFC 2045) is read back.
fn plain(message: &str) -> String {
    let parts = message.replace("\r\n", "\n");
    let read = |part: &str| if part.contains("Encoding: quoted-printable") { unquoted(part) } else { part.to_owned() };
    parts.split("\n--").map(read).collect::<Vec<_>>().join("\n--")
}

fn unquoted(part: &str) -> String {
    let joined = part.replace("=\n", "");
    let mut pieces = joined.split('=');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        // What is not ASCII is of no interest.
        let byte = piece.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(b'?');
        text.push(if byte.is_ascii() { char::from(byte) } else { '?' });
        text.push_str(piece.get(2..).unwrap_or_default());
    }
    text
}

/// The token in a letter.
pub fn token(letter: &str) -> String {
    letter.split("#token=").nth(1).expect("a link").chars().take(43).collect()
}
