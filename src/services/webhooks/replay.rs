//! The log of deliveries, and sending again what was sent or missed.

use super::{WEBHOOK, current};
use crate::domain::audit::Subject;
use crate::domain::page::Page;
use crate::domain::webhook::{Delivery, ReplayRange, Webhook};
use crate::domain::{DeliveryId, Direction, EventKind, Invalid, PageSize, Right, WebhookId};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{DeliveryFilter, ReadTx};
use serde_json::json;

/// Events that one replay may tell again.
const MOST_REPLAYED: usize = 10_000;

const DELIVERY: Error = Error::NotFound("delivery");

impl Shop {
    /// A page of the deliveries to an endpoint, newest first.
    pub fn delivery_list(
        &self,
        ctx: &Ctx,
        webhook: WebhookId,
        filter: DeliveryFilter,
        size: PageSize,
        from: Option<(DeliveryId, Direction)>,
    ) -> Outcome<Page<Delivery, DeliveryId>> {
        ctx.require(Right::WebhooksWrite)?;
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| {
                current(tx, webhook)?;
                Ok::<_, Error>(tx.delivery_page(webhook, filter, start, backwards, most)?)
            },
            |delivery| delivery.id,
        )
    }

    /// One delivery.
    pub fn delivery_get(&self, ctx: &Ctx, webhook: WebhookId, id: DeliveryId) -> Outcome<Delivery> {
        ctx.require(Right::WebhooksWrite)?;
        self.store.read(|tx| tx.delivery_by_id(webhook, id)?.ok_or(DELIVERY))
    }

    /// Sends an endpoint an event that says nothing, to see whether it gets through.
    pub async fn webhook_test(&self, ctx: &Ctx, id: WebhookId) -> Outcome<Delivery> {
        ctx.require(Right::WebhooksWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                ready(tx, id)?;
                let kind = EventKind::WebhookTest;
                let event = tx.event_add(kind, id, &json!({ "webhook": id }), ctx.now)?;
                let delivery = tx.delivery_insert(id, event, kind, ctx.now)?;
                tx.audit(&ctx.entry("webhook.test", Subject::from(id), &json!({})))?;
                tx.delivery_by_id(id, delivery)?.ok_or(DELIVERY)
            })
            .await
    }

    /// Sends one delivery again, with all its attempts before it.
    pub async fn delivery_replay(&self, ctx: &Ctx, webhook: WebhookId, id: DeliveryId) -> Outcome<Delivery> {
        ctx.require(Right::WebhooksWrite)?;
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                ready(tx, webhook)?;
                tx.delivery_by_id(webhook, id)?.ok_or(DELIVERY)?;
                tx.delivery_replay(id, ctx.now)?;
                tx.deliver_by(ctx.now, ctx.now)?;
                tx.audit(&ctx.entry("webhook.replay", Subject::from(webhook), &json!({ "delivery": id })))?;
                tx.delivery_by_id(webhook, id)?.ok_or(DELIVERY)
            })
            .await
    }

    /// Sends an endpoint the events of a stretch of time, again or for the first time; tells how many.
    pub async fn webhook_replay(&self, ctx: &Ctx, id: WebhookId, range: ReplayRange) -> Outcome<usize> {
        ctx.require(Right::WebhooksWrite)?;
        // Which they are is found out before the write: rare ones are looked for among all that happened.
        let events = self.store.read(|tx| {
            let webhook = ready(tx, id)?;
            let kinds = if range.kinds.is_empty() { webhook.draft.kinds } else { range.kinds.clone() };
            Ok::<_, Error>(tx.replay_events(&ReplayRange { kinds, ..range.clone() }, MOST_REPLAYED + 1)?)
        })?;
        if events.len() > MOST_REPLAYED {
            let why = format!("holds more than {MOST_REPLAYED} events up to this moment: ask for less at once");
            return Err(Invalid::one("to", "too_many", why).into());
        }
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                ready(tx, id)?;
                let count = tx.replay(id, &events, ctx.now)?;
                tx.deliver_by(ctx.now, ctx.now)?;
                let (from, to) = (range.from.to_rfc3339(), range.to.to_rfc3339());
                let detail = json!({ "from": from, "to": to, "events": count });
                tx.audit(&ctx.entry("webhook.replay", Subject::from(id), &detail))?;
                Ok(count)
            })
            .await
    }
}

/// The endpoint, when it is told anything.
fn ready(tx: &ReadTx<'_>, id: WebhookId) -> Outcome<Webhook> {
    let webhook = tx.webhook_by_id(id)?.ok_or(WEBHOOK)?;
    if webhook.draft.active {
        return Ok(webhook);
    }
    let detail = "this webhook is switched off: set active to true first".to_owned();
    Err(Error::Conflict("inactive", detail, Vec::new()))
}
