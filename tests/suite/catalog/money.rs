//! Money in currencies of two, no and three digits.

use crate::support::{Requests, TestShop, category, product};
use serde_json::{Value, json};

fn body(price: Value) -> Value {
    product("Thing").with("price", price).body()
}

fn raw(price: &str) -> Value {
    serde_json::from_str(price).unwrap()
}

#[test]
fn price_is_written_with_the_digits_of_the_currency() {
    for (code, given, written) in [
        ("EUR", vec![json!("19.99"), raw("19.99"), json!("19.990"), raw("1.999e1")], "19.99"),
        ("JPY", vec![json!("1999"), raw("1999"), json!("1999.0"), raw("1.999e3")], "1999"),
        ("KWD", vec![json!("1.999"), raw("1.999"), json!("1.9990")], "1.999"),
    ] {
        let shop = TestShop::selling_in(code);
        category("Kitchen").create(&shop);
        for price in given {
            let made = shop.staff().post("/api/v1/products", &body(price.clone())).ok(201);
            assert_eq!((&made["price"], &made["currency"]), (&json!(written), &json!(code)), "{price}");
            assert_eq!(made["variants"][0]["price"], written);
        }
        let list = format!("/api/v1/products?min_price={written}&max_price={written}");
        assert!(shop.anonymous().results(&list).len() >= 3);
    }
}

#[test]
fn price_with_more_digits_than_the_currency_is_refused() {
    for (code, price) in [("EUR", "1.999"), ("JPY", "1.5"), ("KWD", "1.9999")] {
        let shop = TestShop::selling_in(code);
        category("Kitchen").create(&shop);
        shop.staff().post("/api/v1/products", &body(json!(price))).names_field("price", "too_many_digits");
        shop.staff().post("/api/v1/products", &body(raw(price))).names_field("price", "too_many_digits");
        let filter = shop.anonymous().get(&format!("/api/v1/products?min_price={price}"));
        filter.names_field("min_price", "too_many_digits");
    }
}

#[test]
fn price_that_is_no_amount_is_refused() {
    let shop = TestShop::with_categories();
    for (price, code) in [
        (json!("NaN"), "not_a_number"),
        (json!("Infinity"), "not_a_number"),
        (json!("1,99"), "not_a_number"),
        (json!(""), "not_a_number"),
        (json!(" 1"), "not_a_number"),
        (json!("0x10"), "not_a_number"),
        (json!("€5"), "not_a_number"),
        (json!("١٢"), "not_a_number"),
        (json!(true), "not_a_number"),
        (json!([1]), "not_a_number"),
        (json!({"amount": 1}), "not_a_number"),
        (json!(-1), "negative"),
        (json!("-0.01"), "negative"),
        (raw("1e400"), "too_large"),
        (raw("-1e400"), "negative"),
        (raw("9223372036854775807"), "too_large"),
        (raw("9223372036854775808"), "too_large"),
        (raw("1e-400"), "too_many_digits"),
        (json!("9".repeat(5_000)), "too_large"),
    ] {
        let answer = shop.staff().post("/api/v1/products", &body(price.clone()));
        answer.names_field("price", code);
        let found = answer.invalid();
        assert_eq!(found.len(), 1, "{price}: {found:?}");
    }
    assert!(shop.anonymous().results("/api/v1/products").is_empty());
}

#[test]
fn price_is_exact_to_the_largest_amount() {
    let shop = TestShop::with_categories();
    for price in ["0.00", "0.01", "0.10", "1234567.89", "9007199254740.93", "10000000000000.00"] {
        let made = shop.staff().post("/api/v1/products", &body(json!(price))).ok(201);
        assert_eq!(made["price"], price);
        let read = shop.anonymous().results(&format!("/api/v1/products?min_price={price}&max_price={price}"));
        assert_eq!(read.len(), 1, "{price}");
    }
    shop.staff().post("/api/v1/products", &body(json!("10000000000000.01"))).names_field("price", "too_large");
    let zero = shop.staff().post("/api/v1/products", &body(raw("-0"))).ok(201);
    assert_eq!(zero["price"], "0.00", "minus nothing is nothing");
}

#[test]
fn stock_of_many_variants_at_their_limit_adds_up() {
    let shop = TestShop::with_categories();
    let values: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let variants: Vec<Value> = values
        .iter()
        .map(|v| json!({"options": {"N": v}, "price": "10000000000000", "stock": 1_000_000_000}))
        .collect();
    let body = json!({"name": "Many", "category": "kitchen", "options": [{"name": "N", "values": values}], "variants": variants});
    let made = shop.staff().post("/api/v1/products", &body).ok(201);
    assert_eq!(made["stock"], 100_000_000_000_i64);
}
