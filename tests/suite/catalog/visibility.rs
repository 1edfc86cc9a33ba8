//! What the public sees of what is not on sale, and of stock.

use crate::support::{Requests, TestShop, builders::tee, category, product};
use rocket::http::Method;
use serde_json::{Value, json};

#[test]
fn product_not_on_sale_does_not_exist_for_the_public() {
    let shop = TestShop::with_categories();
    for status in ["draft", "archived"] {
        let made = product(status).status(status).sku(status).create(&shop);
        let id = &made["id"];
        for path in [
            format!("/api/v1/products/{id}"),
            format!("/api/v1/products/{status}"),
            format!("/api/v1/products/{id}/variants"),
        ] {
            let missing = shop.anonymous().get("/api/v1/products/999").problem(404, "not-found");
            for hidden in [shop.anonymous().get(&path), shop.customer().get(&path)] {
                assert_eq!(
                    hidden.problem(404, "not-found")["detail"],
                    missing["detail"],
                    "it looks as if it were not there"
                );
            }
            shop.staff().get(&path).ok(200);
            shop.admin().get(&path).ok(200);
        }
    }
    for list in [
        "/api/v1/products",
        "/api/v1/products?ids=1,2",
        "/api/v1/products?search=draft",
        "/api/v1/products?category=kitchen",
    ] {
        assert!(shop.anonymous().results(list).is_empty(), "{list}");
        assert!(shop.staff().results(list).is_empty(), "{list}");
    }
}

#[test]
fn stock_is_hidden_from_the_public_when_the_shop_says_so() {
    let shop = TestShop::with(|config| config.shop.hide_stock = true);
    category("Kitchen").create(&shop);
    let made = tee().create(&shop);
    assert_eq!(made["stock"], 7);
    for path in ["/api/v1/products/tee", "/api/v1/products/1"] {
        for seen in [shop.anonymous().get(path).ok(200), shop.customer().get(path).ok(200)] {
            assert_eq!((&seen["stock"], &seen["in_stock"]), (&Value::Null, &json!(true)));
            assert!(seen["variants"].as_array().unwrap().iter().all(|v| v["stock"].is_null() && v["in_stock"] == true));
        }
    }
    for path in ["/api/v1/products", "/api/v1/products?search=tee", "/api/v1/products/tee/variants"] {
        let seen = &shop.anonymous().results(path)[0];
        assert_eq!(seen["stock"], Value::Null, "{path}");
        assert_ne!(shop.staff().results(path)[0]["stock"], Value::Null, "{path}");
    }
    assert_eq!(shop.staff().get("/api/v1/products/tee").ok(200)["stock"], 7);
    // The tag of what the public sees also serves as a condition.
    let public = shop.anonymous().get("/api/v1/products/tee").etag();
    assert_ne!(public, shop.staff().get("/api/v1/products/tee").etag());
    let staff = shop.staff();
    let change = staff.request(Method::Patch, "/api/v1/products/1").header("If-Match", &public);
    change.json(&json!({"brand": "Acme"})).send().ok(200);
    let change = staff.request(Method::Patch, "/api/v1/products/1").header("If-Match", &public);
    change.json(&json!({"brand": "Other"})).send().problem(412, "stale");
}
