//! Edges of quantities and other numbers.

use crate::support::{Requests, TestShop, builders::tee, product, spec};
use rocket::http::Method;
use serde_json::{Value, json};

#[test]
fn stock_takes_whole_numbers_within_bounds_and_nothing_else() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    let good = ["0", "1", "2147483647", "1000000000"];
    let bad = [
        "-1",
        "1.5",
        "1.0",
        "1e3",
        "\"3\"",
        "\"\"",
        "true",
        "[]",
        "{}",
        "2147483648",
        "1000000001",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1e400",
        "-1e400",
        "99999999999999999999999999",
    ];
    for text in bad.iter().chain(&good) {
        let value: Value = serde_json::from_str(text).unwrap();
        for field in ["stock", "weight_grams"] {
            let fits = text.parse::<i64>().is_ok_and(|n| (0..=1_000_000_000).contains(&n));
            let expected = if fits { 200 } else { 422 };
            for path in ["/api/v1/products/1", "/api/v1/variants/1"] {
                let answer = shop.staff().patch(path, &json!({ field: value }));
                assert_eq!(answer.status, expected, "{field} {text} {path}: {}", answer.text());
            }
            let created = shop.staff().post("/api/v1/products", &product("New").with(field, value.clone()).body());
            assert_eq!(created.status, if fits { 201 } else { 422 }, "{field} {text}");
        }
    }
    let mug = shop.staff().get("/api/v1/products/1").ok(200);
    assert_eq!(mug["stock"], 1_000_000_000);
    assert!(
        shop.staff()
            .results("/api/v1/products?page_size=100")
            .iter()
            .all(|p| p["stock"].as_i64().is_some_and(|s| s >= 0))
    );
}

#[test]
fn price_edges_never_wrap() {
    let shop = TestShop::with_categories();
    tee().create(&shop);
    for text in [
        "-1",
        "-0.01",
        "1e400",
        "-1e400",
        "9223372036854775807",
        "9223372036854775808",
        "1e18",
        "0.001",
        "18446744073709551616",
        "1e-3",
        "123456789012345678901234567890.12",
    ] {
        for value in [json!(text), serde_json::from_str(text).unwrap()] {
            for field in ["price", "compare_at_price"] {
                shop.staff().patch("/api/v1/variants/1", &json!({ field: value })).invalid();
                shop.staff().post("/api/v1/products", &product("Mug").with(field, value.clone()).body()).invalid();
            }
        }
    }
    assert_eq!(shop.anonymous().get("/api/v1/products/tee").ok(200)["price"], "19.00");
    assert_eq!(shop.anonymous().results("/api/v1/products").len(), 1);
}

#[test]
fn texts_and_lists_end_where_the_description_says() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    let described = &spec::document()["components"]["schemas"]["ProductInput"]["properties"];
    let most = |field: &str, limit: &str| described[field][limit].as_u64().expect(field) as usize;
    let patch = |field: &str, value: Value| shop.staff().patch("/api/v1/products/1", &json!({ field: value }));
    for field in ["name", "brand", "sku", "barcode", "description"] {
        let most = most(field, "maxLength");
        patch(field, json!("é".repeat(most))).ok(200);
        patch(field, json!("é".repeat(most + 1))).invalid();
        if !["sku", "description"].contains(&field) {
            let padded = format!("{} ", "é".repeat(most));
            patch(field, json!(padded)).names_field(field, "too_long");
        }
    }
    for field in ["tags", "images"] {
        let most = most(field, "maxItems");
        let item = |i| if field == "tags" { json!(format!("t{i}")) } else { json!({"url": format!("/{i}.jpg")}) };
        let list = |n: usize| (0..n).map(item).collect::<Value>();
        patch(field, list(most)).ok(200);
        patch(field, list(most + 1)).names_field(field, "too_many");
    }
}

#[test]
fn attributes_keep_their_types_and_bounds() {
    let shop = TestShop::with_categories();
    product("Mug").create(&shop);
    let patch = |attributes: Value| shop.staff().patch("/api/v1/products/1", &json!({ "attributes": attributes }));
    let kept: Value =
        serde_json::from_str(r#"{"t": "x", "n": 20.50, "big": 12345678901234567890, "b": false, "l": ["a", 1, true]}"#)
            .unwrap();
    assert_eq!(patch(kept.clone()).ok(200)["attributes"], kept, "numbers as they were written");
    for bad in [
        json!({"a": {"b": 1}}),
        json!({"a": [[1]]}),
        json!({"a": [null]}),
        json!({"": 1}),
        json!({"x".repeat(101): 1}),
        json!({"a": "x".repeat(1_001)}),
        json!({"a": "\0"}),
        json!([1]),
        json!("x"),
    ] {
        patch(bad).invalid();
    }
    let huge: Value = serde_json::from_str(r#"{"a": 1e400}"#).unwrap();
    patch(huge).invalid();
    let many = |n: usize| Value::Object((0..n).map(|i| (format!("a{i}"), json!(i))).collect());
    patch(many(251)).invalid();
}

/// Lists that never outgrow a page are paged like all others, and lists that come whole say so.
#[test]
fn every_list_refuses_parameters_it_does_not_know_and_pages_out_of_bounds() {
    let shop = TestShop::with_categories();
    tee().create(&shop);
    product("Mug").create(&shop);
    let cart = shop.anonymous().request(Method::Post, "/api/v1/carts").send().ok(201);
    let options = format!("carts/{}/shipping-options", cart["token"].as_str().unwrap());
    let paged = ["me/addresses", "me/sessions", "me/reviews", "me/wishlist", "me/orders", "categories", "products"];
    let whole = ["products/1/variants", "products/tee/variants", &options];
    let me = shop.customer();
    for (list, is_paged) in paged.iter().map(|list| (list, true)).chain(whole.iter().map(|list| (list, false))) {
        let path = format!("/api/v1/{list}");
        let plain = me.get(&path).ok(200);
        assert!(plain["results"].is_array(), "{path}");
        let problem = me.get(&format!("{path}?zork=1")).problem(400, "bad-request");
        assert!(problem["detail"].as_str().unwrap().contains("zork"), "{problem}");
        me.get(&format!("{path}?cursor=abcd")).problem(400, if is_paged { "bad-cursor" } else { "bad-request" });
        for size in ["0", "101", "x"] {
            let answer = me.get(&format!("{path}?page_size={size}"));
            assert_eq!(answer.status, if is_paged { 422 } else { 400 }, "{path} {size}");
        }
        if is_paged {
            assert_eq!(me.get(&format!("{path}?page_size=100")).ok(200)["results"], plain["results"], "{path}");
        }
    }
    shop.admin().get("/api/v1/admin/backups").ok(200);
    for query in ["zork=1", "page_size=0", "cursor=abcd"] {
        shop.admin().get(&format!("/api/v1/admin/backups?{query}")).problem(400, "bad-request");
    }
    for query in ["tree=true&page_size=2", "tree=1&cursor=abcd"] {
        shop.anonymous().get(&format!("/api/v1/categories?{query}")).problem(400, "bad-request");
    }
}
