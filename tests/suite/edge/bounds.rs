//! What is too large, too much or not here is refused before the shop hears of it.

use super::{Place, answers, connect, demo, is_problem, product, read_one, read_to_close, say, server, with_edge};
use crate::binary::{Server, free_port, nexus, run};
use std::io::Write;
use std::net::TcpStream;

#[test]
fn what_is_too_large_or_not_here_is_refused_as_the_shop_would() {
    let place = demo();
    let settings = [("MAX_BODY_MIB", "1"), ("HOSTS", "[\"shop.example\"]")];
    let asks = |port| crate::binary::get(port, "/").is_ok();
    let server = Server::start_and_ask(&place, &[], |command| with_edge(command, &settings), asks);
    let head = |method: &str, target: &str, headers: &str| {
        format!("{method} {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{headers}\r\n").into_bytes()
    };
    let get = |headers: &str| head("GET", "/api/v1/products/1", headers);
    let mut chunked = head("POST", "/api/v1/products", "Transfer-Encoding: chunked\r\n");
    chunked.extend((0..40).flat_map(|_| [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat()));
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    for (what, bytes, status) in [
        ("a body of 10 GB", head("POST", "/api/v1/products", "Content-Length: 10000000000\r\n"), 413),
        ("a body of a byte too much", head("POST", "/api/v1/products", "Content-Length: 1048577\r\n"), 413),
        ("an address of 9 KiB", head("GET", &format!("/{}", "a".repeat(9 * 1024)), ""), 414),
        ("an address of 100 KB", head("GET", &format!("/{}", "a".repeat(100_000)), ""), 414),
        ("a header of 40 KiB", get(&format!("X: {}\r\n", "a".repeat(40 * 1024))), 431),
        ("a header of 100 KiB", get(&format!("X: {}\r\n", "a".repeat(100 * 1024))), 431),
        ("101 headers", get(&many(101)), 431),
        ("a tunnel", head("CONNECT", "evil.example:443", ""), 501),
        ("another scheme", head("GET", "ftp://shop.example/", ""), 400),
    ] {
        let said = say(server.port, &bytes);
        is_problem(&said, status);
        assert!(said.contains(&format!("\"status\":{status}")), "{what}: {said}");
    }
    let said = say(server.port, &chunked);
    // The shop itself may have refused it first, for want of a sign-in.
    assert!(
        said.is_empty() || ["401", "413"].iter().any(|status| said.starts_with(&format!("HTTP/1.1 {status} "))),
        "{said}"
    );
    for host in ["evil.example", "203.0.113.1", "shop.example.evil.example", "shop.example@evil.example", "evil:80"] {
        let said = say(server.port, product("Connection: close\r\n").replace("shop.example", host).as_bytes());
        is_problem(&said, 421);
    }
    // Whoever watches over the shop knows it by its address; that is all they may ask of it.
    for host in ["203.0.113.1", "10.0.0.7:8000", "[2001:db8::7]", "any"] {
        let probe = |method: &str, target: &str, rest: &str| {
            say(
                server.port,
                format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{rest}").as_bytes(),
            )
        };
        for target in ["/health/live", "/health/ready"] {
            assert!(probe("GET", target, "\r\n").starts_with("HTTP/1.1 200 "), "{host} {target}");
            assert!(probe("HEAD", target, "\r\n").starts_with("HTTP/1.1 200 "), "{host} {target}");
            is_problem(&probe("POST", target, "Content-Length: 0\r\n\r\n"), 421);
            is_problem(&probe("GET", target, "Content-Length: 1\r\n\r\nx"), 421);
        }
        for target in
            ["/health/live/", "/health", "/health/live/../ready", "//health/live", "/health/%6cive", "/metrics"]
        {
            is_problem(&probe("GET", target, "\r\n"), 421);
        }
        is_problem(&probe("GET", "/health/live", "Host: shop.example\r\n\r\n"), 400);
    }
    for host in ["shop.example:8000", "SHOP.example"] {
        let said = say(server.port, product("Connection: close\r\n").replace("shop.example", host).as_bytes());
        assert!(said.starts_with("HTTP/1.1 200 "), "{host}: {said}");
    }
    let fine = get(&(many(90) + &format!("X: {}\r\n", "a".repeat(16 * 1024))));
    assert!(say(server.port, &fine).starts_with("HTTP/1.1 200 "), "what is large but sensible");
    let told = say(server.port, &head("GET", "/metrics", ""));
    for (reason, least) in
        [("large_body", 2), ("long_uri", 2), ("large_headers", 3), ("not_implemented", 1), ("foreign_host", 3)]
    {
        let counted = number(&told, &format!("nexus_edge_refusals_total{{reason=\"{reason}\"}}"));
        assert!(counted >= least, "{reason}: {counted}");
    }
    assert_eq!(told.matches("\nnexus_edge_refusals_total{").count(), 15, "{told}");
    server.stop();
}

/// What a metric says.
#[track_caller]
fn number(metrics: &str, name: &str) -> u64 {
    let line =
        metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}: {metrics}"));
    line.trim().parse::<f64>().unwrap() as u64
}

