//! Requests to be told once when something that is sold out can be bought again.
//!
//! Somebody signed in whose mailbox is proven is told without further ado. Anybody else first gets a letter that asks;
//! nothing more is sent before its link was followed, and no answer tells what is known of an address.

use crate::domain::catalog::{Product, Status, Variant};
use crate::domain::letters::StockRequestLetter;
use crate::domain::stock::{StockLevel, StockNews};
use crate::domain::{Email, Fields, Invalid, Job, JobFailure, ProductId, Right, Timestamp, UserId, VariantId};
use crate::services::identity::Secret;
use crate::services::letters::low_stock_letter_due;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{ReadTx, StockRequestRow, StockRequestState as State, WriteTx};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
/// How long a request waits for its product.
const WAITS: Duration = Duration::from_secs(180 * 86_400);
/// How long it waits to be confirmed.
const UNCONFIRMED: Duration = Duration::from_secs(2 * 86_400);
/// Requests of one address that wait, or are to be confirmed.
const MOST_REQUESTS: i64 = 100;
/// Those of them that nobody has confirmed.
const MOST_UNCONFIRMED: i64 = 5;
/// Requests that are taken on in one transaction.
const PIECE: usize = 200;

const PRODUCT: Error = Error::NotFound("product");

/// What somebody wants to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockWish {
    /// This variant; any when none.
    pub variant: Option<VariantId>,
    /// Where the letter goes; the address of whoever is signed in when none.
    pub email: Option<String>,
}

impl StockWish {
    /// Reads the body of a request.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            variant: fields.integer("variant_id", 1..=i64::MAX).map(VariantId::new),
            email: fields.text("email", 1..=254),
        }
    }
}

/// Where a letter goes, and whether it is known that whoever asks reads the mail there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockReader {
    /// The address.
    pub email: Email,
    /// Whose it is, when they are signed in.
    pub account: Option<UserId>,
    /// Whether mail was proven to arrive there.
    pub proven: bool,
}

/// Queues the letters that news of stock asks for, in the transaction that makes them true: to the staff about what runs
/// low, to those who wait for what is back.
pub(in crate::services) fn stock_letters_due(
    tx: &WriteTx<'_>,
    level: &StockLevel,
    news: StockNews,
    now: Timestamp,
) -> Outcome<()> {
    match news {
        StockNews::Low => low_stock_letter_due(tx, level.variant_id, now),
        StockNews::Available => back_in_stock_due(tx, level.product_id, level.variant_id, now),
    }
}

/// Queues letters to those who wait for what a change of the catalog has put on sale: a product that is active now, or a
/// variant that it did not have. What changed of the stock of a variant that was on sale before is told elsewhere.
pub(in crate::services) fn offered_letters_due(
    tx: &WriteTx<'_>,
    before: &Product,
    after: &Product,
    now: Timestamp,
) -> Outcome<()> {
    if after.status != Status::Active {
        return Ok(());
    }
    let known = |variant: &Variant| before.variants.iter().any(|old| old.id == variant.id);
    let offered = |variant: &&Variant| before.status != Status::Active || !known(variant);
    let mut on_sale = after.variants.iter().filter(offered).filter(|variant| variant.in_stock());
    on_sale.try_for_each(|variant| back_in_stock_due(tx, after.id, variant.id, now))
}

/// Queues letters to those who wait for a variant, in the transaction in which it can be bought again.
fn back_in_stock_due(tx: &WriteTx<'_>, product: ProductId, variant: VariantId, now: Timestamp) -> Outcome<()> {
    if tx.stock_requests_waiting(product, variant, now, 1)?.is_empty() {
        return Ok(());
    }
    tx.job_add_at(&Job::BackInStock(variant), now, now, Some(&job_key(variant)))?;
    Ok(())
}

/// The key under which one job at a time waits to tell of a variant.
fn job_key(variant: VariantId) -> String {
    format!("back in stock {variant}")
}

