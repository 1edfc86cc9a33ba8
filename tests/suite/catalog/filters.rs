//! Filters, each alone; how they combine is held against a naive shop in `cursors`.

use crate::support::{Requests, TestShop, builders::tee, category, encode, product};
use serde_json::json;

fn filled() -> TestShop {
    let shop = TestShop::with_categories();
    product("Mug")
        .price("5")
        .in_category("mugs")
        .brand("Acme")
        .tags(&["gift"])
        .stock(2)
        .attribute("color", "red")
        .create(&shop);
    product("Pan")
        .price("30.50")
        .brand("ACME")
        .attribute("color", json!(["red", "black"]))
        .attribute("width", 20.50)
        .create(&shop);
    product("Rake")
        .price("20")
        .in_category("garden")
        .brand("Ørn")
        .tags(&["Gift", "steel"])
        .stock(1)
        .attribute("Color", "Green")
        .attribute("electric", false)
        .create(&shop);
    product("Hose").price("12").in_category("garden").status("draft").create(&shop);
    product("Pot").price("8").in_category("garden").status("archived").create(&shop);
    shop
}

#[track_caller]
fn finds(shop: &TestShop, query: &str, names: &[&str]) {
    assert_eq!(shop.anonymous().names(&format!("/api/v1/products?ordering=name&{query}")), names, "{query}");
}

#[test]
fn filter_by_category_takes_id_or_slug_and_what_lies_below() {
    let shop = filled();
    let id = shop.anonymous().get("/api/v1/categories/kitchen").ok(200)["id"].to_string();
    for key in ["kitchen", id.as_str()] {
        finds(&shop, &format!("category={key}"), &["Mug", "Pan"]);
    }
    finds(&shop, "category=mugs", &["Mug"]);
    finds(&shop, "category=mugs&category=garden", &["Mug", "Rake"]);
    finds(&shop, "category=kitchen&category=mugs", &["Mug", "Pan"]);
    for nothing in ["nowhere", "999", "0", "-1", "9223372036854775808", "%27"] {
        finds(&shop, &format!("category={nothing}"), &[]);
    }
    finds(&shop, "category=", &["Mug", "Pan", "Rake"]);
}

#[test]
fn filter_by_price_includes_both_ends() {
    let shop = filled();
    finds(&shop, "min_price=20", &["Pan", "Rake"]);
    finds(&shop, "max_price=20.00", &["Mug", "Rake"]);
    finds(&shop, "min_price=20&max_price=30.50", &["Pan", "Rake"]);
    finds(&shop, "min_price=30.51", &[]);
    finds(&shop, "min_price=20&max_price=10", &[]);
    for bad in ["-1", "x", "1.999", "1e999", "NaN"] {
        assert_eq!(shop.anonymous().get(&format!("/api/v1/products?min_price={bad}")).status, 422, "{bad}");
    }
}

#[test]
fn filter_by_price_looks_at_the_lowest_price_of_variants() {
    let shop = filled();
    tee().create(&shop);
    finds(&shop, "min_price=19&max_price=19", &["Tee"]);
    finds(&shop, "min_price=21&max_price=21", &[]);
}

#[test]
fn filter_by_stock_tells_what_is_there_from_what_is_not() {
    let shop = filled();
    finds(&shop, "in_stock=true", &["Mug", "Rake"]);
    finds(&shop, "in_stock=false", &["Pan"]);
    for bad in ["yes", "TRUE", "2"] {
        shop.anonymous().get(&format!("/api/v1/products?in_stock={bad}")).problem(400, "bad-request");
    }
}

#[test]
fn filter_by_brand_ignores_case_and_repeats() {
    let shop = filled();
    finds(&shop, "brand=acme", &["Mug", "Pan"]);
    finds(&shop, &format!("brand=acme&brand={}", encode("Ørn")), &["Mug", "Pan", "Rake"]);
    finds(&shop, "brand=acm", &[]);
    finds(&shop, "brand=%25", &[]);
}

#[test]
fn filter_by_tags_asks_for_all_of_them() {
    let shop = filled();
    finds(&shop, "tag=gift", &["Mug", "Rake"]);
    finds(&shop, "tag=gift&tag=STEEL", &["Rake"]);
    finds(&shop, "tag=none", &[]);
}

#[test]
fn filter_by_attributes_is_or_within_a_name_and_and_across() {
    let shop = filled();
    finds(&shop, "attr.color=red", &["Mug", "Pan"]);
    finds(&shop, "attr.color=black", &["Pan"]);
    finds(&shop, "attr.COLOR=green", &["Rake"]);
    finds(&shop, "attr.color=black&attr.color=green", &["Pan", "Rake"]);
    finds(&shop, "attr.width=20.5&attr.color=red", &["Pan"]);
    finds(&shop, "attr.electric=false", &["Rake"]);
    finds(&shop, "attr.width=20.5&attr.color=green", &[]);
    finds(&shop, "attr.none=1", &[]);
}

#[test]
fn filter_by_times_is_later_than() {
    let shop = filled();
    let mug = shop.anonymous().get("/api/v1/products/mug").ok(200);
    let at = encode(mug["created_at"].as_str().unwrap());
    let later = shop.anonymous().names(&format!("/api/v1/products?created_after={at}"));
    assert!(!later.contains(&"Mug".to_owned()));
    finds(&shop, "created_after=2001-01-01", &["Mug", "Pan", "Rake"]);
    finds(&shop, "created_after=2001-01-01T00%3A00%3A00%2B02%3A00", &["Mug", "Pan", "Rake"]);
    finds(&shop, "created_after=9999-01-01", &[]);
    finds(&shop, "updated_after=9999-12-31T23%3A59%3A59Z", &[]);
    for bad in ["yesterday", "2026-13-01", "1738314300", "2026-01-31T25%3A00%3A00Z"] {
        shop.anonymous().get(&format!("/api/v1/products?updated_after={bad}")).problem(400, "bad-request");
    }
}

