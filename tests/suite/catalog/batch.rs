//! Many upserts by SKU at once: all rows or none.

use crate::support::{Requests, TestShop, builders::tee, product};
use rocket::http::Method;
use serde_json::{Value, json};

const BATCH: &str = "/api/v1/products/batch";

fn row(sku: &str, price: &str) -> Value {
    json!({"sku": sku, "name": format!("Thing {sku}"), "price": price, "category": "kitchen"})
}

#[test]
fn batch_creates_changes_and_leaves_alone_and_says_so_for_each_row() {
    let shop = TestShop::with_categories();
    let known = product("Known").sku("K").stock(3).create(&shop);
    let same = product("Same").sku("S").create(&shop);
    let body = json!({"products": [row("N", "1"), {"sku": "K", "price": "7.5"}, {"sku": "S", "name": "Same"}, {"sku": "N", "stock": 4}]});
    let done = shop.staff().post(BATCH, &body).ok(200);
    let results = done["results"].as_array().unwrap();
    let actions: Vec<_> = results
        .iter()
        .map(|r| (r["index"].as_i64().unwrap(), r["sku"].as_str().unwrap(), r["action"].as_str().unwrap()))
        .collect();
    assert_eq!(actions, [(0, "N", "created"), (1, "K", "updated"), (2, "S", "unchanged"), (3, "N", "updated")]);
    assert_eq!((&results[1]["id"], &results[2]["id"]), (&known["id"], &same["id"]));
    let changed = shop.staff().get("/api/v1/products/known").ok(200);
    assert_eq!((&changed["price"], &changed["stock"]), (&json!("7.50"), &json!(3)), "a known row is merged");
    assert_eq!(shop.staff().get(&format!("/api/v1/products/{}", results[0]["id"])).ok(200)["stock"], 4);
}

#[test]
fn batch_twice_changes_nothing_the_second_time() {
    let shop = TestShop::with_categories();
    let body = json!([row("A", "1"), row("B", "2.50"), tee().body()]);
    let first = shop.staff().post(BATCH, &body).ok(200);
    let before = shop.staff().results("/api/v1/products");
    let second = shop.staff().post(BATCH, &body).ok(200);
    for (a, b) in first["results"].as_array().unwrap().iter().zip(second["results"].as_array().unwrap()) {
        assert_eq!((&a["id"], &a["action"], &b["action"]), (&b["id"], &json!("created"), &json!("unchanged")));
    }
    assert_eq!(shop.staff().results("/api/v1/products"), before);
}

#[test]
fn batch_with_a_wrong_row_writes_nothing_and_names_every_wrong_row() {
    let shop = TestShop::with_categories();
    product("Known").sku("K").create(&shop);
    product("Taken").sku("T").with("slug", "taken").create(&shop);
    let before = shop.staff().results("/api/v1/products");
    let body = json!({"products": [
        row("A", "1"),
        row("B", "-1"),
        {"sku": "K", "price": "99"},
        {"name": "No SKU", "price": 1, "category": "kitchen"},
        {"sku": "C", "name": "x", "price": 1, "category": "nowhere"},
        {"sku": "K", "slug": "taken"},
        {"sku": "D", "name": "x", "price": 1, "category": "kitchen", "role": "admin"},
        7
    ]});
    let found = shop.staff().post(BATCH, &body).invalid();
    let has = |row: &str, field: &str, code: &str| found.contains(&(format!("products{row}.{field}"), code.to_owned()));
    for (row, field, code) in [
        ("[1]", "price", "negative"),
        ("[3]", "sku", "required"),
        ("[4]", "category", "unknown"),
        ("[5]", "slug", "taken"),
        ("[6]", "role", "unknown_field"),
        ("[7]", "sku", "required"),
    ] {
        assert!(has(row, field, code), "{row} {field} {code} in {found:?}");
    }
    assert_eq!(found.len(), 6, "{found:?}");
    assert_eq!(shop.staff().results("/api/v1/products"), before);
}

