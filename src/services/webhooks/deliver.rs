//! The job that tells endpoints of events, as far as that is due.
//!
//! There is one such job at a time, so it takes one of the runner's places however many endpoints hang, and mail goes on
//! beside it. It makes up to [`MOST_AT_ONCE`] attempts at once, each on a thread of its own: two for one endpoint, one
//! for an endpoint that fails, and for all that fail no more than half, so that those that work never wait for those
//! that do not. When nothing is due it adds the job for what is due next and ends.
//!
//! An attempt is claimed before it is made and noted after it, so one that was cut off is made again: whoever gets
//! events must bear getting one twice, which its id tells.

use super::signature::signatures;
use crate::domain::webhook::{DeliveryState, event_name, next_attempt};
use crate::domain::{DeliveryId, Right, Timestamp, WebhookId};
use crate::providers::webhook::{Post, Reply, SendError};
use crate::services::{Ctx, Error, Outcome, Shop};
use crate::store::{ActiveWebhook, AttemptNote, ClaimedDelivery, WriteTx};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Attempts made at once.
const MOST_AT_ONCE: usize = 8;
/// Of these, for endpoints that fail.
const MOST_FAILING: usize = 4;
/// Of these, for one endpoint.
const MOST_EACH: usize = 2;
/// Events made into deliveries in one transaction.
const ANNOUNCED_AT_ONCE: i64 = 500;
/// How often to look for what has become due while attempts are being made.
const TICK: Duration = Duration::from_millis(200);
/// How long one job goes on taking new attempts; the next one carries on.
const SHIFT: Duration = Duration::from_secs(60);

/// An attempt that has ended.
struct Ended {
    webhook: WebhookId,
    delivery: DeliveryId,
    attempt: u32,
    outcome: Result<Reply, SendError>,
    dice: u64,
}

/// An attempt being made.
#[derive(Clone, Copy)]
struct Busy {
    webhook: WebhookId,
    failing: bool,
}

/// What one look at the database found.
#[derive(Default)]
struct Found {
    claimed: Vec<(ActiveWebhook, ClaimedDelivery)>,
    /// Endpoints to which deliveries were given up, and why.
    given_up: Vec<(WebhookId, String)>,
    /// Whether the job is over.
    over: bool,
}

/// The job at work.
#[derive(Default)]
struct Desk {
    busy: HashMap<DeliveryId, Busy>,
    /// When each endpoint was last served, in turns.
    served: HashMap<WebhookId, u64>,
    turn: u64,
}

impl Shop {
    /// Tells endpoints of events, as far as that is due.
    pub async fn webhooks_deliver(&self, ctx: &Ctx) -> Outcome<()> {
        ctx.require(Right::Maintain)?;
        let started = Instant::now();
        let (mut desk, mut ended) = (Desk::default(), Vec::new());
        let mut sending = JoinSet::new();
        loop {
            let now = ctx.now.plus(started.elapsed());
            if !ended.is_empty() || desk.busy.is_empty() || self.deliveries_are_due(&desk, now)? {
                let closing = started.elapsed() >= SHIFT;
                let mut at_work = desk;
                let notes = std::mem::take(&mut ended);
                let (found, back) = self
                    .store
                    .write(move |tx| {
                        let found = at_work.look(tx, &notes, closing, now)?;
                        Ok::<_, Error>((found, at_work))
                    })
                    .await?;
                desk = back;
                for (webhook, why) in found.given_up {
                    tracing::warn!(%webhook, %why, "a delivery was given up; it can be replayed");
                }
                if found.over {
                    return Ok(());
                }
                for (webhook, claimed) in found.claimed {
                    self.delivery_begin(&mut sending, webhook, claimed, now);
                }
            }
            tokio::select! {
                Some(Ok(done)) = sending.join_next() => ended.push(done),
                () = tokio::time::sleep(TICK) => {}
            }
            while let Some(Ok(done)) = sending.try_join_next() {
                ended.push(done);
            }
        }
    }

    /// Makes an attempt beside everything else.
    fn delivery_begin(
        &self,
        sending: &mut JoinSet<Ended>,
        webhook: ActiveWebhook,
        claimed: ClaimedDelivery,
        now: Timestamp,
    ) {
        let (sender, post) = (self.providers.webhooks.clone(), post(&webhook, &claimed, now));
        let (tell, told) = oneshot::channel();
        let work = move || drop(tell.send(sender.send(&post)));
        let begun = std::thread::Builder::new().name("nexus-webhook".to_owned()).spawn(work).is_ok();
        sending.spawn(async move {
            let why = if begun { "it was cut off" } else { "there was no room to send it" };
            let outcome = told.await.unwrap_or_else(|_| Err(SendError::Failed(why.to_owned())));
            let dice = u64::from_le_bytes(crate::clock::random_bytes());
            Ended { webhook: webhook.id, delivery: claimed.id, attempt: claimed.attempt, outcome, dice }
        });
    }

    /// Whether there is something to do that is not being done.
    fn deliveries_are_due(&self, desk: &Desk, now: Timestamp) -> Outcome<bool> {
        self.store.read(|tx| {
            if tx.events_are_new()? {
                return Ok(true);
            }
            for webhook in tx.webhook_active()? {
                let room = desk.room(webhook.id, webhook.failing);
                let due = if room > 0 { tx.delivery_due(webhook.id, now, 1)?.len() } else { 0 };
                if due > 0 {
                    return Ok(true);
                }
            }
            Ok::<_, Error>(false)
        })
    }
}

