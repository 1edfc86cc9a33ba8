//! Carts: making one, changing it, reading what it costs.
//!
//! What buyers do with their carts leaves no entry in the audit log: entries stay for good, and anybody can change a
//! cart as often as they like.

use super::cart_owner::{buyer, cart_of, cart_save, cart_to_change};
use super::cart_price::{PricedCart, cart_price};
use crate::domain::account::AddressDraft;
use crate::domain::cart::{Cart, CartLine, MOST_LINES, MOST_QUANTITY, Offer, Quantity};
use crate::domain::catalog::Revision;
use crate::domain::pricing::ShippingOption;
use crate::domain::{CartLineId, FieldError, Fields, Invalid, Right, Sku, VariantId};
use crate::services::catalog::Preconditions;
use crate::services::identity::Secret;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{ReadTx, WriteTx};

/// Carts that one write removes.
const SWEPT_AT_ONCE: usize = 500;

const LINE: Error = Error::NotFound("cart line");

/// Which variant is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By its id.
    Variant(VariantId),
    /// By its code.
    Sku(String),
}

/// Something to be put into a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLineDraft {
    /// What.
    pub wanted: Wanted,
    /// How many.
    pub quantity: Quantity,
}

impl CartLineDraft {
    /// Reads the body of a line: `variant_id` or `sku`, and `quantity`.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let variant = fields.integer("variant_id", 1..=i64::MAX).map(VariantId::new);
        let sku = fields.parsed("sku", "a SKU of 1 to 100 characters", Sku::parse);
        match (fields.has("variant_id"), fields.has("sku")) {
            (false, false) => fields.wrong("variant_id", "required", "is required, or sku in its place"),
            (true, true) => fields.wrong("sku", "ambiguous", "must not be given together with variant_id"),
            _ => {}
        }
        let quantity = Quantity::read(fields);
        let by_sku = sku.map(|sku| Wanted::Sku(sku.as_str().to_owned()));
        let wanted = variant.map(Wanted::Variant).or(by_sku).unwrap_or(Wanted::Sku(String::new()));
        Self { wanted, quantity }
    }
}

impl Shop {
    /// Makes an empty cart; somebody signed in gets the one they have.
    pub async fn cart_create(&self, ctx: &Ctx) -> Outcome<PricedCart> {
        let (ctx, terms, token) = (ctx.clone(), self.cart_terms(), Secret::new().text());
        self.store
            .write(move |tx| {
                let person = buyer(&ctx);
                if let Some(person) = person
                    && let Some(cart) = tx.cart_open_of(person)?
                {
                    if cart.is_open(ctx.now) {
                        return cart_price(tx, &terms, cart, ctx.now);
                    }
                    tx.cart_delete(cart.id)?;
                }
                tx.cart_insert(&token, person, terms.life.end_of_new(ctx.now), ctx.now)?;
                cart_price(tx, &terms, cart_of(tx, &ctx, &token)?, ctx.now)
            })
            .await
    }

    /// A cart with what it costs now.
    pub fn cart_get(&self, ctx: &Ctx, token: &str) -> Outcome<PricedCart> {
        let terms = self.cart_terms();
        self.store.read(|tx| cart_price(tx, &terms, cart_of(tx, ctx, token)?, ctx.now))
    }

