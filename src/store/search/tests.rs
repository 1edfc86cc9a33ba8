//! Tests of the index and of paging, against a real database.

use proptest::prelude::*;

use super::super::{Store, StoreError, StoreSettings};
use crate::domain::search::{SearchDocument, SearchPosition, SearchQuery, SearchText};
use crate::domain::{Direction, ProductId};
use crate::store::sql::Sql;

struct Shop {
    store: Store,
    _folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let temporary = tempfile::tempdir().expect("a folder for the test");
        let folder = crate::folder::DataFolder::open(temporary.path()).expect("a data folder");
        let settings = StoreSettings {
            readers: 1,
            read_deadline: std::time::Duration::from_secs(10),
            slow: std::time::Duration::ZERO,
            replicated: false,
        };
        Self {
            store: Store::open(&folder, settings, crate::store::CardMaker::by_name()).expect("a database"),
            _folder: temporary,
        }
    }

    fn put(&self, products: impl IntoIterator<Item = (i64, String, String)>) {
        let products: Vec<_> = products.into_iter().collect();
        let put = self.store.write_blocking::<(), StoreError>(move |tx| {
            products.into_iter().try_for_each(|(id, name, description)| {
                let text = SearchText { name: &name, description: &description, ..SearchText::default() };
                tx.search_put(ProductId::new(id), &SearchDocument::new(&text))
            })
        });
        put.expect("documents are put");
    }

    fn remove(&self, id: i64) {
        self.store.write_blocking::<(), StoreError>(move |tx| tx.search_remove(ProductId::new(id))).expect("removal");
    }

    fn page(
        &self,
        query: &str,
        from: Option<(&SearchPosition, Direction)>,
        limit: usize,
    ) -> Vec<(i64, SearchPosition)> {
        self.page_of(query, &Sql::default(), from, limit)
    }

    fn page_of(
        &self,
        query: &str,
        keep: &Sql,
        from: Option<(&SearchPosition, Direction)>,
        limit: usize,
    ) -> Vec<(i64, SearchPosition)> {
        let query = SearchQuery::parse(query);
        let page = self.store.read(|tx| tx.search_page(&query, keep, from, limit, None));
        page.expect("a page").into_iter().map(|(id, position)| (id.get(), position)).collect()
    }

    fn find(&self, query: &str) -> Vec<i64> {
        self.page(query, None, 100).into_iter().map(|(id, _)| id).collect()
    }
}

fn named(id: i64, name: &str) -> (i64, String, String) {
    (id, name.to_owned(), String::new())
}

/// Products of few words, so that every stage and level has more of them than one stretch holds.
fn crowd(ids: impl Iterator<Item = i64>) -> impl Iterator<Item = (i64, String, String)> {
    let words = ["cable", "cables red", "cab", "lamp blue", "red", "lamp"];
    ids.map(move |id| {
        let word = |salt: i64| words[((id * salt) ^ (id >> 3)) as usize % words.len()];
        (
            id,
            format!("{} {}", word(7), if id % 3 == 0 { word(5) } else { "thing" }),
            format!("{} made of {} x{id}", word(11), word(13)),
        )
    })
}

#[test]
fn search_finds_words_however_they_are_written() {
    let shop = Shop::new();
    shop.put([
        named(1, "Crème brûlée boxes"),
        named(2, "CAT-6 network cable 1.8m"),
        named(3, "Xerox 006R90321 toner"),
        named(4, "東京都の地図"),
        named(5, "Laptop 17\" <b>bold</b> &eacute;clair"),
        named(6, "Batteries, 256 GB, USB-C"),
        named(7, "Straße ไทยแลนด์"),
    ]);
    for (query, id) in [
        ("creme BRULEE", 1),
        ("box", 1),
        ("cat-6", 2),
        ("cat6", 2),
        ("cat 6", 2),
        ("18m", 2),
        ("1.8m", 2),
        ("006r90321", 3),
        ("006r9", 3),
        ("京都", 4),
        ("東", 4),
        ("17\"", 5),
        ("eclair", 5),
        ("bold", 5),
        ("battery", 6),
        ("batteri", 6),
        ("256gb", 6),
        ("usb-c", 6),
        ("usbc", 6),
        ("STRASSE", 7),
        ("แลนด์", 7),
        ("lapt", 5),
        ("tone", 3),
    ] {
        assert_eq!(shop.find(query).first(), Some(&id), "{query:?}");
    }
    assert_eq!(shop.find("eacute"), Vec::<i64>::new());
    assert_eq!(shop.find("都京"), Vec::<i64>::new());
}

