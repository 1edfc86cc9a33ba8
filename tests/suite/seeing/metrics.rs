//! `/metrics`: what is counted, how it is called, and who may see it.

use super::{Numbers, scrape};
use crate::binary::{Place, Server, eventually, exchange, free_port, get, nexus, run};
use crate::selling::till;
use crate::support::{PASSWORD, Requests, TestShop, category, email, product};
use nexus::config::{Secret, Switch};
use nexus::domain::backup::{BackupKind, BackupName};
use nexus::domain::{Role, Timestamp};
use nexus::services::Ctx;
use rocket::http::Method;
use serde_json::json;
use std::time::Duration;

const TOKEN: &str = "a-token-for-whoever-watches";

#[test]
fn metrics_are_text_of_prometheus_with_names_by_its_conventions() {
    let shop = TestShop::new();
    shop.anonymous().get("/api/v1/products").ok(200);
    let answer = scrape(&shop);
    assert_eq!(answer.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let numbers = Numbers::read(&answer.text());
    for name in numbers.names() {
        let bare = name.split('{').next().unwrap();
        assert!(bare.starts_with("nexus_") || bare.starts_with("process_"), "{bare}");
        assert!(bare.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{bare}");
        assert!(!["_ms", "_kb", "_mib", "_minutes", "_percent"].iter().any(|unit| bare.ends_with(unit)), "{bare}");
    }
    assert!(numbers.get("process_resident_memory_bytes") > 1e6 && numbers.get("nexus_store_database_bytes") > 1e4);
    assert!(numbers.names().any(|name| name.starts_with("nexus_build_info{version=\"")));
}

#[test]
fn requests_are_counted_by_route_and_status_and_never_by_address() {
    let shop = TestShop::new();
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    let visitor = shop.anonymous();
    for path in ["/api/v1/products/mug", "/api/v1/products/mug?x=1", "/api/products/1/", "/api/v1/products/none"] {
        visitor.get(path);
    }
    for n in 0..200 {
        visitor.get(&format!("/nowhere/{n}"));
        visitor.get(&format!("/api/v1/products/none-{n}"));
        visitor.request(Method::Delete, &format!("/wp-admin/{n}")).send();
    }
    let numbers = Numbers::of(&shop);
    let route = "method=\"GET\",route=\"/api/v1/products/{id}\"";
    assert_eq!(numbers.get(&format!("nexus_http_requests_total{{{route},status=\"200\"}}")), 3.0);
    assert_eq!(numbers.get(&format!("nexus_http_requests_total{{{route},status=\"404\"}}")), 201.0);
    assert_eq!(numbers.get(&format!("nexus_http_request_duration_seconds_count{{{route}}}")), 204.0);
    let none = "nexus_http_requests_total{method=\"any\",route=\"unmatched\",status=\"404\"}";
    assert_eq!(numbers.get(none), 400.0);
    let of_http = numbers.names().filter(|name| name.starts_with("nexus_http")).count();
    assert!(of_http < 120, "{of_http} series of a handful of routes");
    assert!(!numbers.names().any(|name| name.contains("nowhere") || name.contains("wp-admin")));
}

#[test]
fn methods_that_nobody_knows_are_counted_and_logged_under_one_name() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    for (method, path) in [("FOO", "/api/v1/products"), ("PROPFIND", "/nowhere"), ("BAR", "/nowhere")] {
        exchange(server.port, &format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).unwrap();
    }
    let numbers = Numbers::read(&String::from_utf8(get(server.port, "/metrics").unwrap().body).unwrap());
    let counted = |status: u16| {
        let labels = format!("method=\"other\",route=\"unmatched\",status=\"{status}\"");
        numbers.get(&format!("nexus_http_requests_total{{{labels}}}"))
    };
    assert_eq!([counted(405), counted(501)], [1.0, 2.0]);
    eventually("the access log has them", Duration::from_secs(5), || {
        let log = server.log();
        let lines = log.lines().filter(|line| line.contains("nexus::access") && line.contains("method=\"other\""));
        lines.filter(|line| line.contains("client=127.0.0.1")).count() == 3
    });
    assert!(!server.log().contains("PROPFIND") && !server.log().contains("FOO"));
    server.stop();
}

#[test]
fn sales_are_counted_once_they_are_committed_and_oversells_when_they_are_refused() {
    let shop = till::shop_with_mugs(5);
    let buyer = shop.anonymous();
    till::buy(&buyer, 2, "a", &till::by_test("paid"));
    let cart = till::cart(&buyer, &[(1, 3)]);
    let bought = till::cart(&buyer, &[(1, 1)]);
    // The same key again is one order, and one that is refused is none.
    for _ in 0..3 {
        till::checkout(&buyer, &bought, "b", &till::by_transfer()).ok(201);
    }
    let again = till::checkout(&buyer, &cart, "c", &till::by_transfer());
    assert_eq!(again.status, 409, "{}", again.text());
    let numbers = Numbers::of(&shop);
    assert_eq!(numbers.get("nexus_orders_placed_total{source=\"web\"}"), 2.0);
    assert_eq!(numbers.get("nexus_orders_placed_total{source=\"staff\"}"), 0.0);
    assert_eq!(numbers.get("nexus_revenue_minor_units_total{currency=\"EUR\"}"), 2_000.0);
    assert_eq!(numbers.get("nexus_refunds_minor_units_total{currency=\"EUR\"}"), 0.0);
    assert_eq!(numbers.get("nexus_oversell_refused_total"), 1.0);
    assert!(numbers.get("nexus_store_commit_duration_seconds_count") >= 3.0);
    assert_eq!(
        numbers.get("nexus_store_commit_duration_seconds_count"),
        numbers.get("nexus_store_commit_duration_seconds_bucket{le=\"+Inf\"}")
    );
    assert!(numbers.get("nexus_store_batch_size_sum") >= numbers.get("nexus_store_batch_size_count"));
    assert_eq!(numbers.get("nexus_store_write_queue_length"), 0.0);
    till::is_sound(&shop);
}

#[test]
fn sign_ins_searches_and_kept_bodies_are_counted_by_what_came_of_them() {
    let shop = TestShop::with(|config| config.limits.login_per_account = 2);
    category("Kitchen").create(&shop);
    product("Mug").create(&shop);
    let visitor = shop.anonymous();
    let login = |address: &str, password: &str| {
        visitor.post("/api/v1/auth/login", &json!({ "email": address, "password": password })).status
    };
    assert_eq!(login(&email(Role::Customer), PASSWORD), 200);
    let guesses = ["one", "two", "three"].map(|word| login("nobody@example.test", word));
    assert_eq!(guesses, [401, 401, 429]);
    for path in ["search=mug", "search=mug", "search=zebra", "ordering=price", "ordering=price"] {
        visitor.get(&format!("/api/v1/products?{path}")).ok(200);
    }
    let numbers = Numbers::of(&shop);
    let logins =
        ["success", "refused", "limited"].map(|r| numbers.get(&format!("nexus_logins_total{{result=\"{r}\"}}")));
    assert_eq!(logins, [1.0, 2.0, 1.0]);
    assert_eq!([numbers.get("nexus_searches_total"), numbers.get("nexus_searches_zero_results_total")], [2.0, 1.0]);
    let lookups = ["hit", "miss"].map(|r| numbers.get(&format!("nexus_cache_lookups_total{{result=\"{r}\"}}")));
    assert_eq!(lookups, [2.0, 3.0]);
    assert!(numbers.get("nexus_cache_bytes") > 0.0 && numbers.get("nexus_cache_entries") == 3.0);
}

#[test]
fn jobs_events_and_backups_are_seen() {
    let shop = TestShop::new();
    shop.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": email(Role::Customer) }));
    std::fs::create_dir_all(shop.path().join("backups")).unwrap();
    let numbers = Numbers::of(&shop);
    assert!(numbers.get("nexus_backup_age_seconds") < 600.0, "there is no backup, and the shop is young");
    assert_eq!(numbers.get("nexus_jobs{kind=\"notice\",state=\"waiting\"}"), 1.0);
    assert_eq!(numbers.get("nexus_outbox_lag_seconds"), 0.0);
    // The name says when one was made; the file is younger, as after it was copied back.
    let made = Timestamp::from_millis(Ctx::owner().now.millis() - 7_200_000);
    let name = BackupName::new(BackupKind::Automatic, made);
    let file = std::fs::File::create(shop.path().join("backups").join(name.as_str())).unwrap();
    file.set_len(4_096).unwrap();
    std::fs::write(shop.path().join("backups/nexus-20200101-000000-000.tar.gz"), "younger by its file").unwrap();
    let numbers = Numbers::of(&shop);
    let age = numbers.get("nexus_backup_age_seconds");
    assert!((7_195.0..7_300.0).contains(&age), "{age}");
    assert_eq!(numbers.get("nexus_backup_bytes"), 4_096.0);
}

#[test]
fn metrics_without_a_token_are_for_this_machine_and_not_for_proxies() {
    let shop = TestShop::new();
    let visitor = shop.anonymous();
    let ask = || visitor.request(Method::Get, "/metrics");
    assert_eq!(ask().from("127.0.0.1").send().status, 200);
    assert_eq!(ask().from("::1").send().status, 200);
    assert_eq!(ask().from("192.0.2.7").send().status, 404);
    for header in ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"] {
        assert_eq!(ask().from("127.0.0.1").header(header, "127.0.0.1").send().status, 404, "{header}");
    }
}

