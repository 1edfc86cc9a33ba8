//! Stock over HTTP: levels, the ledger, counting and moving, policies, and what the catalog shows of it.

use super::{bare_order, findings, numbers, order_line, variant_of};
use crate::support::{Requests, TestShop, builders::tee, category, product};
use nexus::domain::stock::{MovementFilter, MovementKind, StockFilter, StockPolicy};
use nexus::domain::{Direction, MovementId, OrderId, ProductId, Timestamp, VariantId};
use nexus::services::selling::stock::{stock_release, stock_reserve, stock_return, stock_sell};
use nexus::services::{Ctx, Error};
use rocket::http::Method;
use serde_json::{Value, json};

const MOVEMENTS: &str = "/api/v1/admin/stock/movements";

fn shop() -> TestShop {
    let shop = TestShop::new();
    category("Kitchen").create(&shop);
    shop
}

fn reserve(shop: &TestShop, variant: VariantId, quantity: i64, expires_at: Option<Timestamp>) -> OrderId {
    let order = bare_order(&shop.shop);
    let reserved = shop
        .shop
        .store()
        .write_blocking(move |tx| stock_reserve(tx, &Ctx::shop(), order, &[(variant, quantity)], expires_at));
    reserved.unwrap().unwrap();
    order
}

fn each_of<'a>(list: &'a [Value], field: &str) -> Vec<&'a Value> {
    list.iter().map(|item| &item[field]).collect()
}

#[test]
fn order_goes_through_reserved_sold_and_returned_and_the_catalog_shows_each() {
    let shop = shop();
    let made = product("Mug").stock(5).create(&shop);
    let (variant, address) = (variant_of(&made), format!("/api/v1/products/{}", made["id"]));
    let shown = || {
        let product = shop.anonymous().get(&address).json();
        let listed = shop.anonymous().results("/api/v1/products?in_stock=true").len();
        assert_eq!(product["stock"], product["variants"][0]["stock"]);
        assert_eq!(product["in_stock"], json!(listed == 1));
        product["stock"].as_i64().unwrap()
    };
    let tag = shop.anonymous().get(&address).header("ETag").unwrap().to_owned();
    let order = reserve(&shop, variant, 5, None);
    assert_eq!((shown(), numbers(&shop, variant)), (0, (5, 5, 0)));
    assert_eq!(shop.anonymous().get_unless(&address, &tag).status, 200, "another state has another tag");
    shop.shop.store().write_blocking(move |tx| stock_sell(tx, &Ctx::shop(), order)).unwrap();
    assert_eq!((shown(), numbers(&shop, variant)), (0, (0, 0, 0)));
    shop.shop.store().write_blocking(move |tx| stock_return(tx, &Ctx::shop(), order, &[(variant, 2)])).unwrap();
    assert_eq!((shown(), numbers(&shop, variant)), (2, (2, 0, 2)));
    let other = reserve(&shop, variant, 1, None);
    shop.shop.store().write_blocking(move |tx| stock_release(tx, &Ctx::shop(), other)).unwrap();
    // Nothing is held any more, so that neither does anything.
    shop.shop.store().write_blocking(move |tx| stock_release(tx, &Ctx::shop(), other)).unwrap();
    shop.shop.store().write_blocking(move |tx| stock_sell(tx, &Ctx::shop(), other)).unwrap();
    assert_eq!((shown(), numbers(&shop, variant)), (2, (2, 0, 2)));
    let ledger = shop.staff().results(&format!("{MOVEMENTS}?order=1001"));
    assert_eq!(each_of(&ledger, "kind"), ["returned", "sold", "reserved"]);
    assert_eq!(each_of(&ledger, "on_hand"), [2, -5, 0]);
    assert_eq!(each_of(&ledger, "reserved"), [0, -5, 5]);
    assert_eq!(each_of(&ledger, "order"), ["1001"; 3]);
    assert_eq!(each_of(&ledger, "actor"), ["shop"; 3]);
    assert_eq!(shop.staff().results(&format!("{MOVEMENTS}?variant_id={variant}&kind=released")).len(), 1);
    assert_eq!(findings(&shop.shop), [""; 0]);
}