#[test]
fn search_ranks_name_above_description_and_full_above_partial_matches() {
    let shop = Shop::new();
    shop.put([
        (1, "Something".to_owned(), "a red lamp".to_owned()),
        (2, "Lamp, red".to_owned(), String::new()),
        (3, "Red shoes".to_owned(), String::new()),
        (4, "Redder lamp".to_owned(), String::new()),
        (5, "Unrelated".to_owned(), String::new()),
    ]);
    assert_eq!(shop.find("lamp red"), [2, 1, 4, 3]);
}

#[test]
fn search_of_many_words_finds_what_is_near_where_nothing_has_most_of_them() {
    let shop = Shop::new();
    shop.put([
        (1, "Beanie".to_owned(), "a hat of wool".to_owned()),
        named(2, "Brass bowl"),
        named(3, "Winter boots"),
        named(4, "Warm tea"),
        named(5, "Basket"),
    ]);
    assert_eq!(shop.find("brass warm winter hat"), [2, 3, 4, 1]);
    // With three of them, one has most, and the others are not shown.
    shop.put([named(6, "Brass hat, warm")]);
    assert_eq!(shop.find("brass warm winter hat"), [6]);
}

#[test]
fn search_with_replaced_and_removed_documents_finds_what_is_there() {
    let shop = Shop::new();
    shop.put([named(1, "old words"), named(2, "other words")]);
    shop.put([named(1, "new words")]);
    shop.remove(2);
    shop.remove(99);
    assert_eq!(shop.find("words"), [1]);
    assert_eq!(shop.find("old"), Vec::<i64>::new());
}

#[test]
fn search_pages_in_both_directions_are_the_whole_result_in_order() {
    let shop = Shop::new();
    shop.put(crowd(1..3000));
    for query in ["cable", "cab", "red cable", "lamp blue cable"] {
        let whole: Vec<_> = shop.page(query, None, 10_000);
        let (mut forward, mut at) = (Vec::new(), None);
        loop {
            let page = shop.page(query, at.as_ref().map(|p| (p, Direction::Next)), 97);
            let Some((_, last)) = page.last() else { break };
            at = Some(last.clone());
            forward.extend(page);
        }
        assert_eq!(forward, whole, "{query}");
        let (mut back, mut at) = (Vec::new(), at.expect("some products match"));
        loop {
            let page = shop.page(query, Some((&at, Direction::Previous)), 97);
            let Some((_, first)) = page.last() else { break };
            at = first.clone();
            back.extend(page.into_iter().map(|(id, _)| id));
        }
        back.sort_unstable();
        let mut expected: Vec<i64> = whole[..whole.len() - 1].iter().map(|(id, _)| *id).collect();
        expected.sort_unstable();
        assert_eq!(back, expected, "{query} backwards");
    }
}

/// Both ways of asking agree on where the result ends.
#[test]
fn search_of_enough_full_matches_ends_with_them_and_counts_as_many() {
    let shop = Shop::new();
    shop.put(crowd(1..1500));
    let none = Sql::default();
    for query in ["cable", "red cable", "lamp blue cable", "blue red lamp cab"] {
        let query = SearchQuery::parse(query);
        let sizes = [1, 5, 40, 400, 1_500].map(|size| {
            let (mut found, mut at): (usize, Option<SearchPosition>) = (0, None);
            loop {
                let from = at.as_ref().map(|at| (at, Direction::Next));
                let page = shop.store.read(|tx| tx.search_page(&query, &none, from, size + 1, Some(size)));
                let mut page: Vec<_> = page.expect("a page");
                let more = page.len() > size;
                page.truncate(size);
                found += page.len();
                at = page.pop().map(|(_, position)| position);
                if !more {
                    break;
                }
            }
            let counted = shop.store.read::<_, StoreError>(|tx| {
                let sql = tx.search_match_sql(&query, size, &none)?;
                let count = format!("select count(*) from ({})", sql.text);
                tx.query_number(&count, crate::store::tx::params_from_iter(&sql.values))
            });
            assert_eq!(counted.expect("a count"), found as i64, "{query:?} {size}");
            found
        });
        assert!(sizes.is_sorted(), "a larger page never has less behind it: {sizes:?}");
    }
}

