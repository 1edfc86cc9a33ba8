//! Webhooks over HTTP and at the command line.

use super::receiver::{Manner, Receiver};
use super::{deliveries, happen, run, shop_telling, told};
use crate::jobs::Clock;
use crate::support::{Requests, TestShop, category, product};
use nexus::domain::EventKind;
use nexus::domain::webhook::DeliveryState;
use nexus::services::webhooks::DeliveryFilter;
use nexus::services::{Ctx, Error};
use rocket::http::Method;
use serde_json::{Value, json};

const LIST: &str = "/api/v1/admin/webhooks";

fn a_webhook() -> Value {
    json!({ "name": "Books", "url": "https://8.8.8.8/hook", "events": ["order.paid", "order.placed"] })
}

#[test]
fn webhook_is_made_read_changed_and_removed() {
    let shop = TestShop::new();
    let admin = shop.admin();
    let answer = admin.post(LIST, &a_webhook());
    let made = answer.ok(201);
    assert_eq!(answer.header("Location"), Some("/api/v1/admin/webhooks/1"));
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{made}");
    let read = admin.get("/api/v1/admin/webhooks/1");
    assert_eq!(read.etag(), answer.etag());
    let shown = read.ok(200);
    assert_eq!((&shown["events"], &shown["active"]), (&json!(["order.placed", "order.paid"]), &json!(true)));
    for quiet in ["secret", "previous_secret"] {
        assert!(shown.get(quiet).is_none() && !read.text().contains("whsec_"), "{shown}");
    }
    let stale = admin.request(Method::Patch, "/api/v1/admin/webhooks/1").header("If-Match", "\"9.0-x\"");
    stale.json(&json!({ "name": "Other" })).send().problem(412, "stale");
    let fresh = admin.request(Method::Patch, "/api/v1/admin/webhooks/1").header("If-Match", &read.etag());
    let patched = fresh.json(&json!({ "events": null, "active": false })).send().ok(200);
    assert_eq!(
        (&patched["events"], &patched["active"], &patched["name"]),
        (&json!([]), &json!(false), &json!("Books"))
    );
    let replaced = json!({ "name": "New", "url": "https://8.8.4.4:8443/" });
    assert_eq!(admin.put("/api/v1/admin/webhooks/1", &replaced).ok(200)["active"], true);
    admin.delete("/api/v1/admin/webhooks/1").empty(204);
    admin.get("/api/v1/admin/webhooks/1").problem(404, "not-found");
    admin.post(LIST, &json!({ "url": "https://8.8.8.8/", "events": ["order.eaten"] })).names_field("name", "required");
    let log = admin.results("/api/v1/admin/audit?action=webhook.&page_size=100");
    let actions: Vec<&str> = log.iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["webhook.create", "webhook.update", "webhook.update", "webhook.remove"]);
    assert!(!format!("{log:?}").contains("8.8.8.8"), "an address may hold a secret: {log:?}");
}

#[test]
fn secret_is_shown_when_it_is_made_and_never_again() {
    let shop = TestShop::new();
    let admin = shop.admin();
    let first = admin.post(LIST, &a_webhook()).ok(201)["secret"].clone();
    let rotated = admin.post("/api/v1/admin/webhooks/1/rotate-secret", &json!({ "overlap_hours": 1 })).ok(200);
    assert!(rotated["secret"] != first && !rotated["previous_secret_until"].is_null(), "{rotated}");
    let plain = admin.post("/api/v1/admin/webhooks/1/rotate-secret", &json!({})).ok(200);
    assert_ne!(plain["secret"], rotated["secret"]);
    let wrong = json!({ "overlap_hours": 169 });
    admin.post("/api/v1/admin/webhooks/1/rotate-secret", &wrong).names_field("overlap_hours", "out_of_range");
    for path in [LIST, "/api/v1/admin/webhooks/1", "/api/v1/admin/audit?page_size=100"] {
        assert!(!admin.get(path).text().contains("whsec_"), "{path}");
    }
}

#[test]
fn test_is_sent_to_one_webhook_alone_and_its_delivery_shows_what_came_of_it() {
    let (one, other) = (Receiver::start(Manner::Says(200)), Receiver::start(Manner::Says(200)));
    let (shop, _) = shop_telling(&[&one, &other]);
    let admin = shop.admin();
    for receiver in [&one, &other] {
        let body = json!({ "name": "Books", "url": receiver.url(), "events": ["stock.low"] });
        admin.post(LIST, &body).ok(201);
    }
    let sent = admin.request(Method::Post, "/api/v1/admin/webhooks/1/test").send().ok(200);
    assert_eq!((&sent["state"], &sent["type"]), (&json!("waiting"), &json!("webhook.test")));
    run(&shop, &Clock::at(Ctx::shop().now.millis()));
    assert_eq!((one.told().len(), other.told().len()), (1, 0));
    assert_eq!(one.told()[0].json()["type"], "webhook.test");
    let list = admin.results("/api/v1/admin/webhooks/1/deliveries");
    assert_eq!(
        (&list[0]["state"], &list[0]["last_status"], &list[0]["response"]),
        (&json!("delivered"), &json!(200), &json!("noted"))
    );
    admin.patch("/api/v1/admin/webhooks/1", &json!({ "active": false })).ok(200);
    let off = admin.request(Method::Post, "/api/v1/admin/webhooks/1/test").send();
    assert!(off.problem(409, "inactive")["detail"].as_str().is_some_and(|detail| detail.contains("active")));
}

