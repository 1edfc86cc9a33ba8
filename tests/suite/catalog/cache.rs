//! Bodies kept ready: what changed shows at once, what did not stays.

use crate::support::{Requests, TestShop, product, wait};
use nexus::services::Ctx;
use serde_json::{Value, json};

fn shop() -> TestShop {
    let shop = TestShop::with_categories();
    product("Mug").in_category("mugs").brand("Acme").stock(3).create(&shop);
    product("Pan").brand("Panco").create(&shop);
    product("Rake").in_category("garden").brand("Rakeco").create(&shop);
    shop
}

/// Whether the answer came from the kept bodies; asking keeps it.
fn hit(shop: &TestShop, path: &str) -> bool {
    match shop.anonymous().get(path).header("X-Cache") {
        Some("hit") => true,
        Some("miss") => false,
        other => panic!("{other:?} for {path}"),
    }
}

fn warm(shop: &TestShop, paths: &[&str]) {
    for path in paths {
        hit(shop, path);
        assert!(hit(shop, path), "{path} is kept");
    }
}

fn id(shop: &TestShop, slug: &str) -> Value {
    shop.staff().get(&format!("/api/v1/products/{slug}")).ok(200)["id"].clone()
}

#[test]
fn second_read_comes_from_the_cache_whatever_the_order_of_parameters() {
    let shop = shop();
    warm(
        &shop,
        &[
            "/api/v1/products",
            "/api/v1/products/mug",
            "/api/v1/products?search=mug",
            "/api/v1/products?include=facets,count",
        ],
    );
    hit(&shop, "/api/v1/products?category=kitchen&min_price=1&in_stock=true");
    assert!(hit(&shop, "/api/v1/products?in_stock=true&min_price=1&category=kitchen"));
    let (first, second) = (shop.anonymous().get("/api/v1/products"), shop.anonymous().get("/api/v1/products"));
    assert_eq!(
        (first.body, first.headers.iter().find(|h| h.0 == "ETag")),
        (second.body, second.headers.iter().find(|h| h.0 == "ETag"))
    );
}

#[test]
fn price_change_shows_in_the_next_request_everywhere() {
    let shop = shop();
    let paths = [
        "/api/v1/products",
        "/api/v1/products/mug",
        "/api/v1/products?category=kitchen",
        "/api/v1/products?category=mugs",
        "/api/v1/products?brand=ACME",
        "/api/v1/products?ids=1",
        "/api/v1/products?search=mug",
        "/api/v1/products?min_price=10&max_price=10&include=count",
    ];
    let id = id(&shop, "mug");
    let variant = shop.staff().get("/api/v1/products/mug").ok(200)["variants"][0]["id"].clone();
    for round in 0..3 {
        warm(&shop, &paths);
        let price = format!("{}.50", 20 + round);
        let change = json!({ "price": price });
        if round == 1 {
            shop.staff().patch(&format!("/api/v1/variants/{variant}"), &change).ok(200);
        } else {
            shop.staff().patch(&format!("/api/v1/products/{id}"), &change).ok(200);
        }
        for path in &paths[..7] {
            let body = shop.anonymous().get(path).text();
            assert!(body.contains(&price), "{path}");
        }
        assert_eq!(shop.anonymous().get(paths[7]).ok(200)["count"], 2);
    }
}

#[test]
fn change_leaves_unrelated_entries_where_they_are() {
    let shop = shop();
    let unrelated = [
        "/api/v1/products?category=garden",
        "/api/v1/products?brand=rakeco",
        "/api/v1/products/rake",
        "/api/v1/products/pan",
        "/api/v1/products?ids=3",
    ];
    warm(&shop, &unrelated);
    warm(&shop, &["/api/v1/products?category=kitchen", "/api/v1/products?category=mugs", "/api/v1/products"]);
    shop.staff().patch(&format!("/api/v1/products/{}", id(&shop, "mug")), &json!({"price": 3})).ok(200);
    for path in unrelated {
        assert!(hit(&shop, path), "{path} has nothing to do with it");
    }
    for path in [
        "/api/v1/products?category=kitchen",
        "/api/v1/products?category=mugs",
        "/api/v1/products",
        "/api/v1/products/mug",
    ] {
        assert!(!hit(&shop, path), "{path}");
    }
}

