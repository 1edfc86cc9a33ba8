//! What has changed since the buyer was last told, and what becomes of two carts that are joined.

use super::{Cart, CartLine, MOST_LINES, MOST_QUANTITY, Quantity};
use crate::domain::catalog::Image;
use crate::domain::{CartLineId, CategoryId, Money, ProductId, VariantId};

/// A variant that is for sale, as the catalog has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which variant.
    pub variant_id: VariantId,
    /// Of which product.
    pub product_id: ProductId,
    /// The product's name in addresses.
    pub product_slug: String,
    /// What the product is called.
    pub name: String,
    /// Which of its variants this is; empty when there is but one.
    pub title: String,
    /// Its code.
    pub sku: Option<String>,
    /// Its first picture.
    pub image: Option<Image>,
    /// What one costs.
    pub price: Money,
    /// How many a cart can have: what is in stock, or as many as a line holds where stock does not matter.
    pub available: i64,
    /// Where the product stands.
    pub category_id: CategoryId,
    /// The product's tags.
    pub tags: Vec<String>,
    /// How it is taxed.
    pub tax_class: String,
    /// What one weighs.
    pub weight_grams: Option<i64>,
}

/// Something about a line that is not as the buyer was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CartChange {
    /// One costs another price.
    Price {
        /// Which line.
        line: CartLineId,
        /// What the buyer was told.
        from: Money,
        /// What it is.
        to: Money,
    },
    /// Fewer can be had than are wanted, or enough again.
    Stock {
        /// Which line.
        line: CartLineId,
        /// What the buyer was told.
        from: i64,
        /// How many there are.
        to: i64,
    },
    /// It is no longer for sale.
    Gone {
        /// Which line.
        line: CartLineId,
        /// What the buyer was told.
        from: i64,
    },
}

/// What has changed about a line. Stock that comes and goes matters only as far as it concerns what is wanted here.
pub fn changes(line: &CartLine, offer: Option<&Offer>) -> Vec<CartChange> {
    let Some(offer) = offer else {
        return vec![CartChange::Gone { line: line.id, from: line.seen_available }];
    };
    let mut found = Vec::new();
    if offer.price != line.seen_price {
        found.push(CartChange::Price { line: line.id, from: line.seen_price, to: offer.price });
    }
    let served = |available: i64| available.min(line.quantity.get());
    if served(offer.available) != served(line.seen_available) {
        found.push(CartChange::Stock { line: line.id, from: line.seen_available, to: offer.available });
    }
    found
}

/// How many of a line can be had, as the public may know it: where stock is hidden, no more than is asked for.
pub fn shown_available(available: i64, quantity: Quantity, hidden: bool) -> i64 {
    if hidden { available.min(quantity.get()) } else { available }
}

/// What a line becomes when lines of another cart join those of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// A line that was there holds more now.
    More(CartLineId, Quantity),
    /// A line that was not there.
    New(CartLine),
}

/// What the lines of `other` make of `kept`: what both want adds up, but to no more than there is or a line holds.
/// What the buyer was told about `kept` stays, so that they hear of what has changed.
pub fn joined(kept: &Cart, other: &Cart, available: impl Fn(VariantId) -> i64) -> Vec<Joined> {
    let mut room = MOST_LINES.saturating_sub(kept.lines.len());
    let mut joined = Vec::new();
    for line in &other.lines {
        match kept.line_of(line.variant_id) {
            Some(same) => {
                let most = available(line.variant_id).clamp(1, MOST_QUANTITY);
                let both = Quantity::nearest((same.quantity.get() + line.quantity.get()).min(most));
                joined.push(Joined::More(same.id, both));
            }
            None if room > 0 => {
                room -= 1;
                joined.push(Joined::New(line.clone()));
            }
            None => {}
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CartId, Timestamp};

    fn line(variant: i64, quantity: i64) -> CartLine {
        CartLine {
            id: CartLineId::new(variant * 10),
            variant_id: VariantId::new(variant),
            quantity: Quantity::new(quantity).unwrap(),
            seen_price: Money::from_minor(1000),
            seen_available: 8,
            name: "Mug".to_owned(),
            sku: None,
        }
    }

    fn offer(price: i64, available: i64) -> Offer {
        Offer {
            variant_id: VariantId::new(1),
            product_id: ProductId::new(1),
            product_slug: "mug".to_owned(),
            name: "Mug".to_owned(),
            title: String::new(),
            sku: None,
            image: None,
            price: Money::from_minor(price),
            available,
            category_id: CategoryId::new(1),
            tags: Vec::new(),
            tax_class: "standard".to_owned(),
            weight_grams: None,
        }
    }

    fn cart(lines: Vec<CartLine>) -> Cart {
        let at = Timestamp::from_millis(0);
        Cart {
            id: CartId::new(1),
            token: String::new(),
            account: None,
            order: None,
            discount_code: None,
            email: None,
            shipping_address: None,
            shipping_option: None,
            version: 1,
            expires_at: at,
            created_at: at,
            updated_at: at,
            lines,
        }
    }

    #[test]
    fn buyer_hears_of_another_price_and_of_stock_that_no_longer_or_again_suffices() {
        let three = line(1, 3);
        let id = three.id;
        assert_eq!(changes(&three, Some(&offer(1000, 8))), []);
        assert_eq!(changes(&three, Some(&offer(1000, 3))), [], "three are enough for three");
        let (from, to) = (Money::from_minor(1000), Money::from_minor(900));
        let price = CartChange::Price { line: id, from, to };
        assert_eq!(changes(&three, Some(&offer(900, 99))), [price]);
        let stock = CartChange::Stock { line: id, from: 8, to: 2 };
        assert_eq!(changes(&three, Some(&offer(900, 2))), [price, stock]);
        let short = CartLine { seen_available: 2, ..three.clone() };
        assert_eq!(changes(&short, Some(&offer(1000, 5))), [CartChange::Stock { line: id, from: 2, to: 5 }]);
        assert_eq!(changes(&three, None), [CartChange::Gone { line: id, from: 8 }]);
    }

    #[test]
    fn joined_lines_add_up_to_no_more_than_there_is_or_fits() {
        let kept = cart(vec![line(1, 3), line(2, 600), line(3, 5)]);
        let other = cart(vec![line(1, 2), line(2, 600), line(3, 4), line(4, 7)]);
        let available = |variant: VariantId| if variant.get() == 3 { 0 } else { 999 };
        let more =
            |variant: i64, quantity| Joined::More(CartLineId::new(variant * 10), Quantity::new(quantity).unwrap());
        assert_eq!(joined(&kept, &other, available), [more(1, 5), more(2, 999), more(3, 1), Joined::New(line(4, 7))]);
    }

    #[test]
    fn joined_cart_holds_no_more_lines_than_any_other() {
        let kept = cart((1..=99).map(|n| line(n, 1)).collect());
        let other = cart((50..=150).map(|n| line(n, 1)).collect());
        let joined = joined(&kept, &other, |_| 999);
        assert_eq!(joined.iter().filter(|one| matches!(one, Joined::New(_))).count(), 1);
        assert_eq!(joined.iter().filter(|one| matches!(one, Joined::More(..))).count(), 50);
    }
}
