//! Pages: cursors lead through a list both ways, whatever the filter, and hold while things come and go.

use crate::support::model::{Filter, Made, ORDERINGS, Twin, filter, id, made, many, walk};
use crate::support::{Requests, TestShop, category, encode, product, wait};
use nexus::domain::Currency;
use nexus::domain::catalog::ProductDraft;
use nexus::services::Ctx;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// The same catalogs and filters at every run.
pub fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

fn ids(items: &[Value]) -> Vec<i64> {
    items.iter().map(id).collect()
}

fn page(shop: &TestShop, path: &str) -> Value {
    shop.staff().get(path).ok(200)
}

/// Walks to the end and back, holding each page against the whole list.
fn walk_both_ways(shop: &TestShop, path: &str, size: usize, expected: &[i64]) {
    let mut forward = Vec::new();
    let mut at = path.to_owned();
    let last = loop {
        let page = page(shop, &at);
        let items = page["results"].as_array().unwrap();
        assert!(items.len() <= size, "{at}");
        assert_eq!(page["previous"].is_null(), forward.is_empty(), "previous stands on every page but the first: {at}");
        forward.extend(ids(items));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut at),
            None => break page,
        }
        assert!(forward.len() <= 2 * expected.len() + 100, "{path} goes on for ever");
    };
    assert_eq!(forward, expected, "{path}");
    let mut back = ids(last["results"].as_array().unwrap());
    let mut at = last["previous"].as_str().map(str::to_owned);
    while let Some(path) = at {
        let page = page(shop, &path);
        let items = ids(page["results"].as_array().unwrap());
        assert!(items.len() <= size && page["next"].is_string(), "{path}");
        back.splice(0..0, items);
        at = page["previous"].as_str().map(str::to_owned);
        assert!(back.len() <= expected.len(), "{path} goes back for ever");
    }
    assert_eq!(back, expected, "{path} backwards");
}