#[test]
fn refusals_are_in_the_access_log_with_their_reason_and_client() {
    let place = demo();
    let settings = [("HOSTS", "[\"shop.example\"]")];
    let with = |command: &mut std::process::Command| {
        with_edge(command, &settings);
        command.env("NEXUS_LOG_FORMAT", "json");
    };
    let server = Server::start_and_ask(&place, &[], with, |port| crate::binary::get(port, "/").is_ok());
    let foreign = say(server.port, product("Connection: close\r\n").replace("shop.example", "evil.example").as_bytes());
    let broken = say(server.port, b"GET / HTTP/1.1\nHost: shop.example\n\n");
    for (said, status, refused, method) in [(&foreign, 421, "misdirected", "GET"), (&broken, 400, "bad-request", "-")] {
        is_problem(said, status);
        let id = said.split_once("\"instance\":\"").unwrap().1.split('"').next().unwrap();
        let line = || {
            let log = server.log();
            log.lines()
                .find(|line| line.contains(id))
                .and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        };
        crate::binary::eventually("a line of the log", super::PATIENCE, || line().is_some());
        let line = line().unwrap();
        assert_eq!((&line["status"], &line["refused"]), (&status.into(), &refused.into()), "{line}");
        assert_eq!((&line["client"], &line["method"]), (&"127.0.0.1".into(), &method.into()), "{line}");
        assert!(line["target"] == "nexus::access" && !line.to_string().contains("evil"), "{line}");
    }
    server.stop();
}

#[test]
fn one_too_many_displaces_the_idlest_and_never_one_that_is_answered() {
    let place = demo();
    let server = server(&place, &[("MAX_PER_ADDRESS", "10")]);
    // One is in the middle of a request.
    let mut busy = connect(server.port);
    let login = crate::binary::request_text(
        "POST",
        "/api/v1/auth/login",
        None,
        Some(&serde_json::json!({"email": "a@example.com", "password": "wrong horse battery"})),
    );
    let (first, rest) = login.split_at(login.len() - 5);
    busy.write_all(first.as_bytes()).unwrap();
    let mut used = connect(server.port);
    used.write_all(product("").as_bytes()).unwrap();
    assert!(read_one(&mut used).starts_with("HTTP/1.1 200 "));
    let idle: Vec<TcpStream> = (0..60).map(|_| connect(server.port)).collect();
    for _ in 0..5 {
        answers(server.port);
    }
    let closed = idle.into_iter().filter(|stream| {
        stream.set_nonblocking(true).unwrap();
        matches!(stream.peek(&mut [0; 1]), Ok(0))
    });
    let closed = closed.count();
    assert!((50..60).contains(&closed), "{closed} of 60 were closed");
    let told = say(server.port, product("Connection: close\r\n").replace("/api/v1/products/1", "/metrics").as_bytes());
    let displaced = number(&told, "nexus_edge_refusals_total{reason=\"displaced\"}");
    assert!(displaced >= 50 && (3..=10).contains(&number(&told, "nexus_edge_connections")), "{told}");
    busy.write_all(rest.as_bytes()).unwrap();
    assert!(read_to_close(&mut busy).starts_with("HTTP/1.1 401 "));
    used.write_all(product("Connection: close\r\n").as_bytes()).unwrap();
    assert!(read_to_close(&mut used).starts_with("HTTP/1.1 200 "), "those that never asked went first");
    server.stop();
}

