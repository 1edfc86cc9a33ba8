//! The words by which the staff find an order: its number, the one it had in another shop, its e-mail address, names,
//! SKUs.

use super::{NewLine, NewOrder, Order, OrderLine};
use crate::domain::OrderNumber;
use crate::domain::account::AddressDraft;
use std::collections::BTreeSet;

/// Words of a search that count.
const MOST_WORDS: usize = 6;
/// Words an order is found by.
const MOST_TERMS: usize = 400;
/// Letters of a word that count.
const MOST_LETTERS: usize = 100;

/// What is asked of the words of an order.
pub trait Named {
    /// The SKU of the line, if it has one.
    fn sku(&self) -> Option<&str>;
}

impl Named for OrderLine {
    fn sku(&self) -> Option<&str> {
        self.sku.as_deref()
    }
}

impl Named for NewLine {
    fn sku(&self) -> Option<&str> {
        self.sku.as_deref()
    }
}

/// The words an order is found by, each once.
pub fn order_terms(order: &Order, lines: &[impl Named]) -> Vec<String> {
    let addresses = [order.shipping_address.as_ref(), order.billing_address.as_ref()];
    terms(order.number, order.reference.as_deref(), &order.email, addresses, lines)
}

/// The words by which an order that gets this number will be found.
pub fn new_order_terms(number: Option<OrderNumber>, new: &NewOrder) -> Vec<String> {
    let addresses = [new.shipping_address.as_ref(), new.billing_address.as_ref()];
    terms(number, new.reference.as_deref(), new.email.as_str(), addresses, &new.lines)
}

fn terms(
    number: Option<OrderNumber>,
    reference: Option<&str>,
    email: &str,
    addresses: [Option<&AddressDraft>; 2],
    lines: &[impl Named],
) -> Vec<String> {
    let mut terms = BTreeSet::new();
    terms.extend(number.map(|number| number.to_string()));
    add_whole(&mut terms, reference.unwrap_or_default());
    add_whole(&mut terms, email);
    for address in addresses.into_iter().flatten() {
        let AddressDraft { name, company, .. } = address;
        terms.extend(words(name).chain(company.as_deref().into_iter().flat_map(words)));
    }
    for line in lines {
        if let Some(sku) = line.sku() {
            add_whole(&mut terms, sku);
        }
    }
    terms.into_iter().take(MOST_TERMS).collect()
}

/// The beginnings of words that a search asks for; empty when it asks for nothing.
pub fn search_terms(text: &str) -> Vec<String> {
    let found: BTreeSet<String> = text.split_whitespace().map(folded).filter(|word| !word.is_empty()).collect();
    found.into_iter().take(MOST_WORDS).collect()
}

fn add_whole(terms: &mut BTreeSet<String>, text: &str) {
    terms.extend(text.split_whitespace().map(folded).filter(|word| !word.is_empty()));
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace().map(folded).filter(|word| !word.is_empty())
}

/// Lower case, without signs at its ends.
fn folded(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    bare.chars().flat_map(char::to_lowercase).take(MOST_LETTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_words_and_never_syntax() {
        assert_eq!(search_terms(" Lee,  (ANN) \"%\" * "), ["ann", "lee"]);
        assert_eq!(search_terms("MUG-1_x ann@example.test"), ["ann@example.test", "mug-1_x"]);
        assert!(search_terms("  ").is_empty());
        assert_eq!(search_terms(&"a b c d e f g h i ".repeat(50)).len(), MOST_WORDS);
    }
}
