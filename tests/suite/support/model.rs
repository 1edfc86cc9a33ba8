//! A naive shop in memory: filters by looking at every product, orders by sorting all of them. What the real lists
//! say must be what this one says.

use super::{TestShop, category, encode, wait};
use nexus::domain::review::{ReviewDraft, ReviewStatus};
use nexus::domain::{Sku, Timestamp, UserId};
use nexus::services::catalog::CatalogWriter;
use nexus::services::{Actor, Ctx, Error};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A category tree of two levels: slug and parent.
pub const TREE: [(&str, Option<&str>); 5] =
    [("Home", None), ("Kitchen", Some("home")), ("Mugs", Some("kitchen")), ("Garden", None), ("Sheds", Some("garden"))];
const SLUGS: [&str; 5] = ["home", "kitchen", "mugs", "garden", "sheds"];
const NAMES: [&str; 8] = ["Mug", "mug", "Müg", "Blue kettle", "kettle Blue", "Zinc tub", "apple corer", "Éclair tin"];
const BRANDS: [&str; 4] = ["Acme", "acme", "Saltmarsk", "Ørsted"];
const TAGS: [&str; 3] = ["gift", "Gift", "new"];
const COLORS: [&str; 3] = ["red", "blue", "dark green"];
const SIZES: [i64; 3] = [1, 20, 300];
const STATUSES: [&str; 3] = ["active", "draft", "archived"];
/// Words that are looked for; the last of them is only the beginning of one.
const SEARCHES: [&str; 9] = ["mug", "kettle", "Müg", "acme", "gift", "blue", "garden", "changed", "zin"];
/// Every ordering but relevance.
pub const ORDERINGS: [&str; 10] =
    ["price", "-price", "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at", "rating", "-rating"];
/// Ratings that are asked for at least.
const RATINGS: [&str; 5] = ["1", "2.5", "3", "4.25", "5"];

/// The first moment of the naive shop.
pub const DAWN: i64 = 1_760_000_000_000;

/// A product to be made: few different values, so that there are many ties.
#[derive(Clone, Debug)]
pub struct Made {
    /// The row of a batch without its SKU.
    pub row: Value,
    /// Milliseconds after [`DAWN`] at which it is made.
    pub at: i64,
    /// Milliseconds after [`DAWN`] at which it changes again.
    pub changed_at: Option<i64>,
    /// How it is reviewed.
    pub ratings: Vec<i64>,
}

/// Any product.
pub fn made() -> impl Strategy<Value = Made> {
    let rare = |strategy: BoxedStrategy<Value>| prop_oneof![Just(Value::Null), strategy];
    let brand = rare(select(&BRANDS[..]).prop_map(Value::from).boxed());
    let colors = rare(proptest::sample::subsequence(&COLORS[..], 1..=2).prop_map(|c| json!(c)).boxed());
    let size = rare(select(&SIZES[..]).prop_map(Value::from).boxed());
    let shape = (
        select(&NAMES[..]),
        0..6_i64,
        select(&SLUGS[..]),
        prop_oneof![5 => Just("active"), 1 => select(&STATUSES[..])],
    );
    (
        shape,
        brand,
        proptest::sample::subsequence(&TAGS[..2], 0..=1),
        colors,
        size,
        0..3_i64,
        0..4_i64,
        (proptest::option::of(5..8_i64), proptest::collection::vec(1..=5_i64, 0..3)),
    )
        .prop_map(
            |((name, price, category, status), brand, tags, colors, size, stock, at, (changed_at, ratings))| {
                let row = json!({
                    "name": name, "price": price * 250, "category": category, "status": status, "brand": brand,
                    "tags": tags, "attributes": { "color": colors, "size": size }, "stock": stock
                });
                Made { row, at, changed_at, ratings }
            },
        )
}

