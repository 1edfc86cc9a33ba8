//! Single products: create, read, replace, change, remove.

use crate::support::{Requests, TestShop, builders::tee, category, product};
use serde_json::{Value, json};

#[test]
fn product_create_with_name_price_and_category_gets_the_defaults() {
    let shop = TestShop::with_categories();
    let answer = shop.staff().post("/api/v1/products", &product("Stoneware mug").price("14.5").body());
    let made = answer.ok(201);
    assert_eq!(answer.header("Location"), Some(format!("/api/v1/products/{}", made["id"]).as_str()));
    for (field, expected) in [
        ("slug", json!("stoneware-mug")),
        ("description", json!("")),
        ("status", json!("active")),
        ("brand", json!(null)),
        ("tags", json!([])),
        ("attributes", json!({})),
        ("price", json!("14.50")),
        ("compare_at_price", json!(null)),
        ("currency", json!("EUR")),
        ("in_stock", json!(false)),
        ("stock", json!(0)),
        ("sku", json!(null)),
        ("options", json!([])),
        ("images", json!([])),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    assert_eq!(made["category"]["slug"], "kitchen");
    assert_eq!(made["variants"].as_array().map(Vec::len), Some(1));
    assert_eq!(made["variants"][0]["title"], "");
    assert_eq!(made["created_at"], made["updated_at"]);
    let moment = made["created_at"].as_str().unwrap();
    assert!(moment.len() == 24 && moment.ends_with('Z') && moment.as_bytes()[19] == b'.', "{moment}");
}

#[test]
fn product_create_with_everything_reads_back_the_same_by_id_and_slug() {
    let shop = TestShop::with_categories();
    let body = product("Kettle")
        .price("49.90")
        .sku("KTL-1")
        .stock(7)
        .brand("Saltmarsk")
        .tags(&["gift", "new"])
        .attribute("material", "steel")
        .attribute("litres", 1.7)
        .attribute("colors", json!(["black", "red"]))
        .with("description", "Boils.\n\n<b>Fast</b>.")
        .with("compare_at_price", 59.9)
        .with("weight_grams", 900)
        .with("barcode", "4006381333931")
        .with("images", json!([{"url": "https://cdn.example.test/k.jpg", "alt": "Kettle"}, {"url": "/media/k2.jpg"}]))
        .with("seo", json!({"title": "A kettle", "description": "For tea"}))
        .body();
    let made = shop.staff().post("/api/v1/products", &body).ok(201);
    assert_eq!(made["attributes"], json!({"material": "steel", "litres": 1.7, "colors": ["black", "red"]}));
    assert_eq!(made["compare_at_price"], "59.90");
    assert_eq!(made["images"][1], json!({"url": "/media/k2.jpg", "alt": "", "position": 1}));
    assert_eq!(made["seo"], json!({"title": "A kettle", "description": "For tea"}));
    assert_eq!(made["variants"][0]["weight_grams"], 900);
    for key in [made["id"].to_string(), "kettle".to_owned()] {
        assert_eq!(shop.staff().get(&format!("/api/v1/products/{key}")).ok(200), made);
        assert_eq!(shop.anonymous().get(&format!("/api/v1/products/{key}")).ok(200), made);
    }
}

#[test]
fn product_create_with_many_errors_names_every_field() {
    let shop = TestShop::with_categories();
    let body = json!({
        "name": "", "price": "1.999", "category": "kitchen", "stock": "3", "status": "sold", "tags": ["ok", 7],
        "images": [{"url": "javascript:alert(1)"}], "seo": {"title": 1, "robots": "x"}, "colour": "red"
    });
    let answer = shop.staff().post("/api/v1/products", &body);
    for (field, code) in [
        ("name", "too_short"),
        ("price", "too_many_digits"),
        ("stock", "not_an_integer"),
        ("status", "invalid"),
        ("tags[1]", "not_a_string"),
        ("images[0].url", "invalid"),
        ("seo.title", "not_a_string"),
        ("seo.robots", "unknown_field"),
        ("colour", "unknown_field"),
    ] {
        answer.names_field(field, code);
    }
    assert!(shop.anonymous().results("/api/v1/products").is_empty());
}

#[test]
fn product_create_in_an_unknown_category_is_refused() {
    let shop = TestShop::with_categories();
    for key in [json!(999), json!("nowhere"), json!("999")] {
        shop.staff()
            .post("/api/v1/products", &product("Mug").with("category", key).body())
            .names_field("category", "unknown");
    }
    for key in [json!(true), json!(1.5), json!(-1), json!({"id": 1}), json!("")] {
        shop.staff()
            .post("/api/v1/products", &product("Mug").with("category", key).body())
            .names_field("category", "invalid");
    }
    shop.staff().post("/api/v1/products", &json!({"name": "Mug", "price": 1})).names_field("category", "required");
}

#[test]
fn product_create_with_a_taken_sku_is_a_conflict() {
    let shop = TestShop::with_categories();
    product("Mug").sku("MUG-1").create(&shop);
    let answer = shop.staff().post("/api/v1/products", &product("Cup").sku("MUG-1").body());
    assert_eq!(answer.problem(409, "taken")["errors"][0]["field"], "sku");
    assert_eq!(shop.anonymous().names("/api/v1/products"), ["Mug"]);
}

#[test]
fn product_put_falls_back_to_defaults_for_what_is_not_given() {
    let shop = TestShop::with_categories();
    let before = product("Mug").sku("MUG-1").stock(4).brand("Acme").tags(&["gift"]).attribute("a", 1).create(&shop);
    let after =
        shop.staff().put(&format!("/api/v1/products/{}", before["id"]), &product("Mug").price("11").body()).ok(200);
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["slug"], "mug");
    assert_eq!(after["price"], "11.00");
    assert_eq!((&after["sku"], &after["brand"], &after["stock"]), (&Value::Null, &Value::Null, &json!(0)));
    assert_eq!((&after["tags"], &after["attributes"]), (&json!([]), &json!({})));
    assert_eq!(after["created_at"], before["created_at"]);
    assert_eq!(after["variants"][0]["id"], before["variants"][0]["id"]);
}

