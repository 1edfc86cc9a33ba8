//! Payments that a person has to look at, over HTTP.

use super::bench::{manual, place};
use crate::support::{Requests, TestShop};
use nexus::domain::payment::{PaymentDetails, PaymentFlag};
use nexus::domain::{PaymentId, Timestamp};
use nexus::services::Error;
use serde_json::json;

/// A shop with three payments by hand, of which the second has two flags.
fn flagged() -> TestShop {
    let shop = TestShop::new();
    let now = Timestamp::from_millis(1_800_000_000_000);
    for _ in 0..3 {
        place(&shop.shop, 1999, manual(), now);
    }
    let flagged = shop.shop.store().write_blocking(move |tx| {
        let flags = ["no_answer", "disputed"].map(str::to_owned).to_vec();
        tx.payment_details(PaymentId::new(2), &PaymentDetails { flags, ..PaymentDetails::default() }, now)?;
        Ok::<_, Error>(tx.payment_flag(PaymentId::new(2), PaymentFlag::Disputed, now)?)
    });
    assert!(flagged.unwrap());
    shop
}

#[test]
fn flagged_payments_are_listed_and_resolved() {
    let shop = flagged();
    let staff = shop.staff();
    let all = staff.results("/api/v1/admin/payments");
    assert_eq!(all.iter().map(|p| p["id"].as_i64().unwrap()).collect::<Vec<_>>(), [3, 2, 1]);
    let odd = staff.results("/api/v1/admin/payments?flagged=true");
    assert_eq!((odd.len(), &odd[0]["id"], &odd[0]["flag"]), (1, &json!(2), &json!("disputed")));
    assert_eq!((&odd[0]["flags"], &all[0]["flags"]), (&json!(["no_answer", "disputed"]), &json!([])));
    let page = staff.get("/api/v1/admin/payments?page_size=2").ok(200);
    let next = page["next"].as_str().unwrap();
    assert_eq!(staff.results(next)[0]["id"], 1);

    let resolve = "/api/v1/admin/payments/2/resolve";
    staff.post(resolve, &json!({})).names_field("note", "required");
    let done = staff.post(resolve, &json!({ "note": "The bank has decided for us" })).ok(200);
    assert_eq!((&done["flag"], &done["flags"]), (&json!(null), &json!([])));
    staff.post(resolve, &json!({ "note": "again" })).problem(409, "not-flagged");
    assert_eq!(staff.results("/api/v1/admin/payments?flagged=true").len(), 0);
    staff.post("/api/v1/admin/payments/99/resolve", &json!({ "note": "x" })).problem(404, "not-found");
    shop.customer().get("/api/v1/admin/payments").problem(403, "forbidden");
    let order = staff.get("/api/v1/admin/orders/1002").ok(200);
    let noted = order["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .any(|entry| entry["kind"] == "note" && entry["detail"]["text"] == "The bank has decided for us");
    assert!(noted, "{order}");
}

#[test]
fn list_walks_an_index_and_sorts_nothing() {
    let shop = TestShop::new();
    for (flagged, backwards) in [(false, false), (false, true), (true, false), (true, true)] {
        let plan = shop.shop.store().read(|tx| Ok::<_, Error>(tx.payment_page_plan(flagged, backwards)?)).unwrap();
        let walks = plan.iter().all(|step| step.starts_with("SEARCH payment USING"));
        assert!(walks && plan.len() == 1, "{plan:?}");
        assert_eq!(plan[0].contains("payment_flag"), flagged, "{plan:?}");
    }
}