    /// Removes a cart with all that is in it.
    pub async fn cart_remove(&self, ctx: &Ctx, token: String, known: Preconditions) -> Outcome<()> {
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let cart = cart_of(tx, &ctx, &token)?;
                known.check(Revision::of(cart.version))?;
                Ok(tx.cart_delete(cart.id)?)
            })
            .await
    }

    /// Puts something into a cart; more of what is in it adds up.
    pub async fn cart_line_add(&self, ctx: &Ctx, token: String, draft: CartLineDraft) -> Outcome<PricedCart> {
        self.cart_write(ctx, token, Preconditions::default(), move |tx, cart| {
            let offer = offer_of(tx, &draft.wanted)?;
            let Some(line) = cart.line_of(offer.variant_id).cloned() else {
                enough(&offer, draft.quantity)?;
                if cart.lines.len() >= MOST_LINES {
                    let detail = format!("a cart holds at most {MOST_LINES} lines: place several orders");
                    return Err(Error::Conflict("too_many", detail, Vec::new()));
                }
                return line_insert(tx, cart, offer, draft.quantity);
            };
            let both = line.quantity.plus(draft.quantity).ok_or_else(|| {
                let there = line.quantity.get();
                let message = format!("must be at most {}: {there} are in the cart already", MOST_QUANTITY - there);
                Invalid::one("quantity", "out_of_range", message)
            })?;
            enough(&offer, both)?;
            line_set(tx, cart, line.id, both)
        })
        .await
    }

    /// Changes how many of something are in a cart.
    pub async fn cart_line_change(
        &self,
        ctx: &Ctx,
        token: String,
        id: CartLineId,
        known: Preconditions,
        quantity: Quantity,
    ) -> Outcome<PricedCart> {
        self.cart_write(ctx, token, known, move |tx, cart| {
            let line = cart.line(id).ok_or(LINE)?;
            let offer = tx.offer_of_variant(line.variant_id)?.ok_or_else(|| {
                let detail = "it is no longer for sale: remove the line".to_owned();
                Error::Conflict("not_for_sale", detail, Vec::new())
            })?;
            enough(&offer, quantity)?;
            line_set(tx, cart, id, quantity)
        })
        .await
    }

    /// Takes a line out of a cart.
    pub async fn cart_line_remove(
        &self,
        ctx: &Ctx,
        token: String,
        id: CartLineId,
        known: Preconditions,
    ) -> Outcome<PricedCart> {
        self.cart_write(ctx, token, known, move |tx, cart| {
            let id = cart.line(id).ok_or(LINE)?.id;
            tx.cart_line_delete(id)?;
            cart.lines.retain(|line| line.id != id);
            Ok(())
        })
        .await
    }

    /// Says where a cart goes.
    pub async fn cart_address_set(
        &self,
        ctx: &Ctx,
        token: String,
        known: Preconditions,
        address: AddressDraft,
    ) -> Outcome<PricedCart> {
        self.cart_write(ctx, token, known, move |_, cart| {
            cart.shipping_address = Some(address);
            Ok(())
        })
        .await
    }

    /// The ways to ship a cart.
    pub fn cart_shipping_options(&self, ctx: &Ctx, token: &str) -> Outcome<Vec<ShippingOption>> {
        Ok(self.cart_get(ctx, token)?.options)
    }

    /// Chooses how a cart is shipped.
    pub async fn cart_shipping_set(
        &self,
        ctx: &Ctx,
        token: String,
        known: Preconditions,
        option: String,
    ) -> Outcome<PricedCart> {
        let terms = self.cart_terms();
        let now = ctx.now;
        self.cart_write(ctx, token, known, move |tx, cart| {
            let priced = cart_price(tx, &terms, cart.clone(), now)?;
            if !priced.options.iter().any(|offered| offered.id == option) {
                let message = "is not among the shipping options of this cart: see GET …/shipping-options";
                return Err(Invalid::one("id", "not_offered", message).into());
            }
            cart.shipping_option = Some(option);
            Ok(())
        })
        .await
    }

    /// Removes carts whose time has come, at most so many at once.
    pub async fn carts_sweep(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        self.store.write(move |tx| Ok::<_, Error>(tx.carts_expire(now, SWEPT_AT_ONCE)?)).await
    }

    /// Changes a cart in one transaction and gives it as it is then. The buyer hears what had changed before, and has
    /// been told with that.
    async fn cart_write(
        &self,
        ctx: &Ctx,
        token: String,
        known: Preconditions,
        work: impl FnOnce(&WriteTx<'_>, &mut Cart) -> Outcome<()> + Send + 'static,
    ) -> Outcome<PricedCart> {
        let (ctx, terms) = (ctx.clone(), self.cart_terms());
        self.store
            .write(move |tx| {
                let mut cart = cart_to_change(tx, &ctx, &token, &known, terms.life)?;
                work(tx, &mut cart)?;
                cart.expires_at = terms.life.end(&cart, ctx.now);
                cart_save(tx, &mut cart, ctx.now)?;
                let priced = cart_price(tx, &terms, cart, ctx.now)?;
                told(tx, &priced)?;
                Ok(priced)
            })
            .await
    }
}

/// Notes what the buyer has been told about each line.
fn told(tx: &WriteTx<'_>, priced: &PricedCart) -> Outcome<()> {
    for line in &priced.lines {
        let Some(offer) = &line.offer else { continue };
        let seen = (line.line.seen_price, line.line.seen_available);
        if seen != (offer.price, offer.available) {
            tx.cart_line_seen(line.line.id, offer.price, offer.available)?;
        }
    }
    Ok(())
}

/// What is for sale of what somebody wants. Drafts and archived products are not told from none.
fn offer_of(tx: &ReadTx<'_>, wanted: &Wanted) -> Outcome<Offer> {
    let (found, field) = match wanted {
        Wanted::Variant(id) => (tx.offer_of_variant(*id)?, "variant_id"),
        Wanted::Sku(sku) => (tx.offer_of_sku(sku)?, "sku"),
    };
    found.ok_or_else(|| Invalid::one(field, "not_for_sale", "is not a variant that is for sale").into())
}

/// Refuses more than can be had.
fn enough(offer: &Offer, quantity: Quantity) -> Outcome<()> {
    let available = offer.available;
    if available >= quantity.get() {
        return Ok(());
    }
    let message = match available {
        0 => "none are in stock".to_owned(),
        few => format!("only {few} are in stock"),
    };
    let detail = format!("{} cannot be had: {message}", quantity.get());
    let error = FieldError { field: "quantity".to_owned(), code: "out_of_stock", message };
    Err(Error::Conflict("out_of_stock", detail, vec![error]))
}

fn line_insert(tx: &WriteTx<'_>, cart: &mut Cart, offer: Offer, quantity: Quantity) -> Outcome<()> {
    let line = CartLine {
        id: CartLineId::new(0),
        variant_id: offer.variant_id,
        quantity,
        seen_price: offer.price,
        seen_available: offer.available,
        name: offer.name,
        sku: offer.sku,
    };
    let id = tx.cart_line_insert(cart.id, &line)?;
    cart.lines.push(CartLine { id, ..line });
    Ok(())
}

fn line_set(tx: &WriteTx<'_>, cart: &mut Cart, id: CartLineId, quantity: Quantity) -> Outcome<()> {
    tx.cart_line_set(id, quantity)?;
    cart.lines.iter_mut().filter(|line| line.id == id).for_each(|line| line.quantity = quantity);
    Ok(())
}
