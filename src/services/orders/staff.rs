//! Orders that the staff makes: by phone, at a market stall. They are priced as a cart is, but for prices the staff
//! names; a draft waits with them until it is placed.

use super::acting::Answering;
use super::placing::{Placing, order_place_rows, placed, thank};
use super::{MANUAL, ORDER, ready};
use crate::domain::account::AddressDraft;
use crate::domain::audit::Subject;
use crate::domain::cart::{CartLine, Quantity};
use crate::domain::order::{
    Action, NewOrder, NewPayment, Order, OrderRef, OrderSource, OrderStatus, OrderSums, Payment,
};
use crate::domain::payment::PaymentChoice;
use crate::domain::{CartLineId, Currency, Email, Fields, Invalid, Money, OrderId, Right, UserId, VariantId};
use crate::services::catalog::Preconditions;
use crate::services::idempotency::Rendered;
use crate::services::identity::Secret;
use crate::services::payments::PaymentTerms;
use crate::services::selling::stock::stock_reserve;
use crate::services::selling::{CartTerms, DiscountUse, PricedCart, Wanted, cart_price_at};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::WriteTx;
use serde_json::json;
use std::collections::BTreeMap;

/// Lines of an order that the staff makes.
const MOST_LINES: usize = 100;

/// A line of an order that the staff makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffLine {
    /// What is sold.
    pub wanted: Wanted,
    /// How many units.
    pub quantity: Quantity,
    /// What one costs, when it is not what it costs in the shop.
    pub unit_price: Option<Money>,
}

/// An order that the staff makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffOrder {
    /// Where letters about it go.
    pub email: Option<Email>,
    /// What is sold.
    pub lines: Vec<StaffLine>,
    /// Where it goes.
    pub shipping_address: Option<AddressDraft>,
    /// Who is billed, when it is somebody else.
    pub billing_address: Option<AddressDraft>,
    /// How it is shipped; not at all when nothing is said.
    pub shipping_option: Option<String>,
    /// A discount code.
    pub discount_code: Option<String>,
    /// How it is paid.
    pub payment: Option<PaymentChoice>,
    /// Whether it waits to be placed.
    pub draft: bool,
    /// What whoever buys has to say.
    pub note: Option<String>,
}

impl StaffOrder {
    /// Reads the body.
    pub fn read(fields: &mut Fields<'_>, currency: Currency) -> Self {
        for name in ["email", "lines", "payment"] {
            if !fields.has(name) {
                fields.missing(name);
            }
        }
        let lines =
            fields.list("lines", MOST_LINES, |value| Fields::read(value, |line| StaffLine::read(line, currency)));
        if lines.as_ref().is_some_and(Vec::is_empty) {
            fields.wrong("lines", "too_short", "must hold at least one line");
        }
        Self {
            email: fields.parsed("email", "an e-mail address", |text| Email::parse(text.trim())),
            lines: lines.unwrap_or_default(),
            shipping_address: fields.object("shipping_address", AddressDraft::read),
            billing_address: fields.object("billing_address", AddressDraft::read),
            shipping_option: fields.text("shipping_option", 1..=40),
            discount_code: fields.text("discount_code", 1..=100),
            payment: fields.object("payment", PaymentChoice::read),
            draft: fields.boolean("draft").unwrap_or(false),
            note: fields.long_text("note", 2_000).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        }
    }
}

impl StaffLine {
    fn read(fields: &mut Fields<'_>, currency: Currency) -> Self {
        let unit_price = fields.money("unit_price", currency);
        let line = crate::services::selling::CartLineDraft::read(fields);
        Self { wanted: line.wanted, quantity: line.quantity, unit_price }
    }
}

/// All that is known before the write, so that nothing has to be worked out in it.
struct Desk {
    order: StaffOrder,
    terms: CartTerms,
    payments: PaymentTerms,
    currency: Currency,
    first_number: u32,
    token: String,
    cart_token: String,
}

