//! Delivering beside everything else: who hangs holds nobody up, and what was cut off is done again.

use super::receiver::{Manner, Receiver};
use super::{deliveries, happen, shop_telling, webhook};
use crate::binary::eventually;
use crate::jobs::{Clock, a_job, add, jobs};
use nexus::domain::webhook::DeliveryState;
use nexus::domain::{EventKind, JobState, OrderId, Timestamp};
use nexus::jobs::{Runner, Work};
use nexus::services::{Ctx, Error};
use serde_json::json;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(8);

fn real() -> Clock {
    Clock::at(Ctx::shop().now.millis())
}

#[test]
fn endpoints_that_hang_hold_up_neither_mail_nor_those_that_work() {
    let hanging: Vec<Receiver> = (0..6).map(|_| Receiver::start(Manner::Silent)).collect();
    let sound = Receiver::start(Manner::Says(200));
    let all: Vec<&Receiver> = hanging.iter().chain([&sound]).collect();
    let (shop, _) = shop_telling(&all);
    let clock = real();
    for receiver in &hanging {
        let (id, _) = webhook(&shop, &clock, receiver, &[]);
        let now = Timestamp::from_millis(clock.now());
        // As after some failures: endpoints that fail share half of the places.
        shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.webhook_fails(id, "test", now)?)).unwrap();
    }
    let (id, _) = webhook(&shop, &clock, &sound, &[]);
    for order in 0..5 {
        happen(&shop, &clock, EventKind::OrderPlaced, order);
    }
    let runner = Runner::start(shop.shop.clone(), Work::default()).unwrap();
    eventually("those who hang are asked", PATIENCE, || hanging.iter().any(|one| !one.told().is_empty()));
    // The data folder takes letters when there is no mail server.
    add(&shop.shop, a_job("beside"));
    eventually("mail goes on", Duration::from_secs(3), || jobs(&shop.shop).iter().all(|job| job.kind != "mail"));
    eventually("all is told to who listens", Duration::from_secs(5), || sound.told().len() == 5);
    let hung: usize = hanging.iter().map(|one| one.told().len()).sum();
    assert!(hung <= 4, "{hung} places for those that fail");
    eventually("that is noted", PATIENCE, || {
        deliveries(&shop, id).iter().all(|delivery| delivery.state == DeliveryState::Delivered)
    });
    let running = jobs(&shop.shop).iter().filter(|job| job.state == JobState::Running).count();
    assert_eq!(running, 1, "one job whoever hangs");
    runner.end(Instant::now());
}

#[test]
fn event_that_happens_while_others_are_told_is_told_too() {
    let receiver = Receiver::start(Manner::Says(200));
    let (shop, _) = shop_telling(&[&receiver]);
    let clock = real();
    let (id, _) = webhook(&shop, &clock, &receiver, &[]);
    let runner = Runner::start(shop.shop.clone(), Work::default()).unwrap();
    let started = Instant::now();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let (shop, now) = (shop.shop.clone(), Timestamp::from_millis(clock.now()));
            std::thread::spawn(move || {
                for n in 0..25 {
                    let (kind, order) = (EventKind::OrderPlaced, OrderId::new(thread * 100 + n));
                    let added = shop
                        .store()
                        .write_blocking(move |tx| Ok::<_, Error>(tx.event_add(kind, order, &json!({}), now)?));
                    added.unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    eventually("all are told", Duration::from_secs(20), || receiver.told().len() >= 100);
    eventually("all are noted", PATIENCE, || crate::jobs::count(&shop.shop, JobState::Running) == 0);
    let mut ids: Vec<String> = receiver.told().iter().map(|told| told.header("webhook-id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), receiver.told().len()), (100, 100), "each once, in {:?}", started.elapsed());
    assert!(jobs(&shop.shop).is_empty(), "{:?}", jobs(&shop.shop));
    assert_eq!(deliveries(&shop, id).len(), 100);
    runner.end(Instant::now() + PATIENCE);
}
