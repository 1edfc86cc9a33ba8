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

/// Orders as Shopify writes them: tax on top with something off, refunded in full, never paid, with tax within, in
/// another currency, and one that does not add up.
const SHOPIFY: &str = "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Refunded Amount,\
Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at
#2001,ann@example.com,partially_refunded,2025-03-01 10:00:10 +0100,EUR,14.30,5.00,2.00,21.30,2.70,3.00,2025-03-01 10:00:00 +0100,1,Mug,8.50,MUG,
#2001,ann@example.com,,,,,,,,,,2025-03-01 10:00:00 +0100,1,Bowl,8.50,BOWL,
#2002,bob@example.com,refunded,2025-03-02 10:00:10 +0100,EUR,8.50,0.00,0.00,8.50,0.00,8.50,2025-03-02 10:00:00 +0100,1,Mug,8.50,MUG,2025-03-03 09:00:00 +0100
#2003,,voided,,EUR,8.50,0.00,0.00,8.50,0.00,0.00,2025-03-02 11:00:00 +0100,1,Mug,8.50,MUG,2025-03-02 12:00:00 +0100
#2004,ann@example.com,paid,2025-03-04 10:00:10 +0100,EUR,8.50,4.90,2.14,13.40,0.00,0.00,2025-03-04 10:00:00 +0100,1,Mug,8.50,MUG,
#2005,ann@example.com,paid,2025-03-04 10:00:10 +0100,USD,8.50,0.00,0.00,8.50,0.00,0.00,2025-03-04 10:00:00 +0100,1,Mug,8.50,MUG,
#2006,ann@example.com,paid,2025-03-04 10:00:10 +0100,EUR,8.50,4.90,0.00,13.50,0.00,0.00,2025-03-04 10:00:00 +0100,1,Mug,8.50,MUG,
";

#[test]
fn orders_of_another_shop_keep_what_was_paid_taken_off_and_paid_back() {
    let place = Place::with_staff();
    let path = place.beside("orders_export.csv");
    std::fs::write(&path, SHOPIFY).unwrap();
    let import =
        |extra: &[&str]| run(nexus(&place.data()).args(["import", "orders", path.to_str().unwrap()]).args(extra));
    let dry = import(&["--dry-run"]);
    assert_eq!(dry.code, Some(1), "{dry:?}");
    assert!(dry.out.contains("3 sales in the file, which come to 43.20; 1 orders that were never paid"), "{dry:?}");
    assert!(dry.err.contains("line 7: it was sold in \"USD\", and this shop sells in EUR"), "{dry:?}");
    assert!(
        dry.err.contains("line 8: order #2006: its parts") && dry.err.contains("do not come to its total"),
        "{dry:?}"
    );
    let told: Value = serde_json::from_str(&import(&["--skip-errors", "--json"]).fine()).unwrap();
    let counts = ["orders", "sales", "left_out", "refused"].map(|name| told[name].as_i64().unwrap());
    assert_eq!((counts, &told["sales_total"]), ([3, 3, 1, 2], &"43.20".into()), "{told}");
    check_is_fine(&place.data());

    let days = report_of(&place, "2025-03-01", "2025-03-31", "day");
    let days: Vec<Vec<&str>> = days
        .iter()
        .map(|day| {
            ["key", "discounts", "shipping", "tax", "total", "refunded"].map(|n| day[n].as_str().unwrap()).to_vec()
        })
        .collect();
    let expected = [
        ["2025-03-01", "2.70", "5.00", "2.00", "21.30", "3.00"],
        ["2025-03-02", "0.00", "0.00", "0.00", "8.50", "0.00"],
        ["2025-03-03", "0.00", "0.00", "0.00", "0.00", "8.50"],
        ["2025-03-04", "0.00", "4.90", "2.14", "13.40", "0.00"],
    ];
    assert_eq!(days, expected);
    let show = |search: &str| -> Value {
        let found = run(nexus(&place.data()).args(["order", "list", "--search", search, "--json"])).fine();
        let number = serde_json::from_str::<Value>(found.lines().next().unwrap()).unwrap();
        let number = number["number"].as_str().unwrap();
        serde_json::from_str(&run(nexus(&place.data()).args(["order", "show", number, "--json"])).fine()).unwrap()
    };
    let first = show("2001");
    assert_eq!((&first["reference"], &first["status"]), (&"#2001".into(), &"partially_refunded".into()), "{first}");
    assert_eq!([&first["lines"][0]["total"], &first["lines"][1]["total"]], ["7.89", "7.89"], "{first}");
    assert_eq!(show("#2002")["status"], "refunded");
    let again: Value = serde_json::from_str(&import(&["--skip-errors", "--json"]).fine()).unwrap();
    assert_eq!((&again["orders"], &again["known"]), (&0.into(), &3.into()), "{again}");
}