#[test]
fn batch_holds_one_to_a_thousand_rows() {
    let shop = TestShop::with_categories();
    let rows = |n: usize| (0..n).map(|i| row(&format!("S{i}"), "1")).collect::<Vec<_>>();
    assert_eq!(
        shop.staff().post(BATCH, &json!({"products": rows(1_000)})).ok(200)["results"].as_array().unwrap().len(),
        1_000
    );
    assert_eq!(shop.anonymous().get("/api/v1/products?include=count").ok(200)["count"], 1_000);
    shop.staff().post(BATCH, &json!({"products": rows(1_001)})).names_field("products", "out_of_range");
    shop.staff().post(BATCH, &json!([])).names_field("products", "out_of_range");
}

#[test]
fn batch_of_another_shape_is_refused() {
    let shop = TestShop::with_categories();
    for body in [
        json!({}),
        json!("x"),
        json!(null),
        json!({"products": {}}),
        json!({"products": [], "x": 1}),
        json!({"rows": []}),
    ] {
        let found = shop.staff().post(BATCH, &body).invalid();
        assert_eq!(found[0].0, "products", "{body}");
    }
}

#[test]
fn batch_finds_a_product_by_the_sku_of_its_first_variant() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    let mut body = tee().body();
    body["variants"][1]["stock"] = json!(50);
    let done = shop.staff().post(BATCH, &json!([body])).ok(200);
    assert_eq!((&done["results"][0]["id"], &done["results"][0]["action"]), (&made["id"], &json!("updated")));
    let after = shop.anonymous().get("/api/v1/products/tee").ok(200);
    assert_eq!(after["variants"][1]["id"], made["variants"][1]["id"]);
    assert_eq!(after["stock"], 55);
}

#[test]
fn batch_slugs_of_equal_names_are_numbered() {
    let shop = TestShop::with_categories();
    let rows: Vec<Value> =
        (0..30).map(|n| json!({"sku": format!("S{n}"), "name": "Cable", "price": 1, "category": "kitchen"})).collect();
    shop.staff().post(BATCH, &json!(rows)).ok(200);
    let slugs: std::collections::BTreeSet<String> = shop
        .staff()
        .results("/api/v1/products?page_size=100")
        .iter()
        .map(|p| p["slug"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(slugs.len(), 30);
    assert!(slugs.contains("cable") && slugs.contains("cable-2"));
}

#[test]
fn batch_row_of_a_variants_sku_changes_that_variant_alone() {
    let shop = TestShop::with_categories();
    let created = tee().create(&shop);
    let variants = created["variants"].as_array().unwrap();
    let (first, last) = (&variants[0], &variants[variants.len() - 1]);
    let row = json!([{"sku": last["sku"], "price": "99.00", "stock": 5}]);
    let done = shop.staff().post(BATCH, &row).ok(200);
    assert_eq!(done["results"][0]["action"], "updated");
    let after = shop.staff().get(&format!("/api/v1/products/{}", created["id"])).ok(200);
    let changed = after["variants"].as_array().unwrap();
    assert_eq!(changed.len(), variants.len());
    assert_eq!(&changed[0], first);
    let meant = &changed[changed.len() - 1];
    assert_eq!((&meant["id"], &meant["price"], &meant["stock"]), (&last["id"], &json!("99.00"), &json!(5)));
    assert_eq!(after["price_max"], "99.00");
}

/// A row names the stock that was counted: sent again after a sale, it must not bring the sold ones back.
#[test]
fn batch_sent_again_with_its_key_does_not_undo_what_was_sold_since() {
    let shop = TestShop::with_categories();
    let body = json!({"products": [{"sku": "N", "name": "Cup", "price": "1", "category": "kitchen", "stock": 4}]});
    let send = || shop.staff().request(Method::Post, BATCH).header("Idempotency-Key", "k").json(&body).send();
    let first = send();
    let id = first.ok(200)["results"][0]["id"].clone();
    let sold = json!({"sku": "N", "delta": -1, "reason": "lost"});
    shop.staff().post("/api/v1/admin/stock/movements", &sold).ok(200);
    assert_eq!(send().body, first.body);
    assert_eq!(shop.staff().get(&format!("/api/v1/products/{id}")).ok(200)["stock"], 3);
}
