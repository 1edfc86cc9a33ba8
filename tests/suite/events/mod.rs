//! Telling others of events: who is told, how it is signed, what happens when it does not get through, and what is never
//! connected to.

mod admin;
mod cli;
mod delivery;
mod refused;
mod runner;

pub mod receiver;

use crate::jobs::{Clock, by};
use crate::support::{Requests, TestShop, wait};
use nexus::domain::webhook::{Delivery, WebhookDraft};
use nexus::domain::{EventId, EventKind, OrderId, PageSize, Timestamp, WebhookId};
use nexus::jobs::Work;
use nexus::services::webhooks::DeliveryFilter;
use nexus::services::{Ctx, Error};
use receiver::{Manner, Receiver};
use serde_json::json;

/// When the tests with a clock of their own begin.
pub const START: i64 = 1_790_000_000_000;

/// A shop that may tell these, and a clock for what it does later.
pub fn shop_telling(receivers: &[&Receiver]) -> (TestShop, Clock) {
    let entries = receivers.iter().map(|receiver| receiver.entry()).collect();
    (TestShop::with(|config| config.webhooks.allow_private = entries), Clock::at(START))
}

/// A shop that tells one endpoint of everything: with the endpoint, its id and its secret.
pub fn told(manner: Manner) -> (TestShop, Clock, Receiver, WebhookId, String) {
    let receiver = Receiver::start(manner);
    let (shop, clock) = shop_telling(&[&receiver]);
    let (id, secret) = webhook(&shop, &clock, &receiver, &[]);
    (shop, clock, receiver, id, secret)
}

/// A caller who may everything, at the moment of a clock.
pub fn at(clock: &Clock) -> Ctx {
    Ctx { now: Timestamp::from_millis(clock.now()), ..Ctx::owner() }
}

/// Makes two endpoints that nothing is ever sent to.
pub fn two_webhooks(shop: &TestShop) {
    for name in ["Books", "Stock"] {
        let draft = json!({ "name": name, "url": "https://8.8.8.8/hook" });
        shop.admin().post("/api/v1/admin/webhooks", &draft).ok(201);
    }
}

/// Makes an endpoint.
pub fn webhook(shop: &TestShop, clock: &Clock, receiver: &Receiver, kinds: &[EventKind]) -> (WebhookId, String) {
    let draft = WebhookDraft { name: "Books".to_owned(), url: receiver.url(), kinds: kinds.to_vec(), active: true };
    let made = wait(shop.shop.webhook_create(&at(clock), draft)).unwrap();
    (made.kept.id, made.secret)
}

/// Lets something happen to an order.
pub fn happen(shop: &TestShop, clock: &Clock, kind: EventKind, order: i64) -> EventId {
    let now = Timestamp::from_millis(clock.now());
    let told = json!({ "id": order, "number": "1001" });
    let added = shop
        .shop
        .store()
        .write_blocking(move |tx| Ok::<_, Error>(tx.event_add(kind, OrderId::new(order), &told, now)?));
    added.unwrap()
}

/// Does what is due by a clock.
pub fn run(shop: &TestShop, clock: &Clock) {
    let work = by(clock, Work { chores: std::sync::Arc::new([]), ..Work::default() });
    crate::jobs::run(shop, &work);
}

/// The deliveries to an endpoint, newest first.
pub fn deliveries(shop: &TestShop, id: WebhookId) -> Vec<Delivery> {
    let size = PageSize::new(100).unwrap();
    shop.shop.delivery_list(&Ctx::owner(), id, DeliveryFilter::default(), size, None).unwrap().items
}
