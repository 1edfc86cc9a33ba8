//! Orders as the staff finds and reads them.

use super::till::{body, buy, by_transfer, checkout, shop_with_mugs};
use crate::support::{Requests, TestShop, encode};
use serde_json::{Value, json};

fn numbers(shop: &TestShop, query: &str) -> Vec<String> {
    let found = shop.staff().results(&format!("/api/v1/admin/orders{query}"));
    found.iter().map(|order| order["number"].as_str().unwrap().to_owned()).collect()
}

fn shop_with_orders() -> TestShop {
    let shop = shop_with_mugs(50);
    let guest = shop.anonymous();
    for (key, email, name) in [
        ("a", "ann@example.test", "Ann Lee"),
        ("b", "bo@example.test", "Bo van der Berg"),
        ("c", "ANN@example.test", "Ann Lee"),
    ] {
        let mut order = body(json!({ "provider": "manual" }));
        order["email"] = json!(email);
        order["shipping_address"]["name"] = json!(name);
        buy(&guest, 1, key, &order);
    }
    buy(&shop.customer(), 1, "d", &by_transfer());
    let cancel = shop.staff().post("/api/v1/admin/orders/1002/cancel", &json!({}));
    cancel.ok(200);
    shop
}

#[test]
fn orders_are_found_by_status_customer_time_and_words() {
    let shop = shop_with_orders();
    let customer = shop.customer().get("/api/v1/me").ok(200)["id"].to_string();
    for (query, expected) in [
        ("", "1004 1003 1002 1001"),
        ("?status=cancelled", "1002"),
        ("?status=pending", "1004 1003 1001"),
        ("?status=pending&status=cancelled", "1004 1003 1002 1001"),
        ("?status=pending,cancelled", "1004 1003 1002 1001"),
        ("?status=paid", ""),
        ("?customer=ann@example.test", "1003 1001"),
        ("?customer=Ann@Example.test&status=cancelled", ""),
        (&format!("?customer={customer}"), "1004"),
        ("?placed_from=2020-01-01T00:00:00Z", "1004 1003 1002 1001"),
        ("?placed_to=2020-01-01", ""),
        ("?search=1003", "1003"),
        ("?search=berg", "1002"),
        ("?search=bo@example", "1002"),
        ("?search=MUG", "1004 1003 1002 1001"),
        ("?search=lee+ann", "1004 1003 1001"),
        ("?search=ann@example.test", "1004 1003 1001"),
        ("?search=%25", "1004 1003 1002 1001"),
        ("?search=nobody", ""),
        ("?flagged=true", ""),
    ] {
        assert_eq!(numbers(&shop, query).join(" "), expected, "{query}");
    }
    for bad in ["?status=eaten", "?customer=x", "?placed_from=soon", "?flagged=2", "?sort=1"] {
        shop.staff().get(&format!("/api/v1/admin/orders{bad}")).problem(400, "bad-request");
    }
}

#[test]
fn pages_of_orders_hold_each_once_while_others_are_placed() {
    let shop = shop_with_mugs(50);
    let guest = shop.anonymous();
    for key in 0..7 {
        buy(&guest, 1, &key.to_string(), &by_transfer());
    }
    for filter in ["", "status=pending&", "status=pending&status=paid&", "search=mug&", "customer=ann@example.test&"] {
        let mut path = format!("/api/v1/admin/orders?{filter}page_size=3");
        let (mut seen, mut pages) = (Vec::new(), Vec::new());
        loop {
            let page = shop.staff().get(&path).ok(200);
            seen.extend(page["results"].as_array().unwrap().iter().map(|order| order["number"].clone()));
            buy(&guest, 1, &format!("{filter}{}", seen.len()), &by_transfer());
            pages.push(page.clone());
            let Some(next) = page["next"].as_str() else { break };
            next.clone_into(&mut path);
        }
        let mut sorted: Vec<i64> = seen.iter().map(|n| n.as_str().unwrap().parse().unwrap()).collect();
        assert!(sorted.is_sorted_by(|a, b| a > b), "{filter}: {sorted:?}");
        sorted.dedup();
        assert_eq!(*sorted.last().unwrap(), 1001, "{filter}");
        assert_eq!(sorted.len(), seen.len());
        let back = shop.staff().get(pages[1]["previous"].as_str().unwrap()).ok(200);
        assert_eq!(back["results"], pages[0]["results"], "{filter}");
    }
    let cursor = shop.staff().get("/api/v1/admin/orders?page_size=3").ok(200)["next"].as_str().unwrap().to_owned();
    shop.staff().get(&cursor.replace("page_size=3", "status=paid")).problem(400, "bad-cursor");
}

