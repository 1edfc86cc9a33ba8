//! Who may use a cart, and how a guest's cart becomes a customer's.
//!
//! Whoever knows the token may use a cart that is nobody's. One that belongs to somebody needs them signed in; for all
//! others there is no such cart.

use crate::domain::cart::{Cart, CartLine, Joined, MOST_QUANTITY, joined};
use crate::domain::catalog::Revision;
use crate::domain::{Timestamp, UserId, VariantId};
use crate::services::catalog::Preconditions;
use crate::services::{Actor, Ctx, Error, Outcome};
use crate::store::{ReadTx, WriteTx};
use std::time::Duration;

/// There is none, or none the caller may know of.
pub(crate) const CART: Error = Error::NotFound("cart");

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a cart is kept while nobody changes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CartLife(Duration);

impl CartLife {
    /// So many days.
    pub(crate) fn days(days: u32) -> Self {
        Self(DAY * days)
    }

    /// When a cart ends that is changed now. One with nothing in it only lasts a day, so that they do not pile up.
    pub(crate) fn end(self, cart: &Cart, now: Timestamp) -> Timestamp {
        now.plus(if cart.lines.is_empty() { DAY.min(self.0) } else { self.0 })
    }

    /// When a cart ends that is made now.
    pub(crate) fn end_of_new(self, now: Timestamp) -> Timestamp {
        now.plus(DAY.min(self.0))
    }
}

/// The person who asks, if it is one.
pub(crate) fn buyer(ctx: &Ctx) -> Option<UserId> {
    match ctx.actor {
        Actor::User { id, .. } => Some(id),
        _ => None,
    }
}

/// The open cart of a token, for whoever may use it.
pub(crate) fn cart_of(tx: &ReadTx<'_>, ctx: &Ctx, token: &str) -> Outcome<Cart> {
    let cart = tx.cart_by_token(token)?.filter(|cart| cart.is_open(ctx.now)).ok_or(CART)?;
    match cart.account {
        Some(owner) if buyer(ctx) != Some(owner) => Err(CART),
        _ => Ok(cart),
    }
}

/// The open cart of a token, for somebody who is about to change the state of it they know: a person who is signed in
/// makes it theirs.
pub(crate) fn cart_to_change(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    token: &str,
    known: &Preconditions,
    life: CartLife,
) -> Outcome<Cart> {
    let cart = cart_of(tx, ctx, token)?;
    known.check(Revision::of(cart.version))?;
    match buyer(ctx) {
        Some(person) if cart.account.is_none() => cart_give(tx, person, cart, life, ctx.now),
        _ => Ok(cart),
    }
}

/// Makes the cart a guest used theirs, now that they have signed in. A cart that is gone or somebody else's is no
/// reason not to be signed in.
pub(crate) fn cart_bring(tx: &WriteTx<'_>, person: UserId, token: &str, life: CartLife, now: Timestamp) -> Outcome<()> {
    match tx.cart_by_token(token)? {
        Some(cart) if cart.is_open(now) && cart.account.is_none() => cart_give(tx, person, cart, life, now).map(drop),
        _ => Ok(()),
    }
}

/// Gives a cart that is nobody's to a person. What is in their older cart joins it, and that one goes.
fn cart_give(tx: &WriteTx<'_>, person: UserId, cart: Cart, life: CartLife, now: Timestamp) -> Outcome<Cart> {
    let mut cart = cart;
    if let Some(older) = tx.cart_open_of(person)? {
        if older.is_open(now) {
            cart_merge(tx, &mut cart, &older)?;
        }
        tx.cart_delete(older.id)?;
    }
    cart.account = Some(person);
    cart.expires_at = life.end(&cart, now);
    cart_save(tx, &mut cart, now)?;
    Ok(cart)
}

/// Writes down what a cart says besides its lines.
pub(crate) fn cart_save(tx: &WriteTx<'_>, cart: &mut Cart, now: Timestamp) -> Outcome<()> {
    tx.cart_update(cart, now)?;
    cart.version += 1;
    cart.updated_at = now;
    Ok(())
}

/// Puts the lines of another cart into this one, and what it says that this one does not.
pub(crate) fn cart_merge(tx: &WriteTx<'_>, cart: &mut Cart, other: &Cart) -> Outcome<()> {
    let offers = tx.cart_offers(other.id)?;
    let available = |variant: VariantId| {
        // Of what is not for sale now, there may be some again: its number is left alone.
        offers.iter().find(|offer| offer.variant_id == variant).map_or(MOST_QUANTITY, |offer| offer.available)
    };
    for one in joined(cart, other, available) {
        match one {
            Joined::More(id, quantity) => {
                tx.cart_line_set(id, quantity)?;
                if let Some(line) = cart.lines.iter_mut().find(|line| line.id == id) {
                    line.quantity = quantity;
                }
            }
            Joined::New(line) => {
                let id = tx.cart_line_insert(cart.id, &line)?;
                cart.lines.push(CartLine { id, ..line });
            }
        }
    }
    let Cart { discount_code, email, shipping_address, shipping_option, .. } = other;
    if cart.shipping_address.is_none() {
        cart.shipping_address.clone_from(shipping_address);
        cart.shipping_option.clone_from(shipping_option);
    }
    if cart.discount_code.is_none() {
        cart.discount_code.clone_from(discount_code);
    }
    if cart.email.is_none() {
        cart.email.clone_from(email);
    }
    Ok(())
}
