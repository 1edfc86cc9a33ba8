//! No list reads or sorts the whole catalog: the plan of every filter in every ordering, at the start, behind and
//! before a place in the middle, on a shop whose tags, brands and attributes are both frequent and rare.
//!
//! What a plan may be is explained in `src/store/listing.rs`: a walk of an index in the asked order, or a small set
//! that is collected and sorted.

use nexus::config::Config;
use nexus::domain::catalog::{CategoryPick, Listing, ListingPosition, Ordering, OrderingKey, ProductFilter, Status};
use nexus::domain::search::SearchQuery;
use nexus::domain::{Direction, Money, PageSize, ProductId, Timestamp};
use nexus::services::{Ctx, Error, Shop};
use serde_json::{Value, json};
use std::sync::LazyLock;

const PRODUCTS: i64 = 3_000;

/// Product `n` was first offered this many milliseconds after the year began, times `n`.
const STEP_MS: i64 = 60_000;
const YEAR: i64 = 1_767_225_600_000;

struct Fixture {
    shop: Shop,
    _folder: tempfile::TempDir,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(&folder);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for start in (0..PRODUCTS).step_by(500) {
        let ctx = Ctx { now: Timestamp::from_millis(YEAR + start * STEP_MS), ..Ctx::owner() };
        runtime.block_on(shop.product_batch(&ctx, (start..start + 500).map(product).collect())).unwrap();
    }
    // Four in five are rated between 3 and 4.99, one in a hundred 5.
    let rate =
        "update product set rating = case when id % 100 = 0 then 500 when id % 5 < 4 then 300 + id % 200 else 0 end";
    shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute_script(rate)?)).unwrap();
    drop(shop);
    // Opened anew, so that the planner has statistics of the filled shop, as it has in a running one.
    Fixture { shop: open(&folder), _folder: folder }
});

fn open(folder: &tempfile::TempDir) -> Shop {
    let mut config = Config { workers: 1, ..Config::default() };
    folder.path().clone_into(&mut config.data.dir);
    (config.store.readers, config.store.read_deadline_ms) = (4, 10_000);
    nexus::app::open(&config).unwrap()
}

/// 3 branches of 3 twigs of 3 leaves; what is `frequent` stands above the 2,000 rows that are collected at most.
fn product(n: i64) -> Value {
    let (branch, twig, leaf) = (n % 3, n / 3 % 3, n / 9 % 3);
    let frequent = n % 10 < 8;
    json!({
        "name": format!("Product {:04}", n * 7919 % PRODUCTS),
        "sku": format!("P-{n}"),
        "category": format!("Branch {branch} > Twig {branch}{twig} > Leaf {branch}{twig}{leaf}"),
        "brand": if frequent { "Frequent" } else { ["Rare", "Seldom"][usize::try_from(n % 2).unwrap()] },
        "price": format!("{}.50", n * 31 % PRODUCTS + 1),
        "stock": n % 2,
        "status": match n % 50 { 48 => "draft", 49 => "archived", _ => "active" },
        "tags": if n % 20 == 0 { json!(["frequent", "rare"]) } else if frequent { json!(["frequent"]) } else { json!([]) },
        "attributes": { "material": if frequent { "frequent" } else { "rare" }, "colour": format!("colour {}", n % 7) },
    })
}

fn slug(name: &str) -> CategoryPick {
    CategoryPick::Slug(name.to_owned())
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|v| (*v).to_owned()).collect()
}

