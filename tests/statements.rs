//! How many SQL statements a request takes: the same small number, however much it shows.
//!
//! The counter belongs to the process, so this is a binary of its own with a single test.

#[path = "suite/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the suite uses what this test does not")]
mod support;

use nexus::services::Shop;
use serde_json::{Value, json};
use support::{Requests, TestShop, category};

/// Statements that one request takes.
fn statements(shop: &TestShop, path: &str) -> u64 {
    // Staff are never answered from the kept bodies.
    let before = Shop::statements();
    shop.staff().get(path).ok(200);
    Shop::statements() - before
}

fn rows(from: usize, to: usize) -> Value {
    let row = |n: usize| {
        let variants: Vec<Value> = ["S", "M", "L"]
            .iter()
            .map(|s| json!({"sku": format!("{s}-{n}"), "price": n % 9, "stock": 1, "options": {"Size": s}}))
            .collect();
        json!({
            "name": format!("Tee {n}"), "category": format!("c{}", n % 12), "brand": format!("B{}", n % 5), "tags": ["a", "b"],
            "attributes": {"color": "red", "n": n}, "options": [{"name": "Size", "values": ["S", "M", "L"]}], "variants": variants
        })
    };
    (from..to).map(row).collect()
}

/// A cart takes as many for ten lines as for one, to be read and to be changed.
fn carts(shop: &TestShop) {
    let guest = shop.anonymous();
    let made = guest.request(rocket::http::Method::Post, "/api/v1/carts").send().ok(201);
    let cart = format!("/api/v1/carts/{}", made["token"].as_str().unwrap());
    let taken = |most: u64, what: &str, work: &dyn Fn()| {
        let before = Shop::statements();
        work();
        let taken = Shop::statements() - before;
        assert!(taken <= most, "{what}: {taken} > {most}");
        taken
    };
    let put = |variant: usize| {
        guest.post(&format!("{cart}/lines"), &json!({"variant_id": variant, "quantity": 1})).ok(201);
    };
    let read = || drop(guest.get(&cart).ok(200));
    put(1);
    let (one, first) = (taken(8, "reading a cart", &read), taken(14, "putting into a cart", &|| put(4)));
    (3..11).for_each(|n| put(n * 3));
    assert_eq!(taken(8, "reading a cart of ten lines", &read), one);
    assert_eq!(taken(14, "putting into a cart of ten lines", &|| put(40)), first);
}

#[test]
fn request_takes_as_many_statements_however_much_it_shows() {
    let shop = TestShop::new();
    let mut parent = category("Root").create(&shop)["id"].clone();
    for n in 0..12 {
        let made = category(&format!("C{n}")).with("parent_id", parent.clone()).create(&shop);
        if n % 3 == 0 {
            parent = made["id"].clone();
        }
    }
    shop.staff().post("/api/v1/products/batch", &rows(0, 120)).ok(200);

    let lists = [
        ("", 4),
        ("&ordering=price", 4),
        ("&category=root", 6),
        ("&brand=b1&brand=b2", 6),
        ("&tag=a&attr.color=red", 8),
        ("&min_price=1&max_price=8", 6),
        ("&ids=1,2,3,4,5,6,7,8,9,10", 6),
        ("&include=count", 6),
        ("&include=facets", 10),
        ("&search=tee", 10),
        ("&search=tee&ordering=name&include=count,facets", 18),
        ("&category=root&tag=a&in_stock=true&include=count,facets", 18),
    ];
    for (query, most) in lists {
        let taken: Vec<u64> = [1, 20, 100]
            .iter()
            .map(|size| statements(&shop, &format!("/api/v1/products?page_size={size}{query}")))
            .collect();
        assert!(taken.iter().all(|n| *n <= most), "{query}: {taken:?} > {most}");
        let span = taken.iter().max().unwrap() - taken.iter().min().unwrap();
        assert!(span <= if query.contains("search") { 4 } else { 0 }, "{query}: {taken:?} grows with the page");
    }
    for (path, most) in [
        ("products/1", 4),
        ("products/tee-1", 4),
        ("products/1/variants", 4),
        ("categories/root", 2),
        ("categories", 2),
        ("categories?tree=true", 2),
    ] {
        let taken = statements(&shop, &format!("/api/v1/{path}"));
        assert!(taken <= most, "{path}: {taken} > {most}");
    }

    // More of everything, and still the same.
    let before: Vec<u64> =
        lists.iter().map(|(query, _)| statements(&shop, &format!("/api/v1/products?page_size=20{query}"))).collect();
    shop.staff().post("/api/v1/products/batch", &rows(120, 600)).ok(200);
    let after: Vec<u64> =
        lists.iter().map(|(query, _)| statements(&shop, &format!("/api/v1/products?page_size=20{query}"))).collect();
    for (((query, _), before), after) in lists.iter().zip(before).zip(after) {
        assert!(after <= before + if query.contains("search") { 4 } else { 0 }, "{query}: {before} became {after}");
    }

    carts(&shop);
    checkouts(&shop);

    // Public reads that are kept ready take none.
    shop.anonymous().get("/api/v1/products?page_size=100").ok(200);
    let before = Shop::statements();
    shop.anonymous().get("/api/v1/products?page_size=100").ok(200);
    assert_eq!(Shop::statements() - before, 0);
}

/// A checkout takes a number that grows with the lines alone: of each, the stock is taken and its card made anew.
fn checkouts(shop: &TestShop) {
    let one = checkout_of(shop, &["S-1"]);
    let two = checkout_of(shop, &["S-1", "S-2"]);
    let four = checkout_of(shop, &["S-3", "S-4", "S-5", "S-6"]);
    println!("a checkout of 1, 2 and 4 lines takes {one}, {two} and {four} statements");
    assert!(two <= 50, "{two} statements for two lines");
    assert!(four - two <= 2 * (two - one) + 2, "{one}, {two}, {four}: lines cost more, the more there are");
}

fn checkout_of(shop: &TestShop, skus: &[&str]) -> u64 {
    let guest = shop.anonymous();
    let cart = guest.request(rocket::http::Method::Post, "/api/v1/carts").send().ok(201);
    let path = format!("/api/v1/carts/{}", cart["token"].as_str().unwrap());
    for sku in skus {
        shop.staff()
            .post("/api/v1/admin/stock/movements", &json!({ "sku": sku, "count": 50, "reason": "counted" }))
            .ok(200);
        guest.post(&format!("{path}/lines"), &json!({ "sku": sku, "quantity": 1 })).ok(201);
    }
    let body = json!({
        "email": "ann@example.test", "shipping_address": support::builders::address(), "payment": { "provider": "manual" },
    });
    let checkout =
        guest.request(rocket::http::Method::Post, &format!("{path}/checkout")).header("Idempotency-Key", "k");
    let checkout = checkout.json(&body);
    let before = Shop::statements();
    checkout.send().ok(201);
    Shop::statements() - before
}
