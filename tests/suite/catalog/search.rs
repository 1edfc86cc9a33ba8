//! Search as a shopper meets it. How words are read and ranked is tested next to that code.

use crate::support::model::walk;
use crate::support::{Requests, TestShop, builders::tee, encode, product};
use serde_json::{Value, json};

fn filled() -> TestShop {
    let shop = TestShop::with_categories();
    product("Coffee mug")
        .price("9")
        .in_category("mugs")
        .brand("Saltmarsk")
        .sku("MUG-006R90321")
        .tags(&["gift"])
        .create(&shop);
    product("Espresso cup")
        .price("7")
        .in_category("mugs")
        .brand("Acme")
        .with("description", "For strong coffee")
        .create(&shop);
    product("Crème brûlée torch").price("30").brand("Flammé").create(&shop);
    product("Network cable CAT-6 1.8m").price("5").in_category("garden").sku("CBL-6").create(&shop);
    product("Garden boxes")
        .price("12")
        .in_category("garden")
        .attribute("material", "galvanised steel")
        .stock(1)
        .create(&shop);
    product("Coffee secret").price("1").status("draft").create(&shop);
    shop
}

#[track_caller]
fn finds(shop: &TestShop, search: &str, names: &[&str]) {
    let mut found = shop.anonymous().names(&format!("/api/v1/products?search={}", encode(search)));
    found.sort();
    assert_eq!(found, names, "{search:?}");
}

#[test]
fn search_finds_words_wherever_they_stand() {
    let shop = filled();
    for (search, name) in [
        ("torch", "Crème brûlée torch"),
        ("saltmarsk", "Coffee mug"),
        ("gift", "Coffee mug"),
        ("galvanised", "Garden boxes"),
        ("strong", "Espresso cup"),
        ("006R90321", "Coffee mug"),
        ("mug-006r90321", "Coffee mug"),
    ] {
        finds(&shop, search, &[name]);
    }
    finds(&shop, "kitchen mugs", &["Coffee mug", "Espresso cup"]);
}

#[test]
fn search_does_not_mind_case_accents_and_plural_endings() {
    let shop = filled();
    for search in ["creme brulee", "CRÈME BRÛLÉE", "Cre\u{300}me", "flamme", "torches"] {
        finds(&shop, search, &["Crème brûlée torch"]);
    }
    for search in ["box", "boxes", "BOX"] {
        finds(&shop, search, &["Garden boxes"]);
    }
    finds(&shop, "cables", &["Network cable CAT-6 1.8m"]);
}

#[test]
fn search_takes_the_last_word_as_a_beginning() {
    let shop = filled();
    for search in ["tor", "creme to", "brul"] {
        finds(&shop, search, &["Crème brûlée torch"]);
    }
    finds(&shop, "esp", &["Espresso cup"]);
}

#[test]
fn search_finds_codes_with_and_without_their_signs() {
    let shop = filled();
    for search in ["CAT-6", "cat6", "cat 6", "1.8m", "CBL-6", "cbl6"] {
        finds(&shop, search, &["Network cable CAT-6 1.8m"]);
    }
}

#[test]
fn search_finds_the_sku_of_any_variant() {
    let shop = filled();
    tee().create(&shop);
    for sku in ["TEE-S", "tee-m"] {
        let found = shop.anonymous().names(&format!("/api/v1/products?search={sku}"));
        assert_eq!(found.first().map(String::as_str), Some("Tee"), "{sku}");
    }
}

#[test]
fn search_ranks_name_above_brand_above_the_rest() {
    let shop = TestShop::with_categories();
    product("Something").with("description", "a willow basket").create(&shop);
    product("Other thing").brand("Willow").create(&shop);
    product("Willow").create(&shop);
    assert_eq!(shop.anonymous().names("/api/v1/products?search=willow"), ["Willow", "Other thing", "Something"]);
}

#[test]
fn search_shows_the_public_nothing_hidden() {
    let shop = filled();
    finds(&shop, "secret", &[]);
    finds(&shop, "coffee", &["Coffee mug", "Espresso cup"]);
    assert_eq!(shop.staff().names("/api/v1/products?search=secret&status=draft"), ["Coffee secret"]);
    assert_eq!(shop.anonymous().get("/api/v1/products?search=coffee&include=count").ok(200)["count"], 2);
}

#[test]
fn search_combines_with_filters_and_orderings() {
    let shop = filled();
    let names = |query: &str| shop.anonymous().names(&format!("/api/v1/products?{query}"));
    assert_eq!(names("search=coffee&ordering=price"), ["Espresso cup", "Coffee mug"]);
    assert_eq!(names("search=coffee&ordering=-price"), ["Coffee mug", "Espresso cup"]);
    assert_eq!(names("search=coffee&brand=acme"), ["Espresso cup"]);
    assert_eq!(names("search=coffee&category=kitchen&max_price=8"), ["Espresso cup"]);
    assert!(names("search=coffee&category=garden").is_empty());
    assert_eq!(names("search=garden&in_stock=true&ordering=relevance"), ["Garden boxes"]);
    assert_eq!(names("search=coffee&ids=1,3,4&ordering=price"), ["Coffee mug"]);
    assert_eq!(shop.anonymous().get("/api/v1/products?search=coffee&ids=1,3,4&include=count").ok(200)["count"], 1);
    assert_eq!(names("search=coffee"), names("search=coffee&ordering=relevance"));
}

