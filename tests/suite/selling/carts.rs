//! Carts: making, filling, changing and removing them, whose they are, and what is refused.

use crate::support::builders::{address, tee};
use crate::support::{Answer, Requests, TestShop, category, product, variant, wait};
use nexus::domain::Timestamp;
use nexus::services::{Actor, Ctx};
use rocket::http::Method;
use serde_json::{Value, json};

const CARTS: &str = "/api/v1/carts";

/// A shop with a mug at 10.00 (variant 1, 20 in stock) and a tee in S (variant 2, 5) and M (variant 3, 2).
pub fn shop() -> TestShop {
    filled(TestShop::new())
}

pub fn filled(shop: TestShop) -> TestShop {
    category("Kitchen").create(&shop);
    let image = json!([{"url": "/mug.jpg", "alt": "A mug", "position": 0}]);
    product("Mug").sku("MUG").stock(20).with("images", image).create(&shop);
    tee().create(&shop);
    shop
}

/// A new cart's address.
#[track_caller]
pub fn made(who: &impl Requests) -> String {
    let cart = who.request(Method::Post, CARTS).send().ok(201);
    format!("{CARTS}/{}", cart["token"].as_str().unwrap())
}

/// Puts so many of a variant into a cart.
pub fn put(who: &impl Requests, cart: &str, variant: i64, quantity: impl Into<Value>) -> Answer {
    who.post(&format!("{cart}/lines"), &json!({ "variant_id": variant, "quantity": quantity.into() }))
}

/// A new cart with these in it.
#[track_caller]
pub fn with(who: &impl Requests, lines: &[(i64, i64)]) -> String {
    let cart = made(who);
    for (variant, quantity) in lines {
        put(who, &cart, *variant, *quantity).ok(201);
    }
    cart
}

/// Variant and quantity of each line.
pub fn lines(cart: &Value) -> Vec<(i64, i64)> {
    let number = |line: &Value, field: &str| line[field].as_i64().unwrap();
    let lines = cart["lines"].as_array().unwrap();
    lines.iter().map(|line| (number(line, "variant_id"), number(line, "quantity"))).collect()
}

#[track_caller]
pub fn line_id(cart: &Value, at: usize) -> i64 {
    cart["lines"][at]["id"].as_i64().unwrap()
}

#[test]
fn cart_is_made_filled_changed_and_removed() {
    let shop = shop();
    let me = shop.anonymous();
    let answer = me.request(Method::Post, CARTS).send();
    let empty = answer.ok(201);
    let token = empty["token"].as_str().unwrap();
    assert!(token.len() >= 22, "at least 128 bits: {token}");
    let cart = format!("{CARTS}/{token}");
    assert_eq!(answer.header("Location"), Some(cart.as_str()));
    assert_eq!((lines(&empty), &empty["total"], &empty["currency"]), (vec![], &json!("0.00"), &json!("EUR")));
    assert_eq!(me.get(&cart).ok(200), empty);

    let answer = put(&me, &cart, 1, 2);
    let one = answer.ok(201);
    assert_eq!(answer.header("Location"), Some(cart.as_str()));
    let line = &one["lines"][0];
    let expected = json!({
        "id": line["id"], "variant_id": 1, "product_id": 1, "product_slug": "mug", "sku": "MUG", "name": "Mug",
        "title": "", "image": {"url": "/mug.jpg", "alt": "A mug"}, "quantity": 2, "unit_price": "10.00",
        "discount": "0.00", "tax": "0.00", "total": "20.00", "available": 20
    });
    assert_eq!(line, &expected);
    let sku = json!({ "sku": "TEE-M", "quantity": 1 });
    let two = me.post(&format!("{cart}/lines"), &sku).ok(201);
    assert_eq!(two["lines"][1]["title"], "M");
    assert_eq!(lines(&put(&me, &cart, 1, 3).ok(201)), [(1, 5), (3, 1)], "the same variant again adds up");
    let read = me.get(&cart).ok(200);
    assert_eq!((&read["subtotal"], &read["total"]), (&json!("71.00"), &json!("71.00")));

    let first = format!("{cart}/lines/{}", line_id(&read, 0));
    assert_eq!(lines(&me.patch(&first, &json!({ "quantity": 1 })).ok(200)), [(1, 1), (3, 1)]);
    assert_eq!(lines(&me.delete(&first).ok(200)), [(3, 1)]);
    me.delete(&first).problem(404, "not-found");
    me.delete(&cart).empty(204);
    me.get(&cart).problem(404, "not-found");
    put(&me, &cart, 1, 1).problem(404, "not-found");
}