impl Shop {
    /// Whom a request would write to.
    pub fn stock_reader(&self, ctx: &Ctx, wish: &StockWish) -> Outcome<StockReader> {
        let own = match ctx.person() {
            Ok((user, _)) => self.store.read(|tx| Ok::<_, Error>(tx.user_by_id(user)?))?,
            Err(_) => None,
        };
        let asked = match &wish.email {
            Some(text) => Some(email_of(text)?),
            None => None,
        };
        match (own, asked) {
            (Some(user), asked) => {
                let own = email_of(&user.email)?;
                let email = asked.unwrap_or_else(|| own.clone());
                let proven = email.key() == own.key() && user.verified_at.is_some() && !user.decoy;
                Ok(StockReader { email, account: Some(user.id), proven })
            }
            (None, Some(email)) => Ok(StockReader { email, account: None, proven: false }),
            (None, None) => Err(Invalid::one("email", "required", "is required unless you are signed in").into()),
        }
    }

    /// Notes that somebody wants to be told when a product, or a variant of it, can be bought again.
    pub async fn back_in_stock_ask(
        &self,
        ctx: &Ctx,
        product: ProductId,
        wish: StockWish,
        reader: StockReader,
    ) -> Outcome<()> {
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let found = tx.product_by_id(product)?.filter(|p| p.status == Status::Active).ok_or(PRODUCT)?;
                if is_available(&found, wish.variant)? {
                    let detail = "it is in stock: it can be bought right away".to_owned();
                    return Err(Error::Conflict("in_stock", detail, Vec::new()));
                }
                ask(tx, &ctx, product, wish.variant, &reader)
            })
            .await
    }

    /// Confirms a request, by the token from its letter.
    pub async fn back_in_stock_confirm(&self, ctx: &Ctx, token: &str) -> Outcome<()> {
        let (hash, now) = (Secret::parse(token).ok_or_else(bad_token)?.hash(), ctx.now);
        self.store
            .write(move |tx| {
                let found = tx.stock_request_by_token(&hash, now)?.ok_or_else(bad_token)?;
                if !tx.stock_request_move(found.id, State::Unconfirmed, State::Waiting, now, now.plus(WAITS))? {
                    // It was confirmed before.
                    return Ok(());
                }
                // It may have come back in between.
                if still_available(tx, found.product_id, found.variant_id)? { due(tx, &found, now) } else { Ok(()) }
            })
            .await
    }

    /// Removes all requests of the address to which a letter went, by the token from it.
    pub async fn back_in_stock_withdraw(&self, ctx: &Ctx, token: &str) -> Outcome<()> {
        let (hash, now) = (Secret::parse(token).ok_or_else(bad_token)?.hash(), ctx.now);
        self.store
            .write(move |tx| {
                let found = tx.stock_request_by_token(&hash, now)?.ok_or_else(bad_token)?;
                Ok(tx.stock_requests_drop(&found.email)?)
            })
            .await
    }

    /// Takes on everybody who waits for a variant that can be bought again: each gets a letter of their own.
    pub async fn back_in_stock_announce(&self, ctx: &Ctx, variant: VariantId) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        loop {
            let taken = self.store.write(move |tx| announce(tx, variant, now)).await?;
            if taken < PIECE {
                return Ok(());
            }
        }
    }

    /// Removes requests that have ended; tells how many.
    pub async fn stock_requests_sweep(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let now = ctx.now;
        self.store.write(move |tx| Ok(tx.stock_requests_sweep(now, 1_000)?)).await
    }
}

fn email_of(text: &str) -> Outcome<Email> {
    Email::parse(text).ok_or_else(|| Invalid::one("email", "invalid", "must be an e-mail address").into())
}

fn bad_token() -> Error {
    Invalid::one("token", "invalid", "is not valid or no longer so: ask again").into()
}