/// Every filter that users combine with an ordering, with its name.
fn filters() -> Vec<(&'static str, ProductFilter)> {
    let none = ProductFilter::default;
    let staff = || ProductFilter { statuses: Status::ALL.to_vec(), ..none() };
    let attribute = |value: &[&str]| [("material".to_owned(), texts(value))].into();
    let price = |min: i64, max: i64| ProductFilter {
        min_price: Some(Money::from_minor(min * 100)),
        max_price: Some(Money::from_minor(max * 100)),
        ..none()
    };
    let after = |n: i64| Some(Timestamp::from_millis(YEAR + n * STEP_MS));
    vec![
        ("nothing", none()),
        ("one leaf", ProductFilter { categories: vec![slug("leaf-000")], ..none() }),
        ("a branch", ProductFilter { categories: vec![slug("branch-1")], ..none() }),
        ("two branches", ProductFilter { categories: vec![slug("branch-1"), slug("branch-2")], ..none() }),
        ("a frequent brand", ProductFilter { brands: texts(&["Frequent"]), ..none() }),
        ("two brands", ProductFilter { brands: texts(&["frequent", "Rare"]), ..none() }),
        ("two rare brands", ProductFilter { brands: texts(&["Rare", "Seldom"]), ..none() }),
        ("a frequent tag", ProductFilter { tags: texts(&["frequent"]), ..none() }),
        ("a rare tag", ProductFilter { tags: texts(&["rare"]), ..none() }),
        ("two tags", ProductFilter { tags: texts(&["frequent", "rare"]), ..none() }),
        ("a frequent attribute", ProductFilter { attributes: attribute(&["frequent"]), ..none() }),
        ("a rare attribute", ProductFilter { attributes: attribute(&["rare"]), ..none() }),
        ("two values", ProductFilter { attributes: attribute(&["rare", "frequent"]), ..none() }),
        ("a wide price range", price(10, 2_990)),
        ("a narrow price range", price(100, 120)),
        ("an open price range", ProductFilter { min_price: Some(Money::from_minor(5_000)), ..none() }),
        ("a low rating", ProductFilter { min_rating: Some(300), ..none() }),
        ("a high rating", ProductFilter { min_rating: Some(500), ..none() }),
        ("a leaf, a rating", ProductFilter { categories: vec![slug("leaf-000")], min_rating: Some(300), ..none() }),
        ("created long ago or later", ProductFilter { created_after: after(10), ..none() }),
        ("created lately", ProductFilter { created_after: after(2_400), ..none() }),
        ("updated long ago or later", ProductFilter { updated_after: after(10), ..none() }),
        ("updated lately", ProductFilter { updated_after: after(2_400), ..none() }),
        ("in stock", ProductFilter { in_stock: Some(true), ..none() }),
        ("any status", staff()),
        ("drafts", ProductFilter { statuses: vec![Status::Draft], ..none() }),
        ("a leaf in any status", ProductFilter { categories: vec![slug("leaf-000")], ..staff() }),
        ("a branch in any status", ProductFilter { categories: vec![slug("branch-1")], ..staff() }),
        ("two brands in any status", ProductFilter { brands: texts(&["Frequent", "Rare"]), ..staff() }),
        ("some ids", ProductFilter { ids: Some((1..40).map(ProductId::new).collect()), ..none() }),
        (
            "a branch, a brand, in stock",
            ProductFilter {
                categories: vec![slug("branch-1")],
                brands: texts(&["Frequent"]),
                in_stock: Some(true),
                ..none()
            },
        ),
        (
            "a branch, a tag, a price range",
            ProductFilter { categories: vec![slug("branch-1")], tags: texts(&["frequent"]), ..price(10, 2_990) },
        ),
        (
            "a leaf, an attribute",
            ProductFilter { categories: vec![slug("leaf-000")], attributes: attribute(&["frequent"]), ..none() },
        ),
        ("a word, by an ordering", ProductFilter { search: Some(SearchQuery::parse("rare")), ..none() }),
    ]
}

/// A place in the middle of a list in this ordering.
fn middle(key: OrderingKey) -> ListingPosition {
    let id = ProductId::new(PRODUCTS / 2);
    match key {
        OrderingKey::Price => ListingPosition::Number(PRODUCTS / 2 * 100 + 50, id),
        OrderingKey::Rating => ListingPosition::Number(350, id),
        OrderingKey::Name => ListingPosition::Text(format!("product {:04}", PRODUCTS / 2), id),
        _ => ListingPosition::Number(YEAR + PRODUCTS / 2 * STEP_MS, id),
    }
}