#[test]
fn staff_move_by_what_came_or_was_counted_and_the_ledger_says_who_and_why() {
    let shop = shop();
    let variant = variant_of(&product("Mug").stock(5).sku("MUG").create(&shop));
    let change = |body: Value| shop.staff().post(MOVEMENTS, &body);
    let came = change(json!({"sku": "MUG", "delta": 7, "reason": "received", "note": "Delivery"})).ok(200);
    assert_eq!(came["movement"]["kind"], "received");
    assert_eq!(came["stock"]["available"], 12);
    let broke = change(json!({"variant_id": variant, "delta": -2, "reason": "damaged"})).ok(200);
    assert_eq!((&broke["movement"]["kind"], &broke["movement"]["reason"]), (&json!("corrected"), &json!("damaged")));
    let counted = change(json!({"sku": "MUG", "count": 9})).ok(200);
    assert_eq!((&counted["movement"]["kind"], &counted["movement"]["on_hand"]), (&json!("counted"), &json!(-1)));
    assert_eq!(change(json!({"sku": "MUG", "count": 9})).ok(200)["movement"], Value::Null);
    assert_eq!(change(json!({"sku": "CUP", "count": 9})).problem(422, "validation")["errors"][0]["field"], "sku");
    assert_eq!(
        change(json!({"variant_id": 99, "count": 9})).problem(422, "validation")["errors"][0]["field"],
        "variant_id"
    );
    let ledger = shop.staff().results(MOVEMENTS);
    assert_eq!(each_of(&ledger, "on_hand"), [-1, -2, 7]);
    assert_eq!(ledger[2]["note"], "Delivery");
    assert!(ledger[2]["actor"].as_str().unwrap().starts_with("staff "), "{ledger:?}");
    let audit = shop.admin().results("/api/v1/admin/audit?action=stock.move");
    assert_eq!((audit.len(), &audit[0]["subject"]["id"]), (3, &json!(variant.to_string())));
    assert_eq!(findings(&shop.shop), [""; 0]);
}

#[test]
fn fewer_than_are_promised_cannot_be_left_on_the_shelf() {
    let shop = shop();
    let variant = variant_of(&product("Mug").stock(5).sku("MUG").create(&shop));
    reserve(&shop, variant, 3, None);
    for body in [json!({"sku": "MUG", "count": 2}), json!({"sku": "MUG", "delta": -3, "reason": "lost"})] {
        let refused = shop.staff().post(MOVEMENTS, &body).problem(409, "stock-promised");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("5 units") && detail.contains("3 of them") && detail.contains("2 would"), "{detail}");
    }
    assert_eq!(numbers(&shop, variant), (5, 3, 2));
    let most = shop.staff().post(MOVEMENTS, &json!({"sku": "MUG", "delta": 999_999_999, "reason": "received"}));
    assert_eq!(most.problem(422, "validation")["errors"][0]["field"], "delta");
    shop.staff().post(MOVEMENTS, &json!({"sku": "MUG", "count": 3})).ok(200);
    assert_eq!(numbers(&shop, variant), (3, 3, 0));
}