/// So many products that most filters match more than are ever collected and sorted, and the lists are walks of an
/// index.
pub fn many() -> Vec<Made> {
    let most = |n: usize, but: usize, value: &str, other: &str| {
        if n.is_multiple_of(but) { other.to_owned() } else { value.to_owned() }
    };
    let row = |n: usize| {
        let row = json!({
            "name": NAMES[n % 8], "price": (n * 7 % 40) * 250, "category": SLUGS[n % 5], "brand": most(n, 9, "Acme", "Saltmarsk"),
            "tags": [most(n, 10, "gift", "new")], "attributes": {"color": [most(n, 11, "red", "blue")], "size": SIZES[n % 3]},
            "stock": usize::from(!n.is_multiple_of(13)), "status": most(n, 17, "active", "draft")
        });
        // Most are rated, so that a low bound is walked, and few highly.
        let ratings = if n.is_multiple_of(8) { vec![] } else { vec![if n.is_multiple_of(10) { 5 } else { 3 }] };
        Made { row, at: (n % 50) as i64, changed_at: n.is_multiple_of(70).then_some(60), ratings }
    };
    (0..2_900_usize).map(row).collect()
}

/// A filter, as the address says it and as a predicate.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub categories: Vec<&'static str>,
    pub min_price: Option<i64>,
    pub max_price: Option<i64>,
    pub min_rating: Option<&'static str>,
    pub in_stock: Option<bool>,
    pub brands: Vec<&'static str>,
    pub tag: Option<&'static str>,
    pub colors: Vec<&'static str>,
    pub size: Option<i64>,
    pub created_after: Option<i64>,
    pub updated_after: Option<i64>,
    pub ids: Option<Vec<i64>>,
    pub statuses: Vec<&'static str>,
    pub search: Option<&'static str>,
}

/// Any filter; each part is there or not.
pub fn filter() -> impl Strategy<Value = Filter> {
    let maybe_price = || proptest::option::weighted(0.3, 0..6_i64);
    let maybe = |p| proptest::bool::weighted(p);
    let parts = (
        proptest::sample::subsequence(&SLUGS[..], 0..=2),
        maybe_price(),
        maybe_price(),
        proptest::option::weighted(0.3, any::<bool>()),
        proptest::sample::subsequence(&BRANDS[..], 0..=2),
        proptest::option::weighted(0.2, select(&TAGS[..])),
        proptest::sample::subsequence(&COLORS[..], 0..=2),
        proptest::option::weighted(0.2, select(&SIZES[..])),
    );
    let times = (
        proptest::option::weighted(0.2, -1..4_i64),
        proptest::option::weighted(0.2, -1..8_i64),
        proptest::option::weighted(0.15, proptest::collection::vec(1..45_i64, 1..20)),
        prop_oneof![3 => Just(vec![]), 1 => proptest::sample::subsequence(&STATUSES[..], 1..=3)],
    );
    let search = proptest::option::weighted(0.25, select(&SEARCHES[..]));
    let rating = proptest::option::weighted(0.2, select(&RATINGS[..]));
    let all = (parts, times, [maybe(0.4), maybe(0.4), maybe(0.3)], search, rating);
    all.prop_map(|(parts, times, keep, search, min_rating)| {
        let (categories, min, max, in_stock, brands, tag, colors, size) = parts;
        let (created_after, updated_after, ids, statuses) = times;
        Filter {
            categories: if keep[0] { categories } else { vec![] },
            min_price: min.map(|p| p * 250),
            max_price: max.map(|p| p * 250),
            min_rating,
            in_stock,
            brands: if keep[1] { brands } else { vec![] },
            tag,
            colors: if keep[2] { colors } else { vec![] },
            size,
            created_after,
            updated_after,
            ids,
            statuses,
            search,
        }
    })
}

fn moment(after_dawn: i64) -> String {
    Timestamp::from_millis(DAWN + after_dawn).to_rfc3339()
}