#[test]
fn write_that_changes_nothing_or_is_refused_leaves_everything() {
    let shop = shop();
    let paths = ["/api/v1/products", "/api/v1/products/mug"];
    warm(&shop, &paths);
    let path = format!("/api/v1/products/{}", id(&shop, "mug"));
    shop.staff().patch(&path, &json!({"stock": 3})).ok(200);
    shop.staff().patch(&path, &json!({"price": -1})).invalid();
    for path in paths {
        assert!(hit(&shop, path), "{path}");
    }
}

#[test]
fn product_created_shows_in_every_list_it_belongs_to() {
    let shop = shop();
    let lists = [
        "/api/v1/products",
        "/api/v1/products?category=kitchen",
        "/api/v1/products?category=mugs",
        "/api/v1/products?brand=new",
        "/api/v1/products?search=tankard",
        "/api/v1/products?ids=4",
        "/api/v1/products?tag=x",
        "/api/v1/products?max_price=1",
    ];
    for path in lists {
        hit(&shop, path);
    }
    warm(&shop, &["/api/v1/products?category=garden"]);
    product("Tankard").price("1").in_category("mugs").brand("New").tags(&["x"]).create(&shop);
    for path in lists {
        assert!(shop.anonymous().names(path).contains(&"Tankard".to_owned()), "{path}");
    }
    assert!(hit(&shop, "/api/v1/products?category=garden"));
}

#[test]
fn product_removed_or_hidden_is_gone_at_once() {
    let shop = shop();
    let mug = id(&shop, "mug");
    for body in [json!({"status": "draft"}), json!({"status": "active"}), json!({"status": "archived"})] {
        ["/api/v1/products/mug", "/api/v1/products"].iter().for_each(|path| drop(shop.anonymous().get(path)));
        shop.staff().patch(&format!("/api/v1/products/{mug}"), &body).ok(200);
        let shown = body["status"] == "active";
        assert_eq!(shop.anonymous().get("/api/v1/products/mug").status, if shown { 200 } else { 404 });
        assert_eq!(shop.anonymous().names("/api/v1/products").contains(&"Mug".to_owned()), shown);
    }
    warm(&shop, &["/api/v1/products/pan", "/api/v1/products?brand=panco"]);
    shop.staff().delete(&format!("/api/v1/products/{}", id(&shop, "pan")));
    shop.anonymous().get("/api/v1/products/pan").problem(404, "not-found");
    assert!(shop.anonymous().results("/api/v1/products?brand=panco").is_empty());
}

#[test]
fn product_that_leaves_a_category_or_brand_leaves_its_lists() {
    let shop = shop();
    let paths = [
        "/api/v1/products?category=kitchen",
        "/api/v1/products?category=mugs",
        "/api/v1/products?brand=acme",
        "/api/v1/products?category=garden",
        "/api/v1/products?brand=other",
    ];
    for path in paths {
        hit(&shop, path);
    }
    shop.staff()
        .patch(&format!("/api/v1/products/{}", id(&shop, "mug")), &json!({"category": "garden", "brand": "Other"}))
        .ok(200);
    for (path, shown) in paths.iter().zip([false, false, false, true, true]) {
        assert_eq!(shop.anonymous().names(path).contains(&"Mug".to_owned()), shown, "{path}");
    }
}

