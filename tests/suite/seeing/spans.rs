//! Spans of OpenTelemetry, given to a stand-in for a collector: of requests by route, of writes below them, of slow reads.

use crate::binary::{Place, Server, eventually, exchange, get, nexus, request_text, run};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A head and a body.
type Told = (String, Vec<u8>);

/// Takes what is told at an address of its own.
struct Collector {
    port: u16,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let heard = heard.clone();
                std::thread::spawn(move || {
                    let mut stream = BufReader::new(stream.unwrap());
                    let mut head = String::new();
                    while stream.read_line(&mut head).is_ok_and(|read| read > 0) {
                        if !head.ends_with("\r\n\r\n") {
                            continue;
                        }
                        let lower = head.to_lowercase();
                        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
                        let mut body = vec![0; length.unwrap().parse().unwrap()];
                        stream.read_exact(&mut body).unwrap();
                        heard.lock().unwrap().push((std::mem::take(&mut head), body));
                        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                    }
                });
            }
        });
        Self { port, told }
    }

    /// How often this was told; texts and ids stand in what is sent as they are.
    fn heard(&self, word: &[u8]) -> usize {
        let told = self.told.lock().unwrap();
        told.iter().map(|(_, body)| body.windows(word.len()).filter(|part| *part == word).count()).sum()
    }
}

#[test]
fn spans_of_requests_writes_and_slow_reads_reach_a_collector_and_hold_no_values() {
    let collector = Collector::start();
    let place = Place::with_staff();
    run(nexus(&place.data()).args(["seed", "--products", "4000", "--seed", "7"])).fine();
    let server = Server::start_with(&place, &[], |command| {
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{}", collector.port))
            .env("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=shop")
            .env("OTEL_BSP_SCHEDULE_DELAY", "100")
            .env("NEXUS_CACHE_ENABLED", "false")
            .env("NEXUS_LOG_SLOW_MS", "1");
    });
    let token = server.token();
    let body = serde_json::json!({ "name": "zebrafinch", "price": "1.00", "category": "Proof > Seeing" });
    // Whoever asks is in the middle of something of their own.
    let [reading, writing] = ["4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"];
    let belonging = format!("\r\ntraceparent: 00-{writing}-b7ad6b7169203331-01\r\n");
    let asked = request_text("POST", "/api/v1/products", Some(&token), Some(&body)).replacen("\r\n", &belonging, 1);
    assert_eq!(exchange(server.port, &asked).unwrap().status, 201);
    let asked = format!(
        "GET /api/v1/products?search=zebrafinch&include=facets,count HTTP/1.1\r\nHost: a\r\n\
         traceparent: 00-{reading}-00f067aa0ba902b7-01\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(exchange(server.port, &asked).unwrap().status, 200);
    let id = |trace: &str| -> Vec<u8> {
        (0..trace.len()).step_by(2).map(|at| u8::from_str_radix(&trace[at..at + 2], 16).unwrap()).collect()
    };
    let words: [&[u8]; 6] = [
        b"service.name",
        b"GET /api/v1/products",
        b"http.response.status_code",
        b"write ",
        b"product.create",
        b"slow read",
    ];
    eventually("spans at the collector", Duration::from_secs(20), || {
        // All of them are looked at, which takes longer than a millisecond.
        assert_eq!(get(server.port, "/api/v1/products?include=facets,count").unwrap().status, 200);
        // The write of the one is in the same trace.
        words.iter().all(|word| collector.heard(word) > 0)
            && [reading, writing].map(|trace| collector.heard(&id(trace))) == [1, 2]
    });
    server.stop();
    assert_eq!(collector.heard(b"zebrafinch"), 0, "what somebody sent was told");
    for (head, _) in collector.told.lock().unwrap().iter() {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
        let lower = head.to_lowercase();
        assert!(lower.contains("content-type: application/x-protobuf") && lower.contains("x-tenant: shop"), "{head}");
    }
}

#[test]
fn protocol_that_is_not_spoken_refuses_to_start() {
    let place = Place::with_staff();
    let mut command = nexus(&place.data());
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1").env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    run(command.args(["serve", "--port", "0"])).refuses(&["OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"]);
}

#[test]
fn collector_that_is_not_there_holds_nobody_up() {
    let place = Place::with_staff();
    let server = Server::start_with(&place, &[], |command| {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    });
    assert_eq!(
        exchange(server.port, "GET /api/v1/products HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap().status,
        200
    );
    server.stop();
}
