//! How events get through: signed, once, again when they did not, and never silently given up.

use super::receiver::{Manner, Receiver};
use super::{START, at, deliveries, happen, run, shop_telling, told, webhook};
use crate::support::{TestShop, wait};
use nexus::domain::webhook::{DeliveryState, MOST_ATTEMPTS, ReplayRange};
use nexus::domain::{EventKind, JobState, Timestamp, WebhookId};
use nexus::services::Ctx;
use serde_json::json;

fn failing(shop: &TestShop, id: WebhookId) -> Option<String> {
    shop.shop.webhook_get(&Ctx::owner(), id).unwrap().failing_reason
}

#[test]
fn event_is_told_once_signed_after_the_standard_to_those_who_want_it() {
    let (books, stock) = (Receiver::start(Manner::Says(204)), Receiver::start(Manner::Says(200)));
    let (shop, clock) = shop_telling(&[&books, &stock]);
    let before = happen(&shop, &clock, EventKind::OrderPlaced, 1);
    let (_, secret) = webhook(&shop, &clock, &books, &[]);
    let (other, _) = webhook(&shop, &clock, &stock, &[EventKind::StockLow]);
    let event = happen(&shop, &clock, EventKind::OrderPaid, 7);
    run(&shop, &clock);
    run(&shop, &clock);
    let told = books.told();
    assert_eq!(told.len(), 1, "one event, and none from before there was anybody to tell: {before} {told:?}");
    assert_eq!(told[0].header("webhook-id"), format!("evt_{event}_{START}"));
    let seconds: i64 = told[0].header("webhook-timestamp").parse().unwrap();
    assert!((0..5).contains(&(seconds - START / 1000)), "{seconds}");
    assert_eq!(told[0].signed_by(&[&secret]), [secret.as_str()]);
    let happened = Timestamp::from_millis(START).to_rfc3339();
    let data = json!({ "id": 7, "number": "1001" });
    assert_eq!(told[0].json(), json!({ "type": "order.paid", "timestamp": happened, "data": data }));
    assert!(stock.told().is_empty() && deliveries(&shop, other).is_empty());
}

#[test]
fn event_of_a_write_that_fails_is_told_to_nobody() {
    let (shop, clock, receiver, ..) = told(Manner::Says(200));
    let now = Timestamp::from_millis(clock.now());
    let failed = shop.shop.store().write_blocking(move |tx| {
        tx.event_add(EventKind::OrderPlaced, nexus::domain::OrderId::new(1), &json!({}), now)?;
        Err::<(), _>(nexus::services::Error::Stale)
    });
    assert!(failed.is_err());
    run(&shop, &clock);
    assert!(receiver.told().is_empty());
}

#[test]
fn attempts_follow_the_schedule_with_one_id_and_one_body_until_one_gets_through() {
    let (shop, clock, receiver, id, secret) = told(Manner::Says(500));
    happen(&shop, &clock, EventKind::OrderPlaced, 1);
    run(&shop, &clock);
    let mut now = START;
    for (attempt, pause) in [(1, 5), (2, 300), (3, 1_800), (4, 7_200)] {
        let delivery = deliveries(&shop, id).remove(0);
        assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Waiting, attempt));
        assert_eq!((delivery.last_status, delivery.last_error.as_deref()), (Some(500), Some("it answered 500")));
        let next = delivery.next_at.unwrap().millis();
        let waits = (next - now) as f64 / 1000.0;
        assert!((pause as f64 * 0.89..pause as f64 * 1.11 + 2.0).contains(&waits), "attempt {attempt}: {waits} s");
        clock.set(next - 1_000);
        run(&shop, &clock);
        assert_eq!(receiver.told().len(), attempt as usize, "too early");
        clock.set(next);
        now = next;
        if attempt == 4 {
            receiver.behave(Manner::Says(200));
        }
        run(&shop, &clock);
        assert_eq!(receiver.told().len(), attempt as usize + 1);
        let since = shop.shop.webhook_get(&Ctx::owner(), id).unwrap().failing_since;
        assert!(attempt == 4 || since.is_some_and(|at| (0..5_000).contains(&(at.millis() - START))), "{since:?}");
    }
    let delivery = deliveries(&shop, id).remove(0);
    assert_eq!((delivery.state, delivery.attempts, delivery.next_at), (DeliveryState::Delivered, 5, None));
    assert_eq!((delivery.response.as_deref(), delivery.last_error), (Some("noted"), None));
    assert_eq!(failing(&shop, id), None);
    let told = receiver.told();
    assert!(
        told.iter().all(|one| one.body == told[0].body && one.header("webhook-id") == told[0].header("webhook-id"))
    );
    assert!(told.iter().all(|one| one.signed_by(&[&secret]).len() == 1));
    let times: std::collections::BTreeSet<&str> = told.iter().map(|one| one.header("webhook-timestamp")).collect();
    assert_eq!(times.len(), 5, "each attempt is signed at its own time");
}