impl Shop {
    /// Makes an order, or a draft of one.
    pub async fn order_create(&self, ctx: &Ctx, order: StaffOrder, how: Answering) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let desk = Desk {
            order,
            terms: self.cart_terms(),
            payments: self.payment_terms(),
            currency: self.settings.currency(),
            first_number: self.selling.first_order_number,
            token: Secret::new().text(),
            cart_token: Secret::new().text(),
        };
        let made = self.order_act(ctx, how, move |tx, ctx| desk.make(tx, ctx)).await;
        made.inspect_err(|error| self.note_oversell(error))
    }

    /// Places a draft: it gets its number, and takes its stock.
    pub async fn order_place(
        &self,
        ctx: &Ctx,
        name: OrderRef,
        known: Preconditions,
        how: Answering,
    ) -> Outcome<Rendered> {
        ctx.require(Right::OrdersWrite)?;
        let first = self.selling.first_order_number;
        let work = move |tx: &WriteTx<'_>, ctx: &Ctx| {
            let before = ready(tx, name, &known, Action::Place)?;
            if !tx.order_place_draft(&before.order, first, ctx.now)? {
                return Err(Error::Stale);
            }
            let order = tx.order_by_id(before.order.id)?.ok_or(ORDER)?;
            placed(tx, ctx, &order)?;
            thank(tx, ctx, order.id)?;
            for payment in before.payments.iter().filter(|payment| is_asked(payment)) {
                tx.payment_restart(payment.id, ctx.now)?;
            }
            for (discount, name, amount) in tx.draft_discounts_take(order.id)? {
                count(tx, &order, discount, &name, amount)?;
            }
            let wanted = before.lines.iter().filter_map(|line| Some((line.variant_id?, line.quantity))).collect();
            take(tx, ctx, &order, wanted)
        };
        self.order_act(ctx, how, work).await.inspect_err(|error| self.note_oversell(error))
    }

    /// Throws a draft away.
    pub async fn order_discard(&self, ctx: &Ctx, name: OrderRef, known: Preconditions) -> Outcome<()> {
        ctx.require(Right::OrdersWrite)?;
        let ctx = ctx.clone();
        let discard = move |tx: &WriteTx<'_>| {
            let id = ready(tx, name, &known, Action::Discard)?.order.id;
            tx.order_discard(id)?;
            Ok::<_, Error>(tx.audit(&ctx.entry("order.discard", Subject::from(id), &json!({})))?)
        };
        self.store.write(discard).await
    }
}

impl Desk {
    fn make(&self, tx: &WriteTx<'_>, ctx: &Ctx) -> Outcome<OrderId> {
        let email = self.order.email.clone().ok_or_else(|| Invalid::one("email", "required", "is required"))?;
        let account = tx.user_by_email(&email)?.filter(|user| user.verified_at.is_some()).map(|user| user.id);
        let priced = self.priced(tx, ctx, &email, account)?;
        self.check(&priced)?;
        let choice = self.order.payment.clone().ok_or_else(|| Invalid::one("payment", "required", "is required"))?;
        let plan = self.payments.plan(choice, priced.quote.total, ctx.now)?;
        // A link to pay is opened when it is, so a job tells the provider at once; a draft is none of its business.
        let check_at = plan.check_at.filter(|_| !self.order.draft).map(|_| ctx.now);
        let payment = NewPayment {
            provider: plan.provider,
            amount: priced.quote.total,
            currency: self.currency.code().to_owned(),
            details: plan.details,
            check_at,
        };
        let order = NewOrder { account_id: account, ..self.new_order(ctx, &priced, email) };
        let made = order_place_rows(tx, ctx, &Placing { order, payment, first_number: self.first_number })?.order;
        if self.order.draft {
            for applied in &priced.quote.applied {
                tx.draft_discount_add(made.id, applied.discount, applied.amount)?;
            }
            return Ok(made.id);
        }
        if check_at.is_some() {
            tx.reconcile_by(ctx.now, ctx.now)?;
        }
        for applied in &priced.quote.applied {
            count(tx, &made, applied.discount, &applied.name, applied.amount)?;
        }
        let wanted = priced.lines.iter().map(|line| (line.line.variant_id, line.line.quantity.get())).collect();
        take(tx, ctx, &made, wanted)
    }

