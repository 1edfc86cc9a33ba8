//! Bits that flip on the disk while nobody looks: `nexus check` finds them and names the table.
//!
//! It finds what is kept twice or follows rules: the structure of every page, every index against its table, sums,
//! references, the search index, the audit log. A letter that flips in a text of which there is no second copy is what
//! no look at the file alone can find.

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
