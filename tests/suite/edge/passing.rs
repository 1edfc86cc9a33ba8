//! What passes through without being held up: web sockets and streams of events. The edge runs here in front of a server
//! of the test's own.

use super::{connect, is_problem, product, read_to_close};
use hyper::header::HeaderValue;
use nexus::config::EdgeSettings;
use nexus::edge::{Doors, Edge, Parts, Running, bind};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// An edge in front of a server that does this with each connection, once its head has been read.
struct Stand {
    port: u16,
    runtime: tokio::runtime::Runtime,
    running: Running,
}

impl Stand {
    fn before(settings: EdgeSettings, serve: impl Fn(String, TcpStream) + Send + Sync + Clone + 'static) -> Self {
        let inner = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let shop = inner.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in inner.incoming() {
                let (stream, serve) = (stream.unwrap(), serve.clone());
                std::thread::spawn(move || {
                    let mut head = String::new();
                    let mut reader = BufReader::with_capacity(1, stream.try_clone().unwrap());
                    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
                    if !head.is_empty() {
                        serve(head, stream);
                    }
                });
            }
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let parts = Parts {
            settings,
            proxies: Vec::new(),
            headers: vec![
                ("x-content-type-options", "nosniff"),
                ("content-security-policy", "default-src 'none'"),
                ("referrer-policy", "no-referrer"),
            ],
            stamp_name: "x-from",
            stamp: Box::new(|address| HeaderValue::from_str(&address.to_string()).unwrap()),
            redirect_to: None,
            open_files: None,
            access_log: false,
            doorway: Arc::default(),
            automatic: None,
        };
        let door = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let port = door.local_addr().unwrap().port();
        let entered = runtime.enter();
        let running = Edge::prepare(parts).unwrap().open(Doors { shop: door, redirect: None }, shop, None).unwrap();
        drop(entered);
        Self { port, runtime, running }
    }

    fn drain(self) {
        self.runtime.block_on(self.running.drain(Duration::from_secs(10)));
    }
}

#[test]
fn web_sockets_pass_both_ways_and_end_with_the_edge() {
    let stand = Stand::before(EdgeSettings::default(), |head, mut stream| {
        let lower = head.to_lowercase();
        assert!(
            lower.contains("\r\nconnection: upgrade\r\n") && lower.contains("\r\nupgrade: websocket\r\n"),
            "{head}"
        );
        assert!(
            lower.contains("\r\nsec-websocket-key: abc\r\n") && lower.contains("\r\nx-from: 127.0.0.1\r\n"),
            "{head}"
        );
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
            .unwrap();
        let mut buffer = [0; 64];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            stream.write_all(&buffer[..read]).unwrap();
        }
    });
    let mut socket = connect(stand.port);
    socket
        .write_all(
            product("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n").as_bytes(),
        )
        .unwrap();
    let head = super::read_one(&mut socket);
    assert!(head.starts_with("HTTP/1.1 101 ") && head.to_lowercase().contains("upgrade: websocket"), "{head}");
    let mut said = [0; 5];
    socket.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"hello");
    // Whatever bytes there are, bare line ends and heads of others among them.
    for frame in
        [&b"\x81\x05frame"[..], b"\n\n\0\xff", b"GET / HTTP/1.1\nHost: x\n\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"]
    {
        socket.write_all(frame).unwrap();
        let mut echo = vec![0; frame.len()];
        socket.read_exact(&mut echo).unwrap();
        assert_eq!(echo, frame);
    }
    assert_eq!(stand.running.connections(), 1, "it counts as long as it lives");
    stand.drain();
    assert_eq!(read_to_close(&mut socket), "");
}

#[test]
fn upgrades_to_anything_else_are_not_passed_on() {
    let stand = Stand::before(EdgeSettings::default(), |head, mut stream| {
        let lower = head.to_lowercase();
        assert!(!lower.contains("upgrade") && !lower.contains("http2-settings"), "{head}");
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").unwrap();
    });
    let asked = product("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n");
    let said = super::say(stand.port, asked.as_bytes());
    assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("ok"), "{said}");
    stand.drain();
}

