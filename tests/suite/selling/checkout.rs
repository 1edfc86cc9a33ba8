//! Checking out: what an order says, what is refused, and what a refusal leaves behind.

use super::till::{body, buy, by_test, by_transfer, cart, checkout, is_sound, mugs_left, path_of, put, shop_with_mugs};
use crate::support::{Requests, TestShop, builders, product};
use serde_json::{Value, json};

#[test]
fn guest_checkout_places_an_order_with_the_prices_of_the_shop() {
    let shop = shop_with_mugs(10);
    let guest = shop.anonymous();
    let token = cart(&guest, &[(1, 2)]);
    let answer = checkout(&guest, &token, "k", &by_transfer());
    let order = answer.ok(201);
    assert_eq!(answer.header("Location"), Some("/api/v1/orders/1001"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    for (field, value) in [
        ("number", json!("1001")),
        ("status", json!("pending")),
        ("email", json!("ann@example.test")),
        ("currency", json!("EUR")),
        ("subtotal", json!("20.00")),
        ("discount_total", json!("0.00")),
        ("shipping_total", json!("0.00")),
        ("tax_total", json!("0.00")),
        ("total", json!("20.00")),
        ("shipping_name", json!("Standard shipping")),
    ] {
        assert_eq!(order[field], value, "{field} in {order}");
    }
    let line = &order["lines"][0];
    assert_eq!((&line["name"], &line["sku"], &line["quantity"]), (&json!("Mug"), &json!("MUG"), &json!(2)));
    assert_eq!((&line["unit_price"], &line["total"]), (&json!("10.00"), &json!("20.00")));
    assert_eq!(order["payment"]["provider"], "manual");
    assert_eq!(order["payment"]["status"], "pending");
    assert_eq!(order["timeline"][0]["kind"], "placed");
    assert_eq!(order["shipping_address"]["city"], "Utrecht");
    assert_eq!(mugs_left(&shop), 8);
    let mut seen = guest.get(&path_of(&order)).ok(200);
    seen["token"] = order["token"].clone();
    assert_eq!(seen, order, "the guest reads what was answered, but for the token");
    guest.get(&format!("/api/v1/carts/{token}")).problem(404, "not-found");
    is_sound(&shop);
}

#[test]
fn numbers_have_no_gaps_whatever_is_refused_in_between() {
    let shop = shop_with_mugs(3);
    let guest = shop.anonymous();
    assert_eq!(buy(&guest, 1, "a", &by_transfer())["number"], "1001");
    let (one, two) = (cart(&guest, &[(1, 2)]), cart(&guest, &[(1, 2)]));
    assert_eq!(checkout(&guest, &one, "b", &by_transfer()).ok(201)["number"], "1002");
    checkout(&guest, &two, "c", &by_transfer()).problem(409, "out-of-stock");
    shop.staff().patch("/api/v1/variants/1", &json!({ "stock": 5 })).ok(200);
    assert_eq!(checkout(&guest, &two, "d", &by_transfer()).ok(201)["number"], "1003");
    is_sound(&shop);
}

#[test]
fn test_payment_pays_waits_or_is_declined() {
    let shop = shop_with_mugs(10);
    let guest = shop.anonymous();
    let paid = buy(&guest, 1, "a", &by_test("paid"));
    assert_eq!((&paid["status"], &paid["payment"]["status"]), (&json!("paid"), &json!("captured")));
    assert_eq!(paid["payment"]["captured"], "10.00");
    let waiting = buy(&guest, 1, "b", &by_test("pending"));
    assert_eq!((&waiting["status"], &waiting["payment"]["status"]), (&json!("pending"), &json!("pending")));
    let token = cart(&guest, &[(1, 1)]);
    let declined = checkout(&guest, &token, "c", &by_test("declined"));
    let problem = declined.problem(402, "payment-declined");
    let said = "The test provider was told to decline. Pay in another way, with a new Idempotency-Key.";
    assert_eq!(problem["detail"], said);
    assert_eq!(mugs_left(&shop), 8, "the mug is for sale again");
    assert_eq!(guest.get(&format!("/api/v1/carts/{token}")).ok(200)["lines"][0]["quantity"], 1);
    // The refusal had an effect, so the same request is answered the same; another card is another request.
    assert_eq!(checkout(&guest, &token, "c", &by_test("declined")).json(), problem);
    checkout(&guest, &token, "c", &by_test("paid")).problem(422, "idempotency-key-reused");
    assert_eq!(checkout(&guest, &token, "d", &by_test("paid")).ok(201)["status"], "paid");
    is_sound(&shop);
}

#[test]
fn customer_is_known_by_their_sign_in() {
    let shop = shop_with_mugs(10);
    let customer = shop.customer();
    let mut body = by_transfer();
    body.as_object_mut().unwrap().remove("email");
    let token = cart(&customer, &[(1, 1)]);
    checkout(&shop.other_customer(), &token, "k", &body).problem(404, "not-found");
    checkout(&shop.anonymous(), &token, "k", &body).problem(404, "not-found");
    let answer = checkout(&customer, &token, "k", &body);
    let order = answer.ok(201);
    assert_eq!(order["email"], "customer@example.test");
    assert_eq!(answer.header("Location"), Some("/api/v1/me/orders/1001"));
    let seen = customer.get("/api/v1/me/orders/1001").ok(200);
    assert_eq!((&seen["total"], &seen["lines"]), (&order["total"], &order["lines"]));
    assert_eq!(customer.results("/api/v1/me/orders")[0]["number"], "1001");
    assert_eq!(shop.other_customer().results("/api/v1/me/orders"), Vec::<Value>::new());
    shop.other_customer().get("/api/v1/me/orders/1001").problem(404, "not-found");
    // A guest has to say where letters go.
    let token = cart(&shop.anonymous(), &[(1, 1)]);
    checkout(&shop.anonymous(), &token, "k", &body).names_field("email", "required");
}

#[test]
fn customer_reads_their_orders_page_by_page_newest_first() {
    let shop = shop_with_mugs(100);
    let customer = shop.customer();
    for n in 0..5 {
        buy(&customer, 1, &format!("k{n}"), &by_transfer());
    }
    let numbers = |page: &Value| -> Vec<String> {
        page["results"].as_array().unwrap().iter().map(|o| o["number"].as_str().unwrap().to_owned()).collect()
    };
    let first = customer.get("/api/v1/me/orders?page_size=2").ok(200);
    assert_eq!(numbers(&first), ["1005", "1004"]);
    assert_eq!(first["previous"], Value::Null);
    let second = customer.get(first["next"].as_str().unwrap()).ok(200);
    assert_eq!(numbers(&second), ["1003", "1002"]);
    let last = customer.get(second["next"].as_str().unwrap()).ok(200);
    assert_eq!((numbers(&last), &last["next"]), (vec!["1001".to_owned()], &Value::Null));
    let back = customer.get(last["previous"].as_str().unwrap()).ok(200);
    assert_eq!(numbers(&back), ["1003", "1002"]);
    // A cursor is good for the list it came from only.
    let next = first["next"].as_str().unwrap().replace("me/orders", "products");
    assert_eq!(customer.get(&next).status, 400);
}

#[test]
fn customer_calls_an_order_off_and_the_stock_is_back() {
    let shop = shop_with_mugs(10);
    let customer = shop.customer();
    buy(&customer, 3, "a", &by_transfer());
    buy(&customer, 2, "b", &by_test("paid"));
    assert_eq!(mugs_left(&shop), 5);
    shop.other_customer().post("/api/v1/me/orders/1001/cancel", &json!({})).problem(404, "not-found");
    let cancelled = customer.post("/api/v1/me/orders/1001/cancel", &json!({})).ok(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(mugs_left(&shop), 8);
    customer.post("/api/v1/me/orders/1001/cancel", &json!({})).problem(409, "illegal-move");
    let refunded = customer.post("/api/v1/me/orders/1002/cancel", &json!({})).ok(200);
    assert_eq!(refunded["payment"]["refunded"], "20.00", "{refunded}");
    assert_eq!(mugs_left(&shop), 10);
    is_sound(&shop);
}

#[test]
fn price_that_changed_after_the_cart_was_seen_is_not_charged_unseen() {
    let shop = shop_with_mugs(10);
    let guest = shop.anonymous();
    let token = cart(&guest, &[(1, 2)]);
    shop.staff().patch("/api/v1/products/1", &json!({ "price": "12.00" })).ok(200);
    let mut body = by_transfer();
    body["expected_total"] = json!("20.00");
    let problem = checkout(&guest, &token, "k", &body).problem(409, "total-changed");
    let text = problem.to_string();
    assert!(text.contains("24.00"), "the new total is named: {text}");
    assert_eq!(mugs_left(&shop), 10);
    // A refusal leaves the key free.
    body["expected_total"] = json!(24);
    assert_eq!(checkout(&guest, &token, "k", &body).ok(201)["total"], "24.00");
}

#[test]
fn sums_and_prices_of_a_client_are_refused() {
    let shop = shop_with_mugs(10);
    let guest = shop.anonymous();
    let token = cart(&guest, &[(1, 2)]);
    for (field, value) in [
        ("total", json!("0.01")),
        ("subtotal", json!("0.01")),
        ("price", json!(1)),
        ("currency", json!("JPY")),
        ("discount", json!("9.99")),
        ("discount_total", json!("9.99")),
        ("tax", json!(0)),
        ("tax_total", json!(0)),
        ("shipping_total", json!(0)),
        ("status", json!("paid")),
        ("number", json!("1")),
        ("user_id", json!(1)),
        ("account_id", json!(1)),
        ("lines", json!([{ "variant_id": 1, "quantity": 2, "unit_price": "0.01" }])),
        ("created_at", json!("2026-01-01T00:00:00Z")),
        ("token", json!("x")),
        ("id", json!(1)),
    ] {
        let mut body = by_transfer();
        body[field] = value;
        checkout(&guest, &token, "k", &body).names_field(field, "unknown_field");
    }
    let mut nested = by_transfer();
    nested["payment"]["amount"] = json!("0.01");
    checkout(&guest, &token, "k", &nested).names_field("payment.amount", "unknown_field");
    let query = format!("/api/v1/carts/{token}/checkout?total=0.01&status=paid");
    let answer = guest.request(rocket::http::Method::Post, &query).header("Idempotency-Key", "k").json(&by_transfer());
    let answer = answer.send();
    if answer.status == 201 {
        assert_eq!((&answer.json()["total"], &answer.json()["status"]), (&json!("20.00"), &json!("pending")));
    } else {
        assert_eq!(answer.status, 400);
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let shop = shop_with_mugs(10);
    let guest = shop.anonymous();
    let token = cart(&guest, &[(1, 1)]);
    checkout(&guest, &token, "k", &json!({})).names_field("payment", "required");
    let mut body = by_transfer();
    body["email"] = json!("not an address");
    body["shipping_address"]["country"] = json!("XX");
    body["payment"] = json!({});
    let answer = checkout(&guest, &token, "k", &body);
    answer.names_field("email", "invalid");
    answer.names_field("shipping_address.country", "invalid");
    answer.names_field("payment.provider", "required");
    let mut body = by_transfer();
    body.as_object_mut().unwrap().remove("shipping_address");
    checkout(&guest, &token, "k", &body).names_field("shipping_address", "required");
    let mut body = by_transfer();
    body["payment"] = json!({ "provider": "gold" });
    checkout(&guest, &token, "k", &body).names_field("payment.provider", "not_offered");
    let mut body = by_transfer();
    body["shipping_option"] = json!("drone");
    checkout(&guest, &token, "k", &body).names_field("shipping_option", "not_offered");
    checkout(&guest, "nothing", "k", &by_transfer()).problem(404, "not-found");
    let empty = cart(&guest, &[]);
    checkout(&guest, &empty, "k", &by_transfer()).problem(409, "cart-empty");
}

#[test]
fn lines_that_cannot_be_had_are_named() {
    let shop = shop_with_mugs(5);
    product("Pan").sku("PAN").stock(5).create(&shop);
    product("Pot").sku("POT").stock(5).create(&shop);
    let guest = shop.anonymous();
    let token = cart(&guest, &[(1, 2), (2, 3), (3, 1)]);
    shop.staff().patch("/api/v1/variants/2", &json!({ "stock": 2 })).ok(200);
    shop.staff().patch("/api/v1/products/3", &json!({ "status": "archived" })).ok(200);
    let problem = checkout(&guest, &token, "k", &by_transfer()).problem(409, "out-of-stock");
    let named: Vec<(&str, &str)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["field"].as_str().unwrap(), e["code"].as_str().unwrap()))
        .collect();
    assert_eq!(named, [("lines[1].quantity", "out_of_stock"), ("lines[2]", "gone")]);
    assert_eq!(mugs_left(&shop), 5, "nothing was taken");
}

#[test]
fn largest_amounts_are_counted_or_refused_and_never_wrap() {
    let shop = TestShop::new();
    super::till::fill(&shop, 10);
    product("Palace").price("9999999999999.99").stock(2_000).create(&shop);
    let guest = shop.anonymous();
    let token = cart(&guest, &[(2, 1)]);
    assert_eq!(checkout(&guest, &token, "a", &by_transfer()).ok(201)["total"], "9999999999999.99");
    let token = cart(&guest, &[]);
    // 999 of it are more than the shop counts: refused when they are put into the cart, or at the latest here.
    let answer = put(&guest, &token, 2, 999);
    let answer = if answer.status == 201 { checkout(&guest, &token, "b", &by_transfer()) } else { answer };
    assert_eq!(answer.status, 422, "{}", answer.text());
    is_sound(&shop);
}

#[test]
fn billing_address_and_note_are_kept() {
    let shop = shop_with_mugs(10);
    let guest = shop.anonymous();
    let mut wanted = body(json!({ "provider": "manual", "method": "cash_on_delivery" }));
    wanted["billing_address"] = builders::address();
    wanted["billing_address"]["name"] = json!("Lee & Co");
    wanted["note"] = json!("Ring twice.\nPlease.");
    let order = buy(&guest, 1, "k", &wanted);
    assert_eq!(order["billing_address"]["name"], "Lee & Co");
    assert_eq!(order["note"], "Ring twice.\nPlease.");
    assert_eq!(order["payment"]["method"], "cash_on_delivery");
}

#[test]
fn client_that_leaves_many_orders_unpaid_is_held_up() {
    let shop = TestShop::with(|config| {
        config.limits.holds_per_client = nexus::config::GeneralLimit::PerMinute(3);
    });
    super::till::fill(&shop, 100);
    let guest = shop.anonymous();
    let from = |address: &str, token: &str| {
        let path = format!("/api/v1/carts/{token}/checkout");
        let request = guest.request(rocket::http::Method::Post, &path).header("Idempotency-Key", "k").from(address);
        request.json(&by_test("pending")).send()
    };
    for _ in 0..3 {
        from("192.0.2.1", &cart(&guest, &[(1, 1)])).ok(201);
    }
    let token = cart(&guest, &[(1, 1)]);
    let refused = from("192.0.2.1", &token);
    refused.problem(429, "too-many-unpaid-orders");
    assert!(refused.header("Retry-After").is_some());
    from("192.0.2.7", &token).ok(201);
    assert_eq!(mugs_left(&shop), 96);
}