impl Filter {
    /// As query parameters, each followed by `&`.
    pub fn query(&self) -> String {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        let mut push = |name, value: String| pairs.push((name, value));
        self.categories.iter().for_each(|c| push("category", (*c).to_owned()));
        self.min_price.into_iter().for_each(|p| push("min_price", p.to_string()));
        self.max_price.into_iter().for_each(|p| push("max_price", p.to_string()));
        self.min_rating.into_iter().for_each(|r| push("min_rating", r.to_owned()));
        self.in_stock.into_iter().for_each(|s| push("in_stock", s.to_string()));
        self.brands.iter().for_each(|b| push("brand", (*b).to_owned()));
        self.tag.into_iter().for_each(|t| push("tag", t.to_owned()));
        self.colors.iter().for_each(|c| push("attr.color", (*c).to_owned()));
        self.size.into_iter().for_each(|s| push("attr.size", s.to_string()));
        self.created_after.into_iter().for_each(|t| push("created_after", moment(t)));
        self.updated_after.into_iter().for_each(|t| push("updated_after", moment(t)));
        let join = |ids: &Vec<i64>| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        self.ids.iter().for_each(|ids| push("ids", join(ids)));
        self.statuses.iter().for_each(|s| push("status", (*s).to_owned()));
        self.search.into_iter().for_each(|s| pairs.push(("search", s.to_owned())));
        pairs.iter().map(|(name, value)| format!("{name}={}&", encode(value))).collect()
    }

    /// Whether a product, as staff read it, matches.
    pub fn matches(&self, product: &Value) -> bool {
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let any_of =
            |options: &[&str], value: &str| options.is_empty() || options.iter().any(|o| o.eq_ignore_ascii_case(value));
        let price = minor(product);
        let colors: Vec<String> = product["attributes"]["color"].as_array().into_iter().flatten().map(text).collect();
        let time = |field: &str| Timestamp::parse(product[field].as_str().unwrap()).unwrap().millis() - DAWN;
        let status = text(&product["status"]);
        let within = |slug: &str| ancestors(&text(&product["category"]["slug"])).iter().any(|a| a == slug);
        (self.categories.is_empty() || self.categories.iter().any(|c| within(c)))
            && self.min_price.is_none_or(|p| price >= p * 100)
            && self.max_price.is_none_or(|p| price <= p * 100)
            && self.min_rating.is_none_or(|r| rating(product) >= r.parse::<f64>().unwrap())
            && self.in_stock.is_none_or(|s| product["in_stock"] == s)
            && any_of(&self.brands, &text(&product["brand"]))
            && self
                .tag
                .is_none_or(|t| product["tags"].as_array().unwrap().iter().any(|own| text(own).eq_ignore_ascii_case(t)))
            && (self.colors.is_empty() || colors.iter().any(|c| any_of(&self.colors, c)))
            && self.size.is_none_or(|s| product["attributes"]["size"] == s)
            && self.created_after.is_none_or(|t| time("created_at") > t)
            && self.updated_after.is_none_or(|t| time("updated_at") > t)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&id(product)))
            && self.search.is_none_or(|word| found_by(product, word))
            && if self.statuses.is_empty() { status == "active" } else { self.statuses.contains(&status.as_str()) }
    }
}

/// Whether any word of a product begins with this one.
fn found_by(product: &Value, word: &str) -> bool {
    let mut words = ancestors(product["category"]["slug"].as_str().unwrap());
    let texts = [&product["name"], &product["brand"], &product["description"]].into_iter();
    let lists = [&product["tags"], &product["attributes"]["color"]].into_iter().filter_map(Value::as_array).flatten();
    words.extend(texts.chain(lists).filter_map(Value::as_str).map(str::to_owned));
    words.iter().flat_map(|text| text.split(' ')).any(|own| folded(own).starts_with(&folded(word)))
}

/// A product's id.
pub fn id(product: &Value) -> i64 {
    product["id"].as_i64().expect("an id")
}

/// A product's price in cents.
pub fn minor(product: &Value) -> i64 {
    product["price"].as_str().expect("a price").replace('.', "").parse().expect("a number")
}

/// What a product's reviews come to, as it is shown; 0 without any.
pub fn rating(product: &Value) -> f64 {
    product["rating_average"].as_str().map_or(0.0, |text| text.parse().expect("a number"))
}

/// A category and all above it.
pub fn ancestors(slug: &str) -> Vec<String> {
    let mut all = vec![slug.to_owned()];
    while let Some((_, Some(parent))) = TREE.iter().find(|(name, _)| name.eq_ignore_ascii_case(all.last().unwrap())) {
        all.push((*parent).to_owned());
    }
    all
}