#[test]
fn events_pass_one_by_one_and_may_be_far_apart() {
    let (tell, told) = mpsc::channel::<()>();
    let told = Arc::new(std::sync::Mutex::new(told));
    // Longer than any deadline for those who are waited for, as nobody is.
    let settings = EdgeSettings { stall_seconds: 1, idle_seconds: 1, header_seconds: 1, ..EdgeSettings::default() };
    let stand = Stand::before(settings, move |_, mut stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nKeep-Alive: 5\r\n\r\n")
            .unwrap();
        for event in ["one", "two", "three"] {
            let text = format!("data: {event}\n\n");
            stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).unwrap();
            // The next one comes only when this one has arrived.
            told.lock().unwrap().recv().unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let mut reader = BufReader::new(connect(stand.port));
    reader.get_mut().write_all(product("Connection: close\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    for event in ["one", "two", "three"] {
        while !text.contains(&format!("data: {event}\n\n")) {
            assert!(reader.read_line(&mut text).unwrap() > 0, "{text}");
        }
        if event == "two" {
            // Nothing to wait for but time: the deadlines above must pass.
            std::thread::sleep(Duration::from_secs(4));
        }
        tell.send(()).unwrap();
    }
    reader.read_to_string(&mut text).unwrap();
    assert!(text.ends_with("0\r\n\r\n") && !text.to_lowercase().contains("keep-alive: 5"), "{text}");
    stand.drain();
}

#[test]
fn shop_that_gives_no_answer_is_said_so() {
    let settings = EdgeSettings { answer_seconds: 1, max_requests: 1, ..EdgeSettings::default() };
    let stand = Stand::before(settings, |head, mut stream| {
        if head.contains("/hangs") {
            let _ = stream.read(&mut [0]);
        }
    });
    let asked = |path: &str| product("Connection: close\r\n").replace("/api/v1/products/1", path);
    is_problem(&super::say(stand.port, asked("/breaks").as_bytes()), 502);
    is_problem(&super::say(stand.port, asked("/hangs").as_bytes()), 504);
    stand.drain();
}

/// Whoever takes all the places for what takes long keeps nobody from what is short.
#[test]
fn slow_uploads_and_streams_keep_nobody_from_short_requests() {
    let settings = EdgeSettings { max_requests: 2, ..EdgeSettings::default() };
    let passed = Arc::new(AtomicUsize::new(0));
    let count = passed.clone();
    let stand = Stand::before(settings, move |head, mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        if head.contains("/stream") {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n").unwrap();
            let _ = stream.read(&mut [0]);
        } else if !head.starts_with("POST") {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").unwrap();
        } else {
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let begin = |text: String| {
        let mut stream = connect(stand.port);
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    // Small ones that do not come to an end are not passed on at all.
    let _small: Vec<_> =
        (0..8).map(|_| begin(format!("{}{{", product("Content-Length: 900\r\n").replace("GET", "POST")))).collect();
    let _large = begin(format!("{}{{", product("Content-Length: 900000\r\n").replace("GET", "POST")));
    let mut streamed = begin(product("").replace("/api/v1/products/1", "/stream"));
    let mut first = [0; 12];
    streamed.read_exact(&mut first).unwrap();
    let both = || passed.load(Ordering::SeqCst) == 2;
    crate::binary::eventually("no place is left for what takes long", Duration::from_secs(10), both);
    let path = product("Connection: close\r\n").replace("/api/v1/products/1", "/stream");
    is_problem(&super::say(stand.port, path.as_bytes()), 503);
    for _ in 0..10 {
        let said = super::say(stand.port, product("Connection: close\r\n").as_bytes());
        assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("ok"), "{said}");
    }
    drop(streamed);
    drop(stand);
}

/// What breaks off in the middle must not look as if it were whole.
#[test]
fn answer_that_breaks_off_is_broken_off() {
    let stand = Stand::before(EdgeSettings::default(), |head, mut stream| {
        let framing = if head.contains("/chunked") {
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        } else {
            "Content-Length: 900000\r\n\r\nhello"
        };
        stream.write_all(format!("HTTP/1.1 200 OK\r\n{framing}").as_bytes()).unwrap();
    });
    for path in ["/chunked", "/long"] {
        let said = super::say(stand.port, product("").replace("/api/v1/products/1", path).as_bytes());
        assert!(!said.ends_with("0\r\n\r\n") && said.len() < 2_000, "{said}");
    }
    stand.drain();
}
