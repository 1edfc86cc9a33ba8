//! Checks of the whole database beside the running shop.

use super::Numbers;
use crate::binary::eventually;
use crate::selling::till;
use crate::support::TestShop;
use nexus::services::{CheckDepth, Ctx, Error, Finding};
use std::collections::BTreeSet;
use std::time::Duration;

/// A shop in which everything was used once.
fn used() -> TestShop {
    let shop = till::shop_with_mugs(9);
    till::buy(&shop.anonymous(), 2, "a", &till::by_test("paid"));
    till::buy(&shop.anonymous(), 1, "b", &till::by_transfer());
    shop
}

fn plant(shop: &TestShop, sql: &'static str) {
    let planted = shop.shop.store().write_blocking(move |tx| Ok::<_, Error>(tx.execute(sql, [])?));
    assert!(planted.expect(sql) > 0, "{sql} changed nothing");
}

fn names(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().map(|finding| finding.check).collect()
}

#[test]
fn check_in_the_background_finds_nothing_in_a_sound_shop_and_says_when_it_looked() {
    let shop = used();
    let note = shop.shop.check_in_pieces(&Ctx::owner()).unwrap().expect("a check");
    assert_eq!((note.findings, note.first.len()), (0, 0), "{note:?}");
    let numbers = Numbers::of(&shop);
    assert_eq!(numbers.get("nexus_check_findings"), 0.0);
    assert!(numbers.has("nexus_check_findings") && numbers.get("nexus_check_duration_seconds") > 0.0);
    let at = numbers.get("nexus_check_timestamp_seconds");
    assert!((at * 1_000.0 - note.at.millis() as f64).abs() < 2.0, "{at}");
    // It is known after a restart as well.
    let shop = shop.restarted();
    assert_eq!(shop.shop.status(&Ctx::owner()).unwrap().vitals.check, Some(note));
}

#[test]
fn check_in_pieces_finds_what_the_whole_check_finds() {
    for (sql, check) in [
        ("update product set rating_count = 1, rating_sum = 5 where id = 1", "ratings"),
        ("update product set stock = stock + 1 where id = 1", "product sums"),
        ("update stock_movement set on_hand = on_hand * 9 where kind = 'sold'", "sold units"),
        ("update shop_order set status = 'pending' where id = 1", "captured payments are whole, and their orders know"),
        ("update payment set currency = 'USD' where id = 2", "payments and orders"),
        ("update ledger_entry set currency = 'USD' where id = 1", "books"),
        (
            "insert into cart (token, state, order_id, expires_at, created_at, updated_at) values ('x', 'ordered', 1, 1, 1, 1)",
            "carts and orders",
        ),
        ("update order_line set unit_price = unit_price + 1 where id = 1", "order lines"),
        ("update product_card set json = '{}' where product_id = 1", "cards"),
        ("delete from search_weight where product_id = 1", "search index"),
        ("update search_weight set weights = zeroblob(length(weights)) where product_id = 1", "search index"),
        ("insert into product_tag (tag, product_id) values ('blue', 1)", "tags"),
        ("update product set tags = '[\"blue\"]' where id = 1", "tags"),
        ("insert into product_attribute (name, value, product_id) values ('color', 'blue', 1)", "attributes"),
        ("update product set attributes = '{\"color\":\"blue\"}' where id = 1", "attributes"),
        ("update account set name = cast(x'41ff' as text) where id = 1", "texts"),
    ] {
        let shop = used();
        plant(&shop, sql);
        let whole = shop.shop.check(&Ctx::owner(), CheckDepth::Full).unwrap();
        assert!(names(&whole).contains(check), "{sql}: {whole:?}");
        let note = shop.shop.check_in_pieces(&Ctx::owner()).unwrap().expect("a check");
        assert_eq!(note.findings, whole.len(), "{sql}: {note:?} and {whole:?}");
        let first: BTreeSet<&str> = note.first.iter().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
        assert!(first.is_subset(&names(&whole)), "{note:?}");
        assert_eq!(Numbers::of(&shop).get("nexus_check_findings"), whole.len() as f64);
    }
}

#[test]
fn check_begins_by_itself_when_it_is_due_and_not_before() {
    let shop = used();
    let noted = || shop.shop.status(&Ctx::owner()).unwrap().vitals.check;
    let tend = |ms: i64| {
        let now = nexus::domain::Timestamp::from_millis(Ctx::owner().now.millis() + ms);
        shop.shop.check_when_due(&Ctx { now, ..Ctx::owner() }).unwrap();
    };
    tend(0);
    eventually("a check", Duration::from_secs(20), || noted().is_some());
    let first = noted().unwrap();
    tend(23 * 3_600_000);
    tend(25 * 3_600_000);
    eventually("a second check", Duration::from_secs(20), || noted().is_some_and(|note| note.at > first.at));
    let never = TestShop::with(|config| config.watch.check_hours = 0);
    never.shop.check_when_due(&Ctx::owner()).unwrap();
    assert!(never.shop.status(&Ctx::owner()).unwrap().vitals.check.is_none());
}

#[test]
fn check_is_given_up_when_the_shop_is_closed() {
    let shop = used();
    shop.shop.close();
    let outcome = shop.shop.check_in_pieces(&Ctx::owner());
    assert!(!matches!(outcome, Ok(Some(_))), "{outcome:?}");
}