#[test]
fn list_of_any_filter_and_ordering_is_that_of_the_naive_shop_both_ways() {
    let catalogs = proptest::collection::vec(made(), 0..40);
    let asked = proptest::collection::vec((filter(), proptest::sample::select(&ORDERINGS[..]), 1..8_usize), 10);
    runner(16)
        .run(&(catalogs, asked), |(rows, asked): (Vec<Made>, Vec<(Filter, &str, usize)>)| {
            let twin = Twin::new(&rows);
            for (filter, ordering, size) in asked {
                let expected: Vec<i64> = twin.expected(&filter, ordering).into_iter().map(id).collect();
                let path = format!("/api/v1/products?{}ordering={ordering}&page_size={size}", filter.query());
                walk_both_ways(&twin.shop, &path, size, &expected);
                let counted = page(&twin.shop, &format!("{path}&include=count"));
                prop_assert_eq!(&counted["count"], &json!(expected.len()), "{}", path);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn list_of_a_large_catalog_is_that_of_the_naive_shop() {
    let twin = Twin::new(&many());
    let none = Filter::default;
    let filters = [
        none(),
        Filter { brands: vec!["acme"], ..none() },
        Filter { tag: Some("gift"), ..none() },
        Filter { colors: vec!["red"], ..none() },
        Filter { colors: vec!["red", "blue"], size: Some(20), ..none() },
        Filter { in_stock: Some(false), ..none() },
        Filter { in_stock: Some(true), min_price: Some(250), tag: Some("gift"), colors: vec!["red"], ..none() },
        Filter { brands: vec!["acme", "Saltmarsk"], max_price: Some(9_000), ..none() },
        Filter { categories: vec!["home"], tag: Some("gift"), ..none() },
        Filter { categories: vec!["kitchen", "garden"], brands: vec!["acme"], created_after: Some(1), ..none() },
        Filter { created_after: Some(2), updated_after: Some(1), ..none() },
        Filter { statuses: vec!["active", "draft"], tag: Some("gift"), brands: vec!["Acme"], ..none() },
        Filter { statuses: vec!["active", "draft", "archived"], categories: vec!["home", "garden"], ..none() },
        Filter { search: Some("gift"), min_price: Some(500), ..none() },
        Filter { search: Some("acme"), in_stock: Some(true), tag: Some("gift"), ..none() },
    ];
    for (filter, ordering) in filters.iter().flat_map(|filter| ORDERINGS.map(|ordering| (filter, ordering))) {
        let expected: Vec<i64> = twin.expected(filter, ordering).into_iter().map(id).collect();
        let path = format!("/api/v1/products?{}ordering={ordering}&page_size=60", filter.query());
        let first = page(&twin.shop, &format!("{path}&include=count"));
        assert_eq!(first["count"], expected.len(), "{path}");
        let second = page(&twin.shop, first["next"].as_str().unwrap());
        let third = page(&twin.shop, second["next"].as_str().unwrap());
        let back = page(&twin.shop, third["previous"].as_str().unwrap());
        for (page, at) in [(&first, 0), (&second, 60), (&third, 120), (&back, 60)] {
            let until = expected.len().min(at + 60);
            assert_eq!(ids(page["results"].as_array().unwrap()), &expected[at..until], "{path} from {at}");
        }
    }
    let whole = ids(&walk(&twin.shop, "/api/v1/products?ordering=-price&category=home&brand=acme&page_size=100"));
    let filter = Filter { categories: vec!["home"], brands: vec!["acme"], ..none() };
    assert_eq!(whole, twin.expected(&filter, "-price").into_iter().map(id).collect::<Vec<_>>());
}

#[test]
fn list_of_categories_walks_both_ways() {
    let shop = TestShop::new();
    let made: Vec<i64> = (0..23).map(|n| id(&category(&format!("Category {n}")).create(&shop))).collect();
    for size in [1, 5, 23, 24] {
        walk_both_ways(&shop, &format!("/api/v1/categories?page_size={size}"), size, &made);
    }
}

#[test]
fn list_walk_while_things_come_and_go_between_pages_loses_and_repeats_nothing() {
    let shop = TestShop::with_categories();
    let made: Vec<Value> =
        (0..40).map(|n| product(&format!("P{:02}", n % 10)).price(&(n % 7).to_string()).create(&shop)).collect();
    for ordering in ORDERINGS {
        let (mut seen, mut gone, mut number) = (Vec::new(), BTreeSet::new(), 0);
        let mut path = format!("/api/v1/products?ordering={ordering}&page_size=3");
        let before: BTreeSet<i64> = ids(&walk(&shop, "/api/v1/products?page_size=100")).into_iter().collect();
        loop {
            let page = page(&shop, &path);
            let items = ids(page["results"].as_array().unwrap());
            // The very product the cursor stands on goes, and two others come, before and behind.
            if let Some(last) = items.last().filter(|last| **last > id(&made[30])) {
                shop.staff().delete(&format!("/api/v1/products/{last}"));
                gone.insert(*last);
            }
            for price in ["0", "6"] {
                number += 1;
                product(&format!("P0{number}")).price(price).create(&shop);
            }
            seen.extend(items);
            match page["next"].as_str() {
                Some(next) if seen.len() < 300 && number < 60 => next.clone_into(&mut path),
                _ => break,
            }
        }
        let distinct: BTreeSet<i64> = seen.iter().copied().collect();
        assert_eq!(distinct.len(), seen.len(), "{ordering} repeats");
        if number < 60 {
            let lost: Vec<_> = before.difference(&distinct).filter(|id| !gone.contains(id)).collect();
            assert!(lost.is_empty(), "{ordering} loses {lost:?}");
        }
    }
}

#[test]
fn list_walk_under_concurrent_writers_loses_and_repeats_nothing_that_stays() {
    let shop = TestShop::with_categories();
    let stays: BTreeSet<i64> =
        (0..60).map(|n| id(&product(&format!("S{n}")).price(&(n % 5).to_string()).create(&shop))).collect();
    let done = AtomicBool::new(false);
    let (catalog, euro) = (shop.shop.clone(), Currency::from_code("EUR").unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                let body = product(&format!("T{number}")).price(&(number % 5).to_string()).body();
                let draft = ProductDraft::from_body(&body, euro).unwrap();
                let made = wait(catalog.product_create(&Ctx::owner(), draft)).unwrap();
                if number % 2 == 0 {
                    wait(catalog.product_remove(&Ctx::owner(), made.id, Default::default())).unwrap();
                }
                number += 1;
            }
        });
        for ordering in ["price", "-price", "name", "-created_at", "created_at"] {
            let (mut seen, mut path) = (Vec::new(), format!("/api/v1/products?ordering={ordering}&page_size=7"));
            while let Some(next) = {
                let page = page(&shop, &path);
                seen.extend(ids(page["results"].as_array().unwrap()).into_iter().filter(|id| stays.contains(id)));
                page["next"].as_str().map(str::to_owned)
            } {
                // Newer ones come faster than the walk in this ordering; those that stay are then all seen.
                if seen.len() >= stays.len() {
                    break;
                }
                path = next;
            }
            let distinct: BTreeSet<i64> = seen.iter().copied().collect();
            assert_eq!((distinct.len(), seen.len()), (stays.len(), stays.len()), "{ordering}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn cursor_before_which_everything_is_gone_still_leads_back() {
    let shop = TestShop::with_categories();
    let made: Vec<i64> = (0..6).map(|n| id(&product(&format!("P{n}")).create(&shop))).collect();
    let first = page(&shop, "/api/v1/products?ordering=created_at&page_size=3");
    let next = first["next"].as_str().unwrap().to_owned();
    for gone in &made[3..] {
        shop.staff().delete(&format!("/api/v1/products/{gone}"));
    }
    let empty = page(&shop, &next);
    assert_eq!((&empty["results"], &empty["next"]), (&json!([]), &Value::Null));
    let back = page(&shop, empty["previous"].as_str().expect("a way back"));
    assert!(!back["results"].as_array().unwrap().is_empty());
}

fn filled() -> TestShop {
    let shop = TestShop::with_categories();
    (0..5).for_each(|n| drop(product(&format!("Mug {n}")).create(&shop)));
    shop
}

fn cursor_of(shop: &TestShop, path: &str) -> String {
    let page = shop.anonymous().get(path).ok(200);
    page["next"].as_str().unwrap().split("cursor=").nth(1).unwrap().to_owned()
}

#[test]
fn cursor_that_is_tampered_with_is_refused() {
    let shop = filled();
    let cursor = cursor_of(&shop, "/api/v1/products?page_size=2");
    let mut tampered: Vec<String> = (0..cursor.len())
        .step_by(3)
        .map(|at| {
            let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &cursor[..at], &cursor[at + 1..])
        })
        .collect();
    tampered.extend([
        "x".to_owned(),
        "%00".to_owned(),
        encode("é"),
        format!("{cursor}A"),
        cursor[1..].to_owned(),
        "A".repeat(10_000),
    ]);
    tampered.push("W3sibiI6WzEsMV19LCJuZXh0Il0".to_owned());
    for bad in tampered.into_iter().filter(|bad| *bad != cursor) {
        shop.anonymous().get(&format!("/api/v1/products?page_size=2&cursor={bad}")).problem(400, "bad-cursor");
    }
}

#[test]
fn cursor_of_another_list_is_refused() {
    let shop = filled();
    let cursor = cursor_of(&shop, "/api/v1/products?ordering=price&category=kitchen&page_size=2");
    let with = |query: &str| shop.anonymous().get(&format!("/api/v1/products?{query}&cursor={cursor}"));
    for other in [
        "ordering=-price&category=kitchen",
        "ordering=name&category=kitchen",
        "category=kitchen",
        "ordering=price",
        "ordering=price&category=mugs",
        "ordering=price&category=kitchen&min_price=1",
        "ordering=price&category=kitchen&in_stock=false",
        "ordering=price&category=kitchen&search=mug",
    ] {
        with(other).problem(400, "bad-cursor");
    }
    shop.anonymous().get(&format!("/api/v1/categories?cursor={cursor}")).problem(400, "bad-cursor");
    // Another size, other parts beside the page, another order of the parameters: the same list.
    for same in [
        "category=kitchen&ordering=price",
        "ordering=price&category=kitchen&page_size=1",
        "ordering=price&category=kitchen&page_size=100&include=count,facets",
    ] {
        with(same).ok(200);
    }
}

#[test]
fn cursor_of_staff_does_not_show_the_public_what_is_hidden() {
    let shop = filled();
    (0..5).for_each(|n| drop(product(&format!("Draft {n}")).status("draft").create(&shop)));
    let first = page(&shop, "/api/v1/products?status=draft&page_size=2");
    let next = first["next"].as_str().unwrap();
    shop.anonymous().get(next).problem(401, "unauthenticated");
    shop.customer().get(next).problem(403, "forbidden");
    shop.anonymous().get(&next.replace("status=draft&", "")).problem(400, "bad-cursor");
}

#[test]
fn cursor_of_another_shop_is_refused() {
    let cursor = cursor_of(&filled(), "/api/v1/products?page_size=2");
    filled().anonymous().get(&format!("/api/v1/products?cursor={cursor}")).problem(400, "bad-cursor");
}

#[test]
fn page_size_out_of_bounds_is_422_and_its_default_is_20() {
    let shop = TestShop::with_categories();
    let rows: Vec<Value> =
        (0..120).map(|n| json!({"sku": format!("S{n}"), "name": "Mug", "price": 1, "category": "kitchen"})).collect();
    shop.staff().post("/api/v1/products/batch", &json!({ "products": rows })).ok(200);
    for list in ["products", "categories"] {
        for bad in ["0", "101", "-1", "x", "1.5", "1e1", "99999999999999999999", "%2020", "0x10"] {
            shop.anonymous().get(&format!("/api/v1/{list}?page_size={bad}")).names_field("page_size", "out_of_range");
        }
    }
    for (query, count) in [("", 20), ("?page_size=1", 1), ("?page_size=100", 100), ("?page_size=", 20)] {
        assert_eq!(shop.anonymous().results(&format!("/api/v1/products{query}")).len(), count, "{query}");
    }
}

#[test]
fn page_links_keep_every_parameter() {
    let shop = filled();
    let page = shop.anonymous().get("/api/products/?search=mug&brand=&page_size=2&include=count&attr.a=").ok(200);
    assert!(page["results"].as_array().unwrap().is_empty() || page["next"].is_string());
    let page = shop.anonymous().get("/api/products/?search=mug%20&page_size=2&include=count").ok(200);
    let next = page["next"].as_str().unwrap();
    assert!(next.starts_with("/api/v1/products?"), "{next}");
    let further = shop.anonymous().get(next).ok(200);
    assert_eq!(further["count"], 5);
    assert_eq!(further["results"].as_array().unwrap().len(), 2);
}
