//! What a cart costs at this moment, and what has changed since the buyer was last told.

use super::cart_owner::CartLife;
use super::rules::{RulesQuery, rules_for};
use crate::domain::account::{AddressDraft, exempts};
use crate::domain::cart::{Cart, CartChange, CartLine, Offer, changes};
use crate::domain::order::NewLine;
use crate::domain::pricing::{
    Basket, BasketLine, Place, PriceSettings, Quote, QuoteLine, Rules, ShippingOption, price,
};
use crate::domain::{CategoryId, Email, Money, Timestamp, VariantId};
use crate::services::{Outcome, Shop};
use crate::store::ReadTx;
use std::collections::BTreeMap;

/// A cart with all there is to say about it now.
#[derive(Clone, Debug)]
pub struct PricedCart {
    /// The cart as it is kept.
    pub cart: Cart,
    /// Its lines, in its order.
    pub lines: Vec<PricedLine>,
    /// What it costs. Lines that are gone are not in it.
    pub quote: Quote,
    /// How it can be shipped; where the address is not known, how it can be shipped anywhere.
    pub options: Vec<ShippingOption>,
    /// How it is shipped, when that was chosen and is offered still.
    pub shipping: Option<ShippingOption>,
    /// What is not as the buyer was last told.
    pub changes: Vec<CartChange>,
}

/// A line of a cart as it is now.
#[derive(Clone, Debug)]
pub struct PricedLine {
    /// The line as it is kept.
    pub line: CartLine,
    /// What is sold; none when it is gone.
    pub offer: Option<Offer>,
    /// What it costs; none when it is gone.
    pub quote: Option<QuoteLine>,
}

impl PricedCart {
    /// The lines of the order it would be, without those that are gone.
    pub fn new_lines(&self) -> Vec<NewLine> {
        let sold = self.lines.iter().filter_map(|line| Some((line.offer.as_ref()?, line.quote.as_ref()?)));
        sold.map(|(offer, quote)| NewLine::of(offer, quote)).collect()
    }
}

impl PricedLine {
    /// How many can be had.
    pub fn available(&self) -> i64 {
        self.offer.as_ref().map_or(0, |offer| offer.available)
    }

    /// What one costs, or did when it could still be had.
    pub fn unit_price(&self) -> Money {
        self.offer.as_ref().map_or(self.line.seen_price, |offer| offer.price)
    }

    /// Whether all that is wanted can be had.
    pub fn is_served(&self) -> bool {
        self.available() >= self.line.quantity.get()
    }
}

/// What the shop has settled about carts.
#[derive(Clone, Debug)]
pub struct CartTerms {
    /// How prices are worked out.
    pub prices: PriceSettings,
    /// Where the shop is at home; empty when there is no such country.
    pub country: String,
    /// Whether a VAT number abroad exempts from tax.
    pub exempt_vat_numbers: bool,
    /// Whether the only way to ship a cart counts as chosen when none is.
    pub(super) takes_only_option: bool,
    pub(super) life: CartLife,
}

impl CartTerms {
    /// How long carts are kept.
    pub fn life(&self) -> CartLife {
        self.life
    }

    /// Where a cart goes, as far as that is known.
    pub fn place(&self, address: Option<&AddressDraft>) -> Place {
        match address {
            Some(address) => Place::new(&address.country, address.region.as_deref()),
            None => Place::new(&self.country, None),
        }
    }

    /// Whether a buyer there owes no tax.
    pub fn is_exempt(&self, address: Option<&AddressDraft>) -> bool {
        let by = |address: &AddressDraft| exempts(&self.country, &address.country, address.vat_number.as_deref());
        self.exempt_vat_numbers && address.is_some_and(by)
    }
}

impl Shop {
    /// What the shop has settled about carts, to be taken into a transaction.
    pub fn cart_terms(&self) -> CartTerms {
        CartTerms {
            prices: self.price_settings(),
            country: self.selling.country.clone(),
            exempt_vat_numbers: self.selling.exempt_vat_numbers,
            takes_only_option: false,
            life: CartLife::days(self.selling.cart_days),
        }
    }
}

/// What a cart costs now. Reads rules, products and stock as this transaction sees them, so that inside a write
/// transaction what is found still holds when the order is written.
pub fn cart_price(tx: &ReadTx<'_>, terms: &CartTerms, cart: Cart, now: Timestamp) -> Outcome<PricedCart> {
    cart_price_at(tx, terms, cart, &BTreeMap::new(), now)
}

