//! The log: what took long, with the way the database went and without what anybody sent; levels by module.

use crate::binary::{Place, Server, eventually, get, nexus, request, run};
use std::time::Duration;

#[test]
fn log_names_statements_that_took_long_with_their_plan_and_no_value() {
    let place = Place::empty();
    run(nexus(&place.data()).args(["seed", "--products", "4000", "--seed", "7"])).fine();
    let server = Server::start_with(&place, &[], |command| {
        command
            .env("NEXUS_CACHE_ENABLED", "false")
            .env("NEXUS_LOG_SLOW_MS", "1")
            .env("NEXUS_LOG_ACCESS", "false")
            .env("NEXUS_LOG_FORMAT", "json");
    });
    let slow = |log: &str| {
        let lines = log.lines().filter(|line| line.contains("nexus::slow"));
        lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).find(|line| {
            line["sql"].as_str().is_some_and(|sql| sql.contains("product")) && line["took_ms"].as_u64() >= Some(1)
        })
    };
    // One line a second is written, and the shop's own reads may be among them.
    eventually("a slow statement about products", Duration::from_secs(20), || {
        for path in ["brand=zebrafinch&include=facets,count", "include=facets,count", "search=steel+zebrafinch"] {
            assert_eq!(get(server.port, &format!("/api/v1/products?{path}")).unwrap().status, 200);
        }
        slow(&server.log()).is_some()
    });
    let log = server.log();
    let line = slow(&log).unwrap();
    assert!(["SCAN", "SEARCH"].iter().any(|step| line["plan"].as_str().unwrap().contains(step)), "{line}");
    assert!(!log.contains("zebrafinch") && !log.contains("nexus::access"), "{log}");
    let text = String::from_utf8(get(server.port, "/metrics").unwrap().body).unwrap();
    assert!(super::Numbers::read(&text).get("nexus_store_slow_reads_total") >= 1.0);
    server.stop();
}

#[test]
fn log_names_writes_that_took_long_with_their_slowest_statements_and_no_value() {
    let place = Place::with_staff();
    let server = Server::start_with(&place, &[], |command| {
        command.env("NEXUS_LOG_SLOW_MS", "1").env("NEXUS_LOG_ACCESS", "false").env("NEXUS_LOG_FORMAT", "json");
    });
    let token = server.token();
    let slow = |log: &str| {
        let lines = log.lines().filter(|line| line.contains("nexus::slow") && line.contains("product.batch"));
        lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).next()
    };
    let mut turn = 0;
    // One line a second is written, and other writes may be among them.
    eventually("a slow write of products", Duration::from_secs(20), || {
        turn += 1;
        let product = |n: usize| serde_json::json!({ "name": format!("zebrafinch {turn} {n}"), "price": "1.00", "category": "Proof > Seeing", "sku": format!("z-{turn}-{n}") });
        let body = serde_json::json!({ "products": (0..100).map(product).collect::<Vec<_>>() });
        let said = request(server.port, "POST", "/api/v1/products/batch", Some(&token), Some(&body)).unwrap();
        assert!(said.status < 300, "{} {}", said.status, String::from_utf8_lossy(&said.body));
        slow(&server.log()).is_some()
    });
    let log = server.log();
    let line = slow(&log).unwrap();
    assert!(line["took_ms"].as_u64() >= Some(1) && line["statements"].as_u64() >= Some(100), "{line}");
    assert!(line["work"].as_str().unwrap().starts_with("catalog::"), "{line}");
    assert!(
        line["sql"].as_str().unwrap().contains(' ') && line["others"].as_str().unwrap().contains(" ms: "),
        "{line}"
    );
    assert!(!log.contains("zebrafinch"), "{log}");
    let text = String::from_utf8(get(server.port, "/metrics").unwrap().body).unwrap();
    assert!(super::Numbers::read(&text).get("nexus_store_slow_writes_total") >= 1.0);
    server.stop();
}

#[test]
fn log_has_levels_by_module() {
    let place = Place::with_staff();
    let server = Server::start_with(&place, &[], |command| {
        command.env("NEXUS_LOG_LEVEL", "info,nexus::access=off");
    });
    super::super::binary::login(server.port, "nobody@example.com", "a wrong password");
    eventually("a line of the log", Duration::from_secs(5), || server.log().contains("a sign-in was refused"));
    assert!(!server.log().contains("nexus::access"), "{}", server.log());
    server.stop();
}