#[test]
fn plain_http_is_sent_on_to_the_configured_address_and_nowhere_else() {
    let place = demo();
    let (port, settings) = (free_port(), place.beside("Rocket.toml"));
    let text = format!(
        "[default.shop]\nurl = \"https://shop.example\"\n[default.edge]\nenabled = true\nredirect_port = {port}\n"
    );
    std::fs::write(&settings, text).unwrap();
    let server = Server::start_with(&place, &["--config", settings.to_str().unwrap()], |_| {});
    for (target, host, expected) in [
        ("/", "shop.example", "https://shop.example/"),
        ("/api/v1/products?search=a%20b", "evil.example", "https://shop.example/api/v1/products?search=a%20b"),
        ("//evil.example/x", "evil.example", "https://shop.example//evil.example/x"),
        ("/\\evil.example", "shop.example", "https://shop.example/\\evil.example"),
        ("http://evil.example/x", "shop.example", "https://shop.example/x"),
    ] {
        for method in ["GET", "POST"] {
            let asked = format!(
                "{method} {target} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n"
            );
            let said = say(port, asked.as_bytes());
            assert!(said.starts_with("HTTP/1.1 308 "), "{said}");
            assert!(said.contains(&format!("\r\nlocation: {expected}\r\n")), "{target}: {said}");
            assert!(
                said.contains("\r\nx-content-type-options: nosniff\r\n") && !said.contains("strict-transport"),
                "{said}"
            );
        }
    }
    is_problem(&say(port, b"GET / HTTP/1.1\nHost: x\n\n"), 400);
    server.stop();
}

#[test]
fn settings_of_the_edge_that_cannot_be_are_refused_and_named() {
    let place = Place::empty();
    let missing = place.beside("missing.pem");
    let missing = missing.to_str().unwrap();
    for (settings, parts) in [
        (&[("HEADER_SECONDS", "0")][..], &["edge.header_seconds"][..]),
        (&[("ENABLED", "maybe")], &["\"auto\", true or false"]),
        (&[("ENABLED", "true"), ("TLS_CERT", missing)], &["edge.tls_cert", "edge.tls_key"]),
        (&[("ENABLED", "true"), ("TLS_CERT", missing), ("TLS_KEY", missing)], &["missing.pem"]),
        (&[("ENABLED", "true"), ("REDIRECT_PORT", "8080")], &["edge.redirect_port", "shop.url"]),
        (&[("HOSTS", "[\"https://shop.example\"]")], &["edge.hosts"]),
        (&[("ENABLED", "true"), ("ACME", "true")], &["edge.acme", "edge.hosts"]),
        (&[("ENABLED", "true"), ("ACME", "true"), ("HOSTS", "[\"*.shop.example\"]")], &["wildcards", "edge.tls_cert"]),
        (&[("ENABLED", "true"), ("ACME", "true"), ("TLS_CERT", missing), ("TLS_KEY", missing)], &["choose one"]),
        (&[("MAX_HORSES", "1")], &["max_horses"]),
    ] {
        let mut command = nexus(&place.data());
        for (name, value) in settings {
            command.env(format!("NEXUS_EDGE_{name}"), value);
        }
        run(command.args(["serve", "--port", &free_port().to_string()])).refuses(parts);
    }
}

#[test]
fn edge_on_a_taken_port_says_so() {
    let place = demo();
    let taken = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = run(nexus(&place.data()).env("NEXUS_EDGE_ENABLED", "true").args(["serve", "--port", &port]));
    said.refuses(&[&port, "cannot listen"]);
    crate::binary::check_is_fine(&place.data());
}