/// The same at other prices than those of the shop, for the variants named.
pub fn cart_price_at(
    tx: &ReadTx<'_>,
    terms: &CartTerms,
    cart: Cart,
    prices: &BTreeMap<VariantId, Money>,
    now: Timestamp,
) -> Outcome<PricedCart> {
    let mut offers: BTreeMap<VariantId, Offer> = BTreeMap::new();
    if !cart.lines.is_empty() {
        offers.extend(tx.cart_offers(cart.id)?.into_iter().map(|offer| (offer.variant_id, offer)));
    }
    for (variant, price) in prices {
        offers.entry(*variant).and_modify(|offer| offer.price = *price);
    }
    let address = cart.shipping_address.as_ref();
    let place = terms.place(address);
    let (rules, shipping) = (rules(tx, &cart, &place, now)?, tx.shipping_rates_for(&place)?);
    let above = categories_above(tx, &cart, &rules)?;
    let line = |line: &CartLine| {
        let offer = offers.get(&line.variant_id)?;
        let above = above.get(&offer.category_id).cloned();
        Some(basket_line(line, offer, above.unwrap_or_else(|| vec![offer.category_id])))
    };
    let lines = cart.lines.iter().filter_map(line).collect();
    let mut basket = Basket { lines, place, tax_exempt: terms.is_exempt(address), shipping: None };
    let options = shipping.options(&basket);
    basket.shipping = chosen(&options, cart.shipping_option.as_deref(), terms.takes_only_option);
    let quote = price(&basket, &rules, terms.prices, now)?;
    let changes = cart.lines.iter().flat_map(|line| changes(line, offers.get(&line.variant_id))).collect();
    let priced = |line: &CartLine| PricedLine {
        line: line.clone(),
        offer: offers.get(&line.variant_id).cloned(),
        quote: quote.lines.iter().find(|priced| priced.key == line.id.get()).cloned(),
    };
    let lines = cart.lines.iter().map(priced).collect();
    Ok(PricedCart { cart, lines, quote, options, shipping: basket.shipping, changes })
}

/// The option that was chosen, while it is offered.
fn chosen(options: &[ShippingOption], id: Option<&str>, takes_only: bool) -> Option<ShippingOption> {
    match (id, options) {
        (Some(id), options) => options.iter().find(|option| option.id == id).cloned(),
        (None, [only]) if takes_only => Some(only.clone()),
        (None, _) => None,
    }
}

/// The rules that may matter to a cart.
fn rules(tx: &ReadTx<'_>, cart: &Cart, place: &Place, now: Timestamp) -> Outcome<Rules> {
    let email = match (&cart.email, cart.account) {
        (Some(email), _) => Some(email.clone()),
        (None, Some(account)) => tx.user_by_id(account)?.map(|user| user.email),
        (None, None) => None,
    };
    let customer = email.as_deref().and_then(Email::parse).map(|email| email.key());
    let code = cart.discount_code.as_deref();
    rules_for(tx, RulesQuery { place, code, customer: customer.as_deref(), account: cart.account, now })
}

/// The categories of what is in a cart, each with itself and all above it, if there is a rule that asks.
fn categories_above(tx: &ReadTx<'_>, cart: &Cart, rules: &Rules) -> Outcome<BTreeMap<CategoryId, Vec<CategoryId>>> {
    let mut above: BTreeMap<CategoryId, Vec<CategoryId>> = BTreeMap::new();
    if rules.discounts.iter().any(|discount| !discount.draft.categories.is_empty()) {
        for (category, one) in tx.cart_categories(cart.id)? {
            above.entry(category).or_default().push(one);
        }
    }
    Ok(above)
}

fn basket_line(line: &CartLine, offer: &Offer, categories: Vec<CategoryId>) -> BasketLine {
    BasketLine {
        key: line.id.get(),
        variant: offer.variant_id,
        product: offer.product_id,
        name: offer.name.clone(),
        categories,
        tags: offer.tags.clone(),
        tax_class: offer.tax_class.clone(),
        unit_price: offer.price,
        quantity: line.quantity.get(),
        weight_grams: offer.weight_grams,
    }
}
