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
        ("?customer=ann@example.test", "1004 1003 1001"),
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
        ("?search=%25", ""),
        ("?search=%25&status=pending", ""),
        ("?search=", "1004 1003 1002 1001"),
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

#[test]
fn staff_makes_an_order_at_its_own_price_and_gets_a_link_to_pay() {
    let shop = shop_with_mugs(5);
    let staff = shop.staff();
    let order = |draft: bool| {
        json!({
            "email": "phone@example.test", "payment": { "provider": "manual", "method": "in_person" }, "draft": draft,
            "lines": [{ "sku": "MUG", "quantity": 2, "unit_price": "7.50" }],
        })
    };
    let answer = staff.post("/api/v1/admin/orders", &order(false));
    let made = answer.ok(201);
    assert_eq!(answer.header("Location"), Some("/api/v1/admin/orders/1001"));
    assert_eq!(
        (&made["total"], &made["status"], &made["staff"]["source"]),
        (&json!("15.00"), &json!("pending"), &json!("staff"))
    );
    let link = made["staff"]["payment_link"].as_str().unwrap();
    assert!(link.ends_with(&format!("/orders/1001#token={}", made["token"].as_str().unwrap())), "{link}");
    assert_eq!(super::till::mugs_left(&shop), 3);

    let draft = staff.post("/api/v1/admin/orders", &order(true)).ok(201);
    assert_eq!((&draft["number"], &draft["status"]), (&json!("d2"), &json!("draft")));
    assert_eq!(super::till::mugs_left(&shop), 3, "a draft takes nothing");
    assert_eq!(numbers(&shop, "").join(" "), "1001");
    assert_eq!(numbers(&shop, "?status=draft").join(" "), "d2");
    staff.post("/api/v1/admin/orders/d2/payments", &json!({})).problem(400, "bad-request");
    let placed = staff.request(rocket::http::Method::Post, "/api/v1/admin/orders/d2/place").send().ok(200);
    assert_eq!((&placed["number"], &placed["total"]), (&json!("1002"), &json!("15.00")));
    assert_eq!(super::till::mugs_left(&shop), 1);
    staff.get("/api/v1/admin/orders/d2").problem(404, "not-found");

    let other = staff.post("/api/v1/admin/orders", &order(true)).ok(201);
    let path = format!("/api/v1/admin/orders/{}", other["number"].as_str().unwrap());
    let place = staff.request(rocket::http::Method::Post, &format!("{path}/place"));
    place.send().problem(409, "out-of-stock");
    assert_eq!(staff.delete(&path).status, 204);
    staff.get(&path).problem(404, "not-found");
    assert_eq!(staff.delete("/api/v1/admin/orders/1001").status, 409);
    super::till::is_sound(&shop);
}

#[test]
fn staff_order_names_everything_wrong_with_it() {
    let shop = shop_with_mugs(5);
    let with = |field: &str, value: Value| {
        let mut body = json!({
            "email": "a@b.test", "payment": { "provider": "manual" }, "lines": [{ "sku": "MUG", "quantity": 1 }],
        });
        body[field] = value;
        body
    };
    for (body, field) in [
        (with("email", json!("x")), "email"),
        (with("lines", json!([])), "lines"),
        (with("lines", json!([{ "sku": "NONE", "quantity": 1 }])), "lines[0].sku"),
        (
            with("lines", json!([{ "sku": "MUG", "quantity": 1 }, { "variant_id": 1, "quantity": 1 }])),
            "lines[1].variant_id",
        ),
        (with("lines", json!([{ "sku": "MUG", "quantity": 0 }])), "lines[0].quantity"),
        (with("lines", json!([{ "sku": "MUG", "quantity": 1, "unit_price": "-1" }])), "lines[0].unit_price"),
        (with("shipping_option", json!("pigeon")), "shipping_option"),
        (with("discount_code", json!("NONE")), "discount_code"),
        (with("payment", json!({ "provider": "shells" })), "payment.provider"),
        (with("total", json!("1.00")), "total"),
    ] {
        let problem = shop.staff().post("/api/v1/admin/orders", &body).problem(422, "validation");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    assert_eq!(numbers(&shop, ""), [""; 0]);
}

#[test]
fn category_with_ordered_products_is_not_removed_with_them_and_says_what_to_do() {
    let shop = shop_with_mugs(5);
    buy(&shop.anonymous(), 1, "k", &by_transfer());
    let kitchen = shop.anonymous().get("/api/v1/categories/kitchen").ok(200);
    let path = format!("/api/v1/categories/{}", kitchen["id"]);
    let problem = shop.staff().delete(&format!("{path}?cascade=true")).problem(409, "in-use");
    let detail = problem["detail"].as_str().unwrap();
    assert!(["Mug", "archived", "move_to=ID"].iter().all(|part| detail.contains(part)), "{detail}");
    shop.anonymous().get("/api/v1/products/mug").ok(200);
    let other = crate::support::category("Other").create(&shop);
    shop.staff().delete(&format!("{path}?move_to={}", other["id"])).empty(204);
    assert_eq!(shop.anonymous().get("/api/v1/products/mug").ok(200)["category"]["slug"], "other");
}