#[test]
fn staff_reads_what_the_buyer_does_not() {
    let shop = shop_with_orders();
    let staff = shop.staff();
    let note = |text: &str, visible: bool| {
        let body = json!({ "text": text, "visible_to_customer": visible });
        staff.post("/api/v1/admin/orders/1004/notes", &body).ok(200)
    };
    note("Rings twice", false);
    note("Comes on Monday", true);
    let read = staff.get("/api/v1/admin/orders/1004").ok(200);
    let told = |order: &Value| -> Vec<String> {
        let entries = order["timeline"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "note");
        entries.map(|entry| entry["detail"]["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(told(&read), ["Rings twice", "Comes on Monday"]);
    assert!(read["token"].is_string() && read["staff"]["source"] == "web");
    let bought = shop.customer().get("/api/v1/me/orders/1004").ok(200);
    assert_eq!(told(&bought), ["Comes on Monday"]);
    for odd in ["1", "999999", "d1", "0", "x", "01001", "9223372036854775808"] {
        staff.get(&format!("/api/v1/admin/orders/{}", encode(odd))).problem(404, "not-found");
    }
}

#[test]
fn notes_are_text_and_nothing_else() {
    let shop = shop_with_orders();
    for (body, field) in [
        (json!({}), "text"),
        (json!({ "text": " \n" }), "text"),
        (json!({ "text": "x".repeat(5_001) }), "text"),
        (json!({ "text": "x", "visible_to_customer": "yes" }), "visible_to_customer"),
        (json!({ "text": "x", "actor": "admin" }), "actor"),
    ] {
        let problem = shop.staff().post("/api/v1/admin/orders/1001/notes", &body).problem(422, "validation");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}

#[test]
fn changes_of_orders_stand_in_the_audit_log_without_personal_data() {
    let shop = shop_with_orders();
    let log = shop.admin().results("/api/v1/admin/audit?page_size=100");
    let actions: Vec<&str> = log.iter().filter_map(|entry| entry["action"].as_str()).collect();
    for expected in ["order.place", "order.cancel"] {
        assert!(actions.contains(&expected), "{expected} in {actions:?}");
    }
    for entry in log.iter().filter(|entry| entry["action"].as_str().is_some_and(|a| a.starts_with("order."))) {
        let text = entry["detail"].to_string();
        assert!(!text.contains("example.test") && !text.contains("Lee"), "{text}");
    }
}

#[test]
fn number_that_was_refused_is_drawn_again() {
    let shop = shop_with_mugs(2);
    let guest = shop.anonymous();
    let (one, two) = (super::till::cart(&guest, &[(1, 2)]), super::till::cart(&guest, &[(1, 1)]));
    assert_eq!(checkout(&guest, &one, "a", &by_transfer()).ok(201)["number"], "1001");
    checkout(&guest, &two, "b", &by_transfer()).problem(409, "out-of-stock");
    shop.staff().post("/api/v1/admin/orders/1001/cancel", &json!({})).ok(200);
    assert_eq!(checkout(&guest, &two, "c", &by_transfer()).ok(201)["number"], "1002");
}