#[test]
fn deliveries_are_listed_newest_first_filtered_and_paged() {
    let (shop, clock, receiver, id, _) = told(Manner::Says(200));
    for order in 0..5 {
        happen(&shop, &clock, EventKind::OrderPlaced, order);
    }
    run(&shop, &clock);
    receiver.behave(Manner::Says(410));
    happen(&shop, &clock, EventKind::OrderPaid, 9);
    run(&shop, &clock);
    let (admin, list) = (shop.admin(), format!("{LIST}/{id}/deliveries"));
    let count = |query: &str| admin.results(&format!("{list}?page_size=100&{query}")).len();
    assert_eq!((count(""), count("state=delivered"), count("state=failed"), count("state=waiting")), (6, 5, 1, 0));
    assert_eq!((count("type=order.paid"), count("type=order.placed&state=failed")), (1, 0));
    admin.get(&format!("{list}?state=eaten")).problem(400, "bad-request");
    admin.get(&format!("{list}?type=order.eaten")).problem(400, "bad-request");
    let (mut path, mut seen) = (format!("{list}?page_size=2"), Vec::new());
    loop {
        let page = admin.get(&path).ok(200);
        seen.extend(page["results"].as_array().unwrap().iter().map(|d| d["id"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = next.to_owned();
    }
    assert_eq!(seen, [6, 5, 4, 3, 2, 1]);
    let failed = admin.results(&format!("{list}?state=failed")).remove(0);
    let replay = format!("{list}/{}/replay", failed["id"]);
    assert_eq!(admin.request(Method::Post, &replay).send().ok(200)["state"], "waiting");
    receiver.behave(Manner::Says(200));
    clock.set(Ctx::shop().now.millis());
    run(&shop, &clock);
    assert_eq!(count("state=delivered"), 6);
    admin.request(Method::Post, &format!("{list}/99/replay")).send().problem(404, "not-found");
    admin.get(&format!("{LIST}/99/deliveries")).problem(404, "not-found");
    let range = json!({ "from": "2020-01-01", "to": "2100-01-01", "events": ["order.placed"] });
    assert_eq!(admin.post(&format!("{LIST}/{id}/replay"), &range).ok(200), json!({ "replayed": 5 }));
    let backwards = json!({ "from": "2026-01-02", "to": "2026-01-01" });
    admin.post(&format!("{LIST}/{id}/replay"), &backwards).names_field("to", "out_of_range");
}

#[test]
fn webhook_that_fails_says_so_and_its_tag_changes_with_it() {
    let (shop, clock, _, id, _) = told(Manner::Says(500));
    let (admin, path) = (shop.admin(), format!("{LIST}/{id}"));
    let before = admin.get(&path).etag();
    happen(&shop, &clock, EventKind::OrderPlaced, 1);
    run(&shop, &clock);
    let answer = admin.get(&path);
    assert_ne!(answer.etag(), before);
    let shown = answer.ok(200);
    assert_eq!(shown["failing_reason"], "it answered 500");
    assert!(shown["failing_since"].is_string() && shown["active"] == true, "{shown}");
    let fresh = admin.request(Method::Delete, &path).header("If-Match", &answer.etag()).send();
    fresh.empty(204);
    assert!(shop.shop.webhook_get(&Ctx::owner(), id).is_err());
}

#[test]
fn products_are_told_of_while_somebody_listens_and_batches_are_not() {
    let quiet = TestShop::with_categories();
    product("Mug").create(&quiet);
    let events = |shop: &TestShop| {
        let count = "select count(*) from event";
        shop.shop.store().read(|tx| Ok::<_, Error>(tx.query_number(count, [])?)).unwrap()
    };
    assert_eq!(events(&quiet), 0, "nobody listens");
    let (shop, _, receiver, id, _) = told(Manner::Says(200));
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    let staff = shop.staff();
    staff.patch("/api/v1/products/1", &json!({ "price": "12.00" })).ok(200);
    staff.patch("/api/v1/products/1", &json!({ "price": "12.00" })).ok(200);
    staff.patch("/api/v1/variants/1", &json!({ "weight_grams": 9 })).ok(200);
    staff.post("/api/v1/products/batch", &json!([product("Pan").sku("P").body()])).ok(200);
    staff.delete("/api/v1/products/1").empty(204);
    run(&shop, &Clock::at(Ctx::shop().now.millis()));
    let kinds: Vec<String> = deliveries(&shop, id).into_iter().rev().map(|delivery| delivery.kind).collect();
    assert_eq!(kinds, ["product.created", "product.updated", "product.updated", "product.removed"]);
    let created = receiver.told().into_iter().find(|told| told.json()["type"] == "product.created").unwrap();
    assert_eq!(created.json()["data"], json!({ "id": 1, "slug": "mug", "status": "active" }));
}

#[test]
fn each_list_of_deliveries_walks_an_index() {
    let shop = TestShop::new();
    let filters = [
        DeliveryFilter::default(),
        DeliveryFilter { state: Some(DeliveryState::Failed), kind: None },
        DeliveryFilter { state: None, kind: Some(EventKind::OrderPaid) },
        DeliveryFilter { state: Some(DeliveryState::Failed), kind: Some(EventKind::OrderPaid) },
    ];
    for (filter, backwards) in filters.into_iter().flat_map(|filter| [(filter, false), (filter, true)]) {
        let plan = shop.shop.store().read(|tx| Ok::<_, Error>(tx.delivery_plan(filter, backwards)?)).unwrap();
        let text = plan.join("; ");
        assert!(text.contains("USING INDEX webhook_delivery") && text.contains("webhook_id=?"), "{filter:?}: {text}");
        assert!(!text.contains("SCAN") && !text.contains("TEMP B-TREE"), "{filter:?}: {text}");
    }
}
