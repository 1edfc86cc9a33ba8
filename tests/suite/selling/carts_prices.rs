//! What a cart costs, how that is explained, and what has changed since the buyer was told.

use super::carts::{filled, line_id, lines, made, put, shop, with};
use crate::support::builders::address;
use crate::support::{Requests, TestShop, wait};
use nexus::config::LimitSettings;
use nexus::domain::pricing::{DiscountDraft, DiscountKind, TaxRateDraft};
use nexus::domain::{CategoryId, Money, Timestamp};
use nexus::services::Error;
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000_000;

/// A discount on everything.
fn discount(code: Option<&str>, kind: DiscountKind) -> DiscountDraft {
    DiscountDraft {
        name: code.unwrap_or("Automatic").to_owned(),
        code: code.map(str::to_owned),
        kind,
        products: Vec::new(),
        categories: Vec::new(),
        tags: Vec::new(),
        min_subtotal: None,
        min_quantity: None,
        starts_at: None,
        ends_at: None,
        usage_limit: None,
        per_customer_limit: None,
        combinable: true,
        priority: 0,
        active: true,
    }
}

const TENTH: DiscountKind = DiscountKind::Percent { rate_ppm: 100_000 };

fn add(shop: &TestShop, draft: DiscountDraft) {
    let at = Timestamp::from_millis(NOW);
    wait(shop.shop.store().write(move |tx| Ok::<_, Error>(tx.discount_insert(&draft, at)?))).unwrap();
}

fn tax(shop: &TestShop, country: &str, rate_ppm: i64) {
    let draft = TaxRateDraft {
        name: "VAT".to_owned(),
        country: country.to_owned(),
        region: String::new(),
        tax_class: "standard".to_owned(),
        rate_ppm,
    };
    let at = Timestamp::from_millis(NOW);
    wait(shop.shop.store().write(move |tx| Ok::<_, Error>(tx.tax_rate_insert(&draft, at)?))).unwrap();
}

/// The shop ships to the Netherlands for 5.00, and to be picked up for nothing.
fn ships_to_nl(shop: &TestShop) {
    let sql = "insert into shipping_zone (name, created_at, updated_at) values ('Home', 0, 0); \
               insert into shipping_area (country, zone_id) values ('NL', 1); \
               insert into shipping_rate (zone_id, position, name, kind, price) values (1, 0, 'Parcel', 'flat', 500), \
               (1, 1, 'Pickup', 'pickup', 0);";
    wait(shop.shop.store().write(move |tx| Ok::<_, Error>(tx.execute_script(sql)?))).unwrap();
}

fn amounts(cart: &Value) -> [&str; 5] {
    ["subtotal", "discount_total", "shipping_total", "tax_total", "total"].map(|field| cart[field].as_str().unwrap())
}

#[test]
fn cart_is_priced_with_discount_shipping_and_tax_line_by_line() {
    let shop = shop();
    tax(&shop, "NL", 210_000);
    ships_to_nl(&shop);
    add(&shop, discount(Some("Tenth"), TENTH));
    let me = shop.anonymous();
    let cart = with(&me, &[(1, 3), (3, 1)]);
    assert_eq!(amounts(&me.get(&cart).ok(200)), ["51.00", "0.00", "0.00", "0.00", "51.00"], "nowhere is no tax");
    me.put(&format!("{cart}/shipping-address"), &address()).ok(200);
    assert_eq!(amounts(&me.get(&cart).ok(200)), ["51.00", "0.00", "0.00", "10.71", "61.71"]);
    let option = format!("{cart}/shipping-option");
    me.put(&option, &json!({ "id": "1" })).ok(200);
    let coded = me.put(&format!("{cart}/discount"), &json!({ "code": " tenth " })).ok(200);
    assert_eq!(amounts(&coded), ["51.00", "5.10", "5.00", "10.69", "61.59"]);
    assert_eq!(coded["discount_code"], "Tenth");
    assert_eq!(coded["discounts"], json!([{ "id": 1, "name": "Tenth", "code": "Tenth", "amount": "5.10" }]));
    let line = &coded["lines"][0];
    assert_eq!((&line["discount"], &line["tax"], &line["total"]), (&json!("3.00"), &json!("5.67"), &json!("32.67")));
    assert_eq!(me.get(&cart).ok(200), coded);

    let plain = me.delete(&format!("{cart}/discount")).ok(200);
    assert_eq!((&plain["discount_code"], &plain["discounts"]), (&Value::Null, &json!([])));
    assert_eq!(amounts(&plain), ["51.00", "0.00", "5.00", "11.76", "67.76"]);
    me.put(&option, &json!({ "id": "2" })).ok(200);
    for bad in ["standard", "3", "0", "x"] {
        me.put(&option, &json!({ "id": bad })).names_field("id", "not_offered");
    }
    // A place that the option does not reach: it is chosen no longer.
    let mut abroad = address();
    abroad["country"] = json!("FR");
    let moved = me.put(&format!("{cart}/shipping-address"), &abroad).ok(200);
    assert_eq!((&moved["shipping_option"], &moved["tax_total"]), (&Value::Null, &json!("0.00")));
    assert!(me.results(&format!("{cart}/shipping-options")).is_empty());
}