/// A name as lists order it, for the few accents that the naive shop knows.
fn folded(name: &str) -> String {
    name.to_lowercase().replace('ü', "u").replace('é', "e")
}

/// Compares as an ordering does, ties by id.
pub fn compare(ordering: &str, a: &Value, b: &Value) -> Ordering {
    let key = ordering.trim_start_matches('-');
    let by_key = match key {
        "price" => minor(a).cmp(&minor(b)),
        "rating" => rating(a).total_cmp(&rating(b)),
        "name" => folded(a["name"].as_str().unwrap()).cmp(&folded(b["name"].as_str().unwrap())),
        time => a[time].as_str().cmp(&b[time].as_str()),
    };
    let order = by_key.then(id(a).cmp(&id(b)));
    if ordering.starts_with('-') { order.reverse() } else { order }
}

/// A shop filled with the same products as the naive one, and these as staff read them.
pub struct Twin {
    /// The real one.
    pub shop: TestShop,
    /// All products of the naive one.
    pub products: Vec<Value>,
}

impl Twin {
    /// Fills both.
    pub fn new(rows: &[Made]) -> Self {
        let shop = TestShop::new();
        for (name, parent) in TREE {
            let node = category(name);
            if let Some(parent) = parent { node.below(parent) } else { node }.create(&shop);
        }
        let mut steps: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
        for (number, made) in rows.iter().enumerate() {
            let mut row = made.row.clone();
            row["sku"] = json!(format!("SKU-{number}"));
            steps.entry(made.at).or_default().push(row);
            if let Some(at) = made.changed_at {
                let change = json!({"sku": format!("SKU-{number}"), "description": "changed"});
                steps.entry(at).or_default().push(change);
            }
        }
        for (at, rows) in steps {
            let ctx = Ctx { now: Timestamp::from_millis(DAWN + at), ..Ctx::now(Actor::Owner) };
            wait(shop.shop.product_batch(&ctx, rows)).expect("the products are made");
        }
        rate(&shop, rows);
        let products = walk(&shop, "/api/v1/products?status=active,draft,archived&page_size=100");
        assert_eq!(products.len(), rows.len());
        Self { shop, products }
    }

    /// What a list must hold, in its order.
    pub fn expected(&self, filter: &Filter, ordering: &str) -> Vec<&Value> {
        let mut found: Vec<&Value> = self.products.iter().filter(|p| filter.matches(p)).collect();
        found.sort_by(|a, b| compare(ordering, a, b));
        found
    }
}

/// Writes the reviews that products are made with, all by the same few people: who they are matters to nobody here.
fn rate(shop: &TestShop, rows: &[Made]) {
    let ratings: Vec<(String, Vec<i64>)> =
        rows.iter().enumerate().map(|(number, made)| (format!("SKU-{number}"), made.ratings.clone())).collect();
    let write = shop.shop.store().write_blocking(move |tx| {
        let ctx = Ctx::owner();
        let mut writer = CatalogWriter::new(tx, &ctx);
        for (sku, ratings) in ratings.into_iter().filter(|(_, ratings)| !ratings.is_empty()) {
            let product = tx.product_id_by_sku(&Sku::parse(&sku).expect("a SKU"))?.expect("a product");
            for (user, rating) in (1..).map(UserId::new).zip(&ratings) {
                let draft = ReviewDraft { rating: *rating, title: None, text: None };
                tx.review_insert(product, user, &draft, false, ReviewStatus::Approved, Timestamp::from_millis(DAWN))?;
            }
            writer.rerate(product, (ratings.len() as i64, ratings.iter().sum()))?;
        }
        Ok::<_, Error>(())
    });
    write.expect("the reviews are written");
}

/// Every item of a list, as staff see it, by following `next`.
pub fn walk(shop: &TestShop, first: &str) -> Vec<Value> {
    use super::Requests;
    let mut items = Vec::new();
    let mut at = Some(first.to_owned());
    while let Some(path) = at {
        let page = shop.staff().get(&path).ok(200);
        items.extend(page["results"].as_array().unwrap().iter().cloned());
        at = page["next"].as_str().map(str::to_owned);
        assert!(items.len() < 10_000, "the list never ends");
    }
    items
}