#[test]
fn quantity_is_a_whole_number_from_1_to_999_and_nothing_a_client_sends_is_an_error_of_the_server() {
    let shop = shop();
    let me = shop.anonymous();
    shop.staff().patch("/api/v1/variants/1", &json!({ "stock": 5000 })).ok(200);
    let cart = with(&me, &[(1, 7)]);
    let line = format!("{cart}/lines/{}", line_id(&me.get(&cart).ok(200), 0));
    for bad in [
        "0",
        "-0",
        "-1",
        "1.5",
        "\"3\"",
        "1000",
        "2147483648",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "1e400",
        "1e2",
        "null",
        "true",
        "[1]",
        "{}",
    ] {
        let add = format!("{{\"variant_id\": 1, \"quantity\": {bad}}}");
        let set = format!("{{\"quantity\": {bad}}}");
        for (method, path, body) in [(Method::Post, format!("{cart}/lines"), add), (Method::Patch, line.clone(), set)] {
            let answer = me.request(method, &path).header("Content-Type", "application/json").body(body).send();
            let fields: Vec<String> = answer.invalid().into_iter().map(|(field, _)| field).collect();
            assert_eq!(fields, ["quantity"], "{method} {bad}");
        }
    }
    put(&me, &cart, 1, 993).names_field("quantity", "out_of_range");
    assert_eq!(lines(&me.get(&cart).ok(200)), [(1, 7)]);
    assert_eq!(lines(&put(&me, &cart, 1, 992).ok(201)), [(1, 999)]);
}

#[test]
fn line_that_cannot_be_is_refused_with_the_reason() {
    let shop = shop();
    let me = shop.anonymous();
    let cart = made(&me);
    product("Draft").sku("DRAFT").status("draft").stock(5).create(&shop);
    product("Old").sku("OLD").status("archived").stock(5).create(&shop);
    let add = |body: Value| me.post(&format!("{cart}/lines"), &body);
    for gone in ["DRAFT", "OLD", "NONE"] {
        add(json!({ "sku": gone, "quantity": 1 })).names_field("sku", "not_for_sale");
    }
    for gone in [4, 5, 999, i64::MAX] {
        add(json!({ "variant_id": gone, "quantity": 1 })).names_field("variant_id", "not_for_sale");
    }
    for (body, field, code) in [
        (json!({ "quantity": 1 }), "variant_id", "required"),
        (json!({ "variant_id": 1 }), "quantity", "required"),
        (json!({ "variant_id": 1, "sku": "MUG", "quantity": 1 }), "sku", "ambiguous"),
        (json!({ "variant_id": 0, "quantity": 1 }), "variant_id", "out_of_range"),
        (json!({ "variant_id": "1", "quantity": 1 }), "variant_id", "not_an_integer"),
        (json!({ "sku": "", "quantity": 1 }), "sku", "invalid"),
    ] {
        add(body).names_field(field, code);
    }
    assert_eq!(lines(&me.get(&cart).ok(200)), []);
}

#[test]
fn fields_that_only_the_shop_sets_are_refused_and_change_nothing() {
    let shop = shop();
    let me = shop.anonymous();
    me.post(CARTS, &json!({})).ok(201);
    for field in ["id", "token", "account_id", "total", "state", "discount_total", "expires_at", "order_id"] {
        me.post(CARTS, &json!({ field: 1 })).names_field(field, "unknown_field");
    }
    let cart = with(&me, &[(1, 1)]);
    let line = format!("{cart}/lines/{}", line_id(&me.get(&cart).ok(200), 0));
    let before = me.get(&cart).ok(200);
    for field in ["price", "unit_price", "total", "discount", "tax", "currency", "id", "seen_price", "cart_id"] {
        let mut add = json!({ "variant_id": 1, "quantity": 1 });
        add[field] = json!("0.01");
        me.post(&format!("{cart}/lines"), &add).names_field(field, "unknown_field");
        me.patch(&line, &json!({ "quantity": 1, field: "0.01" })).names_field(field, "unknown_field");
        me.put(&format!("{cart}/discount"), &json!({ "code": "X", field: 1 })).names_field(field, "unknown_field");
        let mut to = address();
        to[field] = json!(1);
        me.put(&format!("{cart}/shipping-address"), &to).names_field(field, "unknown_field");
    }
    assert_eq!(me.get(&cart).ok(200), before);
}

