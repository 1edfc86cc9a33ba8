//! The transaction in which a cart becomes an order: everything is decided on what it sees, and done or not done whole.

use super::draft::CheckoutDraft;
use super::refusals;
use crate::domain::account::AddressDraft;
use crate::domain::cart::Cart;
use crate::domain::order::{NewOrder, NewPayment, Order, OrderSource, OrderStatus, OrderSums, WholeOrder};
use crate::domain::pricing::Quote;
use crate::domain::{Currency, Email, Invalid, OrderId, PaymentId, Timestamp, UserId, VariantId};
use crate::services::idempotency::{Begun, Claim, Rendered};
use crate::services::orders::{Placing, order_place_rows};
use crate::services::payments::{PaymentPlan, PaymentTerms};
use crate::services::selling::DiscountUse;
use crate::services::selling::cart_owner::{CART, buyer};
use crate::services::selling::cart_price::{CartTerms, PricedCart, cart_price};
use crate::services::selling::stock::stock_reserve;
use crate::services::{Ctx, Error, Outcome};
use crate::store::{ReadTx, WriteTx};
use std::time::Duration;

/// Unpaid orders count against their client for so long.
const HELD: Duration = Duration::from_secs(24 * 3_600);

/// All that is known before the transaction, so that nothing has to be worked out in it.
pub(super) struct Till {
    pub ctx: Ctx,
    /// Of the cart.
    pub token: String,
    pub draft: CheckoutDraft,
    pub claim: Claim,
    /// Lets whoever has it see the order.
    pub order_token: String,
    /// Who counts as one client.
    pub client: Option<String>,
    pub rules: TillRules,
}

/// What the shop has settled about checking out.
#[derive(Clone)]
pub(super) struct TillRules {
    pub terms: CartTerms,
    pub payments: PaymentTerms,
    pub currency: Currency,
    /// Whether buyers are not told how much there is.
    pub hide_stock: bool,
    /// Unpaid orders one client may have; 0 for any number.
    pub most_held: u32,
    /// How long stock is held for a payment online.
    pub held_for: Duration,
    pub first_number: u32,
}

/// What the transaction comes to.
pub(super) enum RungUp {
    /// The request was answered before.
    Known(Rendered),
    /// The order stands, and all is said.
    Placed(Box<WholeOrder>),
    /// The order stands, and the provider is to be asked for its payment.
    Asks(OrderId, PaymentId),
}

impl Till {
    /// Places the order, or finds that it was placed.
    pub fn ring_up(&self, tx: &WriteTx<'_>) -> Outcome<RungUp> {
        let now = self.ctx.now;
        match self.claim.begun(tx, now)? {
            Begun::Done(answer) => return Ok(RungUp::Known(answer)),
            Begun::Cut(order) => return go_on(tx, OrderId::new(order)),
            Begun::New => {}
        }
        self.check_holds(tx)?;
        let (cart, email) = self.filled(tx, self.cart(tx)?)?;
        let priced = cart_price(tx, &self.rules.terms, cart, now)?;
        refusals::of_lines(&priced, self.rules.hide_stock)?;
        refusals::of_shipping(&priced)?;
        refusals::of_total(&priced.quote, self.draft.expected_total, self.rules.currency)?;
        let plan = self.rules.payments.plan(self.draft.payment.clone(), priced.quote.total, now)?;
        let asks = plan.asks;
        let customer = email.key();
        let placing = self.placing(&priced, email, plan);
        let placed = order_place_rows(tx, &self.ctx, &placing)?;
        let id = placed.order.id;
        use_discounts(tx, &priced.quote, id, &customer)?;
        self.take_stock(tx, &priced, id, asks)?;
        tx.cart_order(priced.cart.id, id, self.rules.terms.life().end(&priced.cart, now), now)?;
        if asks {
            self.claim.open(tx, id.get(), now)?;
            return Ok(RungUp::Asks(id, placed.payment));
        }
        Ok(RungUp::Placed(Box::new(just_placed(tx, placed.order)?)))
    }

    /// The cart, if the caller may use it and it is not an order yet.
    fn cart(&self, tx: &ReadTx<'_>) -> Outcome<Cart> {
        let cart = tx.cart_by_token(&self.token)?.ok_or(CART)?;
        if cart.account.is_some_and(|owner| buyer(&self.ctx) != Some(owner)) {
            return Err(CART);
        }
        if cart.order.is_some() {
            let detail = "this cart has been ordered: make a new one to buy more".to_owned();
            return Err(Error::Conflict("already_ordered", detail, Vec::new()));
        }
        if cart.is_open(self.ctx.now) { Ok(cart) } else { Err(CART) }
    }

    /// The cart with what the request says, and where letters go; what is missing is named.
    fn filled(&self, tx: &ReadTx<'_>, mut cart: Cart) -> Outcome<(Cart, Email)> {
        let CheckoutDraft { email, shipping_address, shipping_option, .. } = &self.draft;
        let email = match email {
            Some(email) => Some(email.clone()),
            None => self.known_email(tx, &cart)?,
        };
        cart.email = email.as_ref().map(|email| email.as_str().to_owned());
        cart.shipping_address = shipping_address.clone().or(cart.shipping_address);
        cart.shipping_option = shipping_option.clone().or(cart.shipping_option);
        // Whoever is signed in buys, though the cart may still be nobody's.
        cart.account = cart.account.or(self.account());
        match email {
            Some(email) if cart.shipping_address.is_some() => Ok((cart, email)),
            email => {
                let mut missing = Vec::new();
                if email.is_none() {
                    missing.extend(Invalid::one("email", "required", "is required").0);
                }
                if cart.shipping_address.is_none() {
                    missing.extend(Invalid::one("shipping_address", "required", "is required").0);
                }
                Err(Invalid(missing).into())
            }
        }
    }

