//! Telling others of events: who is told, and what became of it.

mod deliver;
mod replay;
mod signature;

pub use crate::store::DeliveryFilter;

use crate::domain::audit::Subject;
use crate::domain::catalog::Revision;
use crate::domain::page::Page;
use crate::domain::webhook::{Webhook, WebhookDraft};
use crate::domain::{Direction, Invalid, PageSize, Right, Timestamp, WebhookId};
use crate::services::catalog::Preconditions;
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{ReadTx, WriteTx};
use serde_json::{Value, json};
use std::time::Duration;

/// Endpoints a shop may have at once.
const MOST_WEBHOOKS: i64 = 50;

const WEBHOOK: Error = Error::NotFound("webhook");

/// An endpoint with the only sight of its secret there will be.
pub struct NewWebhook {
    /// The secret.
    pub secret: String,
    /// The endpoint.
    pub kept: Webhook,
}

impl Shop {
    /// A page of endpoints in order of id.
    pub fn webhook_list(
        &self,
        ctx: &Ctx,
        size: PageSize,
        from: Option<(WebhookId, Direction)>,
    ) -> Outcome<Page<Webhook, WebhookId>> {
        ctx.require(Right::WebhooksWrite)?;
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| tx.webhook_page(start, backwards, most),
            |webhook| webhook.id,
        )
    }

    /// One endpoint.
    pub fn webhook_get(&self, ctx: &Ctx, id: WebhookId) -> Outcome<Webhook> {
        ctx.require(Right::WebhooksWrite)?;
        self.store.read(|tx| current(tx, id))
    }

    /// Makes an endpoint, which is told of what happens from now on.
    pub async fn webhook_create(&self, ctx: &Ctx, draft: WebhookDraft) -> Outcome<NewWebhook> {
        ctx.require(Right::WebhooksWrite)?;
        let draft = WebhookDraft { url: self.webhook_url(draft.url.clone()).await?, ..draft };
        let secret = signature::new_secret();
        let (ctx, kept) = (ctx.clone(), secret.clone());
        let kept = self.store.write(move |tx| {
            if tx.webhook_count()? >= MOST_WEBHOOKS {
                let detail = format!("a shop has at most {MOST_WEBHOOKS} webhooks: remove one first");
                return Err(Error::Conflict("too_many", detail, Vec::new()));
            }
            let id = tx.webhook_insert(&draft, &kept, ctx.now)?;
            tx.audit(&ctx.entry("webhook.create", Subject::from(id), &detail(&draft)))?;
            current(tx, id)
        });
        Ok(NewWebhook { secret, kept: kept.await? })
    }

    /// Changes an endpoint to what `edit` makes of it.
    pub async fn webhook_update(
        &self,
        ctx: &Ctx,
        id: WebhookId,
        known: Preconditions,
        edit: impl Fn(&Webhook) -> Result<WebhookDraft, Invalid> + Send + 'static,
    ) -> Outcome<Webhook> {
        ctx.require(Right::WebhooksWrite)?;
        // The address is looked at before the transaction, since names have to be looked up for that.
        let before = self.store.read(|tx| current(tx, id))?;
        known.check(Revision::of(before.version))?;
        let asked = edit(&before)?.url;
        let checked = if asked == before.draft.url { asked.clone() } else { self.webhook_url(asked.clone()).await? };
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(Revision::of(before.version))?;
                let mut draft = edit(&before)?;
                if draft.url == asked {
                    draft.url = checked;
                } else if draft.url != before.draft.url {
                    return Err(Error::Stale);
                }
                tx.webhook_update(id, &draft, ctx.now)?;
                if draft.active && !before.draft.active {
                    tx.deliver_by(ctx.now, ctx.now)?;
                }
                tx.audit(&ctx.entry("webhook.update", Subject::from(id), &detail(&draft)))?;
                current(tx, id)
            })
            .await
    }

    /// Removes an endpoint, and what was on its way there. It may have been told a hundred thousand things, which would
    /// hold up every other write if they went in one: first it is switched off, then they go piece by piece, then it goes.
    /// Cut off in between it is there, switched off, and can be removed again.
    pub async fn webhook_remove(&self, ctx: &Ctx, id: WebhookId, known: Preconditions) -> Outcome<()> {
        ctx.require(Right::WebhooksWrite)?;
        let checked = known.clone();
        let silence = move |tx: &WriteTx<'_>| {
            checked.check(Revision::of(current(tx, id)?.version))?;
            tx.webhook_silence(id)?;
            Ok::<_, Error>(tx.delivery_forget(id, SWEPT_AT_ONCE)?)
        };
        let mut forgotten = self.store.write(silence).await?;
        while forgotten > 0 {
            forgotten = self.store.write(move |tx| Ok::<_, Error>(tx.delivery_forget(id, SWEPT_AT_ONCE)?)).await?;
        }
        let ctx = ctx.clone();
        let remove = move |tx: &WriteTx<'_>| {
            known.check(Revision::of(current(tx, id)?.version))?;
            tx.webhook_delete(id)?;
            Ok(tx.audit(&ctx.entry("webhook.remove", Subject::from(id), &json!({})))?)
        };
        self.store.write(remove).await
    }

    /// Gives an endpoint a new secret; the one before signs too for some hours, so that nothing is lost while the
    /// other side changes over.
    pub async fn webhook_rotate(&self, ctx: &Ctx, id: WebhookId, overlap_hours: i64) -> Outcome<NewWebhook> {
        ctx.require(Right::WebhooksWrite)?;
        let secret = signature::new_secret();
        let (ctx, new) = (ctx.clone(), secret.clone());
        let kept = self.store.write(move |tx| {
            current(tx, id)?;
            let overlap = Duration::from_secs(overlap_hours.unsigned_abs() * 3_600);
            tx.webhook_rotate(id, &new, ctx.now.plus(overlap), ctx.now)?;
            let detail = json!({ "overlap_hours": overlap_hours });
            tx.audit(&ctx.entry("webhook.rotate_secret", Subject::from(id), &detail))?;
            current(tx, id)
        });
        Ok(NewWebhook { secret, kept: kept.await? })
    }

    /// Deletes deliveries and events that are older than anybody asks for, some at a time; tells how many.
    pub async fn events_sweep(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::from_millis(ctx.now.millis().saturating_sub(kept));
        let sweep = move |tx: &WriteTx<'_>| {
            let (deliveries, waiting) = tx.delivery_sweep(before, SWEPT_AT_ONCE)?;
            Ok::<_, Error>((deliveries + tx.event_sweep(before, SWEPT_AT_ONCE)?, waiting))
        };
        let (count, waiting) = self.store.write(sweep).await?;
        if waiting > 0 {
            tracing::warn!(
                waiting,
                "deliveries were given up that waited for a month for webhooks that are switched off"
            );
        }
        Ok(count)
    }

    /// The address as it is kept, when it is one to send to.
    async fn webhook_url(&self, url: String) -> Outcome<String> {
        let sender = self.providers.webhooks.clone();
        let checked = tokio::task::spawn_blocking(move || sender.check(&url)).await;
        let checked = checked.map_err(|_| Error::Internal("checking an address panicked".to_owned()))?;
        checked.map_err(|refused| Invalid::one("url", refused.code, refused.why).into())
    }
}

/// How long events and what became of them are kept.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// How many are deleted in one transaction.
const SWEPT_AT_ONCE: usize = 1_000;

/// What the audit log says of an endpoint; its address may hold a secret.
fn detail(draft: &WebhookDraft) -> Value {
    let mut detail = draft.body();
    if let Some(fields) = detail.as_object_mut() {
        fields.retain(|name, _| matches!(name.as_str(), "events" | "active"));
    }
    detail
}

fn current(tx: &ReadTx<'_>, id: WebhookId) -> Outcome<Webhook> {
    tx.webhook_by_id(id)?.ok_or(WEBHOOK)
}