#[test]
fn more_than_is_in_stock_is_409_and_says_how_many_there_are() {
    let shop = shop();
    let me = shop.anonymous();
    let cart = made(&me);
    let problem = put(&me, &cart, 3, 3).problem(409, "out-of-stock");
    assert_eq!(problem["errors"][0]["message"], "only 2 are in stock");
    let one = put(&me, &cart, 3, 2).ok(201);
    put(&me, &cart, 3, 1).problem(409, "out-of-stock");
    let line = format!("{cart}/lines/{}", line_id(&one, 0));
    me.patch(&line, &json!({ "quantity": 3 })).problem(409, "out-of-stock");
    assert_eq!(lines(&me.get(&cart).ok(200)), [(3, 2)]);
    let sql = "update variant set stock_policy = 'backorder' where id = 3";
    wait(shop.shop.store().write(move |tx| Ok::<_, nexus::services::Error>(tx.execute_script(sql)?))).unwrap();
    let many = me.patch(&line, &json!({ "quantity": 600 })).ok(200);
    assert_eq!((lines(&many), &many["lines"][0]["available"]), (vec![(3, 600)], &json!(999)));
}

#[test]
fn cart_holds_a_hundred_lines_and_no_more() {
    let shop = TestShop::with_categories();
    let row = |n: usize| product(&format!("P{n}")).sku(&format!("P{n}")).stock(9).body();
    shop.staff().post("/api/v1/products/batch", &(0..101).map(row).collect()).ok(200);
    let me = shop.anonymous();
    let cart = made(&me);
    for variant in 1..=100 {
        put(&me, &cart, variant, 1).ok(201);
    }
    put(&me, &cart, 101, 1).problem(409, "too-many");
    let full = put(&me, &cart, 100, 1).ok(201);
    assert_eq!((lines(&full).len(), &full["total"]), (100, &json!("1010.00")));
}

#[test]
fn cart_of_a_customer_is_nobody_elses_and_a_guests_is_whose_token_it_is() {
    let shop = shop();
    let me = shop.customer();
    let cart = with(&me, &[(1, 1)]);
    let line = format!("{cart}/lines/{}", line_id(&me.get(&cart).ok(200), 0));
    let nowhere = format!("{CARTS}/{}", "A".repeat(43));
    let key = shop.api_key(&["orders:write", "catalog:write"]);
    let others = [shop.other_customer(), shop.staff(), shop.admin(), shop.bearing(&key)];
    let refused = |who: &dyn Fn(Method, &str) -> Answer| {
        let there = who(Method::Get, &cart);
        let detail = there.problem(404, "not-found")["detail"].clone();
        assert_eq!(detail, who(Method::Get, &nowhere).problem(404, "not-found")["detail"], "not told from none");
        who(Method::Delete, &cart).problem(404, "not-found");
        who(Method::Delete, &line).problem(404, "not-found");
        who(Method::Get, &format!("{cart}/shipping-options")).problem(404, "not-found");
        who(Method::Delete, &format!("{cart}/discount")).problem(404, "not-found");
    };
    for other in &others {
        refused(&|method, path| other.request(method, path).send());
        put(other, &cart, 1, 1).problem(404, "not-found");
    }
    let nobody = shop.anonymous();
    refused(&|method, path| nobody.request(method, path).send());
    nobody.put(&format!("{cart}/shipping-address"), &address()).problem(404, "not-found");
    assert_eq!(lines(&me.get(&cart).ok(200)), [(1, 1)]);

    let guest = with(&nobody, &[(1, 1)]);
    for who in &others {
        who.get(&guest).ok(200);
    }
    for bad in ["x", "%00", "..", "1", &"A".repeat(5_000)] {
        assert_eq!(nobody.get(&format!("{CARTS}/{bad}")).status, 404, "{bad:.20}");
    }
}

#[test]
fn customer_who_asks_for_a_cart_gets_the_one_they_have() {
    let shop = shop();
    let me = shop.customer();
    let cart = with(&me, &[(1, 2)]);
    assert_eq!(made(&me), cart);
    assert_eq!(lines(&me.request(Method::Post, CARTS).send().ok(201)), [(1, 2)]);
    assert_ne!(made(&shop.other_customer()), cart);
    assert_ne!(made(&shop.anonymous()), made(&shop.anonymous()));
    me.delete(&cart).empty(204);
    assert_ne!(made(&me), cart);
}