#[test]
fn category_rename_and_move_show_in_kept_lists_and_products() {
    let shop = shop();
    let mugs = shop.anonymous().get("/api/v1/categories/mugs").ok(200);
    let path = format!("/api/v1/categories/{}", mugs["id"]);
    warm(
        &shop,
        &[
            "/api/v1/products",
            "/api/v1/products/mug",
            "/api/v1/products?category=kitchen",
            "/api/v1/products?category=garden",
        ],
    );
    shop.staff().patch(&path, &json!({"name": "Drinkware", "slug": "drinkware"})).ok(200);
    for list in ["/api/v1/products", "/api/v1/products/mug", "/api/v1/products?category=kitchen"] {
        assert!(shop.anonymous().get(list).text().contains("Drinkware"), "{list}");
    }
    shop.staff().patch(&path, &json!({"parent": "garden"})).ok(200);
    assert!(!shop.anonymous().names("/api/v1/products?category=kitchen").contains(&"Mug".to_owned()));
    assert!(shop.anonymous().names("/api/v1/products?category=garden").contains(&"Mug".to_owned()));
}

#[test]
fn category_that_comes_and_goes_shows_in_kept_lists() {
    let shop = shop();
    assert!(shop.anonymous().results("/api/v1/products?category=toys").is_empty());
    crate::support::category("Toys").create(&shop);
    product("Yoyo").in_category("toys").create(&shop);
    assert_eq!(shop.anonymous().names("/api/v1/products?category=toys"), ["Yoyo"]);
    let toys = shop.anonymous().get("/api/v1/categories/toys").ok(200);
    shop.staff().delete(&format!("/api/v1/categories/{}?cascade=true", toys["id"]));
    assert!(shop.anonymous().results("/api/v1/products?category=toys").is_empty());
    assert!(!shop.anonymous().names("/api/v1/products").contains(&"Yoyo".to_owned()));
}

#[test]
fn batch_shows_in_the_next_request() {
    let shop = shop();
    warm(&shop, &["/api/v1/products?category=garden", "/api/v1/products"]);
    let body = json!([{"sku": "N", "name": "Spade", "price": 1, "category": "garden"}]);
    shop.staff().post("/api/v1/products/batch", &body).ok(200);
    assert!(shop.anonymous().names("/api/v1/products?category=garden").contains(&"Spade".to_owned()));
    wait(shop.shop.product_batch(&Ctx::owner(), vec![json!({"sku": "N", "name": "Shovel"})])).unwrap();
    assert!(
        shop.anonymous().names("/api/v1/products?category=garden").contains(&"Shovel".to_owned()),
        "whoever wrote it"
    );
}

#[test]
fn staff_never_read_from_the_cache_nor_fill_it() {
    let shop = shop();
    let staff = shop.staff().get("/api/v1/products/mug");
    assert_eq!(staff.header("X-Cache"), None);
    assert_eq!(staff.header("Cache-Control"), Some("private, no-cache"));
    assert!(!hit(&shop, "/api/v1/products/mug"));
    let public = shop.anonymous().get("/api/v1/products/mug");
    assert!(
        public
            .header("Cache-Control")
            .is_some_and(|c| c.starts_with("public, max-age=") && c.contains("stale-while-revalidate="))
    );
    assert!(public.header("Vary").is_some_and(|vary| vary.contains("Authorization")));
    assert_eq!(
        shop.customer().get("/api/v1/products/mug").header("X-Cache"),
        Some("hit"),
        "a customer reads what the public reads"
    );
}

#[test]
fn cache_that_is_off_keeps_nothing() {
    let shop = TestShop::with(|config| config.cache.enabled = false);
    crate::support::category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    for _ in 0..3 {
        assert!(!hit(&shop, "/api/v1/products"));
        assert!(!hit(&shop, "/api/v1/products/mug"));
    }
}

#[test]
fn redirect_and_missing_product_are_not_kept() {
    let shop = shop();
    shop.anonymous().get("/api/v1/products/tankard").problem(404, "not-found");
    let mug = id(&shop, "mug");
    warm(&shop, &["/api/v1/products/mug"]);
    shop.staff().patch(&format!("/api/v1/products/{mug}"), &json!({"slug": "tankard"})).ok(200);
    assert_eq!(shop.anonymous().get("/api/v1/products/tankard").ok(200)["id"], mug);
    assert_eq!(shop.anonymous().get("/api/v1/products/mug").status, 301);
}