    /// The e-mail address of the cart or of the account.
    fn known_email(&self, tx: &ReadTx<'_>, cart: &Cart) -> Outcome<Option<Email>> {
        if let Some(email) = cart.email.as_deref().and_then(Email::parse) {
            return Ok(Some(email));
        }
        let Some(person) = self.account() else { return Ok(None) };
        Ok(tx.user_by_id(person)?.and_then(|user| Email::parse(&user.email)))
    }

    fn account(&self) -> Option<UserId> {
        buyer(&self.ctx)
    }

    /// Holds up a client that leaves too many orders unpaid, and so keeps stock from others.
    fn check_holds(&self, tx: &ReadTx<'_>) -> Outcome<()> {
        let (most, Some(client)) = (self.rules.most_held, &self.client) else { return Ok(()) };
        if most == 0 {
            return Ok(());
        }
        let since = Timestamp::from_millis(self.ctx.now.millis() - i64::try_from(HELD.as_millis()).unwrap_or(i64::MAX));
        if tx.orders_unpaid_of_client(client, since, most)? >= i64::from(most) {
            return Err(Error::TooManyUnpaid(most));
        }
        Ok(())
    }

    fn placing(&self, priced: &PricedCart, email: Email, plan: PaymentPlan) -> Placing {
        let (quote, cart) = (&priced.quote, &priced.cart);
        let currency = self.rules.currency.code().to_owned();
        let order = NewOrder {
            token: self.order_token.clone(),
            account_id: self.account(),
            email,
            source: OrderSource::Web,
            status: OrderStatus::Pending,
            currency: currency.clone(),
            tax_included: quote.tax_included,
            sums: OrderSums::from(quote),
            reference: None,
            shipping_option: priced.shipping.as_ref().map(|option| option.id.clone()),
            shipping_name: priced.shipping.as_ref().map(|option| option.name.clone()),
            shipping_address: cart.shipping_address.clone(),
            billing_address: self.draft.billing_address.clone().filter(|a| differs(a, cart.shipping_address.as_ref())),
            discount_code: cart.discount_code.clone().filter(|_| quote.refused.is_none()),
            explanation: serde_json::to_string(&quote.explanation).unwrap_or_else(|_| "[]".to_owned()),
            note: self.draft.note.clone(),
            client: self.client.clone(),
            placed_at: self.ctx.now,
            lines: priced.new_lines(),
        };
        let payment = NewPayment {
            provider: plan.provider,
            amount: quote.total,
            currency,
            details: plan.details,
            check_at: plan.check_at,
        };
        Placing { order, payment, first_number: self.rules.first_number }
    }

    /// Promises the units to the order: until it is paid, or for a payment online no longer than the shop waits.
    fn take_stock(&self, tx: &WriteTx<'_>, priced: &PricedCart, order: OrderId, online: bool) -> Outcome<()> {
        let wanted: Vec<(VariantId, i64)> =
            priced.cart.lines.iter().map(|line| (line.variant_id, line.quantity.get())).collect();
        let until = online.then(|| self.ctx.now.plus(self.rules.held_for));
        match stock_reserve(tx, &self.ctx, order, &wanted, until)? {
            Ok(()) => Ok(()),
            Err(short) => Err(refusals::short(priced, &short, self.rules.hide_stock)),
        }
    }
}

/// An order of which nothing was sent or paid back yet.
fn just_placed(tx: &ReadTx<'_>, order: Order) -> Outcome<WholeOrder> {
    let id = [order.id];
    let (lines, payments, timeline) = (tx.order_lines(&id)?, tx.order_payments(&id)?, tx.order_timeline(&id)?);
    Ok(WholeOrder { order, lines, payments, fulfillments: Vec::new(), refunds: Vec::new(), timeline })
}

/// The order that a request has placed which was cut off.
fn go_on(tx: &ReadTx<'_>, order: OrderId) -> Outcome<RungUp> {
    let payment = tx.order_payments(&[order])?.pop();
    let payment = payment.ok_or_else(|| Error::Internal(format!("order {order} has no payment")))?;
    Ok(RungUp::Asks(order, payment.id))
}

/// Counts the discounts; one that somebody else used up in the meantime ends it.
fn use_discounts(tx: &WriteTx<'_>, quote: &Quote, order: OrderId, customer: &str) -> Outcome<()> {
    for applied in &quote.applied {
        match tx.discount_use(applied.discount, order, customer, applied.amount)? {
            DiscountUse::Counted => {}
            DiscountUse::UsedUp => return Err(refusals::used_up(&applied.name)),
            DiscountUse::UsedByCustomer => return Err(refusals::used_by_customer(&applied.name)),
        }
    }
    Ok(())
}

/// A billing address that says the same says nothing.
fn differs(billing: &AddressDraft, shipping: Option<&AddressDraft>) -> bool {
    shipping != Some(billing)
}