#[test]
fn cart_has_a_tag_for_its_state_and_is_kept_by_no_cache() {
    let shop = shop();
    let me = shop.anonymous();
    let cart = with(&me, &[(1, 1)]);
    let read = me.get(&cart);
    let line = format!("{cart}/lines/{}", line_id(&read.ok(200), 0));
    for answer in [&read, &me.head(&cart), &me.get(&format!("{cart}/shipping-options")), &me.get(&line)] {
        assert_eq!(answer.header("Cache-Control"), Some("no-store"), "{answer:?}");
    }
    assert_eq!(me.get_unless(&cart, &read.etag()).status, 304);
    let set =
        |tag: &str| me.request(Method::Patch, &line).header("If-Match", tag).json(&json!({ "quantity": 2 })).send();
    set("\"x\"").problem(412, "stale");
    let changed = set(&read.etag());
    changed.ok(200);
    set(&read.etag()).problem(412, "stale");
    assert_eq!(me.get_unless(&cart, &read.etag()).status, 200);
    // Another price is another answer, but the same cart.
    let tag = me.get(&cart).etag();
    assert_eq!(tag, changed.etag());
    shop.staff().patch("/api/v1/variants/1", &json!({ "price": "11.00" })).ok(200);
    assert_eq!(me.get_unless(&cart, &tag).status, 200);
    set(&tag).ok(200);
    me.request(Method::Delete, &cart).header("If-Match", &tag).send().problem(412, "stale");
    me.request(Method::Delete, &cart).header("If-Match", &me.get(&cart).etag()).send().empty(204);
}

#[test]
fn carts_that_nobody_touches_are_gone_and_then_removed() {
    let shop = filled(TestShop::with(|config| config.selling.cart_days = 10));
    let me = shop.anonymous();
    let (empty, full, kept) = (made(&me), with(&me, &[(1, 1)]), with(&me, &[(1, 1)]));
    let later = |days: i64| {
        let now = Timestamp::from_millis(Ctx::shop().now.millis() + days * 86_400_000);
        Ctx { now, ..Ctx::shop() }
    };
    assert_eq!(wait(shop.shop.carts_sweep(&later(0))).unwrap(), 0);
    let token = |cart: &str| cart.rsplit('/').next().unwrap().to_owned();
    let as_guest = |days: i64| Ctx { actor: Actor::Anonymous, ..later(days) };
    assert!(shop.shop.cart_get(&as_guest(9), &token(&full)).is_ok());
    assert!(shop.shop.cart_get(&as_guest(2), &token(&empty)).is_err(), "with nothing in it it only lasts a day");
    assert!(shop.shop.cart_get(&as_guest(11), &token(&full)).is_err());
    // Whoever changes a cart has it for longer.
    let id = me.get(&kept).ok(200);
    let line = nexus::domain::CartLineId::new(line_id(&id, 0));
    let guest = as_guest(5);
    let change = shop.shop.cart_line_change(
        &guest,
        token(&kept),
        line,
        nexus::services::catalog::Preconditions::default(),
        nexus::domain::cart::Quantity::ONE,
    );
    wait(change).unwrap();
    assert_eq!(wait(shop.shop.carts_sweep(&later(2))).unwrap(), 1);
    assert_eq!(wait(shop.shop.carts_sweep(&later(11))).unwrap(), 1);
    assert_eq!(wait(shop.shop.carts_sweep(&later(11))).unwrap(), 0);
    me.get(&full).problem(404, "not-found");
    me.get(&kept).ok(200);
    assert_eq!(wait(shop.shop.carts_sweep(&later(16))).unwrap(), 1);
    let left = shop
        .shop
        .store()
        .read(|tx| tx.query_number("select count(*) from cart_line", []).map_err(nexus::services::Error::from));
    assert_eq!(left.unwrap(), 0);
}

#[test]
fn buyers_put_into_one_cart_at_once_and_nothing_is_lost() {
    let shop = filled(TestShop::new());
    shop.staff().patch("/api/v1/variants/1", &json!({ "stock": 900 })).ok(200);
    let cart = made(&shop.anonymous());
    let token = cart.rsplit('/').next().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let draft = nexus::services::selling::CartLineDraft {
                        wanted: nexus::services::selling::Wanted::Sku("MUG".to_owned()),
                        quantity: nexus::domain::cart::Quantity::ONE,
                    };
                    wait(shop.shop.cart_line_add(&Ctx::now(Actor::Anonymous), token.to_owned(), draft)).unwrap();
                }
            });
        }
    });
    assert_eq!(lines(&shop.anonymous().get(&cart).ok(200)), [(1, 80)]);
}

