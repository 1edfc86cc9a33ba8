//! Carts as clients see them.

use super::{Amount, Moment, SignedAmount, one_of};
use crate::domain::account::AddressDraft;
use crate::domain::cart::{Cart, CartChange, shown_available};
use crate::domain::catalog::Image;
use crate::domain::pricing::{Applied, Explained, ExplainedKind, Refusal, ShippingOption};
use crate::domain::{CartLineId, Currency, DiscountId, Money, ProductId, VariantId};
use crate::services::selling::{PricedCart, PricedLine};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::Serialize;

/// A cart, priced as of now.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Cart")]
pub struct CartView {
    /// What it is addressed by; keep it from others.
    token: String,
    currency: &'static str,
    /// Whether the amounts contain the tax.
    tax_included: bool,
    lines: Vec<CartLineView>,
    /// The discount code that was entered.
    discount_code: Option<String>,
    /// Why the code takes nothing off.
    discount_refused: Option<RefusedView>,
    /// The discounts that took something off.
    discounts: Vec<AppliedView>,
    email: Option<String>,
    shipping_address: Option<PostalAddressView>,
    /// The id of the shipping option that was chosen and is offered.
    shipping_option: Option<String>,
    /// The sum of unit price times quantity.
    subtotal: Amount,
    /// What is taken off the lines.
    discount_total: Amount,
    shipping_total: Amount,
    /// All tax, that on shipping included.
    tax_total: Amount,
    /// What is to be paid: `subtotal - discount_total + shipping_total`, and `tax_total` where `tax_included` is false.
    total: Amount,
    /// What is not as you were last told; changing the cart takes note of it.
    changes: Vec<ChangeView>,
    /// Each thing that made the total; with `explain` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<ExplainedView>")]
    explanation: Option<Vec<ExplainedView>>,
    /// When it is removed unless it changes.
    expires_at: Moment,
    updated_at: Moment,
}

/// A line of a cart.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CartLine")]
pub struct CartLineView {
    #[schemars(with = "i64")]
    id: CartLineId,
    #[schemars(with = "i64")]
    variant_id: VariantId,
    /// Null when it is no longer for sale.
    #[schemars(with = "Option<i64>")]
    product_id: Option<ProductId>,
    /// Null when it is no longer for sale.
    product_slug: Option<String>,
    sku: Option<String>,
    /// What the product is called.
    name: String,
    /// Which of its variants this is; may be empty.
    title: String,
    image: Option<CartImageView>,
    quantity: i64,
    unit_price: Amount,
    /// What is taken off.
    discount: Amount,
    tax: Amount,
    /// What is paid for it: nothing when it is no longer for sale.
    total: Amount,
    /// How many can be had, at most 999.
    available: i64,
}

/// A picture of what is in a line.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CartImage")]
pub struct CartImageView {
    url: String,
    alt: String,
}

/// A discount that took something off.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AppliedDiscount")]
pub struct AppliedView {
    #[schemars(with = "i64")]
    id: DiscountId,
    name: String,
    code: Option<String>,
    /// How much, off lines and shipping.
    amount: Amount,
}

/// Why a discount code takes nothing off.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RefusedDiscount")]
pub struct RefusedView {
    /// A stable word for programs.
    code: &'static str,
    /// A sentence for the buyer.
    message: &'static str,
}

/// Something that is not as the buyer was last told.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(rename = "CartChange")]
pub enum ChangeView {
    /// One costs another price.
    Price {
        #[schemars(with = "i64")]
        line_id: CartLineId,
        from: Amount,
        to: Amount,
    },
    /// Fewer can be had than are wanted, or enough again.
    Stock {
        #[schemars(with = "i64")]
        line_id: CartLineId,
        from: i64,
        to: i64,
    },
    /// It is no longer for sale.
    Gone {
        #[schemars(with = "i64")]
        line_id: CartLineId,
        from: i64,
        to: i64,
    },
}