/// Whether what is asked for can be bought; an error when the product has no such variant.
fn is_available(product: &Product, variant: Option<VariantId>) -> Outcome<bool> {
    let Some(variant) = variant else { return Ok(product.in_stock) };
    let found = product.variants.iter().find(|v| v.id == variant);
    let none = || Invalid::one("variant_id", "unknown", "is none of this product's variants");
    Ok(found.ok_or_else(none)?.in_stock())
}

fn ask(
    tx: &WriteTx<'_>,
    ctx: &Ctx,
    product: ProductId,
    variant: Option<VariantId>,
    reader: &StockReader,
) -> Outcome<()> {
    let before = tx.stock_request_of(product, variant, &reader.email)?;
    let state = before.as_ref().map(|row| row.state);
    let lives = before.as_ref().is_some_and(|row| row.expires_at > ctx.now);
    if lives && matches!(state, Some(State::Waiting | State::Due)) {
        return Ok(());
    }
    let (all, unconfirmed) = tx.stock_request_counts(&reader.email, ctx.now)?;
    if reader.proven && all >= MOST_REQUESTS {
        let detail = format!("at most {MOST_REQUESTS} products are waited for by one address");
        return Err(Error::Conflict("too_many", detail, Vec::new()));
    }
    // Said to nobody: it would tell what is known of an address.
    if !reader.proven
        && (all >= MOST_REQUESTS || (unconfirmed >= MOST_UNCONFIRMED && state != Some(State::Unconfirmed)))
    {
        return Ok(());
    }
    let (state, ends) = if reader.proven { (State::Waiting, WAITS) } else { (State::Unconfirmed, UNCONFIRMED) };
    let row = StockRequestRow {
        id: crate::domain::StockRequestId::new(0),
        product_id: product,
        variant_id: variant,
        account_id: reader.account.filter(|_| reader.proven),
        email: reader.email.as_str().to_owned(),
        state,
        updated_at: ctx.now,
        expires_at: ctx.now.plus(ends),
    };
    let request = tx.stock_request_put(&row, &reader.email)?;
    if !reader.proven {
        let key = format!("stock request {request}");
        tx.job_add_at(&Job::StockRequestLetter(StockRequestLetter { request }), ctx.now, ctx.now, Some(&key))?;
    }
    Ok(())
}

/// Lets a waiting request's letter be sent.
fn due(tx: &WriteTx<'_>, row: &StockRequestRow, now: Timestamp) -> Outcome<()> {
    let ends = row.expires_at.max(now.plus(DAY));
    if tx.stock_request_move(row.id, State::Waiting, State::Due, now, ends)? {
        tx.job_add(&Job::StockRequestLetter(StockRequestLetter { request: row.id }), now)?;
    }
    Ok(())
}

/// Takes on some who wait for a variant; tells how many.
fn announce(tx: &WriteTx<'_>, variant: VariantId, now: Timestamp) -> Outcome<usize> {
    // Whoever begins to wait after this, and for whom it comes back before this job has ended, has a job of their own.
    tx.job_key_free(&job_key(variant))?;
    let Some(product) = tx.product_id_by_variant(variant)? else { return Ok(0) };
    if !still_available(tx, product, Some(variant))? {
        return Ok(0);
    }
    let waiting = tx.stock_requests_waiting(product, variant, now, PIECE)?;
    for id in &waiting {
        if let Some(row) = tx.stock_request_by_id(*id)? {
            due(tx, &row, now)?;
        }
    }
    Ok(waiting.len())
}

/// Whether what is waited for can be bought now: it may have sold out again, or be on sale no more.
fn still_available(tx: &ReadTx<'_>, product: ProductId, variant: Option<VariantId>) -> Outcome<bool> {
    let product = tx.product_by_id(product)?.filter(|product| product.status == Status::Active);
    Ok(product.is_some_and(|product| is_available(&product, variant).unwrap_or(false)))
}