/// The orderings by a column; relevance walks no list.
fn orderings() -> impl Iterator<Item = (&'static str, Ordering)> {
    Ordering::NAMED.into_iter().filter(|(_, ordering)| ordering.key != OrderingKey::Relevance)
}

fn pages(key: OrderingKey) -> [(&'static str, Option<(ListingPosition, Direction)>); 3] {
    [
        ("first page", None),
        ("next page", Some((middle(key), Direction::Next))),
        ("previous page", Some((middle(key), Direction::Previous))),
    ]
}

fn listing(filter: &ProductFilter, ordering: Ordering, from: Option<(ListingPosition, Direction)>) -> Listing {
    Listing {
        filter: filter.clone(),
        ordering,
        page_size: PageSize::new(20).unwrap(),
        from,
        count: false,
        facets: false,
    }
}

fn plan(shop: &Shop, listing: &Listing) -> Vec<String> {
    shop.store().read(|tx| Ok::<_, Error>(tx.listing_plan(listing)?)).unwrap()
}

/// How a plan gets at products.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Index walks in the asked order, each from the equalities it is given.
    Walk,
    /// A bounded set of ids, each looked up and all sorted.
    Collect,
}

/// What kind of plan it is, or what is wrong with it.
fn judge(plan: &[String], ordering: OrderingKey, placed: bool) -> Result<Kind, String> {
    let of_product = |line: &&String| line.contains(" p ") || line.ends_with(" p") || line.contains(" product");
    if let Some(line) = plan.iter().find(|line| line.starts_with("SCAN") && of_product(line)) {
        return Err(format!("reads the whole catalog: {line}"));
    }
    let sorts = plan.iter().any(|line| line.contains("USE TEMP B-TREE FOR"));
    let rows: Vec<&String> = plan.iter().filter(|line| line.starts_with("SEARCH p ")).collect();
    if rows.is_empty() {
        return Err("does not look products up".to_owned());
    }
    // Ids that a bounded source gives, each looked up. A walk never goes by the row's own id.
    if rows.iter().any(|line| line.contains("USING INTEGER PRIMARY KEY (rowid=?)")) {
        return if sorts { Ok(Kind::Collect) } else { Err("collects without sorting".to_owned()) };
    }
    if let Some(line) = plan.iter().find(|line| line.contains("TEMP B-TREE")) {
        return Err(format!("sorts a walk: {line}"));
    }
    let column = match ordering {
        OrderingKey::Price => "price",
        OrderingKey::Name => "name_key",
        OrderingKey::UpdatedAt => "updated_at",
        OrderingKey::Rating => "rating",
        _ => "created_at",
    };
    for line in rows {
        if !line.contains("status=?") {
            return Err(format!("walks other states too: {line}"));
        }
        let starts = [format!("({column},rowid)"), format!("{column}>"), format!("{column}<")];
        if placed && !starts.iter().any(|start| line.contains(start.as_str())) {
            return Err(format!("does not start at the cursor: {line}"));
        }
    }
    Ok(Kind::Walk)
}

/// Runs every filter in every ordering on every page; gives what is wrong.
fn survey(shop: &Shop, mut see: impl FnMut(&str, &Listing, Kind)) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, filter) in filters() {
        for (by, ordering) in orderings() {
            for (page, from) in pages(ordering.key) {
                let placed = from.is_some();
                let listing = listing(&filter, ordering, from);
                let plan = plan(shop, &listing);
                match judge(&plan, ordering.key, placed) {
                    Ok(kind) => see(name, &listing, kind),
                    Err(why) => wrong.push(format!("{name}, {by}, {page}: {why}\n    {}", plan.join("\n    "))),
                }
            }
        }
    }
    wrong
}