#[test]
fn vat_number_of_the_country_of_the_address_exempts_abroad_and_nothing_else_does() {
    for (home, number, owed) in [
        ("DE", "NL 1234.567.89-B01", "0.00"),
        ("DE", "aaaa", "2.10"),
        ("DE", "DE123456789", "2.10"),
        ("NL", "NL123456789B01", "2.10"),
        ("", "NL123456789B01", "2.10"),
    ] {
        let shop = filled(TestShop::with(|config| {
            config.selling.country = home.to_owned();
            config.selling.exempt_vat_numbers = true;
        }));
        tax(&shop, "NL", 210_000);
        let me = shop.anonymous();
        let cart = with(&me, &[(1, 1)]);
        let mut address = address();
        address["vat_number"] = json!(number);
        let priced = me.put(&format!("{cart}/shipping-address"), &address).ok(200);
        assert_eq!((&priced["subtotal"], &priced["tax_total"]), (&json!("10.00"), &json!(owed)), "{home:?} {number}");
    }
}

#[test]
fn explanation_adds_up_to_the_total() {
    for included in [false, true] {
        let shop = filled(TestShop::with(|config| config.selling.prices_include_tax = included));
        tax(&shop, "*", 190_000);
        ships_to_nl(&shop);
        add(&shop, discount(None, TENTH));
        add(&shop, discount(Some("Two"), DiscountKind::Fixed { amount: Money::from_minor(200) }));
        let me = shop.anonymous();
        let cart = with(&me, &[(1, 3), (2, 1)]);
        me.put(&format!("{cart}/shipping-address"), &address()).ok(200);
        me.put(&format!("{cart}/shipping-option"), &json!({ "id": "1" })).ok(200);
        me.put(&format!("{cart}/discount"), &json!({ "code": "TWO" })).ok(200);
        assert_eq!(me.get(&cart).ok(200).get("explanation"), None);
        assert_eq!(me.get(&format!("{cart}?explain=0")).ok(200).get("explanation"), None);
        for query in ["explain=1", "explain=true"] {
            let explained = me.get(&format!("{cart}?{query}")).ok(200);
            let minor = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
            let parts = explained["explanation"].as_array().unwrap();
            let sum: i64 =
                parts.iter().filter(|part| part["included"] == false).map(|part| minor(&part["amount"])).sum();
            assert_eq!(sum, minor(&explained["total"]), "{explained}");
            let kinds = |kind: &str| parts.iter().filter(|part| part["kind"] == kind).count();
            assert!(kinds("line") == 2 && kinds("discount") == 2 && kinds("shipping") == 1 && kinds("tax") >= 1);
            let total = minor(&explained["subtotal"]) - minor(&explained["discount_total"])
                + minor(&explained["shipping_total"])
                + if included { 0 } else { minor(&explained["tax_total"]) };
            assert_eq!(total, minor(&explained["total"]));
            assert_eq!(explained["tax_included"], included);
        }
        me.get(&format!("{cart}?explain=maybe")).problem(400, "bad-request");
        me.get(&format!("{cart}?total=1")).problem(400, "bad-request");
    }
}

