//! Past orders read from files, and what reports make of them.

use super::{PASSWORD, Place, STAFF, Server, check_is_fine, login, nexus, request, run};
use serde_json::Value;
use std::path::PathBuf;

/// A file as another shop writes it: two sales, a return, a return of something never sold, and a row that is none.
const PAST: &str = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
500,BALL,\"Glass ball, large\",12,2009-12-01 07:45:00,6.95,13085,United Kingdom
501,FRAME,=Frame,3,2009-12-02 07:45:00,2.1,,United Kingdom
500,POST,Postage,1,2009-12-01 07:45:00,5.00,13085,United Kingdom
501,FRAME,=Frame,1,2009-12-02 07:45:00,2.1,,United Kingdom
C502,BALL,\"Glass ball, large\",-2,2009-12-05 07:45:00,6.95,13085,United Kingdom
C503,LAMP,Lamp,-1,2009-12-05 07:45:00,6.95,13085,United Kingdom
504,FRAME,damaged,-4,2010-01-05 07:45:00,0,,United Kingdom
";

fn file(place: &Place) -> PathBuf {
    let path = place.beside("past.csv");
    std::fs::write(&path, PAST).unwrap();
    path
}

fn report(place: &Place, by: &str) -> Vec<Value> {
    report_of(place, "2009-12-01", "2010-01-31", by)
}

fn report_of(place: &Place, from: &str, to: &str, by: &str) -> Vec<Value> {
    let span = ["report", "sales", "--from", from, "--to", to, "--json", "--by", by];
    let said: Value = serde_json::from_str(&run(nexus(&place.data()).args(span)).fine()).unwrap();
    assert_eq!(said["currency"], "EUR");
    said["results"].as_array().unwrap().clone()
}

fn sums(row: &Value) -> [&str; 5] {
    ["key", "shipping", "total", "refunded", "net"].map(|name| row[name].as_str().unwrap())
}

#[test]
fn past_orders_are_read_once_with_their_returns_and_summed_up() {
    let place = Place::with_staff();
    let path = file(&place);
    let import = |extra: &[&str]| {
        let given = ["import", "orders", path.to_str().unwrap(), "--shipping-sku", "POST", "--json"];
        run(nexus(&place.data()).args(given).args(extra))
    };
    let strict = import(&[]);
    assert_eq!(strict.code, Some(1), "{strict:?}");
    let told: Value = serde_json::from_str(&strict.out).unwrap();
    assert_eq!((&told["applied"], &told["refused"], &told["errors"][0]["line"]), (&false.into(), &1.into(), &8.into()));
    assert!(report(&place, "day").is_empty(), "nothing was written");

    let told: Value = serde_json::from_str(&import(&["--skip-errors"]).fine()).unwrap();
    let counts = ["orders", "known", "returned", "unmatched", "refused"].map(|name| told[name].as_i64().unwrap());
    assert_eq!(counts, [2, 0, 1, 1, 1], "{told}");
    check_is_fine(&place.data());
    let entries = || {
        let lines = run(nexus(&place.data()).args(["audit", "list", "--action", "order.import", "--json"])).fine();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let told = entries();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["detail"], serde_json::json!({ "orders": 2, "returned": 1 }));
    let again: Value = serde_json::from_str(&import(&["--skip-errors"]).fine()).unwrap();
    assert_eq!((&again["orders"], &again["returned"]), (&0.into(), &0.into()), "{again}");

    assert_eq!(entries().len(), 1, "nothing was written");

    let days = report(&place, "day");
    let days: Vec<[&str; 5]> = days.iter().map(sums).collect();
    let expected = [
        ["2009-12-01", "5.00", "88.40", "0.00", "88.40"],
        ["2009-12-02", "0.00", "8.40", "0.00", "8.40"],
        ["2009-12-05", "0.00", "0.00", "13.90", "-13.90"],
    ];
    assert_eq!(days, expected);
    let months = report(&place, "month");
    assert_eq!(months.iter().map(sums).collect::<Vec<_>>(), [["2009-12", "5.00", "96.80", "13.90", "82.90"]]);
    let products = report(&place, "product");
    let [ball, frame] = &products[..] else { panic!("{products:?}") };
    assert_eq!((&ball["units"], sums(ball)), (&12.into(), ["BALL", "0.00", "83.40", "13.90", "69.50"]));
    assert_eq!(frame["name"], "=Frame");
    let sold = report_of(&place, "2009-12-01", "2009-12-04", "product");
    assert_eq!(sums(&sold[0]), ["BALL", "0.00", "83.40", "0.00", "83.40"], "nothing had come back by then");
    let back = report_of(&place, "2009-12-05", "2009-12-05", "product");
    assert_eq!(back.iter().map(sums).collect::<Vec<_>>(), [["BALL", "0.00", "0.00", "13.90", "-13.90"]]);
    check_is_fine(&place.data());

    let span = ["report", "sales", "--from", "2009-12-01", "--to", "2009-12-31", "--by", "product", "--format", "csv"];
    let csv = run(nexus(&place.data()).args(span)).fine();
    assert!(csv.contains("\nFRAME,'=Frame,1,4,"), "a spreadsheet takes no name for a formula: {csv}");

    let server = Server::start(&place);
    let login = login(server.port, STAFF, PASSWORD).json();
    let token = login["access"].as_str().unwrap();
    let path = "/api/v1/admin/reports/sales?by=year&from=2009-01-01&to=2010-01-01";
    let answer = request(server.port, "GET", path, Some(token), None).unwrap().json();
    assert_eq!(sums(&answer["results"][0]), ["2009", "5.00", "96.80", "13.90", "82.90"]);
    server.stop();
}

#[test]
fn report_of_a_span_that_ends_before_it_begins_says_so() {
    let place = Place::with_staff();
    let said = run(nexus(&place.data()).args(["report", "sales", "--from", "2026-02-01", "--to", "2026-01-01"]));
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("--to is before --from"), "{said:?}");
}

#[test]
fn order_that_comes_to_too_much_is_refused_before_anything_is_written() {
    let place = Place::with_staff();
    let mut rows = "order,sku,item,quantity,unit_price,placed_at\n".to_owned();
    for n in 0..400 {
        rows.push_str(&format!("A{n},MUG,Mug,1,10.00,2009-12-01 07:45:00\n"));
    }
    rows.push_str("B,GOLD,Gold,999999,9999999999.00,2009-12-02 07:45:00\n");
    let path = place.beside("large.csv");
    std::fs::write(&path, rows).unwrap();
    for extra in [&["--dry-run"][..], &[], &["--skip-errors"]] {
        let said = run(nexus(&place.data()).args(["import", "orders", path.to_str().unwrap()]).args(extra));
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains("line 402: the order B comes to more than"), "{said:?}");
    }
    assert!(report(&place, "year").is_empty());
}