/// One thing that made the total. The amounts of those that are not `included` add up to it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Explained")]
pub struct ExplainedView {
    #[schemars(schema_with = "explained_kinds")]
    kind: &'static str,
    name: String,
    /// What it adds; below zero for a discount.
    amount: SignedAmount,
    /// Whether the amount is contained in others already, as tax is in prices that include it.
    included: bool,
}

fn explained_kinds(_: &mut SchemaGenerator) -> Schema {
    use ExplainedKind::{Discount, Line, Shipping, Tax};
    one_of([Line, Discount, Shipping, Tax].map(ExplainedKind::as_str))
}

/// A postal address.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PostalAddress")]
pub struct PostalAddressView {
    name: String,
    company: Option<String>,
    line1: String,
    line2: Option<String>,
    city: String,
    region: Option<String>,
    postal_code: String,
    /// ISO 3166-1 alpha-2 code.
    country: String,
    phone: Option<String>,
    vat_number: Option<String>,
}

/// A way to ship a cart.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShippingOption")]
pub struct ShippingOptionView {
    /// What it is chosen by.
    id: String,
    name: String,
    /// What it costs, before a discount on it.
    price: Amount,
}

/// The ways to ship a cart.
#[derive(Serialize, JsonSchema)]
pub struct ShippingOptionList {
    /// The ways, in the shop's order.
    pub results: Vec<ShippingOptionView>,
    /// Always null: they fit on one page.
    pub next: Option<String>,
    /// Always null.
    pub previous: Option<String>,
}

/// What is kept of somebody's cart.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "KeptCart")]
pub struct KeptCartView {
    /// Whether it became an order.
    ordered: bool,
    lines: Vec<KeptLineView>,
    discount_code: Option<String>,
    email: Option<String>,
    shipping_address: Option<PostalAddressView>,
    created_at: Moment,
    updated_at: Moment,
}

/// What is kept of a line.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "KeptCartLine")]
pub struct KeptLineView {
    #[schemars(with = "i64")]
    variant_id: VariantId,
    sku: Option<String>,
    name: String,
    quantity: i64,
}

/// What a view of a cart depends on beside the cart.
#[derive(Clone, Copy)]
pub struct CartShape {
    /// The shop's currency.
    pub currency: Currency,
    /// Whether the public sees only if there is enough.
    pub hide_stock: bool,
    /// Whether it says what made the total.
    pub explain: bool,
}

impl CartView {
    /// The view of a cart.
    pub fn new(priced: PricedCart, shape: CartShape) -> Self {
        let PricedCart { cart, lines, quote, shipping, changes, .. } = priced;
        let amount = |money: Money| Amount(money, shape.currency);
        let change = |change: &CartChange| ChangeView::new(*change, &cart, shape);
        let explained = |one: Explained| ExplainedView::new(one, shape.currency);
        Self {
            changes: changes.iter().map(change).collect(),
            token: cart.token,
            currency: shape.currency.code(),
            tax_included: quote.tax_included,
            lines: lines.into_iter().map(|line| CartLineView::new(line, shape)).collect(),
            discount_code: cart.discount_code,
            discount_refused: quote.refused.map(RefusedView::new),
            discounts: quote.applied.into_iter().map(|one| AppliedView::new(one, shape.currency)).collect(),
            email: cart.email,
            shipping_address: cart.shipping_address.map(PostalAddressView::new),
            shipping_option: shipping.map(|option| option.id),
            subtotal: amount(quote.subtotal),
            discount_total: amount(quote.discount_total),
            shipping_total: amount(quote.shipping_total),
            tax_total: amount(quote.tax_total),
            total: amount(quote.total),
            explanation: shape.explain.then(|| quote.explanation.into_iter().map(explained).collect()),
            expires_at: Moment(cart.expires_at),
            updated_at: Moment(cart.updated_at),
        }
    }
}