#[test]
fn metrics_with_a_token_are_for_whoever_has_it() {
    let shop = TestShop::with(|config| {
        config.metrics.enabled = Switch::On;
        config.metrics.token = Secret::new(TOKEN);
    });
    let ask = |token: &str| shop.bearing(token).request(Method::Get, "/metrics").from("192.0.2.7").send();
    assert_eq!(ask(TOKEN).status, 200);
    for wrong in ["", "x", &TOKEN[1..], &format!("{TOKEN}x")] {
        assert_eq!(ask(wrong).status, 401, "{wrong:?}");
    }
    let refused = shop.anonymous().get("/metrics");
    assert_eq!(refused.status, 401);
    assert!(refused.header("WWW-Authenticate").is_some() && !refused.text().contains("nexus_"));
    // An admin is somebody else.
    assert_eq!(shop.admin().get("/metrics").status, 401);
}

#[test]
fn metrics_are_off_where_others_reach_the_shop_unless_they_are_switched_on() {
    let public = TestShop::with(|config| config.address = [0, 0, 0, 0].into());
    assert_eq!(public.anonymous().get("/metrics").status, 404);
    let proxied = TestShop::with(|config| config.proxy.trusted = vec!["127.0.0.1".to_owned()]);
    assert_eq!(proxied.anonymous().get("/metrics").status, 404);
    let off = TestShop::with(|config| config.metrics.enabled = Switch::Off);
    assert_eq!(off.anonymous().get("/metrics").status, 404);
    let place = Place::empty();
    let said = run(nexus(&place.data()).env("NEXUS_METRICS_ENABLED", "true").args(["serve", "--address", "0.0.0.0"]));
    said.refuses(&["metrics.token"]);
    assert!(!place.data().exists());
}