#[test]
fn filter_by_ids_takes_a_hundred() {
    let shop = filled();
    finds(&shop, "ids=1,2,2,999", &["Mug", "Pan"]);
    finds(&shop, "ids=1&ids=2,999", &["Mug", "Pan"]);
    finds(&shop, "ids=1,%202", &["Mug", "Pan"]);
    finds(&shop, "ids=4", &[]);
    let many = |n: i64| (1..=n).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    finds(&shop, &format!("ids={}", many(100)), &["Mug", "Pan", "Rake"]);
    for bad in [
        many(101),
        "1,x".to_owned(),
        ",".to_owned(),
        "1;2".to_owned(),
        "-1".to_owned(),
        "9223372036854775808".to_owned(),
    ] {
        shop.anonymous().get(&format!("/api/v1/products?ids={bad}")).problem(400, "bad-request");
    }
}

#[test]
fn value_that_is_refused_is_named_with_what_is_taken() {
    let shop = filled();
    let many: Vec<String> = (1..=101).map(|id| id.to_string()).collect();
    for (query, parts) in [
        ("ids=0", &["positive whole numbers", "\"0\""][..]),
        ("ids=1,2,x", &["positive whole numbers", "\"x\""]),
        (&format!("ids={}", many.join(",")), &["at most 100", "101"]),
        ("in_stock=True", &["true or false", "1 or 0"]),
    ] {
        let problem = shop.anonymous().get(&format!("/api/v1/products?{query}")).problem(400, "bad-request");
        let detail = problem["detail"].as_str().unwrap();
        assert!(parts.iter().all(|part| detail.contains(part)), "{query}: {detail}");
    }
}

#[test]
fn filter_by_status_is_for_staff() {
    let shop = filled();
    let list = |query: &str| format!("/api/v1/products?ordering=name&{query}");
    assert_eq!(shop.staff().names(&list("status=draft")), ["Hose"]);
    assert_eq!(shop.admin().names(&list("status=archived&status=draft")), ["Hose", "Pot"]);
    assert_eq!(shop.staff().names(&list("status=active,draft,archived")), ["Hose", "Mug", "Pan", "Pot", "Rake"]);
    assert_eq!(shop.staff().names(&list("")), ["Mug", "Pan", "Rake"], "staff ask for what is not on sale");
    for hidden in ["status=draft", "status=archived", "status=active,draft"] {
        shop.anonymous().get(&list(hidden)).problem(401, "unauthenticated");
        shop.customer().get(&list(hidden)).problem(403, "forbidden");
    }
    finds(&shop, "status=active", &["Mug", "Pan", "Rake"]);
    shop.staff().get(&list("status=sold")).problem(400, "bad-request");
}

#[test]
fn filters_combine() {
    let shop = filled();
    finds(
        &shop,
        "category=kitchen&max_price=10&in_stock=1&brand=acme&tag=gift&attr.color=red&search=mug&ids=1,2,3",
        &["Mug"],
    );
    finds(&shop, "category=garden&max_price=10&brand=acme", &[]);
    finds(&shop, "category=kitchen&ordering=price".replace("&ordering=price", "").as_str(), &["Mug", "Pan"]);
}

#[test]
fn query_parameter_that_is_unknown_is_refused_and_named() {
    let shop = filled();
    for (path, name) in [
        ("/api/v1/products?categroy=kitchen", "categroy"),
        ("/api/v1/products?limit=10", "limit"),
        ("/api/v1/products?attr.=x", "attr."),
        ("/api/v1/categories?ordering=name", "ordering"),
    ] {
        let problem = shop.anonymous().get(path).problem(400, "bad-request");
        assert!(problem["detail"].as_str().unwrap().contains(name), "{problem}");
    }
    let many: String = (0..300).map(|n| format!("&tag=t{n}")).collect();
    shop.anonymous().get(&format!("/api/v1/products?{}", &many[1..])).problem(400, "bad-request");
    for once in ["min_price=1&min_price=2", "search=a&search=b", "cursor=a&cursor=b", "page_size=1&page_size=2"] {
        shop.anonymous().get(&format!("/api/v1/products?{once}")).problem(400, "bad-request");
    }
    shop.anonymous().get("/api/v1/products?tag=%ff").problem(400, "bad-request");
}

/// A link to a list outlives the name in it, and is not answered with what was there before.
#[test]
fn filter_by_the_former_slug_of_a_category_finds_what_is_there_now() {
    let shop = filled();
    let made = category("Old").create(&shop);
    product("Thing").in_category("old").create(&shop);
    let path = format!("/api/v1/categories/{}", made["id"]);
    finds(&shop, "category=old", &["Thing"]);
    shop.staff().patch(&path, &json!({"slug": "fresh"})).ok(200);
    finds(&shop, "category=fresh", &["Thing"]);
    finds(&shop, "category=old", &["Thing"]);
    product("Other").in_category("fresh").create(&shop);
    finds(&shop, "category=old", &["Other", "Thing"]);
    finds(&shop, "category=old&category=garden", &["Other", "Rake", "Thing"]);
    let counted = shop.anonymous().get("/api/v1/products?category=old&include=count&page_size=1").ok(200);
    assert_eq!(counted["count"], 2);
    let next = shop.anonymous().get(counted["next"].as_str().unwrap()).ok(200);
    assert_eq!(next["results"].as_array().unwrap().len(), 1);
    // Another category that takes the old name is the one that is meant from then on.
    category("Old").with("slug", "old").create(&shop);
    finds(&shop, "category=old", &[]);
    finds(&shop, "category=fresh", &["Other", "Thing"]);
}