#[test]
fn product_put_without_a_required_field_is_refused_and_changes_nothing() {
    let shop = TestShop::with_categories();
    let before = product("Mug").create(&shop);
    let path = format!("/api/v1/products/{}", before["id"]);
    shop.staff().put(&path, &json!({"name": "Cup"})).names_field("price", "required");
    assert_eq!(shop.staff().get(&path).ok(200), before);
}

#[test]
fn product_patch_merges_and_null_removes() {
    let shop = TestShop::with_categories();
    let before = product("Mug")
        .brand("Acme")
        .sku("M")
        .stock(3)
        .attribute("color", "red")
        .attribute("size", "L")
        .with("seo", json!({"title": "T", "description": "D"}))
        .with("compare_at_price", "12")
        .create(&shop);
    let patch = json!({
        "price": 9, "brand": null, "compare_at_price": null,
        "attributes": {"color": null, "shape": "round"}, "seo": {"title": null}
    });
    let after = shop.staff().patch(&format!("/api/v1/products/{}", before["id"]), &patch).ok(200);
    assert_eq!(after["price"], "9.00");
    assert_eq!(after["brand"], Value::Null);
    assert_eq!(after["compare_at_price"], Value::Null);
    assert_eq!(after["attributes"], json!({"size": "L", "shape": "round"}));
    assert_eq!(after["seo"], json!({"title": null, "description": "D"}));
    for kept in ["name", "slug", "stock", "sku", "category", "created_at"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
}

#[test]
fn product_patch_of_a_required_field_to_null_is_refused() {
    let shop = TestShop::with_categories();
    let made = product("Mug").create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    for field in ["name", "price", "category"] {
        shop.staff().patch(&path, &json!({ field: null })).names_field(field, "required");
    }
    for body in [json!([]), json!("x"), json!(1), json!(null)] {
        shop.staff().patch(&path, &body).invalid();
    }
    assert_eq!(shop.staff().get(&path).ok(200), made);
}

#[test]
fn product_patch_that_changes_nothing_keeps_time_and_tag() {
    let shop = TestShop::with_categories();
    let made = product("Mug").stock(2).create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    let before = shop.staff().get(&path);
    let same = shop.staff().patch(&path, &json!({"stock": 2, "price": "10.00"}));
    assert_eq!(same.ok(200), made);
    assert_eq!(same.etag(), before.etag());
}

#[test]
fn product_patch_moves_it_to_another_category() {
    let shop = TestShop::with_categories();
    let garden = category("Sheds").below("garden").create(&shop);
    let made = product("Mug").create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    let after = shop.staff().patch(&path, &json!({"category": garden["id"]})).ok(200);
    assert_eq!(after["category"], json!({"id": garden["id"], "slug": "sheds", "name": "Sheds"}));
    assert_eq!(shop.anonymous().names("/api/v1/products?category=garden"), ["Mug"]);
    assert!(shop.anonymous().results("/api/v1/products?category=kitchen").is_empty());
}

#[test]
fn product_delete_removes_it_from_everywhere() {
    let shop = TestShop::with_categories();
    let made = product("Mug").sku("M-1").create(&shop);
    let path = format!("/api/v1/products/{}", made["id"]);
    let gone = shop.staff().delete(&path);
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    shop.anonymous().get(&path).problem(404, "not-found");
    shop.anonymous().get("/api/v1/products/mug").problem(404, "not-found");
    shop.staff().delete(&path).problem(404, "not-found");
    for list in ["/api/v1/products", "/api/v1/products?search=mug", "/api/v1/products?category=kitchen"] {
        assert!(shop.anonymous().results(list).is_empty(), "{list}");
    }
    shop.staff()
        .patch(&format!("/api/v1/variants/{}", made["variants"][0]["id"]), &json!({"stock": 1}))
        .problem(404, "not-found");
    // Neither its SKU nor its slug stays taken.
    assert_eq!(product("Mug").sku("M-1").create(&shop)["slug"], "mug");
}

#[test]
fn product_with_variants_sums_them_up_at_the_top() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    assert_eq!((&made["price"], &made["price_max"]), (&json!("19.00"), &json!("21.00")));
    assert_eq!((&made["stock"], &made["in_stock"]), (&json!(7), &json!(true)));
    assert_eq!(made["sku"], Value::Null);
    assert_eq!(made["options"], json!([{"name": "Size", "values": ["S", "M"]}]));
    let titles: Vec<_> = made["variants"].as_array().unwrap().iter().map(|v| v["title"].clone()).collect();
    assert_eq!(titles, ["S", "M"]);
}

#[test]
fn product_with_variants_takes_no_price_at_the_top() {
    let shop = TestShop::with_categories();
    let made = tee().create(&shop);
    for (field, value) in
        [("price", json!(5)), ("stock", json!(5)), ("sku", json!("X")), ("compare_at_price", json!(9))]
    {
        let answer = shop.staff().patch(&format!("/api/v1/products/{}", made["id"]), &json!({ field: value }));
        answer.names_field(field, "not_allowed");
    }
    assert_eq!(shop.anonymous().get("/api/v1/products/tee").ok(200), made);
}

#[test]
fn product_text_is_kept_as_given_in_any_script() {
    let shop = TestShop::with_categories();
    let name = "緑茶 ☕ <script>alert('x')</script> \u{202e}\"; drop table product; --";
    let made = product(name).with("description", "тест\n\ttab").create(&shop);
    let read = shop.anonymous().get(&format!("/api/v1/products/{}", made["id"])).ok(200);
    assert_eq!(read["name"], name);
    assert_eq!(read["description"], "тест\n\ttab");
    for bad in ["a\u{0}b", "a\nb", "\u{1b}[31m"] {
        shop.staff().post("/api/v1/products", &product(bad).body()).names_field("name", "control_character");
    }
}
