//! Discounts by HTTP: what they take, and what goes with what is there.

use crate::support::{Requests, TestShop, product};
use rocket::http::Method;
use serde_json::{Value, json};

const DISCOUNTS: &str = "/api/v1/admin/discounts";

fn save10() -> Value {
    json!({ "name": "Ten percent off", "code": "SAVE10", "kind": "percent", "percent": "10" })
}

#[test]
fn discount_is_added_read_replaced_changed_and_removed() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    let staff = shop.staff();
    let mut full = save10();
    for (field, value) in [
        ("products", json!([1])),
        ("categories", json!([2, 1])),
        ("tags", json!(["gift"])),
        ("min_subtotal", json!("20.00")),
        ("min_quantity", json!(2)),
        ("starts_at", json!("2027-01-01T00:00:00.000Z")),
        ("ends_at", json!("2027-02-01T00:00:00.000Z")),
        ("usage_limit", json!(100)),
        ("per_customer_limit", json!(1)),
        ("combinable", json!(true)),
        ("priority", json!(-5)),
        ("active", json!(false)),
    ] {
        full[field] = value;
    }
    let answer = staff.post(DISCOUNTS, &full);
    let made = answer.ok(201);
    let path = format!("{DISCOUNTS}/{}", made["id"]);
    assert_eq!(answer.header("Location"), Some(path.as_str()));
    full["categories"] = json!([1, 2]);
    for (field, value) in full.as_object().unwrap() {
        assert_eq!(&made[field], value, "{field}");
    }
    assert_eq!((&made["uses"], &made["amount"], &made["buy"]), (&json!(0), &Value::Null, &Value::Null));
    assert_eq!(staff.get(&path).ok(200), made);

    let patched = staff.patch(&path, &json!({ "active": true, "tags": null, "percent": 12.5 })).ok(200);
    assert_eq!((&patched["active"], &patched["tags"], &patched["percent"]), (&json!(true), &json!([]), &json!("12.5")));
    let stale = staff.request(Method::Delete, &path).header("If-Match", &answer.etag());
    stale.send().problem(412, "stale");
    let fixed = staff.patch(&path, &json!({ "kind": "fixed", "amount": "5" })).ok(200);
    assert_eq!((&fixed["kind"], &fixed["percent"], &fixed["amount"]), (&json!("fixed"), &Value::Null, &json!("5.00")));
    let replaced = staff.put(&path, &save10()).ok(200);
    assert_eq!(
        (&replaced["products"], &replaced["min_subtotal"], &replaced["active"]),
        (&json!([]), &Value::Null, &json!(true))
    );
    assert_eq!(staff.results(DISCOUNTS), [replaced]);
    staff.delete(&path).empty(204);
    staff.get(&path).problem(404, "not-found");
    let log = shop.admin().results("/api/v1/admin/audit?action=discount.");
    assert_eq!(log.len(), 5);
    assert_eq!(log[1]["detail"]["after"]["percent"], "10");
}

#[test]
fn every_kind_is_made_and_shown() {
    let shop = TestShop::new();
    for (kind, given, shown) in [
        ("percent", json!({ "percent": 100 }), json!({ "percent": "100" })),
        ("fixed", json!({ "amount": 7.5 }), json!({ "amount": "7.50" })),
        ("free_shipping", json!({}), json!({})),
        ("buy_x_get_y", json!({ "buy": 2, "get": 1 }), json!({ "buy": 2, "get": 1, "percent": "100" })),
        ("buy_x_get_y", json!({ "buy": 1, "get": 1, "percent": "50" }), json!({ "buy": 1, "get": 1, "percent": "50" })),
    ] {
        let mut body = json!({ "name": "A", "kind": kind });
        body.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        let made = shop.staff().post(DISCOUNTS, &body).ok(201);
        for field in ["percent", "amount", "buy", "get"] {
            assert_eq!(made[field], shown[field], "{kind} {field}");
        }
        assert_eq!((&made["code"], &made["combinable"], &made["priority"]), (&Value::Null, &json!(false), &json!(0)));
    }
}