#[test]
fn variant_of_another_product_in_the_same_cart_is_another_line() {
    let shop = TestShop::with_categories();
    let tall = product("Glass").option("Size", &["S", "L"]);
    tall.variant(variant("1.00").choose("Size", "S").stock(9))
        .variant(variant("2.00").choose("Size", "L").stock(9))
        .create(&shop);
    let cart = with(&shop.anonymous(), &[(1, 1), (2, 2), (1, 2)]);
    assert_eq!(lines(&shop.anonymous().get(&cart).ok(200)), [(1, 3), (2, 2)]);
}

#[test]
fn cart_that_became_an_order_is_closed_and_open_again_when_the_order_comes_to_nothing() {
    use nexus::domain::OrderId;
    use nexus::services::selling::{cart_close, cart_take_back};
    let shop = shop();
    let (guest, me) = (shop.anonymous(), shop.customer());
    let order = |id: i64| {
        let sql = format!(
            "insert into shop_order (id, token, email, email_key, source, status, currency, tax_included, subtotal, \
             discount_total, shipping_total, tax_total, total, created_at, updated_at) \
             values ({id}, 't{id}', 'a@b.test', 'a@b.test', 'web', 'draft', 'EUR', 0, 0, 0, 0, 0, 0, 0, 0)"
        );
        wait(shop.shop.store().write(move |tx| Ok::<_, nexus::services::Error>(tx.execute_script(&sql)?))).unwrap();
        OrderId::new(id)
    };
    let close = |cart: &str, order: OrderId| {
        let (token, now) = (cart.rsplit('/').next().unwrap().to_owned(), Ctx::shop().now);
        let closed = shop.shop.store().write(move |tx| {
            let cart = tx.cart_by_token(&token)?.expect("a cart");
            cart_close(tx, &cart, order, now)
        });
        wait(closed).unwrap();
    };
    let life = shop.shop.cart_terms().life();
    let take_back = |order: OrderId| {
        let now = Ctx::shop().now;
        wait(shop.shop.store().write(move |tx| cart_take_back(tx, order, life, now))).unwrap();
    };

    let (theirs, cart) = (order(1), with(&guest, &[(1, 2)]));
    close(&cart, theirs);
    guest.get(&cart).problem(404, "not-found");
    put(&guest, &cart, 1, 1).problem(404, "not-found");
    take_back(theirs);
    assert_eq!(lines(&guest.get(&cart).ok(200)), [(1, 2)]);

    // A customer has another cart by then: an empty one gives way, one with something in it stays.
    let (mine, cart) = (order(2), with(&me, &[(1, 2)]));
    close(&cart, mine);
    let empty = made(&me);
    assert_ne!(empty, cart);
    take_back(mine);
    assert_eq!((made(&me), lines(&me.get(&cart).ok(200))), (cart.clone(), vec![(1, 2)]));
    close(&cart, mine);
    let newer = with(&me, &[(3, 1)]);
    take_back(mine);
    assert_eq!(made(&me), newer);
    me.get(&cart).problem(404, "not-found");
}

#[test]
fn log_of_the_program_at_its_most_talkative_holds_no_token_of_a_cart() {
    use crate::binary::{Place, Server, request};
    let place = Place::with_staff();
    let server = Server::start_with(&place, &[], |command| {
        command.env("NEXUS_LOG_LEVEL", "trace");
    });
    let made = request(server.port, "POST", CARTS, None, None).unwrap().json();
    let token = made["token"].as_str().unwrap().to_owned();
    let cart = format!("{CARTS}/{token}");
    for (method, path, status) in [
        ("GET", cart.clone(), 200),
        ("GET", format!("{cart}?explain=1"), 200),
        ("GET", format!("{cart}/nothing"), 404),
        ("PATCH", format!("{cart}/discount"), 405),
        ("DELETE", format!("{cart}/lines/1"), 404),
        ("DELETE", cart.clone(), 204),
        ("GET", cart, 404),
    ] {
        assert_eq!(request(server.port, method, &path, None, None).unwrap().status, status, "{method} {path}");
    }
    let beside = place.data().parent().unwrap().to_owned();
    server.ask_to_stop();
    assert_eq!(server.wait().code(), Some(0));
    let files = std::fs::read_dir(beside).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
    let log: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(log.contains("/carts/<token>") && !log.contains(&token), "{log}");
}