#[test]
fn metrics_have_an_address_of_their_own_that_answers_nothing_else() {
    let place = Place::with_staff();
    let own = free_port();
    let server = Server::start_with(&place, &[], |command| {
        command.env("NEXUS_METRICS_ENABLED", "false").env("NEXUS_METRICS_TOKEN", TOKEN);
        command.env("NEXUS_METRICS_ADDRESS", format!("127.0.0.1:{own}"));
    });
    assert_eq!(get(server.port, "/metrics").unwrap().status, 404);
    assert_eq!(get(own, "/metrics").unwrap().status, 401);
    assert_eq!(get(own, "/api/v1/products").unwrap().status, 404);
    let ask = |token: &str| {
        let text = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
        exchange(own, &text).unwrap()
    };
    assert_eq!(ask("0815").status, 401);
    let seen = ask(TOKEN);
    assert_eq!(seen.status, 200);
    let numbers = Numbers::read(&String::from_utf8(seen.body).unwrap());
    assert!(numbers.get("nexus_uptime_seconds") > 0.0 && numbers.get("process_open_fds") > 3.0);
    // The number of a token is not for the log, and a port that is taken keeps the shop from opening.
    assert!(!server.log().contains(TOKEN));
    let other = Place::empty();
    let mut second = nexus(&other.data());
    second.env("NEXUS_METRICS_ADDRESS", format!("127.0.0.1:{own}")).args(["serve", "--port", &free_port().to_string()]);
    let said = run(&mut second);
    assert!(said.code == Some(1) && said.err.contains("metrics.address"), "{said:?}");
    server.stop();
    eventually("its address is free", Duration::from_secs(5), || get(own, "/metrics").is_err());
}