    /// What it costs: priced by way of a cart that is gone again before anybody sees it.
    fn priced(&self, tx: &WriteTx<'_>, ctx: &Ctx, email: &Email, account: Option<UserId>) -> Outcome<PricedCart> {
        let id = tx.cart_insert(&self.cart_token, None, ctx.now, ctx.now)?;
        let mut prices = BTreeMap::new();
        for (index, line) in self.order.lines.iter().enumerate() {
            let (found, field) = match &line.wanted {
                Wanted::Variant(variant) => (tx.offer_of_variant(*variant)?, "variant_id"),
                Wanted::Sku(sku) => (tx.offer_of_sku(sku)?, "sku"),
            };
            let wrong = |code, message: &str| Invalid::one(&format!("lines[{index}].{field}"), code, message);
            let offer = found.ok_or_else(|| wrong("not_for_sale", "is not a variant that is for sale"))?;
            let price = line.unit_price.unwrap_or(offer.price);
            if prices.insert(offer.variant_id, price).is_some() {
                return Err(wrong("duplicate", "is named twice: give one quantity for each variant").into());
            }
            let line = CartLine {
                id: CartLineId::new(0),
                variant_id: offer.variant_id,
                quantity: line.quantity,
                seen_price: price,
                seen_available: offer.available,
                name: offer.name,
                sku: offer.sku,
            };
            tx.cart_line_insert(id, &line)?;
        }
        let mut cart = tx.cart_by_token(&self.cart_token)?.ok_or_else(|| Error::Internal("a cart is gone".into()))?;
        cart.email = Some(email.as_str().to_owned());
        cart.account = account;
        cart.shipping_address.clone_from(&self.order.shipping_address);
        cart.shipping_option.clone_from(&self.order.shipping_option);
        cart.discount_code.clone_from(&self.order.discount_code);
        let priced = cart_price_at(tx, &self.terms, cart, &prices, ctx.now)?;
        tx.cart_delete(id)?;
        Ok(priced)
    }

    fn check(&self, priced: &PricedCart) -> Outcome<()> {
        if self.order.shipping_option.is_some() && priced.shipping.is_none() {
            let known: Vec<&str> = priced.options.iter().map(|option| option.id.as_str()).collect();
            let message = format!("must be one of {}", known.join(", "));
            return Err(Invalid::one("shipping_option", "not_offered", message).into());
        }
        if priced.quote.refused.is_some() {
            return Err(Invalid::one("discount_code", "does_not_apply", "takes nothing off this order").into());
        }
        Ok(())
    }

    fn new_order(&self, ctx: &Ctx, priced: &PricedCart, email: Email) -> NewOrder {
        let quote = &priced.quote;
        NewOrder {
            token: self.token.clone(),
            account_id: None,
            email,
            source: OrderSource::Staff,
            status: if self.order.draft { OrderStatus::Draft } else { OrderStatus::Pending },
            currency: self.currency.code().to_owned(),
            tax_included: quote.tax_included,
            sums: OrderSums::from(quote),
            reference: None,
            shipping_option: priced.shipping.as_ref().map(|option| option.id.clone()),
            shipping_name: priced.shipping.as_ref().map(|option| option.name.clone()),
            shipping_address: self.order.shipping_address.clone(),
            billing_address: self.order.billing_address.clone(),
            discount_code: self.order.discount_code.clone(),
            explanation: serde_json::to_string(&quote.explanation).unwrap_or_else(|_| "[]".to_owned()),
            note: self.order.note.clone(),
            client: None,
            placed_at: ctx.now,
            lines: priced.new_lines(),
        }
    }
}

/// Whether somebody else than the staff says when a payment is there: a provider, or the shop when there is nothing to pay.
fn is_asked(payment: &Payment) -> bool {
    payment.provider != MANUAL || payment.amount.minor() == 0
}

fn count(
    tx: &WriteTx<'_>,
    order: &Order,
    discount: crate::domain::DiscountId,
    name: &str,
    amount: Money,
) -> Outcome<()> {
    let customer = order.email.to_lowercase();
    match tx.discount_use(discount, order.id, &customer, amount)? {
        DiscountUse::Counted => Ok(()),
        DiscountUse::UsedUp | DiscountUse::UsedByCustomer => {
            Err(Error::Conflict("discount_used_up", format!("{name} was used as often as it may be"), Vec::new()))
        }
    }
}

/// Takes the stock of an order, to be kept until it is paid or called off.
fn take(tx: &WriteTx<'_>, ctx: &Ctx, order: &Order, wanted: Vec<(VariantId, i64)>) -> Outcome<OrderId> {
    match stock_reserve(tx, ctx, order.id, &wanted, None)? {
        Ok(()) => Ok(order.id),
        Err(short) => {
            let one = |s: &crate::domain::stock::Shortage| {
                format!("variant {}: {} wanted, {} there", s.variant_id, s.wanted, s.available)
            };
            let detail = short.iter().map(one).collect::<Vec<_>>().join("; ");
            Err(Error::Conflict("out_of_stock", detail, Vec::new()))
        }
    }
}