#[test]
fn discount_of_a_category_is_for_what_stands_below_it_too() {
    let shop = TestShop::with_categories();
    crate::support::product("Cup").in_category("mugs").stock(9).create(&shop);
    crate::support::product("Rake").in_category("garden").stock(9).create(&shop);
    let draft = DiscountDraft { categories: vec![CategoryId::new(1)], ..discount(None, TENTH) };
    add(&shop, draft);
    let cart = with(&shop.anonymous(), &[(1, 1), (2, 1)]);
    let priced = shop.anonymous().get(&cart).ok(200);
    assert_eq!((&priced["lines"][0]["discount"], &priced["lines"][1]["discount"]), (&json!("1.00"), &json!("0.00")));
}

#[test]
fn code_that_does_not_hold_is_refused_and_one_that_takes_nothing_off_says_why() {
    let shop = shop();
    let at = |ms| Some(Timestamp::from_millis(ms));
    add(&shop, DiscountDraft { ends_at: at(NOW), ..discount(Some("OVER"), TENTH) });
    add(&shop, DiscountDraft { starts_at: at(i64::MAX), ..discount(Some("SOON"), TENTH) });
    add(&shop, DiscountDraft { active: false, ..discount(Some("OFF"), TENTH) });
    add(&shop, DiscountDraft { min_subtotal: Some(Money::from_minor(5_000)), ..discount(Some("FIFTY"), TENTH) });
    let me = shop.anonymous();
    let cart = with(&me, &[(1, 1)]);
    let code = |code: &str| me.put(&format!("{cart}/discount"), &json!({ "code": code }));
    for (word, why) in [
        ("NONE", "discount_unknown"),
        ("OFF", "discount_unknown"),
        ("OVER", "discount_expired"),
        ("SOON", "discount_not_started"),
        ("%", "discount_unknown"),
    ] {
        code(word).names_field("code", why);
    }
    code("").names_field("code", "too_short");
    assert_eq!(me.get(&cart).ok(200)["discount_code"], Value::Null);
    let kept = code("fifty").ok(200);
    assert_eq!((&kept["discount_code"], &kept["discount_total"]), (&json!("FIFTY"), &json!("0.00")));
    assert_eq!(kept["discount_refused"]["code"], "discount_below_subtotal");
    let more = put(&me, &cart, 1, 4).ok(201);
    assert_eq!((&more["discount_refused"], &more["discount_total"]), (&Value::Null, &json!("5.00")));
}

#[test]
fn wrong_codes_have_a_budget_and_right_ones_cost_nothing() {
    let shop =
        filled(TestShop::with(|config| config.limits = LimitSettings { codes_per_client: 3, ..LimitSettings::off() }));
    add(&shop, discount(Some("TENTH"), TENTH));
    let me = shop.anonymous();
    let cart = with(&me, &[(1, 1)]);
    let code = |code: &str| me.put(&format!("{cart}/discount"), &json!({ "code": code }));
    for _ in 0..10 {
        code("TENTH").ok(200);
    }
    for n in 0..3 {
        code(&format!("GUESS{n}")).names_field("code", "discount_unknown");
    }
    code("TENTH").problem(429, "too-many-requests");
    let elsewhere = me.request(rocket::http::Method::Put, &format!("{cart}/discount")).from("192.0.2.7");
    elsewhere.json(&json!({ "code": "TENTH" })).send().ok(200);
}