impl Desk {
    /// Notes what has ended, makes deliveries of what has happened, and claims what is due as far as there is room.
    fn look(&mut self, tx: &WriteTx<'_>, ended: &[Ended], closing: bool, now: Timestamp) -> Outcome<Found> {
        let mut found = Found::default();
        for one in ended {
            self.busy.remove(&one.delivery);
            found.given_up.extend(note(tx, one, now)?.map(|why| (one.webhook, why)));
        }
        let more = tx.events_announce(ANNOUNCED_AT_ONCE, now)?;
        if !closing {
            self.claim(tx, &mut found.claimed, now)?;
        }
        if self.busy.is_empty() && (closing || !more) {
            // From here on whoever adds an event adds a job for it.
            tx.deliver_again()?;
            let next = if more { Some(now) } else { tx.delivery_next_at()? };
            if let Some(next) = next {
                tx.deliver_by(next.max(now), now)?;
            }
            found.over = true;
        }
        Ok(found)
    }

    /// Claims what is due: first for the endpoints that were served longest ago.
    fn claim(
        &mut self,
        tx: &WriteTx<'_>,
        claimed: &mut Vec<(ActiveWebhook, ClaimedDelivery)>,
        now: Timestamp,
    ) -> Outcome<()> {
        let mut webhooks = tx.webhook_active()?;
        webhooks.sort_by_key(|webhook| self.served.get(&webhook.id).copied().unwrap_or(0));
        for webhook in webhooks {
            let room = self.room(webhook.id, webhook.failing);
            if room == 0 {
                continue;
            }
            // An attempt that takes longer than its lease would be found here again.
            let due = tx.delivery_due(webhook.id, now, room + MOST_EACH)?;
            let due: Vec<DeliveryId> = due.into_iter().filter(|id| !self.busy.contains_key(id)).take(room).collect();
            for id in due {
                if let Some(delivery) = tx.delivery_claim(id, now)? {
                    self.busy.insert(id, Busy { webhook: webhook.id, failing: webhook.failing });
                    self.turn += 1;
                    self.served.insert(webhook.id, self.turn);
                    claimed.push((webhook.clone(), delivery));
                }
            }
        }
        Ok(())
    }

    /// How many more attempts may be made for an endpoint.
    fn room(&self, webhook: WebhookId, failing: bool) -> usize {
        let count = |of: &dyn Fn(&Busy) -> bool| self.busy.values().filter(|busy| of(busy)).count();
        let each = if failing { 1 } else { MOST_EACH };
        let here = each.saturating_sub(count(&|busy| busy.webhook == webhook));
        let all = MOST_AT_ONCE.saturating_sub(self.busy.len());
        let room = here.min(all);
        if failing { room.min(MOST_FAILING.saturating_sub(count(&|busy| busy.failing))) } else { room }
    }
}

/// Notes what an attempt came to; the reason when its delivery is given up.
fn note(tx: &WriteTx<'_>, ended: &Ended, now: Timestamp) -> Outcome<Option<String>> {
    let (status, response, error) = match &ended.outcome {
        Ok(reply) => (Some(reply.status), Some(reply.excerpt.clone()), complaint(reply.status)),
        Err(error) => (None, None, Some(error.to_string())),
    };
    let next_at = error.as_ref().and_then(|_| next_attempt(ended.attempt, now, ended.dice));
    // Who says that there is no such endpoint any more is not asked again, until somebody asks for it.
    let next_at = next_at.filter(|_| status != Some(GONE));
    let state = match (&error, next_at) {
        (None, _) => DeliveryState::Delivered,
        (Some(_), Some(_)) => DeliveryState::Waiting,
        (Some(_), None) => DeliveryState::Failed,
    };
    let note = AttemptNote { state: Some(state), status, error: error.clone(), response, next_at };
    let counts = tx.delivery_note(ended.delivery, ended.attempt, &note, now)?;
    match &error {
        None => tx.webhook_works(ended.webhook)?,
        Some(why) => tx.webhook_fails(ended.webhook, why, now)?,
    }
    Ok(error.filter(|_| counts && state == DeliveryState::Failed))
}

const GONE: u16 = 410;

/// What is wrong with an answer of this status, if anything.
fn complaint(status: u16) -> Option<String> {
    match status {
        200..=299 => None,
        300..=399 => Some(format!("it answered {status}: redirects are not followed, set the address it is at now")),
        GONE => Some("it answered 410: there is nobody there who wants events any more".to_owned()),
        _ => Some(format!("it answered {status}")),
    }
}

/// An event as it is sent: its body is the same in every attempt, its signature holds for some minutes only.
fn post(webhook: &ActiveWebhook, claimed: &ClaimedDelivery, now: Timestamp) -> Post {
    let happened = claimed.happened_at.to_rfc3339();
    let body = format!(r#"{{"type":"{}","timestamp":"{happened}","data":{}}}"#, claimed.kind, claimed.payload);
    let (id, seconds) = (event_name(claimed.event, claimed.happened_at), now.millis().div_euclid(1_000));
    let previous = webhook.previous.as_ref().filter(|(_, until)| *until > now).map(|(secret, _)| secret.as_str());
    let secrets: Vec<&str> = std::iter::once(webhook.secret.as_str()).chain(previous).collect();
    let signature = signatures(&secrets, &id, seconds, &body);
    let headers =
        vec![("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signature)];
    Post { url: webhook.url.clone(), headers, body }
}
