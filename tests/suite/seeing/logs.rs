//! The log: what took long, with the way the database went and without what anybody sent; levels by module.

use crate::binary::{Place, Server, eventually, get, nexus, run};
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
