//! Hostile values on every query parameter: literal text, never syntax, never an error of the server, never slow.

use super::problems::is_problem;
use crate::support::builders::{tee, with_cart};
use crate::support::{Requests, TestShop, encode, product, spec};
use std::time::{Duration, Instant};

/// What one request may take.
const MOST: Duration = Duration::from_secs(1);

fn hostile() -> Vec<String> {
    let mut values: Vec<String> = [
        "",
        " ",
        "'",
        "''",
        "\"",
        "\"\"",
        "`",
        ";",
        "--",
        "/*",
        "*/",
        "\\",
        "%",
        "_",
        "?",
        "?1",
        ":x",
        "@x",
        "$1",
        "(",
        ")",
        "((((",
        "[",
        "{",
        "}",
        "*",
        "a*",
        "*a",
        "^",
        "^a",
        "+",
        "-",
        "-a",
        "a-b",
        "a+b",
        "~",
        "!",
        "|",
        "&",
        "=",
        "<",
        ">",
        "<>",
        "#",
        ",",
        ",,,",
        ".",
        "..",
        "/",
        "//",
        "AND",
        "OR",
        "NOT",
        "NEAR(",
        "NEAR(a b, 3)",
        "a AND",
        "OR b",
        "NOT a",
        "words:",
        "words:x",
        "col:x",
        "title:\"x\"",
        "{words}:x",
        "a NEAR/2 b",
        "' or '1'='1",
        "1; drop table product; --",
        "1 union select password_hash from account",
        "x') or 1=1 --",
        "'||(select 1)||'",
        "sleep(5)",
        "null",
        "NULL",
        "undefined",
        "true",
        "false",
        "NaN",
        "Infinity",
        "-Infinity",
        "-0",
        "0",
        "-1",
        "1",
        "1.5",
        "1e400",
        "-1e400",
        "1e-400",
        "0x10",
        "007",
        "2147483648",
        "4294967296",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999999",
        "\0",
        "a\0b",
        "\u{1}",
        "\u{7f}",
        "\r\n",
        "a\r\nSet-Cookie: x=1",
        "\u{202e}",
        "\u{feff}",
        "\u{fffd}",
        "\u{1F600}",
        "👩‍👩‍👧‍👦",
        "é",
        "e\u{301}",
        "ß",
        "İ",
        "ﬃ",
        "東京都",
        "../../etc/passwd",
        "%2e%2e",
        "${7*7}",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "javascript:alert(1)",
        "http://evil.example",
        "=cmd|' /C calc'!A0",
        "0001-01-01",
        "9999-12-31",
        "-9999-01-01",
        "2026-02-30",
        "9999-12-31T23:59:59.999999999Z",
        "0000-00-00T00:00:00Z",
    ]
    .map(str::to_owned)
    .to_vec();
    values.push("a".repeat(10 * 1024));
    values.push("é".repeat(5 * 1024));
    values.push("'".repeat(10 * 1024));
    values.push("\"".repeat(10 * 1024));
    values.push("w ".repeat(5_000));
    values.push((0..5_000).map(|n| format!("w{n} ")).collect());
    values.push("(".repeat(500) + &")".repeat(500));
    values.push("1,".repeat(5_000));
    values.push("9".repeat(10 * 1024));
    values.push("東".repeat(3_000));
    values.push("a1".repeat(2_000));
    values.push("-".repeat(5_000));
    values
}

fn shop() -> TestShop {
    let shop = TestShop::with_categories();
    product("Coffee mug").sku("CAT-6").brand("Acme").tags(&["gift"]).attribute("color", "red").create(&shop);
    product("Pan 'n' \"quote\" 100%").create(&shop);
    tee().create(&shop);
    shop
}

fn asks(shop: &TestShop, path: &str) -> u16 {
    let began = Instant::now();
    let answer = shop.admin().get(path);
    let shown: String = path.chars().take(150).collect();
    assert!(began.elapsed() < MOST, "{:?} for {shown}", began.elapsed());
    assert!(answer.status < 500, "{} for {shown}", answer.status);
    if answer.status >= 400 {
        assert!([400, 404, 422].contains(&answer.status), "{} for {shown}", answer.status);
        is_problem(shop, &answer);
    }
    answer.status
}

