//! Addresses that are refused when they are saved, and again when something is sent there.

use super::receiver::{Manner, Receiver};
use super::{deliveries, happen, run, shop_telling, webhook};
use crate::support::{Requests, TestShop};
use nexus::domain::EventKind;
use nexus::domain::webhook::DeliveryState;
use nexus::services::Error;
use serde_json::json;

#[test]
fn address_that_only_the_shop_can_reach_is_refused_when_it_is_saved() {
    let receiver = Receiver::start(Manner::Says(200));
    let shop = TestShop::new();
    let (port, admin) = (receiver.port, shop.admin());
    let good = json!({ "name": "Books", "url": "https://8.8.8.8/hook" });
    admin.post("/api/v1/admin/webhooks", &good).ok(201);
    for (url, code) in [
        (format!("http://127.0.0.1:{port}/"), "scheme"),
        (format!("https://127.0.0.1:{port}/"), "port"),
        ("https://127.0.0.1/".to_owned(), "private"),
        ("https://2130706433/".to_owned(), "private"),
        ("https://0x7f.1/".to_owned(), "private"),
        ("https://[::ffff:127.0.0.1]/".to_owned(), "private"),
        ("https://localhost./".to_owned(), "private"),
        ("https://169.254.169.254/latest/".to_owned(), "private"),
        ("https://100.64.1.1/".to_owned(), "private"),
        ("https://[fd00::1]/".to_owned(), "private"),
        ("https://ann:secret@8.8.8.8/".to_owned(), "userinfo"),
        ("ftp://8.8.8.8/".to_owned(), "scheme"),
        ("https://8.8.8.8:22/".to_owned(), "port"),
        ("nowhere".to_owned(), "invalid"),
    ] {
        let body = json!({ "name": "Books", "url": url });
        admin.post("/api/v1/admin/webhooks", &body).names_field("url", code);
        admin.put("/api/v1/admin/webhooks/1", &body).names_field("url", code);
        admin.patch("/api/v1/admin/webhooks/1", &json!({ "url": url })).names_field("url", code);
    }
    assert_eq!(admin.results("/api/v1/admin/webhooks").len(), 1);
    assert_eq!(admin.get("/api/v1/admin/webhooks/1").ok(200)["url"], "https://8.8.8.8/hook");
    assert!(receiver.told().is_empty());
}

#[test]
fn address_that_came_to_be_private_is_refused_when_something_is_sent() {
    let (allowed, other) = (Receiver::start(Manner::Says(200)), Receiver::start(Manner::Says(200)));
    let (shop, clock) = shop_telling(&[&allowed]);
    let (id, _) = webhook(&shop, &clock, &allowed, &[]);
    // As when the name of an address leads somewhere else than it did when it was saved.
    let url = other.url();
    let moved = shop.shop.store().write_blocking(move |tx| {
        tx.execute("update webhook set url = ?1", [url])?;
        Ok::<_, Error>(())
    });
    moved.unwrap();
    happen(&shop, &clock, EventKind::OrderPlaced, 1);
    run(&shop, &clock);
    let delivery = deliveries(&shop, id).remove(0);
    assert_eq!((delivery.state, delivery.attempts, delivery.last_status), (DeliveryState::Waiting, 1, None));
    assert!(delivery.last_error.as_deref().is_some_and(|why| why.contains("https")), "{delivery:?}");
    assert!(other.told().is_empty() && allowed.told().is_empty());
}