#[test]
fn list_plans_walk_an_index_or_collect_a_bounded_set() {
    let wrong = survey(&FIXTURE.shop, |_, _, _| {});
    assert!(wrong.is_empty(), "{} bad plans:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn list_plans_collect_what_is_rare_and_walk_what_is_frequent() {
    let mut odd = Vec::new();
    survey(&FIXTURE.shop, |name, listing, kind| {
        let by = listing.ordering.name();
        let expected = match name {
            "a rare tag"
            | "two tags"
            | "a rare attribute"
            | "two rare brands"
            | "some ids"
            | "a word, by an ordering" => Kind::Collect,
            "a narrow price range" if listing.ordering.key != OrderingKey::Price => Kind::Collect,
            "a high rating" if listing.ordering.key != OrderingKey::Rating => Kind::Collect,
            "created lately" if listing.ordering.key != OrderingKey::CreatedAt => Kind::Collect,
            "updated lately" if listing.ordering.key != OrderingKey::UpdatedAt => Kind::Collect,
            _ => Kind::Walk,
        };
        if kind != expected {
            odd.push(format!("{name}, {by}: {kind:?}"));
        }
    });
    assert!(odd.is_empty(), "{odd:#?}");
}

/// The first list of a new shop is asked before there are statistics.
#[test]
fn list_plans_are_as_good_without_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open(&folder);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(shop.product_batch(&Ctx::owner(), (0..30).map(product).collect())).unwrap();
    let wrong = survey(&shop, |_, _, _| {});
    assert!(wrong.is_empty(), "{} bad plans:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the plan promises, seen in the rows: walking page by page to the end meets every product once.
#[test]
fn list_walks_meet_every_product_once_in_order() {
    let shop = &FIXTURE.shop;
    for (name, filter) in
        filters().into_iter().filter(|(name, _)| ["a branch", "two brands", "a rare tag"].contains(name))
    {
        for (by, ordering) in orderings() {
            let (mut seen, mut from) = (Vec::new(), None);
            loop {
                let page = listing(&filter, ordering, from);
                let found = shop.store().read(|tx| Ok::<_, Error>(tx.listing_ids(&page, 100)?)).unwrap();
                let Some((_, last)) = found.last() else { break };
                from = Some((last.clone(), Direction::Next));
                seen.extend(found.into_iter().map(|(id, _)| id));
            }
            let whole = listing(&filter, ordering, None);
            let count = shop.store().read(|tx| Ok::<_, Error>(tx.listing_count(&whole)?)).unwrap();
            let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
            assert_eq!((seen.len(), distinct.len()), (usize::try_from(count).unwrap(), seen.len()), "{name}, {by}");
        }
    }
}

#[test]
fn bad_plans_are_told_apart() {
    let judge = |lines: &[&str], placed| judge(&texts(lines), OrderingKey::Price, placed);
    let walk = "SEARCH p USING INDEX product_by_price (status=?)";
    let placed = "SEARCH p USING INDEX product_by_price (status=? AND (price,rowid)>(?,?))";
    assert_eq!(judge(&[walk], false), Ok(Kind::Walk));
    assert_eq!(judge(&[placed], true), Ok(Kind::Walk));
    assert!(judge(&[walk], true).unwrap_err().contains("does not start at the cursor"));
    assert!(judge(&["SCAN p"], false).unwrap_err().contains("whole catalog"));
    assert!(judge(&["SCAN p USING INDEX product_by_price"], false).unwrap_err().contains("whole catalog"));
    assert!(judge(&[walk, "USE TEMP B-TREE FOR ORDER BY"], false).unwrap_err().contains("sorts a walk"));
    let range = [
        "SEARCH p USING COVERING INDEX product_by_created (status=? AND created_at>?)",
        "SEARCH p USING INTEGER PRIMARY KEY (rowid=?)",
        "USE TEMP B-TREE FOR ORDER BY",
    ];
    assert_eq!(judge(&range, true), Ok(Kind::Collect));
    let collect = [
        "SEARCH t USING PRIMARY KEY (tag=?)",
        "SEARCH p USING INTEGER PRIMARY KEY (rowid=?)",
        "USE TEMP B-TREE FOR ORDER BY",
    ];
    assert_eq!(judge(&collect, true), Ok(Kind::Collect));
}
