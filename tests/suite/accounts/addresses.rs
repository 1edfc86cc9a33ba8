//! Address books: what an address takes, whose it is, and how many there are.

use crate::support::builders::address;
use crate::support::{Requests, TestShop};
use rocket::http::Method;
use serde_json::{Value, json};

const BOOK: &str = "/api/v1/me/addresses";
const REQUIRED: [&str; 5] = ["name", "line1", "city", "postal_code", "country"];
const OPTIONAL: [&str; 5] = ["company", "line2", "region", "phone", "vat_number"];

/// An address that says all it can.
fn full() -> Value {
    let mut full = address();
    for (field, text) in OPTIONAL.iter().zip(["Lee & Co", "2nd floor", "Utrecht", "+31 30 1234567", "NL001234567B01"]) {
        full[*field] = json!(text);
    }
    full
}

/// Without what only the shop sets.
fn said(answer: &Value) -> Value {
    let mut said = answer.clone();
    for field in ["id", "created_at", "updated_at"] {
        assert!(said.as_object_mut().unwrap().remove(field).is_some(), "{field}");
    }
    said
}

#[test]
fn address_is_added_read_replaced_changed_and_removed() {
    let shop = TestShop::new();
    let me = shop.customer();
    assert!(me.results(BOOK).is_empty());
    let answer = me.post(BOOK, &full());
    let made = answer.ok(201);
    let path = format!("{BOOK}/{}", made["id"]);
    assert_eq!(answer.header("Location"), Some(path.as_str()));
    assert_eq!(said(&made), full());
    assert_eq!(me.get(&path).ok(200), made);
    let second = me.post(BOOK, &address()).ok(201);
    for field in OPTIONAL {
        assert_eq!(second[field], Value::Null, "{field}");
    }
    assert_eq!(me.results(BOOK), [made.clone(), second.clone()]);

    // PUT forgets what it does not say, PATCH keeps it.
    let replaced = me.put(&path, &address()).ok(200);
    assert_eq!((&replaced["id"], &replaced["created_at"]), (&made["id"], &made["created_at"]));
    assert_eq!(said(&replaced), said(&second));
    let patched = me.patch(&path, &json!({ "city": " Delft ", "country": "be", "phone": "123" })).ok(200);
    let shown = (&patched["city"], &patched["country"], &patched["phone"], &patched["line1"]);
    assert_eq!(shown, (&json!("Delft"), &json!("BE"), &json!("123"), &json!("1 Canal Street")));
    me.delete(&path).empty(204);
    me.get(&path).problem(404, "not-found");
    me.delete(&path).problem(404, "not-found");
    assert_eq!(me.results(BOOK), [second]);
    for id in ["0", "-1", "x", "999", "1.0", "9223372036854775808"] {
        me.get(&format!("{BOOK}/{id}")).problem(404, "not-found");
    }
}

#[test]
fn address_that_breaks_rules_has_every_wrong_field_named() {
    let shop = TestShop::new();
    let me = shop.customer();
    let id = me.post(BOOK, &full()).ok(201)["id"].clone();
    let path = format!("{BOOK}/{id}");
    let mut missing = me.post(BOOK, &json!({})).invalid();
    missing.sort();
    let mut expected: Vec<_> = REQUIRED.map(|field| (field.to_owned(), "required".to_owned())).into();
    expected.sort();
    assert_eq!(missing, expected);
    for (field, value, code) in [
        ("name", json!(" "), "too_short"),
        ("name", json!("x".repeat(201)), "too_long"),
        ("name", json!(7), "not_a_string"),
        ("company", json!("x".repeat(201)), "too_long"),
        ("line1", json!("a\nb"), "control_character"),
        ("line2", json!(["x"]), "not_a_string"),
        ("city", json!("x".repeat(101)), "too_long"),
        ("region", json!("\u{0}"), "control_character"),
        ("postal_code", json!("x".repeat(21)), "too_long"),
        ("phone", json!("12"), "too_short"),
        ("vat_number", json!("x".repeat(21)), "too_long"),
        ("country", json!("XX"), "invalid"),
        ("latitude", json!(1), "unknown_field"),
    ] {
        let mut whole = full();
        whole[field] = value.clone();
        for answer in [me.post(BOOK, &whole), me.put(&path, &whole), me.patch(&path, &json!({ field: value }))] {
            assert_eq!(answer.invalid(), [(field.to_owned(), code.to_owned())], "{field} {value}");
        }
    }
    let several = me.patch(&path, &json!({ "name": "", "country": "Netherlands", "x": 1 })).invalid();
    assert_eq!(several.len(), 3, "{several:?}");
    assert_eq!(said(&me.get(&path).ok(200)), full());
    assert_eq!(me.results(BOOK).len(), 1);
}

#[test]
fn country_is_one_that_iso_3166_knows_in_capitals() {
    let shop = TestShop::new();
    let me = shop.customer();
    for (given, kept) in [("NL", "NL"), ("nl", "NL"), ("GB", "GB"), ("TW", "TW"), ("AQ", "AQ")] {
        let mut body = address();
        body["country"] = json!(given);
        assert_eq!(me.post(BOOK, &body).ok(201)["country"], kept);
    }
    for bad in ["UK", "EU", "ZZ", "AA", "NLD", "528", "Netherlands", "N", "", "ΝL", "N L", " NL", "ﬁ"] {
        let mut body = address();
        body["country"] = json!(bad);
        me.post(BOOK, &body).names_field("country", "invalid");
    }
    assert_eq!(me.results(BOOK).len(), 5);
}