#[test]
fn buyer_hears_what_has_changed_until_the_cart_changes() {
    let shop = shop();
    let (me, staff) = (shop.anonymous(), shop.staff());
    let cart = with(&me, &[(1, 3), (2, 2), (3, 1)]);
    let before = me.get(&cart).ok(200);
    assert_eq!(before["changes"], json!([]));
    let ids: Vec<i64> = (0..3).map(|at| line_id(&before, at)).collect();
    staff.patch("/api/v1/variants/1", &json!({ "price": "12.50", "stock": 19 })).ok(200);
    staff.patch("/api/v1/variants/2", &json!({ "stock": 1 })).ok(200);
    staff.delete("/api/v1/variants/3").empty(204);
    let expected = json!([
        { "kind": "price", "line_id": ids[0], "from": "10.00", "to": "12.50" },
        { "kind": "stock", "line_id": ids[1], "from": 5, "to": 1 },
        { "kind": "gone", "line_id": ids[2], "from": 2, "to": 0 },
    ]);
    for _ in 0..3 {
        let read = me.get(&cart).ok(200);
        assert_eq!(read["changes"], expected, "reading takes note of nothing");
        assert_eq!(amounts(&read), ["75.50", "0.00", "0.00", "0.00", "75.50"], "what is gone costs nothing");
        let gone = &read["lines"][2];
        assert_eq!((&gone["name"], &gone["sku"], &gone["product_id"]), (&json!("Tee"), &json!("TEE-M"), &Value::Null));
        assert_eq!(
            (&gone["unit_price"], &gone["total"], &gone["available"]),
            (&json!("21.00"), &json!("0.00"), &json!(0))
        );
        assert_eq!(read["lines"][1]["available"], 1);
    }
    let gone = format!("{cart}/lines/{}", ids[2]);
    me.patch(&gone, &json!({ "quantity": 1 })).problem(409, "not-for-sale");
    let line = format!("{cart}/lines/{}", ids[1]);
    me.patch(&line, &json!({ "quantity": 2 })).problem(409, "out-of-stock");
    assert_eq!(me.patch(&line, &json!({ "quantity": 1 })).ok(200)["changes"], json!([expected[0], expected[2]]));
    assert_eq!(me.get(&cart).ok(200)["changes"], json!([expected[2]]), "it stays gone");
    assert_eq!(lines(&me.delete(&gone).ok(200)).len(), 2);
    assert_eq!(me.get(&cart).ok(200)["changes"], json!([]));
    // Archived is gone too, and back again when it is on sale again.
    staff.patch("/api/v1/products/1", &json!({ "status": "archived" })).ok(200);
    assert_eq!(me.get(&cart).ok(200)["changes"][0]["kind"], "gone");
    staff.patch("/api/v1/products/1", &json!({ "status": "active" })).ok(200);
    assert_eq!(me.get(&cart).ok(200)["changes"], json!([]));
}

#[test]
fn where_stock_is_hidden_a_cart_says_only_whether_there_is_enough() {
    let shop = filled(TestShop::with(|config| config.shop.hide_stock = true));
    let me = shop.anonymous();
    let cart = with(&me, &[(1, 3)]);
    assert_eq!(me.get(&cart).ok(200)["lines"][0]["available"], 3);
    shop.staff().patch("/api/v1/variants/1", &json!({ "stock": 2 })).ok(200);
    let short = me.get(&cart).ok(200);
    assert_eq!((&short["lines"][0]["available"], &short["changes"][0]["from"]), (&json!(2), &json!(3)));
}

#[test]
fn fresh_shop_ships_anywhere_and_one_with_zones_where_they_are() {
    let shop = shop();
    let me = shop.anonymous();
    let cart = with(&me, &[(1, 1)]);
    let options = format!("{cart}/shipping-options");
    let standard = json!({ "id": "standard", "name": "Standard shipping", "price": "0.00" });
    assert_eq!(me.results(&options), [standard]);
    let chosen = me.put(&format!("{cart}/shipping-option"), &json!({ "id": "standard" })).ok(200);
    assert_eq!(chosen["shipping_option"], "standard");
    ships_to_nl(&shop);
    assert!(me.results(&options).is_empty(), "nobody knows yet where it goes");
    assert_eq!(me.get(&cart).ok(200)["shipping_option"], Value::Null);
    me.put(&format!("{cart}/shipping-address"), &address()).ok(200);
    assert_eq!(me.names(&options), ["Parcel", "Pickup"]);
}

#[test]
fn amounts_beyond_what_the_shop_can_count_are_422_and_leave_the_cart_as_it_was() {
    let shop = shop();
    shop.staff().patch("/api/v1/variants/1", &json!({ "price": "10000000000000.00", "stock": 999 })).ok(200);
    let me = shop.anonymous();
    let cart = made(&me);
    for quantity in [2, 999] {
        assert_eq!(put(&me, &cart, 1, quantity).status, 422, "{quantity}");
    }
    assert_eq!(lines(&me.get(&cart).ok(200)), []);
    assert_eq!(put(&me, &cart, 1, 1).ok(201)["total"], "10000000000000.00");
    assert_eq!(put(&me, &cart, 2, 1).status, 422);
    assert_eq!(lines(&me.get(&cart).ok(200)), [(1, 1)]);
}