#[test]
fn catalog_write_of_another_number_is_a_count_of_what_can_be_sold() {
    let shop = shop();
    let made = product("Mug").stock(5).sku("MUG").create(&shop);
    let variant = variant_of(&made);
    assert_eq!(shop.staff().results(MOVEMENTS).len(), 0, "what a variant begins with is no movement");
    reserve(&shop, variant, 2, None);
    shop.staff().patch(&format!("/api/v1/variants/{variant}"), &json!({"price": "11"})).ok(200);
    assert_eq!(numbers(&shop, variant), (5, 2, 3));
    shop.staff().patch(&format!("/api/v1/products/{}", made["id"]), &json!({"stock": 8})).ok(200);
    assert_eq!(numbers(&shop, variant), (10, 2, 8));
    shop.staff().post("/api/v1/products/batch", &json!([{"sku": "MUG", "stock": 0}])).ok(200);
    assert_eq!(numbers(&shop, variant), (2, 2, 0));
    let ledger = shop.staff().results(&format!("{MOVEMENTS}?kind=counted"));
    assert_eq!(each_of(&ledger, "on_hand"), [-8, 5]);
    assert!(ledger.iter().all(|line| line["reason"] == "counted"), "{ledger:?}");
    assert!(ledger[0]["actor"].as_str().unwrap().starts_with("staff "));
    assert_eq!(findings(&shop.shop), [""; 0]);
}

#[test]
fn backorder_sells_below_zero_and_untracked_keeps_no_numbers() {
    let shop = shop();
    let later = variant_of(&product("Later").stock(1).with("stock_policy", "backorder").create(&shop));
    let always = variant_of(&product("Always").with("stock_policy", "untracked").create(&shop));
    product("Never").create(&shop);
    let buyable = |wanted: bool| {
        let mut names = shop.anonymous().names(&format!("/api/v1/products?in_stock={wanted}"));
        names.sort();
        names
    };
    assert_eq!((buyable(true), buyable(false)), (vec!["Always".into(), "Later".into()], vec!["Never".to_owned()]));
    let order = reserve(&shop, later, 4, None);
    reserve(&shop, always, 400, None);
    assert_eq!((numbers(&shop, later), numbers(&shop, always)), ((1, 4, 0), (0, 0, 0)));
    assert_eq!(buyable(false), ["Never"]);
    let deny = json!({"stock_policy": "deny"});
    let refused = shop.staff().patch(&format!("/api/v1/variants/{later}"), &deny).problem(409, "stock-promised");
    assert!(refused["detail"].as_str().unwrap().contains("4 units are promised and 1"), "{refused}");
    shop.shop.store().write_blocking(move |tx| stock_sell(tx, &Ctx::shop(), order)).unwrap();
    assert_eq!(numbers(&shop, later), (-3, 0, 0));
    // A number that the catalog is given is one that can be sold from now on.
    let body = json!({"stock_policy": "deny", "stock": 2});
    let shown = shop.staff().patch(&format!("/api/v1/variants/{later}"), &body).ok(200);
    assert_eq!(
        (&shown["stock"], &shown["stock_policy"], &shown["in_stock"]),
        (&json!(2), &json!("deny"), &json!(true))
    );
    assert_eq!(numbers(&shop, later), (2, 0, 2));
    shop.staff().patch(&format!("/api/v1/variants/{always}"), &deny).ok(200);
    let mut none = buyable(false);
    none.sort();
    assert_eq!(none, ["Always", "Never"]);
    assert_eq!(findings(&shop.shop), [""; 0]);
}