#[test]
fn delivery_that_never_gets_through_fails_in_view_and_events_go_on() {
    let (shop, clock, receiver, id, _) = told(Manner::Says(503));
    happen(&shop, &clock, EventKind::OrderPlaced, 1);
    for _ in 0..MOST_ATTEMPTS + 3 {
        run(&shop, &clock);
        if let Some(next) = deliveries(&shop, id).remove(0).next_at {
            clock.set(next.millis());
        }
    }
    let delivery = deliveries(&shop, id).remove(0);
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Failed, MOST_ATTEMPTS));
    assert_eq!(receiver.told().len(), MOST_ATTEMPTS as usize);
    assert_eq!(failing(&shop, id).as_deref(), Some("it answered 503"));
    let webhook = shop.shop.webhook_get(&Ctx::owner(), id).unwrap();
    assert!(webhook.draft.active && webhook.version == 1, "nobody switched it off");
    assert_eq!(crate::jobs::count(&shop.shop, JobState::Waiting), 0, "nothing is left to do");

    receiver.behave(Manner::Says(200));
    happen(&shop, &clock, EventKind::OrderPaid, 2);
    run(&shop, &clock);
    assert_eq!(deliveries(&shop, id)[0].state, DeliveryState::Delivered);
    assert_eq!(failing(&shop, id), None);

    // What failed is told again when somebody asks, by the same id.
    let failed = deliveries(&shop, id)[1].id;
    wait(shop.shop.delivery_replay(&at(&clock), id, failed)).unwrap();
    run(&shop, &clock);
    let delivery = deliveries(&shop, id).remove(1);
    assert_eq!((delivery.state, delivery.attempts, delivery.replays), (DeliveryState::Delivered, 1, 1));
    let told = receiver.told();
    assert_eq!(told.last().unwrap().header("webhook-id"), told[0].header("webhook-id"));
}

#[test]
fn endpoint_that_is_gone_or_moved_is_not_followed_and_not_switched_off() {
    let (shop, clock, receiver, id, _) = told(Manner::Says(410));
    happen(&shop, &clock, EventKind::OrderPlaced, 1);
    run(&shop, &clock);
    assert_eq!(deliveries(&shop, id)[0].state, DeliveryState::Failed);
    assert!(failing(&shop, id).is_some_and(|why| why.contains("410")));
    for status in [301, 302, 307, 308] {
        receiver.behave(Manner::Redirects(status));
        let before = receiver.told().len();
        happen(&shop, &clock, EventKind::OrderPlaced, 2);
        run(&shop, &clock);
        assert_eq!(receiver.told().len(), before + 1, "{status} was followed");
        let delivery = deliveries(&shop, id).remove(0);
        assert_eq!((delivery.state, delivery.last_status), (DeliveryState::Waiting, Some(status)));
    }
    assert!(shop.shop.webhook_get(&Ctx::owner(), id).unwrap().draft.active);
}

#[test]
fn both_secrets_sign_while_one_is_replaced_and_the_old_one_ends() {
    let (shop, clock, receiver, id, old) = told(Manner::Says(200));
    let new = wait(shop.shop.webhook_rotate(&at(&clock), id, 24)).unwrap().secret;
    assert_ne!(old, new);
    for (hours, signers) in [(0, vec![&new, &old]), (23, vec![&new, &old]), (25, vec![&new])] {
        clock.set(START + hours * 3_600_000);
        happen(&shop, &clock, EventKind::OrderPlaced, hours);
        run(&shop, &clock);
        let mut told = receiver.told();
        assert_eq!(told.pop().unwrap().signed_by(&[&new, &old]), signers, "after {hours} hours");
    }
    let newest = wait(shop.shop.webhook_rotate(&at(&clock), id, 0)).unwrap().secret;
    happen(&shop, &clock, EventKind::OrderPlaced, 99);
    run(&shop, &clock);
    assert_eq!(receiver.told().pop().unwrap().signed_by(&[&newest, &new]), [newest.as_str()], "ended at once");
}