#[test]
fn null_in_a_patch_takes_away_what_may_be_missing_and_nothing_else() {
    let shop = TestShop::new();
    let me = shop.customer();
    let path = format!("{BOOK}/{}", me.post(BOOK, &full()).ok(201)["id"]);
    for field in REQUIRED {
        let answer = me.patch(&path, &json!({ field: null }));
        assert_eq!(answer.invalid(), [(field.to_owned(), "required".to_owned())]);
    }
    me.patch(&path, &json!({ "company": null, "nothing": null })).names_field("nothing", "unknown_field");
    assert_eq!(said(&me.get(&path).ok(200)), full());
    let mut expected = full();
    for field in OPTIONAL {
        expected[field] = Value::Null;
        assert_eq!(said(&me.patch(&path, &json!({ field: null })).ok(200)), expected);
        assert_eq!(said(&me.patch(&path, &json!({ field: null })).ok(200)), expected, "and again");
    }
}

#[test]
fn address_of_somebody_else_is_404_whatever_is_done_to_it() {
    let shop = TestShop::new();
    let path = format!("{BOOK}/{}", shop.customer().post(BOOK, &full()).ok(201)["id"]);
    let tag = shop.customer().get(&path).etag();
    let unknown = format!("{BOOK}/999");
    for stranger in [shop.other_customer(), shop.staff(), shop.admin()] {
        assert!(stranger.results(BOOK).is_empty());
        for method in [Method::Get, Method::Head, Method::Put, Method::Patch, Method::Delete] {
            let ask = |path: &str| {
                let request = stranger.request(method, path).header("If-Match", &tag);
                let body = if method == Method::Patch { json!({ "city": "Delft" }) } else { address() };
                if matches!(method, Method::Put | Method::Patch) { request.json(&body).send() } else { request.send() }
            };
            let (there, nowhere) = (ask(&path), ask(&unknown));
            assert_eq!((there.status, nowhere.status), (404, 404), "{method}");
            // Nothing tells an address of somebody else from none.
            if method != Method::Head {
                assert_eq!(there.json()["detail"], nowhere.json()["detail"]);
            }
            assert_eq!(there.header("ETag"), None);
        }
    }
    shop.anonymous().get(&path).problem(401, "unauthenticated");
    let kept = shop.customer().get(&path);
    assert_eq!((said(&kept.ok(200)), kept.etag()), (full(), tag));
}

#[test]
fn address_beyond_the_hundredth_is_409_until_one_is_removed() {
    let shop = TestShop::new();
    let me = shop.customer();
    for _ in 0..100 {
        me.post(BOOK, &address()).ok(201);
    }
    me.post(BOOK, &address()).problem(409, "too-many");
    assert_eq!(me.results(BOOK).len(), 100, "they fit on one page");
    shop.other_customer().post(BOOK, &address()).ok(201);
    me.patch(&format!("{BOOK}/1"), &json!({ "city": "Delft" })).ok(200);
    me.delete(&format!("{BOOK}/50")).empty(204);
    me.post(BOOK, &address()).ok(201);
    me.post(BOOK, &address()).problem(409, "too-many");
}

#[test]
fn address_has_a_tag_for_its_state_and_is_kept_by_no_cache() {
    let shop = TestShop::new();
    let me = shop.customer();
    let made = me.post(BOOK, &full());
    let path = format!("{BOOK}/{}", made.ok(201)["id"]);
    let read = me.get(&path);
    assert_eq!(read.etag(), made.etag());
    for answer in [&made, &read, &me.get(BOOK), &me.head(&path), &me.get(&format!("{BOOK}/999"))] {
        assert_eq!(answer.header("Cache-Control"), Some("no-store"), "{answer:?}");
    }
    assert_eq!(me.get_unless(&path, &read.etag()).status, 304);
    let list = me.get(BOOK).etag();
    assert_eq!(me.get_unless(BOOK, &list).status, 304);

    let with = |method, tag: &str| {
        let request = me.request(method, &path).header("If-Match", tag);
        if method == Method::Delete { request.send() } else { request.json(&address()).send() }
    };
    let replaced = with(Method::Put, &read.etag());
    replaced.ok(200);
    assert_ne!(replaced.etag(), read.etag());
    assert_eq!(me.get(&path).etag(), replaced.etag());
    assert_ne!(me.get(BOOK).etag(), list);
    for tag in [read.etag().as_str(), "\"x\"", "x"] {
        for method in [Method::Put, Method::Patch, Method::Delete] {
            with(method, tag).problem(412, "stale");
        }
    }
    assert_eq!(me.get(&path).etag(), replaced.etag());
    with(Method::Patch, &format!("\"x\", {}", replaced.etag())).ok(200);
    with(Method::Delete, "*").empty(204);
}

#[test]
fn address_book_is_whole_unless_pages_are_asked_for_and_these_lead_both_ways() {
    let shop = TestShop::new();
    let me = shop.customer();
    let ids: Vec<Value> = (0..25).map(|_| me.post(BOOK, &address()).ok(201)["id"].clone()).collect();
    let of = |page: &Value| -> Vec<Value> {
        page["results"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
    };
    let all = me.get(BOOK).ok(200);
    assert_eq!((of(&all), &all["next"], &all["previous"]), (ids.clone(), &Value::Null, &Value::Null));
    let first = me.get(&format!("{BOOK}?page_size=10")).ok(200);
    let second = me.get(first["next"].as_str().unwrap()).ok(200);
    let third = me.get(second["next"].as_str().unwrap()).ok(200);
    assert_eq!([of(&first), of(&second), of(&third)].concat(), ids);
    assert_eq!((&first["previous"], &third["next"]), (&Value::Null, &Value::Null));
    assert_eq!(of(&me.get(third["previous"].as_str().unwrap()).ok(200)), of(&second));
    let foreign = first["next"].as_str().unwrap().replace("addresses", "sessions");
    me.get(&foreign).problem(400, "bad-cursor");
}