#[test]
fn hostile_value_of_every_query_parameter_is_answered_or_refused() {
    let shop = shop();
    for (path, _, operation) in spec::operations().into_iter().filter(|(_, method, _)| *method == "get") {
        let path = with_cart(&shop, path).replace("{id}", "1");
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|p| p["in"] == "query") {
            let name = parameter["name"].as_str().unwrap().replace("NAME", "color");
            for value in hostile() {
                asks(&shop, &format!("/api/v1{path}?{name}={}", encode(&value)));
            }
        }
    }
}

#[test]
fn hostile_search_is_answered_with_every_ordering_and_part() {
    let shop = shop();
    for value in hostile() {
        for rest in [
            "&ordering=price",
            "&ordering=-name",
            "&include=count,facets",
            "&category=kitchen&brand=acme",
            "&page_size=1",
        ] {
            assert_eq!(asks(&shop, &format!("/api/v1/products?search={}{rest}", encode(&value))), 200, "{value:.50}");
        }
    }
    for quoted in ["\"coffee\" \"mug\"", "coffee* AND mug", "(coffee mug)", "coffee OR", "^coffee", "-coffee"] {
        let names = shop.anonymous().names(&format!("/api/v1/products?search={}", encode(quoted)));
        assert_eq!(names.first().map(String::as_str), Some("Coffee mug"), "{quoted}: the words in it still count");
    }
}

#[test]
fn hostile_name_of_a_parameter_or_attribute_is_answered_or_refused() {
    let shop = shop();
    for value in hostile() {
        let name = encode(&value);
        assert!([200, 400].contains(&asks(&shop, &format!("/api/v1/products?attr.{name}=x"))), "{value:.50}");
        asks(&shop, &format!("/api/v1/products?{name}=x"));
        asks(&shop, &format!("/api/v1/categories?{name}"));
    }
}

#[test]
fn hostile_path_is_not_found() {
    let shop = shop();
    for value in hostile().into_iter().filter(|v| v.len() < 9_000 && !v.is_empty()) {
        for collection in ["products", "categories"] {
            let began = Instant::now();
            let answer = shop.anonymous().get(&format!("/api/v1/{collection}/{}", encode(&value)));
            assert!([200, 404].contains(&answer.status), "{} for {value:.50}", answer.status);
            assert!(answer.status == 404 || value == "1", "{value}");
            assert!(began.elapsed() < MOST);
        }
    }
}

#[test]
fn hostile_number_of_filters_is_answered_or_refused() {
    let shop = shop();
    let many = |n: usize, one: &dyn Fn(usize) -> String| (0..n).map(one).collect::<Vec<_>>().join("&");
    let filters: [&dyn Fn(usize) -> String; 5] = [
        &|n| format!("category={}", ["kitchen", "mugs", "garden"][n % 3]),
        &|n| format!("brand=b{n}"),
        &|n| format!("tag=t{n}"),
        &|n| format!("attr.a{n}=x"),
        &|n| format!("attr.color={n}"),
    ];
    for filter in filters {
        for rest in ["", "&include=count,facets", "&ordering=name", "&search=mug", "&status=active,draft,archived"] {
            assert_eq!(asks(&shop, &format!("/api/v1/products?{}{rest}", many(90, filter))), 200);
            assert_eq!(asks(&shop, &format!("/api/v1/products?{}{rest}", many(300, filter))), 400);
        }
    }
}

#[test]
fn hostile_header_is_ignored_or_refused() {
    let shop = shop();
    for value in hostile().into_iter().filter(|v| v.len() < 9_000 && v.bytes().all(|b| (0x20..0x7f).contains(&b))) {
        for name in [
            "If-None-Match",
            "Accept-Encoding",
            "Accept",
            "X-Request-Id",
            "Range",
            "Cookie",
            "Accept-Language",
            "Origin",
            "Referer",
        ] {
            let answer =
                shop.anonymous().request(rocket::http::Method::Get, "/api/v1/products/1").header(name, &value).send();
            assert!([200, 304].contains(&answer.status), "{name}: {value:.50} {}", answer.status);
        }
        let refused = shop
            .anonymous()
            .request(rocket::http::Method::Get, "/api/v1/products/1")
            .header("Authorization", &value)
            .send();
        assert_eq!(refused.status, 401, "{value:.50}");
        let change = serde_json::json!({"stock": 1});
        let stale = shop
            .staff()
            .request(rocket::http::Method::Patch, "/api/v1/products/1")
            .header("If-Match", &value)
            .json(&change)
            .send();
        assert!(stale.status == 412 || value == "*", "{value:.50} {}", stale.status);
    }
}
