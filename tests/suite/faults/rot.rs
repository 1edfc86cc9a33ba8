//! Bits that flip on the disk while nobody looks: `nexus check` finds them and names the table.
//!
//! It finds what is kept twice or follows rules: the structure of every page, every index against its table, sums,
//! references, tags and attributes of filters, search words, the audit log; and every text that is none any more. A letter
//! that becomes another one in a text of which there is no second copy is what no look at the file alone can find.

use super::times;
use crate::binary::checkouts::{Begun, check_out, fill_cart, sell_mugs};
use crate::binary::{Place, Said, Server, copy_folder, create, nexus, run};
use rusqlite::Connection;
use serde_json::{Value, json};

const PAGE: usize = 4096;

/// A page of the lowest level of an index or a table.
struct Leaf {
    name: String,
    table: String,
    number: usize,
    is_index: bool,
}

/// A shop in which most tables have rows, stopped in order.
fn place() -> Place {
    let place = Place::with_staff();
    let server = Server::start(&place);
    sell_mugs(&server);
    let token = server.token();
    for n in 0..12 {
        assert!(create(server.port, &token, &format!("n{n:04}")).unwrap());
    }
    for _ in 0..3 {
        let payment = json!({ "provider": "test", "outcome": "paid" });
        check_out(server.port, &Begun { cart: fill_cart(server.port).unwrap(), payment, order: None }).unwrap();
    }
    server.stop();
    place
}

/// Every leaf that has rows, but for those of the search index, which the engine keeps in a form of its own.
fn leaves(place: &Place) -> Vec<Leaf> {
    let database = Connection::open(place.data().join("nexus.db")).unwrap();
    let sql = "select d.name, s.tbl_name, d.pageno, s.type = 'index' from dbstat d join sqlite_schema s on s.name = d.name \
               where d.pagetype = 'leaf' and d.ncell > 0 and s.tbl_name not in (select t.name || p.part from \
               sqlite_schema t join (select '_data' as part union all select '_idx' union all select '_docsize' \
               union all select '_config' union all select '_content') p where t.sql like 'create virtual%')";
    let mut statement = database.prepare(sql).unwrap();
    let leaves = statement.query_map([], |row| {
        let number: i64 = row.get(2)?;
        Ok(Leaf {
            name: row.get(0)?,
            table: row.get(1)?,
            number: usize::try_from(number).unwrap(),
            is_index: row.get(3)?,
        })
    });
    leaves.unwrap().map(Result::unwrap).collect()
}

/// Where the first byte of the values of a page's first row stands, if the row has any.
fn first_value(page: &[u8]) -> Option<usize> {
    let cell = usize::from(u16::from_be_bytes([page[8], page[9]]));
    let long = |at: usize| usize::from(page[at] >= 0x80);
    // The length of the row, then that of its header, then the types of its values.
    let header = cell + 1 + long(cell);
    let length = usize::from(page[header]);
    (page[header] < 0x80 && page[header + 1..header + length].iter().any(|kind| !matches!(kind, 0 | 8 | 9)))
        .then_some(header + length)
}

/// What the check says of a copy with one bit flipped.
fn check_with(place: &Place, database: &[u8], at: usize, bit: u8) -> Said {
    let copy = Place::empty();
    copy_folder(&place.data(), &copy.data());
    let mut flipped = database.to_vec();
    flipped[at] ^= bit;
    std::fs::write(copy.data().join("nexus.db"), flipped).unwrap();
    run(nexus(&copy.data()).args(["check", "--json"]))
}

#[test]
fn flipped_bit_of_an_index_or_of_bookkeeping_is_found_and_its_table_named() {
    let place = place();
    let database = std::fs::read(place.data().join("nexus.db")).unwrap();
    let leaves = leaves(&place);
    assert!(leaves.len() > 40, "only {} pages with rows", leaves.len());
    let (mut seen, mut looked) = (std::collections::BTreeSet::new(), 0);
    for leaf in leaves.iter().filter(|leaf| seen.insert(&leaf.name)) {
        // The quick set takes every fourth.
        looked += 1;
        if looked % times(4, 1) != 0 {
            continue;
        }
        let start = (leaf.number - 1) * PAGE;
        let page = &database[start..start + PAGE];
        // The number of rows on the page, and in an index the first of what it is ordered by.
        let mut places = vec![start + 4];
        places.extend(first_value(page).filter(|_| leaf.is_index).map(|at| start + at));
        for at in places {
            let said = check_with(&place, &database, at, 1);
            let what = format!("{} of {}, byte {}: {said:?}", leaf.name, leaf.table, at - start);
            assert_ne!(said.code, Some(0), "not found: {what}");
            if said.code == Some(3) {
                let report: Value = serde_json::from_str(&said.out).unwrap();
                assert_eq!(report["ok"], false, "{what}");
                assert!(report["findings"].to_string().contains(&leaf.table), "not named: {what}");
            } else {
                // What a shop cannot even be opened without.
                assert!(said.err.contains("nexus.db"), "{what}");
            }
        }
    }
}

/// The shop with something done to its database, in a place of its own.
fn with(place: &Place, sql: &str) -> Place {
    let copy = Place::empty();
    copy_folder(&place.data(), &copy.data());
    Connection::open(copy.data().join("nexus.db")).unwrap().execute_batch(sql).unwrap();
    copy
}