#[test]
fn search_pages_lose_and_repeat_nothing_while_products_come_and_go() {
    let shop = Shop::new();
    shop.put(crowd((1..2000).map(|i| i * 2)));
    for query in ["cable", "red cable", "lam"] {
        let before: Vec<i64> = shop.page(query, None, 10_000).into_iter().map(|(id, _)| id).collect();
        let (mut seen, mut at, mut turn) = (Vec::new(), None, 0);
        let mut gone = Vec::new();
        loop {
            let page = shop.page(query, at.as_ref().map(|p| (p, Direction::Next)), 60);
            let Some((_, last)) = page.last() else { break };
            at = Some(last.clone());
            seen.extend(page.into_iter().map(|(id, _)| id));
            turn += 1;
            shop.put(crowd((0..40).map(|i| ((i * 97 + turn * 31) % 4000) | 1)));
            let id = turn * 74 % 4000 + 2;
            shop.remove(id);
            gone.push(id);
        }
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{query} repeats nothing");
        let lost: Vec<_> = before.iter().filter(|id| !seen.contains(id) && !gone.contains(id)).collect();
        assert!(lost.is_empty(), "{query} loses {lost:?}");
    }
}

#[test]
fn search_pages_of_kept_products_are_all_of_these_and_no_others() {
    let shop = Shop::new();
    shop.put(crowd(1..3000));
    let rows = shop.store.write_blocking::<(), StoreError>(|tx| {
        tx.execute("insert into category (id, slug, name, created_at, updated_at) values (1, 'c', 'c', 0, 0)", [])?;
        tx.execute(
            "with recursive n (id) as (select 1 union all select id + 1 from n where id < 2999) insert into product \
             (id, slug, name, name_key, status, category_id, price, price_max, stock, in_stock, created_at, updated_at) \
             select id, id, 'n', 'n', 1, 1, id % 9, 9, 0, 0, 0, 0 from n",
            [],
        )?;
        Ok(())
    });
    rows.expect("products are inserted");
    for query in ["cable", "red cable", "lam"] {
        for (text, kept) in [("p.price = ?", (|id| id % 9 == 3) as fn(i64) -> bool), ("p.price <> ?", |id| id % 9 != 3)]
        {
            let keep = Sql { text: text.to_owned(), values: vec![crate::store::tx::Value::Integer(3)] };
            let (mut seen, mut at) = (Vec::new(), None);
            loop {
                let page = shop.page_of(query, &keep, at.as_ref().map(|p| (p, Direction::Next)), 20);
                let Some((_, last)) = page.last() else { break };
                at = Some(last.clone());
                seen.extend(page.into_iter().map(|(id, _)| id));
            }
            let whole = shop.page(query, None, 10_000);
            let mut expected: Vec<i64> = whole.into_iter().map(|(id, _)| id).filter(|id| kept(*id)).collect();
            seen.sort_unstable();
            expected.sort_unstable();
            assert_eq!(seen, expected, "{query} {text}");
        }
    }
}

#[test]
fn search_check_of_a_damaged_index_names_it() {
    let shop = Shop::new();
    shop.put([named(1, "no such product")]);
    let problems = shop.store.read(|tx| tx.search_check()).expect("a check");
    assert!(problems.iter().any(|problem| problem.contains("product 1")), "{problems:?}");
}

#[test]
fn search_of_any_text_is_literal() {
    let shop = Shop::new();
    shop.put([named(1, "near and not or title name words 5")]);
    let long = "word ".repeat(5_000);
    let nested = "(".repeat(500);
    for query in [
        "\"",
        "*",
        "NEAR(a b)",
        "name:x",
        "words:5",
        "AND",
        "a AND",
        "NOT",
        "^near",
        "(",
        "-a",
        "a-b",
        "+",
        "'",
        "\0",
        "a\0b",
        "🙂",
        "near*",
        "\"near",
        &long,
        &nested,
        "{near} : and",
        "near + and",
        "",
    ] {
        shop.find(query);
        let parsed = SearchQuery::parse(query);
        shop.store
            .read::<_, StoreError>(|tx| {
                let sql = tx.search_match_sql(&parsed, 20, &Sql::default())?;
                tx.query_number(
                    &format!("select count(*) from ({})", sql.text),
                    crate::store::tx::params_from_iter(&sql.values),
                )
            })
            .expect("a count");
    }
    assert_eq!(shop.find("\"near\" AND (not)"), [1]);
    assert_eq!(shop.find("*"), Vec::<i64>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn search_of_random_text_finds_a_product_of_that_name(text in "\\PC{0,60}|[a-z0-9 .'/\"*()-]{0,80}|[à-ÿ一-三ก-ฮ ]{0,20}") {
        thread_local!(static SHOP: Shop = Shop::new());
        SHOP.with(|shop| {
            shop.put([named(1, &text)]);
            let found = shop.find(&text);
            let marked = text.contains(['<', '&']);
            assert!(marked || SearchQuery::parse(&text).is_empty() || found == [1], "{text:?}");
        });
    }
}
