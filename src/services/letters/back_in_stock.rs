//! Letters to those who wait for a product: one that asks whether they do, and one when it is back.

use super::letter_id;
use super::shown::{LinksShown, ProductShown, StockData};
use super::stock::product_shown;
use super::templates::Template;
use crate::domain::letters::StockRequestLetter;
use crate::domain::{Email, JobFailure, Right};
use crate::services::identity::Secret;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{ReadTx, StockRequestRow, StockRequestState as State};

/// What a letter is about: the request, its product, and the product's slug.
struct Plan {
    request: StockRequestRow,
    product: ProductShown,
    slug: String,
}

impl Shop {
    /// Writes and sends the letter of a request. When there is none to send any more, that is all there is to do.
    pub async fn stock_request_letter_send(&self, ctx: &Ctx, letter: StockRequestLetter) -> Result<(), JobFailure> {
        ctx.require(Right::Maintain)?;
        let (id, now) = (letter.request, ctx.now);
        let secret = Secret::new();
        let hash = secret.hash();
        let planned = self.store.write(move |tx| {
            let plan = plan(tx, letter)?;
            if plan.is_some() {
                tx.stock_request_set_token(id, &hash)?;
            }
            Ok::<_, Error>(plan)
        });
        let Some(Plan { request, product, slug }) = planned.await? else { return Ok(()) };
        let Some(to) = Email::parse(&request.email) else { return Ok(()) };
        // Behind #, a token reaches neither the server's log nor other sites.
        let (url, token) = (&self.url, secret.text());
        let links = LinksShown {
            product: format!("{url}/products/{slug}"),
            confirm: format!("{url}/back-in-stock#token={token}"),
            unsubscribe: format!("{url}/back-in-stock/unsubscribe#token={token}"),
        };
        let due = request.state == State::Due;
        let template = if due { Template::StockAvailable } else { Template::StockConfirm };
        // Each attempt has a token of its own, of which the last one counts, and so it is another letter: a mailbox must
        // not drop it as a copy of one whose links lead nowhere any more.
        let letter_id = letter_id(&token);
        let data = StockData { shop: self.shown(), product, links, token };
        let letter = self.letter_of(&letter_id, to, template, &data)?;
        self.mail_send(ctx, letter).await?;
        if due {
            let ends = request.expires_at;
            let done = self.store.write(move |tx| {
                tx.stock_request_move(id, State::Due, State::Sent, now, ends)?;
                Ok::<_, Error>(())
            });
            done.await?;
        }
        Ok(())
    }
}

/// What is to be sent; nothing when the request is gone, or neither asks nor is due.
fn plan(tx: &ReadTx<'_>, letter: StockRequestLetter) -> Outcome<Option<Plan>> {
    let Some(request) = tx.stock_request_by_id(letter.request)? else { return Ok(None) };
    if !matches!(request.state, State::Unconfirmed | State::Due) {
        return Ok(None);
    }
    let Some(product) = tx.product_by_id(request.product_id)? else { return Ok(None) };
    let slug = product.slug.as_str().to_owned();
    let shown = match request.variant_id {
        Some(variant) => product_shown(tx, variant)?,
        None => Some(ProductShown { name: product.name, title: String::new(), sku: None, stock: product.stock }),
    };
    Ok(shown.map(|product| Plan { request, product, slug }))
}