/// A text that is none in each of these columns, of the row that is named with it.
const NO_TEXT: [(&str, &str, &str); 5] = [
    ("category", "update category set name = cast(x'4d75ff' as text) where id = 1", "table category, row 1: name"),
    ("account", "update account set name = cast(x'ff' as text) where id = 1", "table account, row 1: name"),
    (
        "stock_movement",
        "update stock_movement set reason = cast(x'c3' as text) where id = (select min(id) from stock_movement)",
        ": reason",
    ),
    (
        "product_attribute",
        "insert into product_attribute values ('size', cast(x'58ff' as text), 3)",
        "(product_id 3): value",
    ),
    // Nothing opens without this one.
    ("setting", "update setting set value = cast(x'455552ff' as text) where name = 'currency'", ": value"),
];

#[test]
fn text_that_is_none_any_more_is_found_by_table_and_row_and_keeps_no_other_check_from_being_made() {
    let place = place();
    for (table, sql, row) in NO_TEXT {
        let rule = "update product set price = price + 1, price_max = price_max + 1 where id = 2";
        let copy = with(&place, &format!("{sql}; {rule}"));
        let said = run(nexus(&copy.data()).arg("check"));
        assert_eq!(said.code, Some(3), "{table}: {said:?}");
        let line =
            said.out.lines().find(|line| line.starts_with("texts: ")).unwrap_or_else(|| panic!("{table}: {said:?}"));
        assert!(line.contains(&format!("table {table}, ")) && line.contains(row), "{table}: {line}");
        assert!(said.out.contains("product sums: "), "{table}: no other check was made: {said:?}");
        // It is what `nexus status` and `nexus doctor` speak of, where the shop can keep anything.
        let database = Connection::open(copy.data().join("nexus.db")).unwrap();
        let kept = database.query_row("select value from setting where name = 'check.last'", [], |row| row.get(0));
        let kept: String = kept.unwrap_or_default();
        assert_eq!(kept.contains(&format!("table {table}")), table != "setting", "{table}: {kept}");
        // A backup may be all there is of it, so it is made, and who makes it is told of the table and what to do.
        let file = copy.beside("b.tar.gz");
        let said = run(nexus(&copy.data()).arg("backup").arg(&file));
        assert_eq!((said.code, file.exists()), (Some(3), true), "{table}: {said:?}");
        assert!(said.out.contains(&format!("texts: table {table}, ")) && said.out.contains(row), "{said:?}");
        assert!(["nexus check", "nexus restore"].iter().all(|word| said.err.contains(word)), "{said:?}");
        let said = run(nexus(&copy.beside("again")).arg("restore").arg(&file));
        assert!(said.code == Some(3) && said.out.contains(&format!("texts: table {table}, ")), "{said:?}");
        if table != "setting" {
            let said = run(nexus(&copy.data()).arg("doctor"));
            assert!(said.code == Some(3) && said.out.contains(&format!("table {table}")), "{table}: {said:?}");
        }
    }
}

#[test]
fn what_filters_and_searches_go_by_is_held_against_the_products() {
    let place = place();
    let shown = "update product set tags = '[\"blue\"]', attributes = '{\"size\":[\"S\",\"M\"]}' where id = 3; \
                 insert into product_tag values ('blue', 3); \
                 insert into product_attribute values ('size', 'S', 3), ('size', 'M', 3); delete from product_card;";
    for (sql, line) in [
        ("update product_tag set tag = tag || 'q'", "tags: product_tag: product 3 is found by blueq, which it has not"),
        ("delete from product_tag", "tags: product_tag: product 3 is not found by blue"),
        ("update product_attribute set value = 'q' where value = 'M'", "product 3 is not found by size=m"),
        ("update product_attribute set name = 'q' where value = 'M'", "product 3 is found by q=m, which it has not"),
        ("update search_weight set weights = zeroblob(10) where product_id = 2", "search_weight: product 2 is weighed"),
        ("update search_index_docsize set sz = x'7f' where id = 2", "search_index: it has another number of words"),
    ] {
        let copy = with(&place, &format!("{shown} {sql}"));
        // The words of the product itself are others now, too.
        let said = run(nexus(&copy.data()).arg("check"));
        assert!(said.code == Some(3) && said.out.contains(line), "{sql}: {said:?}");
    }
}

#[test]
fn page_that_is_wiped_is_found_by_table_and_keeps_no_other_check_from_being_made() {
    let place = place();
    let database = std::fs::read(place.data().join("nexus.db")).unwrap();
    let copy = with(&place, "update product_card set json = '{}' where product_id = 1");
    for table in ["stock_movement", "audit", "ledger_entry"] {
        let leaf = leaves(&place).into_iter().find(|leaf| leaf.name == table && !leaf.is_index);
        let start = (leaf.unwrap_or_else(|| panic!("no page of {table}")).number - 1) * PAGE;
        let path = copy.data().join("nexus.db");
        let mut wiped = std::fs::read(&path).unwrap();
        assert_eq!(wiped[start..start + 8], database[start..start + 8], "{table} stands elsewhere");
        wiped[start..start + PAGE].fill(0);
        std::fs::write(&path, wiped).unwrap();
        let said = run(nexus(&copy.data()).args(["check", "--json"]));
        assert_eq!(said.code, Some(3), "{table}: {said:?}");
        let report: Value = serde_json::from_str(&said.out).unwrap();
        let findings = report["findings"].as_array().unwrap();
        assert!(findings[0].to_string().contains(table), "{table}: {findings:?}");
        assert!(findings.iter().any(|finding| finding["check"] == "cards"), "{table}: {findings:?}");
        let said = run(nexus(&copy.data()).arg("backup").arg(copy.beside("b.tar.gz")));
        assert!(said.code == Some(3) && said.err.contains(table) && said.err.contains("nexus restore"), "{said:?}");
        std::fs::write(&path, &database).unwrap();
        Connection::open(&path)
            .unwrap()
            .execute_batch("update product_card set json = '{}' where product_id = 1")
            .unwrap();
    }
}