#[test]
fn discount_that_breaks_rules_has_every_wrong_field_named() {
    let shop = TestShop::new();
    let staff = shop.staff();
    for (field, value, code) in [
        ("percent", json!("100.01"), "too_large"),
        ("percent", json!(0), "out_of_range"),
        ("percent", json!(-5), "negative"),
        ("amount", json!("5"), "not_allowed"),
        ("buy", json!(1), "not_allowed"),
        ("kind", json!("gift"), "invalid"),
        ("code", json!("two words"), "invalid"),
        ("code", json!("é"), "invalid"),
        ("code", json!("x".repeat(65)), "invalid"),
        ("products", json!(["1"]), "invalid"),
        ("min_quantity", json!(0), "out_of_range"),
        ("min_subtotal", json!("-1"), "negative"),
        ("usage_limit", json!(0), "out_of_range"),
        ("usage_limit", json!("5"), "not_an_integer"),
        ("per_customer_limit", json!(1.5), "not_an_integer"),
        ("priority", json!(1001), "out_of_range"),
        ("active", json!("yes"), "not_a_boolean"),
        ("starts_at", json!("tomorrow"), "invalid"),
        ("uses", json!(5), "unknown_field"),
        ("id", json!(5), "unknown_field"),
    ] {
        let mut body = save10();
        body[field] = value.clone();
        let wrong = staff.post(DISCOUNTS, &body).invalid();
        let named = wrong.first().map(|(name, code)| (name.split('[').next().unwrap(), code.as_str()));
        assert_eq!((named, wrong.len()), (Some((field, code)), 1), "{field} {value}");
    }
    let mut unknown = save10();
    unknown["products"] = json!([7]);
    unknown["categories"] = json!([8, 9]);
    let wrong = staff.post(DISCOUNTS, &unknown).invalid();
    assert_eq!(
        wrong.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(),
        ["products", "categories", "categories"]
    );
    assert!(staff.results(DISCOUNTS).is_empty());
}

#[test]
fn code_is_one_discounts_whatever_its_case() {
    let shop = TestShop::new();
    let staff = shop.staff();
    let made = staff.post(DISCOUNTS, &save10()).ok(201);
    let mut twin = save10();
    twin["code"] = json!("save10");
    staff.post(DISCOUNTS, &twin).problem(409, "taken");
    twin["code"] = json!("OTHER");
    let other = staff.post(DISCOUNTS, &twin).ok(201);
    staff.patch(&format!("{DISCOUNTS}/{}", other["id"]), &json!({ "code": "Save10" })).problem(409, "taken");
    let lower = staff.patch(&format!("{DISCOUNTS}/{}", made["id"]), &json!({ "code": "save10" })).ok(200);
    assert_eq!(lower["code"], "save10");
    assert_eq!(
        staff.patch(&format!("{DISCOUNTS}/{}", made["id"]), &json!({ "code": " " })).ok(200)["code"],
        Value::Null
    );
    staff.patch(&format!("{DISCOUNTS}/{}", other["id"]), &json!({ "code": "Save10" })).ok(200);
}

#[test]
fn automatic_discounts_are_bounded_in_number() {
    let shop = TestShop::new();
    let staff = shop.staff();
    let automatic = json!({ "name": "A", "kind": "free_shipping" });
    for _ in 0..100 {
        staff.post(DISCOUNTS, &automatic).ok(201);
    }
    staff.post(DISCOUNTS, &automatic).problem(409, "too-many");
    let coded = staff.post(DISCOUNTS, &save10()).ok(201);
    staff.patch(&format!("{DISCOUNTS}/{}", coded["id"]), &json!({ "code": null })).problem(409, "too-many");
    staff.patch(&format!("{DISCOUNTS}/1"), &json!({ "name": "B" })).ok(200);
    staff.patch(&format!("{DISCOUNTS}/1"), &json!({ "active": false })).ok(200);
    staff.post(DISCOUNTS, &automatic).ok(201);
}

#[test]
fn scope_that_was_removed_from_the_catalog_does_not_hold_up_changes() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    let mut body = save10();
    body["products"] = json!([1]);
    let path = format!("{DISCOUNTS}/{}", shop.staff().post(DISCOUNTS, &body).ok(201)["id"]);
    shop.staff().delete("/api/v1/products/1").empty(204);
    shop.staff().patch(&path, &json!({ "percent": "20" })).ok(200);
    shop.staff().patch(&path, &json!({ "products": [1, 2] })).names_field("products", "unknown");
}