#[test]
fn replay_of_a_stretch_of_time_tells_what_happened_in_it_and_was_not_on_its_way() {
    let receiver = Receiver::start(Manner::Says(200));
    let (shop, clock) = shop_telling(&[&receiver]);
    // Before there was anybody to tell.
    for hour in 0..4 {
        clock.set(START + hour * 3_600_000);
        happen(&shop, &clock, EventKind::OrderPlaced, hour);
        happen(&shop, &clock, EventKind::StockLow, hour);
    }
    let (id, _) = webhook(&shop, &clock, &receiver, &[EventKind::OrderPlaced]);
    run(&shop, &clock);
    assert!(receiver.told().is_empty());
    let hour = |n: i64| Timestamp::from_millis(START + n * 3_600_000);
    let replay = |kinds: &[EventKind]| {
        let range = ReplayRange { from: hour(1), to: hour(3), kinds: kinds.to_vec() };
        wait(shop.shop.webhook_replay(&at(&clock), id, range)).unwrap()
    };
    assert_eq!(replay(&[]), 2, "those it is told of, from the first hour on and before the third");
    assert_eq!(replay(&[]), 0, "they are on their way");
    run(&shop, &clock);
    let orders: Vec<_> = receiver.told().iter().map(|told| told.json()["data"]["id"].clone()).collect();
    assert!(orders.len() == 2 && orders.contains(&json!(1)) && orders.contains(&json!(2)), "{orders:?}");
    assert_eq!(replay(&[EventKind::StockLow, EventKind::OrderPlaced]), 4);
    run(&shop, &clock);
    assert_eq!(receiver.told().len(), 6);
    let replays: Vec<u32> = deliveries(&shop, id).iter().map(|delivery| delivery.replays).collect();
    assert_eq!(replays.iter().sum::<u32>(), 2, "{replays:?}");
}

#[test]
fn endpoint_that_is_switched_off_misses_what_happens_meanwhile_and_keeps_what_was_on_its_way() {
    let (shop, clock, receiver, id, _) = told(Manner::Says(500));
    happen(&shop, &clock, EventKind::OrderPlaced, 1);
    run(&shop, &clock);
    let switch = |active: bool| {
        let edit = move |before: &nexus::domain::webhook::Webhook| {
            Ok(nexus::domain::webhook::WebhookDraft { active, ..before.draft.clone() })
        };
        wait(shop.shop.webhook_update(&at(&clock), id, Default::default(), edit)).unwrap()
    };
    switch(false);
    receiver.behave(Manner::Says(200));
    clock.set(START + 60_000);
    happen(&shop, &clock, EventKind::OrderPlaced, 2);
    run(&shop, &clock);
    assert_eq!(receiver.told().len(), 1);
    switch(true);
    run(&shop, &clock);
    happen(&shop, &clock, EventKind::OrderPlaced, 3);
    run(&shop, &clock);
    let orders: Vec<_> = receiver.told().iter().map(|told| told.json()["data"]["id"].clone()).collect();
    assert_eq!(orders, [json!(1), json!(1), json!(3)]);
}

#[test]
fn old_deliveries_and_events_are_swept_and_newer_ones_stay() {
    let (shop, clock, receiver, id, _) = told(Manner::Says(200));
    happen(&shop, &clock, EventKind::OrderPlaced, 1);
    run(&shop, &clock);
    clock.set(START + 20 * 86_400_000);
    happen(&shop, &clock, EventKind::OrderPlaced, 2);
    run(&shop, &clock);
    clock.set(START + 31 * 86_400_000);
    let sweep = || wait(shop.shop.events_sweep(&at(&clock))).unwrap();
    assert_eq!((sweep(), sweep()), (2, 0));
    assert_eq!(deliveries(&shop, id).len(), 1);
    happen(&shop, &clock, EventKind::OrderPlaced, 3);
    run(&shop, &clock);
    assert_eq!(receiver.told().len(), 3);
}

#[test]
fn webhook_that_was_told_a_lot_is_removed_with_all_of_it() {
    let (shop, clock, receiver, id, _) = told(Manner::Says(200));
    let (other, _) = webhook(&shop, &clock, &receiver, &[EventKind::OrderPlaced]);
    let fill = "insert into event (kind, subject_kind, subject_id, payload, created_at) \
                with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500) \
                select 'order.paid', 'order', '1', '{}', 1 from n";
    let told = format!(
        "{fill}; insert into webhook_delivery (webhook_id, event_id, kind, next_at, created_at, updated_at) \
         select {id}, id, kind, 1, 1, 1 from event; \
         insert into webhook_delivery (webhook_id, event_id, kind, next_at, created_at, updated_at) \
         select {other}, max(id), 'order.paid', 1, 1, 1 from event"
    );
    shop.shop.store().write_blocking(move |tx| Ok::<_, nexus::services::Error>(tx.execute_script(&told)?)).unwrap();
    wait(shop.shop.webhook_remove(&at(&clock), id, Default::default())).unwrap();
    assert!(shop.shop.webhook_get(&Ctx::owner(), id).is_err());
    let left = "select count(*) from webhook_delivery";
    let left = shop.shop.store().read(|tx| Ok::<_, nexus::services::Error>(tx.query_number(left, [])?)).unwrap();
    assert_eq!((left, deliveries(&shop, other).len()), (1, 1));
}