#[test]
fn what_orders_refer_to_is_archived_or_kept_and_other_things_go() {
    let shop = shop();
    let made = tee().create(&shop);
    let variant = variant_of(&made);
    let order = bare_order(&shop.shop);
    order_line(&shop.shop, order, variant);
    let refused = shop.staff().delete(&format!("/api/v1/variants/{variant}")).problem(409, "in-use");
    assert!(refused["detail"].as_str().unwrap().contains("set its stock to 0, or archive the product"));
    let others: Vec<Value> = made["variants"].as_array().unwrap()[1..].to_vec();
    let body = json!({"options": made["options"], "variants": others.iter().map(|v| {
        json!({"id": v["id"], "options": v["options"], "price": v["price"]})
    }).collect::<Vec<_>>()});
    shop.staff().patch(&format!("/api/v1/products/{}", made["id"]), &body).problem(409, "in-use");
    assert_eq!(shop.staff().delete("/api/v1/categories/kitchen?cascade=true").status, 404, "by id alone");
    let kitchen = made["category"]["id"].as_i64().unwrap();
    let refused = shop.staff().delete(&format!("/api/v1/categories/{kitchen}?cascade=true")).problem(409, "in-use");
    assert!(refused["detail"].as_str().unwrap().contains("move_to"), "{refused}");
    assert_eq!(shop.staff().delete(&format!("/api/v1/products/{}", made["id"])).status, 204);
    let kept = shop.staff().get(&format!("/api/v1/products/{}", made["id"])).ok(200);
    assert_eq!(kept["status"], "archived");
    assert_eq!(shop.anonymous().get(&format!("/api/v1/products/{}", made["id"])).status, 404);
    let audit = shop.admin().results("/api/v1/admin/audit?action=product.archive");
    assert_eq!(audit.len(), 1);
    // Movements alone keep nothing.
    let mug = product("Mug").stock(1).create(&shop);
    shop.staff().post(MOVEMENTS, &json!({"variant_id": variant_of(&mug), "count": 4})).ok(200);
    assert_eq!(shop.staff().delete(&format!("/api/v1/products/{}", mug["id"])).status, 204);
    assert_eq!(shop.staff().get(&format!("/api/v1/products/{}", mug["id"])).status, 404);
    assert_eq!(shop.staff().results(MOVEMENTS).len(), 1, "the ledger outlives the variant");
    assert_eq!(findings(&shop.shop), [""; 0]);
}

/// The kinds of the events so far about stock, with how many could still be sold.
fn news(shop: &TestShop) -> Vec<String> {
    let sql =
        "select kind || ' ' || json_extract(payload, '$.available') from event where kind like 'stock.%' order by id";
    shop.shop.store().read(|tx| Ok::<_, Error>(tx.query_all(sql, [], |row| row.get(0))?)).unwrap()
}

#[test]
fn others_are_told_when_stock_falls_to_its_threshold_and_when_it_is_back() {
    let shop = shop();
    let made = product("Mug").stock(6).sku("MUG").with("low_stock_at", 3).create(&shop);
    let variant = variant_of(&made);
    assert_eq!(news(&shop), [""; 0], "a new variant is no news");
    reserve(&shop, variant, 2, None);
    assert_eq!(news(&shop), [""; 0]);
    let order = reserve(&shop, variant, 2, None);
    assert_eq!(news(&shop), ["stock.low 2"]);
    reserve(&shop, variant, 2, None);
    assert_eq!(news(&shop), ["stock.low 2"], "it was low already");
    shop.shop.store().write_blocking(move |tx| stock_release(tx, &Ctx::shop(), order)).unwrap();
    assert_eq!(news(&shop)[1..], ["stock.available 2"]);
    shop.staff().post(MOVEMENTS, &json!({"sku": "MUG", "delta": 9, "reason": "received"})).ok(200);
    shop.staff().patch(&format!("/api/v1/products/{}", made["id"]), &json!({"stock": 0})).ok(200);
    shop.staff().patch(&format!("/api/v1/products/{}", made["id"]), &json!({"stock_policy": "untracked"})).ok(200);
    assert_eq!(news(&shop)[2..], ["stock.low 0", "stock.available 0"]);
}

