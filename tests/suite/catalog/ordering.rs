//! Orderings, both ways, with ties.

use crate::support::model::{self, ORDERINGS};
use crate::support::{Requests, TestShop, product};
use serde_json::Value;

fn shop_with_ties() -> TestShop {
    let shop = TestShop::with_categories();
    for (name, price) in [("b", "2"), ("A", "2"), ("a", "1"), ("B", "3"), ("ä", "2"), ("c", "1"), ("á", "0")] {
        product(name).price(price).create(&shop);
    }
    shop
}

#[test]
fn every_ordering_sorts_by_its_key_and_ties_by_id() {
    let shop = shop_with_ties();
    for ordering in ORDERINGS {
        let found = shop.anonymous().results(&format!("/api/v1/products?ordering={ordering}"));
        let key = |p: &Value| {
            let name = p["name"].as_str().unwrap().to_lowercase().replace(['ä', 'á'], "a");
            match ordering.trim_start_matches('-') {
                "price" => p["price"].to_string(),
                "name" => name,
                time => p[time].to_string(),
            }
        };
        let mut sorted = found.clone();
        sorted.sort_by_key(|p| (key(p), model::id(p)));
        if ordering.starts_with('-') {
            sorted.reverse();
        }
        assert_eq!(found, sorted, "{ordering}");
        assert_eq!(found.len(), 7);
    }
}

#[test]
fn ordering_is_newest_first_unless_asked() {
    let shop = shop_with_ties();
    let plain = shop.anonymous().results("/api/v1/products");
    assert_eq!(plain, shop.anonymous().results("/api/v1/products?ordering=-created_at"));
    assert_eq!(plain[0]["name"], "á");
}

#[test]
fn ordering_that_is_unknown_is_refused_and_named() {
    let shop = TestShop::new();
    for bad in ["cheapest", "-relevance", "price,name", "PRICE", "--price", "id", "price%20desc", "1"] {
        let problem = shop.anonymous().get(&format!("/api/v1/products?ordering={bad}")).problem(400, "bad-request");
        let shown = bad.replace("%20", " ");
        assert!(problem["detail"].as_str().unwrap().contains(&shown), "{problem}");
    }
    let problem = shop.anonymous().get("/api/v1/products?ordering=relevance").problem(400, "bad-request");
    assert!(problem["detail"].as_str().unwrap().contains("search"), "{problem}");
    shop.anonymous().get("/api/v1/products?ordering=price&ordering=name").problem(400, "bad-request");
}

#[test]
fn ordering_by_name_ignores_case_and_accents() {
    let shop = shop_with_ties();
    let names = shop.anonymous().names("/api/v1/products?ordering=name");
    assert_eq!(names, ["A", "a", "ä", "á", "b", "B", "c"]);
}

#[test]
fn ordering_by_update_moves_what_changed() {
    let shop = shop_with_ties();
    let first = shop.anonymous().results("/api/v1/products?ordering=created_at")[0].clone();
    shop.staff().patch(&format!("/api/v1/products/{}", first["id"]), &serde_json::json!({"stock": 9})).ok(200);
    let newest = shop.anonymous().results("/api/v1/products?ordering=-updated_at&page_size=1")[0].clone();
    assert_eq!((&newest["id"], &newest["created_at"]), (&first["id"], &first["created_at"]));
}