#[test]
fn search_follows_every_change() {
    let shop = filled();
    let mug = shop.anonymous().get("/api/v1/products/coffee-mug").ok(200);
    let path = format!("/api/v1/products/{}", mug["id"]);
    shop.staff().patch(&path, &json!({"name": "Tankard", "sku": "TNK-1", "tags": []})).ok(200);
    finds(&shop, "tankard", &["Tankard"]);
    finds(&shop, "006R90321", &[]);
    finds(&shop, "gift", &[]);
    let variant = format!("/api/v1/variants/{}", mug["variants"][0]["id"]);
    shop.staff().patch(&variant, &json!({"sku": "ZZTOP-9"})).ok(200);
    finds(&shop, "zztop-9", &["Tankard"]);
    finds(&shop, "TNK-1", &[]);
    shop.staff().patch(&path, &json!({"status": "archived"})).ok(200);
    finds(&shop, "tankard", &[]);
    shop.staff().patch(&path, &json!({"status": "active"})).ok(200);
    finds(&shop, "tankard", &["Tankard"]);
}

#[test]
fn search_walks_by_cursor_and_repeats_nothing() {
    let shop = TestShop::with_categories();
    for n in 0..25 {
        product(&format!("Mug {}", n % 3))
            .with("description", "mug ".repeat(n % 4))
            .brand(["Mug", "Cup"][n % 2])
            .create(&shop);
    }
    let whole: Vec<_> =
        shop.staff().results("/api/v1/products?search=mug&page_size=100").iter().map(|p| p["id"].clone()).collect();
    assert_eq!(whole.len(), 25);
    let walked: Vec<_> = crate::support::model::walk(&shop, "/api/v1/products?search=mug&page_size=4")
        .iter()
        .map(|p| p["id"].clone())
        .collect();
    assert_eq!(walked, whole);
}

#[test]
fn search_of_many_words_still_finds_what_matches_most() {
    let shop = filled();
    let found = shop
        .anonymous()
        .names(&format!("/api/v1/products?search={}", encode("please show me an espresso cup for my grandmother")));
    assert_eq!(found.first().map(String::as_str), Some("Espresso cup"));
}

/// A word that hardly any product has is no rare find when it only makes a sentence of the others.
#[test]
fn search_in_sentences_finds_what_they_are_about() {
    let shop = filled();
    product("Beanie").with("description", "A warm hat").create(&shop);
    product("Knife").with("description", "Please look for it in winter and show it to me").create(&shop);
    product("Scarf").with("description", "Warm").create(&shop);
    for (search, name) in
        [("looking for a warm hat for winter", "Beanie"), ("please show me a coffee mug for tea", "Coffee mug")]
    {
        let found = shop.anonymous().names(&format!("/api/v1/products?search={}", encode(search)));
        assert_eq!(found.first().map(String::as_str), Some(name), "{search}: {found:?}");
    }
    // Where there is nothing else, they are what is looked for.
    finds(&shop, "show me", &["Knife"]);
    // Nothing has two of these, so that each will do.
    finds(&shop, "winter torch steel", &["Crème brûlée torch", "Garden boxes", "Knife"]);
    finds(&shop, "qqqq zzzz", &[]);
}

#[test]
fn search_for_nothing_that_is_there_is_an_empty_page() {
    let shop = filled();
    for search in ["qqqqzz", "\"", "*", "()", "-", "\u{1F600}", "\0"] {
        let answer = shop.anonymous().get(&format!("/api/v1/products?search={}", encode(search)));
        assert_eq!(answer.ok(200)["results"], json!([]), "{search:?}");
    }
    assert_eq!(shop.anonymous().results("/api/v1/products?search=").len(), 5, "an empty search is none");
}

/// Whoever shows "14 products" beside a search shows as many on its pages.
#[test]
fn search_counts_what_its_pages_give_in_every_ordering() {
    let shop = filled();
    ["Teal rug", "Teal lamp", "Wool rug"].iter().for_each(|name| drop(product(name).create(&shop)));
    let sum = |counts: &Value| counts.as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).sum::<u64>();
    for search in
        ["teal rug", "teal ru", "coffee mug", "espresso coffee cup", "mug", "saltmarsk torch", "nothing coffee", "qqq"]
    {
        for more in ["", "&ordering=price", "&ordering=relevance", "&category=mugs", "&brand=acme&ordering=-name"] {
            let path = format!("/api/v1/products?search={}{more}", encode(search));
            let walked = walk(&shop, &format!("{path}&page_size=2")).len() as u64;
            let page = shop.anonymous().get(&format!("{path}&include=count,facets&page_size=2")).ok(200);
            assert_eq!(page["count"], walked, "{path}");
            assert_eq!(sum(&page["facets"]["categories"]), walked, "{path}");
            assert_eq!(sum(&page["facets"]["prices"]), walked, "{path}");
        }
    }
    let count = |more: &str| {
        shop.anonymous().get(&format!("/api/v1/products?search=teal+rug&include=count{more}")).ok(200)["count"].clone()
    };
    let counts = (count(""), count("&ordering=price"), count("&page_size=1"));
    assert_eq!(counts, (json!(3), json!(1), json!(1)), "what has most words fills up the first page");
}
