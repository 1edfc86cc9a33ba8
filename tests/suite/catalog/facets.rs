//! Count and facets, held against counting by hand.

use super::cursors::runner;
use crate::support::model::{Filter, Made, Twin, filter, made, minor};
use crate::support::{Requests, TestShop, product};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn counts<'v>(facets: &'v Value, key: impl Fn(&'v Value) -> String) -> BTreeMap<String, i64> {
    facets.as_array().unwrap().iter().map(|f| (key(f), f["count"].as_i64().unwrap())).collect()
}

fn tally(keys: impl Iterator<Item = String>) -> BTreeMap<String, i64> {
    let mut tally = BTreeMap::new();
    keys.for_each(|key| *tally.entry(key).or_default() += 1);
    tally
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn holds(path: &str, page: &Value, expected: &[&Value]) {
    assert_eq!(page["count"], expected.len(), "{path}");
    let facets = &page["facets"];
    let lower = |v: &Value| text(v).to_ascii_lowercase();
    assert_eq!(
        counts(&facets["categories"], |f| text(&f["value"])),
        tally(expected.iter().map(|p| text(&p["category"]["slug"])))
    );
    let brands = expected.iter().filter(|p| !p["brand"].is_null()).map(|p| lower(&p["brand"]));
    assert_eq!(counts(&facets["brands"], |f| lower(&f["value"])), tally(brands));
    for name in ["color", "size"] {
        let values = expected.iter().flat_map(|p| match &p["attributes"][name] {
            Value::Null => vec![],
            Value::Array(items) => items.iter().map(text).collect(),
            single => vec![text(single)],
        });
        let found = facets["attributes"].as_array().unwrap().iter().find(|a| a["name"] == name);
        let found = found.map_or_else(BTreeMap::new, |a| counts(&a["values"], |f| text(&f["value"])));
        assert_eq!(found, tally(values), "{name}");
    }
    let prices = facets["prices"].as_array().unwrap();
    assert!(prices.len() <= 5);
    let mut total = 0;
    let cents = |v: &Value| text(v).replace('.', "").parse::<i64>().unwrap();
    for range in prices {
        let (min, max) = (cents(&range["min"]), cents(&range["max"]));
        let inside = expected.iter().filter(|p| (min..=max).contains(&minor(p))).count() as i64;
        assert_eq!(range["count"], inside, "{range}");
        total += inside;
    }
    assert_eq!(total, expected.len() as i64, "every product is in exactly one range");
    for list in ["categories", "brands"] {
        let numbers: Vec<i64> = facets[list].as_array().unwrap().iter().map(|f| f["count"].as_i64().unwrap()).collect();
        assert!(numbers.is_sorted_by(|a, b| a >= b), "{list} most frequent first: {numbers:?}");
    }
}

#[test]
fn facets_and_count_of_any_filter_are_those_of_the_naive_shop() {
    let catalogs = proptest::collection::vec(made(), 0..40);
    runner(12)
        .run(&(catalogs, proptest::collection::vec(filter(), 10)), |(rows, filters): (Vec<Made>, Vec<Filter>)| {
            let twin = Twin::new(&rows);
            for filter in filters {
                let path = format!("/api/v1/products?{}include=count,facets&page_size=1", filter.query());
                holds(&path, &twin.shop.staff().get(&path).ok(200), &twin.expected(&filter, "price"));
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn facets_follow_the_search() {
    let shop = TestShop::with_categories();
    product("Red mug").brand("Acme").attribute("color", "red").create(&shop);
    product("Blue mug").in_category("garden").attribute("color", "blue").create(&shop);
    product("Red pan").brand("Acme").attribute("color", "red").create(&shop);
    let page = shop.anonymous().get("/api/v1/products?search=mug&include=facets&include=count").ok(200);
    assert_eq!(page["count"], 2);
    assert_eq!(page["facets"]["brands"], json!([{"value": "Acme", "label": "Acme", "count": 1}]));
    assert_eq!(page["facets"]["categories"].as_array().unwrap().len(), 2);
}

#[test]
fn facet_values_are_what_the_filters_take() {
    let shop = TestShop::with_categories();
    product("A").brand("Ørn & Co").attribute("width cm", 20.50).attribute("ok", true).create(&shop);
    product("B").brand("100% \"x\"").attribute("width cm", 7).create(&shop);
    let facets = &shop.anonymous().get("/api/v1/products?include=facets").ok(200)["facets"];
    let filter = |name: &str, facet: &Value| {
        let value = crate::support::encode(facet["value"].as_str().unwrap());
        let found =
            shop.anonymous().results(&format!("/api/v1/products?{}={value}", crate::support::encode(name))).len();
        assert_eq!(facet["count"], found, "{name} {facet}");
    };
    facets["brands"].as_array().unwrap().iter().for_each(|f| filter("brand", f));
    facets["categories"].as_array().unwrap().iter().for_each(|f| filter("category", f));
    for attribute in facets["attributes"].as_array().unwrap() {
        let name = format!("attr.{}", attribute["name"].as_str().unwrap());
        attribute["values"].as_array().unwrap().iter().for_each(|f| filter(&name, f));
    }
}

#[test]
fn facets_of_the_public_leave_out_drafts() {
    let shop = TestShop::with_categories();
    product("Shown").brand("Acme").create(&shop);
    product("Hidden").brand("Secret").status("draft").create(&shop);
    let page = shop.anonymous().get("/api/v1/products?include=facets,count").ok(200);
    assert_eq!(page["count"], 1);
    assert!(!page.to_string().contains("Secret"));
}

#[test]
fn facets_of_nothing_are_empty_and_include_knows_two_words() {
    let shop = TestShop::with_categories();
    let page = shop.anonymous().get("/api/v1/products?category=nowhere&include=facets,count").ok(200);
    assert_eq!(
        (&page["count"], &page["facets"]),
        (&json!(0), &json!({"categories": [], "brands": [], "prices": [], "attributes": []}))
    );
    let plain = shop.anonymous().get("/api/v1/products").ok(200);
    assert!(plain.get("count").is_none() && plain.get("facets").is_none());
    shop.anonymous().get("/api/v1/products?include=total").problem(400, "bad-request");
}