#[test]
fn stock_is_listed_by_filters_and_in_pages() {
    let shop = shop();
    product("Mug").stock(5).sku("MUG").with("low_stock_at", 5).create(&shop);
    product("Cup").stock(5).sku("CUP").with("low_stock_at", 4).create(&shop);
    product("Jug").sku("JUG").with("stock_policy", "untracked").with("low_stock_at", 4).create(&shop);
    product("Pot").sku("POT").with("stock_policy", "backorder").create(&shop);
    let skus = |query: &str| {
        let found = shop.staff().results(&format!("/api/v1/admin/stock{query}"));
        found.iter().map(|item| item["sku"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    for (query, expected) in [
        ("", "MUG CUP JUG POT"),
        ("?low=true", "MUG"),
        ("?low=false", "CUP JUG POT"),
        ("?policy=backorder", "POT"),
        ("?policy=deny", "MUG CUP"),
        ("?policy=deny&low=true", "MUG"),
        ("?policy=untracked&low=true", ""),
        ("?sku=CUP", "CUP"),
        ("?product_id=3", "JUG"),
        ("?variant_id=4", "POT"),
        ("?variant_id=4&sku=MUG", ""),
    ] {
        assert_eq!(skus(query), expected, "{query}");
    }
    let first = shop.staff().get("/api/v1/admin/stock?page_size=3").ok(200);
    let second = shop.staff().get(first["next"].as_str().unwrap()).ok(200);
    assert_eq!((second["results"][0]["sku"].as_str(), second["next"].as_str()), (Some("POT"), None));
    let back = shop.staff().get(second["previous"].as_str().unwrap()).ok(200);
    assert_eq!(back["results"], first["results"]);
    let item = &first["results"][0];
    assert_eq!((&item["name"], &item["low"], &item["low_stock_at"]), (&json!("Mug"), &json!(true), &json!(5)));
    assert_eq!(shop.staff().get("/api/v1/admin/stock?policy=some").status, 400);
    assert_eq!(shop.staff().get(&format!("{MOVEMENTS}?order=x")).status, 400);
    for n in 0..3 {
        shop.staff().post(MOVEMENTS, &json!({"sku": "POT", "count": n + 1})).ok(200);
    }
    let newest = shop.staff().get(&format!("{MOVEMENTS}?page_size=2")).ok(200);
    let older = shop.staff().get(newest["next"].as_str().unwrap()).ok(200);
    assert_eq!((newest["results"][0]["id"].as_i64(), older["results"][0]["id"].as_i64()), (Some(3), Some(1)));
    assert_eq!(shop.staff().get(older["previous"].as_str().unwrap()).ok(200)["results"], newest["results"]);
}

#[test]
fn reservations_that_have_run_out_are_found_oldest_first() {
    let shop = shop();
    let variant = variant_of(&product("Mug").stock(9).create(&shop));
    let at = |ms| Some(Timestamp::from_millis(ms));
    let (late, early) = (reserve(&shop, variant, 1, at(2_000)), reserve(&shop, variant, 1, at(1_000)));
    reserve(&shop, variant, 1, None);
    let due = |now, most| {
        let now = Timestamp::from_millis(now);
        shop.shop.store().read(|tx| Ok::<_, Error>(tx.reservations_due(now, most)?)).unwrap()
    };
    assert_eq!(due(999, 10), []);
    assert_eq!(due(1_000, 10), [early]);
    assert_eq!((due(9_000, 10), due(9_000, 1)), (vec![early, late], vec![early]));
    shop.shop.store().write_blocking(move |tx| stock_release(tx, &Ctx::shop(), early)).unwrap();
    assert_eq!(due(9_000, 10), [late]);
}

#[test]
fn check_finds_numbers_that_do_not_add_up() {
    for (damage, check) in [
        ("update variant set on_hand = 9, stock = 9", "stock ledger"),
        ("update variant set stock = 4", "stock"),
        ("update variant set reserved = 1, stock = 4", "reservations"),
    ] {
        let shop = shop();
        product("Mug").stock(5).create(&shop);
        shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute(damage, [])?)).unwrap();
        let found = findings(&shop.shop);
        assert!(found.iter().any(|f| f.starts_with(&format!("{check}:"))), "{damage}: {found:?}");
    }
}

#[test]
fn plans_of_stock_lists_walk_an_index_without_sorting() {
    let shop = shop();
    let none = StockFilter::default;
    let (variant, product) = (Some(VariantId::new(1)), Some(ProductId::new(1)));
    let levels = [
        none(),
        StockFilter { variant, ..none() },
        StockFilter { low: Some(true), ..none() },
        StockFilter { low: Some(false), ..none() },
        StockFilter { policy: Some(StockPolicy::Deny), ..none() },
        StockFilter { policy: Some(StockPolicy::Backorder), ..none() },
        StockFilter { sku: nexus::domain::Sku::parse("A"), low: Some(true), ..none() },
    ];
    let every = || MovementFilter::default();
    let movements = [
        every(),
        MovementFilter { variant, ..every() },
        MovementFilter { order: Some(1), ..every() },
        MovementFilter { kind: Some(MovementKind::Sold), ..every() },
        MovementFilter { variant, kind: Some(MovementKind::Sold), ..every() },
    ];
    let mut plans = Vec::new();
    let store = shop.shop.store();
    for way in [None, Some(Direction::Next), Some(Direction::Previous)] {
        for filter in &levels {
            let from = way.map(|way| (VariantId::new(5), way));
            plans.push(store.read(|tx| Ok::<_, Error>((format!("{filter:?}"), tx.stock_plan(filter, from)?))).unwrap());
        }
        for filter in &movements {
            let from = way.map(|way| (MovementId::new(5), way));
            let plan = store.read(|tx| Ok::<_, Error>((format!("{filter:?}"), tx.movement_plan(filter, from)?)));
            plans.push(plan.unwrap());
        }
    }
    // One product has few variants, which may be sorted.
    let of_product = StockFilter { product, ..none() };
    let plan = store.read(|tx| Ok::<_, Error>(tx.stock_plan(&of_product, None)?)).unwrap();
    assert!(plan.iter().any(|line| line.contains("variant_product (product_id=?)")), "{plan:?}");
    for (filter, plan) in plans {
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{filter}: {plan:?}");
        // The whole is walked only where the order of ids is the order of the list, and as far as the page goes.
        let first = plan.iter().find(|line| line.contains(" v") || line.contains(" m")).unwrap();
        assert!(first.starts_with("SEARCH") || first.starts_with("SCAN"), "{filter}: {plan:?}");
        let joined = plan.iter().filter(|line| line.contains(" p ") || line.contains(" o "));
        assert!(joined.clone().all(|line| line.contains("USING INTEGER PRIMARY KEY")), "{filter}: {plan:?}");
    }
}

/// As a client does whose connection broke before the answer came.
#[test]
fn movement_sent_again_with_its_key_moves_once_and_is_answered_alike() {
    let shop = shop();
    let variant = variant_of(&product("Mug").stock(5).create(&shop));
    let body = json!({ "variant_id": variant, "delta": 3, "reason": "received" });
    let send = |key: &str, body: &Value| {
        shop.staff().request(Method::Post, MOVEMENTS).header("Idempotency-Key", key).json(body).send()
    };
    let first = send("k", &body);
    assert_eq!(first.ok(200)["stock"]["on_hand"], 8);
    assert_eq!(send("k", &body).body, first.body);
    assert_eq!(numbers(&shop, variant), (8, 0, 8));
    assert_eq!(shop.staff().results(MOVEMENTS).len(), 1);
    let mut other = body.clone();
    other["delta"] = json!(4);
    send("k", &other).problem(422, "idempotency-key-reused");
    send("", &body).problem(400, "bad-request");
    assert_eq!(send("another", &body).ok(200)["stock"]["on_hand"], 11, "another key is another delivery");
    assert_eq!(shop.staff().post(MOVEMENTS, &body).ok(200)["stock"]["on_hand"], 14, "so is one without");
    // What was refused has no effect, so its key is free.
    let gone = json!({ "variant_id": variant, "delta": -99, "reason": "lost" });
    send("refused", &gone).problem(409, "stock-promised");
    assert_eq!(send("refused", &body).ok(200)["stock"]["on_hand"], 17);
    assert_eq!(findings(&shop.shop), Vec::<String>::new());
}