impl CartLineView {
    fn new(priced: PricedLine, shape: CartShape) -> Self {
        let amount = |money: Option<Money>| Amount(money.unwrap_or_default(), shape.currency);
        let available = shown_available(priced.available(), priced.line.quantity, shape.hide_stock);
        let unit_price = amount(Some(priced.unit_price()));
        let PricedLine { line, offer, quote } = priced;
        let (discount, tax) = (quote.as_ref().map(|q| q.discount), quote.as_ref().map(|q| q.tax));
        Self {
            id: line.id,
            variant_id: line.variant_id,
            product_id: offer.as_ref().map(|offer| offer.product_id),
            product_slug: offer.as_ref().map(|offer| offer.product_slug.clone()),
            sku: offer.as_ref().map_or(line.sku, |offer| offer.sku.clone()),
            name: offer.as_ref().map_or(line.name, |offer| offer.name.clone()),
            title: offer.as_ref().map(|offer| offer.title.clone()).unwrap_or_default(),
            image: offer.and_then(|offer| offer.image).map(|Image { url, alt, .. }| CartImageView { url, alt }),
            quantity: line.quantity.get(),
            unit_price,
            discount: amount(discount),
            tax: amount(tax),
            total: amount(quote.map(|q| q.total)),
            available,
        }
    }
}

impl ChangeView {
    fn new(change: CartChange, cart: &Cart, shape: CartShape) -> Self {
        let amount = |money: Money| Amount(money, shape.currency);
        let shown = |line: CartLineId, available: i64| match cart.line(line) {
            Some(line) => shown_available(available, line.quantity, shape.hide_stock),
            None => available,
        };
        match change {
            CartChange::Price { line, from, to } => Self::Price { line_id: line, from: amount(from), to: amount(to) },
            CartChange::Stock { line, from, to } => {
                Self::Stock { line_id: line, from: shown(line, from), to: shown(line, to) }
            }
            CartChange::Gone { line, from } => Self::Gone { line_id: line, from: shown(line, from), to: 0 },
        }
    }
}

impl AppliedView {
    fn new(applied: Applied, currency: Currency) -> Self {
        let Applied { discount, name, code, amount } = applied;
        Self { id: discount, name, code, amount: Amount(amount, currency) }
    }
}

impl RefusedView {
    fn new(refusal: Refusal) -> Self {
        Self { code: refusal.code(), message: refusal.message() }
    }
}

impl ExplainedView {
    fn new(explained: Explained, currency: Currency) -> Self {
        let Explained { kind, name, amount, included } = explained;
        Self { kind: kind.as_str(), name, amount: SignedAmount(amount, currency), included }
    }
}

impl PostalAddressView {
    /// The view of an address.
    pub fn new(address: AddressDraft) -> Self {
        let AddressDraft { name, company, line1, line2, city, region, postal_code, country, phone, vat_number } =
            address;
        Self { name, company, line1, line2, city, region, postal_code, country, phone, vat_number }
    }
}

impl ShippingOptionList {
    /// The view of all.
    pub fn new(options: Vec<ShippingOption>, currency: Currency) -> Self {
        let one = |option: ShippingOption| ShippingOptionView {
            id: option.id,
            name: option.name,
            price: Amount(option.price, currency),
        };
        Self { results: options.into_iter().map(one).collect(), next: None, previous: None }
    }
}

impl KeptCartView {
    /// The view of what is kept.
    pub fn new(cart: Cart) -> Self {
        let line = |line: crate::domain::cart::CartLine| KeptLineView {
            variant_id: line.variant_id,
            sku: line.sku,
            name: line.name,
            quantity: line.quantity.get(),
        };
        Self {
            ordered: cart.order.is_some(),
            lines: cart.lines.into_iter().map(line).collect(),
            discount_code: cart.discount_code,
            email: cart.email,
            shipping_address: cart.shipping_address.map(PostalAddressView::new),
            created_at: Moment(cart.created_at),
            updated_at: Moment(cart.updated_at),
        }
    }
}
