//! What is never sent to, and what sending makes of answers. Listeners here count who connects to them.

use super::target::{Allowed, Lookup};
use super::{HttpSender, Post, Refused, Reply, SendError, WebhookSender};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Knows these names and no others, and counts how often it is asked.
struct Names(Vec<(&'static str, Vec<IpAddr>)>, AtomicUsize);

impl Names {
    fn new(names: &[(&'static str, &[&str])]) -> Arc<Self> {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self(names.iter().map(|(name, texts)| (*name, addresses(texts))).collect(), AtomicUsize::new(0)))
    }
}

impl Lookup for Names {
    fn addresses(&self, name: &str, _: u16) -> io::Result<Vec<IpAddr>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let found = self.0.iter().find(|(known, _)| *known == name).map(|(_, addresses)| addresses.clone());
        found.ok_or_else(|| io::Error::other("no such name"))
    }
}

/// A server on the loopback address that says what it is told to, once for each connection.
struct Stub {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    fn start(answer: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<Vec<String>>>::default());
        let (counted, kept) = (connections.clone(), requests.clone());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut head, mut length) = (String::new(), 0);
                while reader.read_line(&mut head).is_ok_and(|read| read > 2) {
                    let last = head.lines().last().unwrap_or_default().to_ascii_lowercase();
                    length = last.strip_prefix("content-length: ").map_or(length, |n| n.parse().unwrap());
                }
                let mut body = vec![0; length];
                let _ = reader.read_exact(&mut body);
                kept.lock().unwrap().push(head + &String::from_utf8_lossy(&body));
                let _ = stream.write_all(answer.as_bytes());
                if answer.is_empty() {
                    // Says nothing until the client gives up.
                    let _ = io::copy(&mut reader, &mut io::sink());
                }
            }
        });
        Self { port, connections, requests }
    }

    fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn post(url: impl Into<String>) -> Post {
    Post { url: url.into(), headers: vec![("webhook-id", "evt_1".to_owned())], body: "{}".to_owned() }
}

fn code(result: Result<String, Refused>) -> &'static str {
    result.map_or_else(|refused| refused.code, |_| "")
}

fn sent_code(result: Result<Reply, SendError>) -> &'static str {
    match result {
        Err(SendError::Refused(refused)) => refused.code,
        Err(SendError::Failed(_)) => "failed",
        Ok(_) => "",
    }
}

#[test]
fn evil_addresses_are_refused_when_saved_and_when_sent_and_nobody_is_connected_to() {
    let stub = Stub::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned());
    let port = stub.port;
    let names = Names::new(&[
        ("private.example.com", &["10.0.0.7"]),
        ("loopback.example.com", &["127.0.0.1"]),
        ("metadata.example.com", &["169.254.169.254"]),
        ("mixed.example.com", &["8.8.8.8", "127.0.0.1"]),
        ("six.example.com", &["::1"]),
        ("mapped.example.com", &["::ffff:127.0.0.1"]),
        ("nat64.example.com", &["64:ff9b::a00:1"]),
    ]);
    let sender = HttpSender::new(Allowed::default()).looking_up(names).within(Duration::from_secs(3));
    let evil: Vec<(String, &str)> = [
        ("https://127.0.0.1/", "private"),
        ("https://127.1/", "private"),
        ("https://2130706433/", "private"),
        ("https://0x7f000001/", "private"),
        ("https://0x7f.0.0.1/", "private"),
        ("https://017700000001/", "private"),
        ("https://0177.0.0.01/", "private"),
        ("https://127.0.0.1./", "private"),
        ("https://%31%32%37.0.0.1/", "private"),
        ("https://１２７.0.0.1/", "private"),
        ("https://①②⑦.0.0.1/", "private"),
        ("https://0/", "private"),
        ("https://0.0.0.0/", "private"),
        ("https://[::]/", "private"),
        ("https://[::1]/", "private"),
        ("https://[0:0:0:0:0:0:0:1]/", "private"),
        ("https://[::ffff:127.0.0.1]/", "private"),
        ("https://[::ffff:7f00:1]/", "private"),
        ("https://[::127.0.0.1]/", "private"),
        ("https://[fe80::1]/", "private"),
        ("https://[fd00:ec2::254]/", "private"),
        ("https://[fc00::1]/", "private"),
        ("https://[64:ff9b::127.0.0.1]/", "private"),
        ("https://[2002:7f00:1::]/", "private"),
        ("https://[ff02::1]/", "private"),
        ("https://169.254.169.254/latest/meta-data/", "private"),
        ("https://2852039166/", "private"),
        ("https://10.0.0.1/", "private"),
        ("https://172.16.0.1/", "private"),
        ("https://192.168.1.1/", "private"),
        ("https://100.64.0.1/", "private"),
        ("https://198.18.0.1/", "private"),
        ("https://192.0.2.1/", "private"),
        ("https://224.0.0.1/", "private"),
        ("https://255.255.255.255/", "private"),
        ("https://localhost/", "private"),
        ("https://LOCALHOST/", "private"),
        ("https://localhost./", "private"),
        ("https://shop.localhost/", "private"),
        ("https://printer.local/", "private"),
        ("https://metadata.google.internal/", "private"),
        ("https://intranet/", "private"),
        ("https://private.example.com/", "private"),
        ("https://private.example.com./", "private"),
        ("https://PRIVATE.example.com/", "private"),
        ("https://loopback.example.com/", "private"),
        ("https://metadata.example.com/", "private"),
        ("https://mixed.example.com/", "private"),
        ("https://six.example.com/", "private"),
        ("https://mapped.example.com/", "private"),
        ("https://nat64.example.com/", "private"),
        ("http://8.8.8.8/", "scheme"),
        ("http://hooks.example.com/", "scheme"),
        ("ftp://8.8.8.8/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://127.0.0.1:70/", "scheme"),
        ("dict://127.0.0.1:11211/", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("data:text/plain,x", "scheme"),
        ("https://user@8.8.8.8/", "userinfo"),
        ("https://user:secret@8.8.8.8/", "userinfo"),
        ("https://8.8.8.8@127.0.0.1/", "userinfo"),
        ("https://8.8.8.8:22/", "port"),
        ("https://8.8.8.8:25/", "port"),
        ("https://8.8.8.8:6379/", "port"),
        ("https://8.8.8.8:0/", "port"),
        ("https://8.8.8.8:99999/", "invalid"),
        ("https://8.8.8.8\\@127.0.0.1/", "invalid"),
        ("https://8.8.8.8\t/", "invalid"),
        ("https://8.8.8.8/\r\nHost: x", "invalid"),
        (" https://8.8.8.8/", "invalid"),
        ("https:///", "invalid"),
        ("https://[fe80::1%25eth0]/", "invalid"),
        ("https://localhost../", "invalid"),
        ("//8.8.8.8/", "invalid"),
        ("8.8.8.8", "invalid"),
        ("", "invalid"),
    ]
    .into_iter()
    .map(|(url, code)| (url.to_owned(), code))
    .chain([
        (format!("http://127.0.0.1:{port}/"), "scheme"),
        (format!("https://127.0.0.1:{port}/"), "port"),
        (format!("http://localhost:{port}/"), "scheme"),
        (format!("http://2130706433:{port}/"), "scheme"),
    ])
    .collect();
    for (url, expected) in &evil {
        let saved = sender.check(url);
        assert_eq!(code(saved.clone()), *expected, "saving {url:?}: {saved:?}");
        let sent = sender.send(&post(url));
        assert_eq!(sent_code(sent.clone()), *expected, "sending {url:?}: {sent:?}");
    }
    assert_eq!(stub.count(), 0);
}

#[test]
fn addresses_are_kept_in_their_one_usual_form() {
    let names = Names::new(&[("hooks.example.com", &["8.8.8.8", "2001:4860:4860::8888"])]);
    let sender = HttpSender::new(Allowed::default()).looking_up(names);
    for (given, kept) in [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("HTTPS://Hooks.Example.COM.:443/a?b=c#d", "https://hooks.example.com/a?b=c"),
        ("https://134744072/x", "https://8.8.8.8/x"),
        ("https://[2001:4860:4860::8888]:8443/", "https://[2001:4860:4860::8888]:8443/"),
        // Unknown now, perhaps known later: looked at again before anything is sent.
        ("https://nobody-knows.example.com/", "https://nobody-knows.example.com/"),
    ] {
        assert_eq!(sender.check(given), Ok(kept.to_owned()));
    }
}

#[test]
fn name_is_resolved_once_and_only_what_was_looked_at_is_connected_to() {
    let stub = Stub::start("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned());
    let names = Names::new(&[("hooks.internal", &["127.0.0.1"])]);
    let allowed = Allowed::new(&[format!("Hooks.internal:{}", stub.port)]);
    let sender = HttpSender::new(allowed).looking_up(names.clone());
    let reply = sender.send(&post(format!("http://hooks.internal:{}/a", stub.port))).unwrap();
    assert_eq!((reply.status, stub.count(), names.1.load(Ordering::SeqCst)), (204, 1, 1));
    let request = stub.requests.lock().unwrap()[0].to_ascii_lowercase();
    assert!(request.starts_with("post /a http/1.1\r\n"), "{request}");
    for line in [&format!("host: hooks.internal:{}", stub.port), "webhook-id: evt_1", "content-type: application/json"]
    {
        assert!(request.lines().any(|l| l == line), "no {line:?} in {request}");
    }
    assert!(request.ends_with("\r\n\r\n{}"), "{request}");
    // What is let in is one host on one port.
    for (url, code) in [("http://hooks.internal:1/", "scheme"), ("http://127.0.0.1:80/", "scheme")] {
        assert_eq!(sent_code(sender.send(&post(url))), code, "{url}");
    }
}

#[test]
fn redirects_are_answers_and_nobody_follows_them() {
    let target = Stub::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned());
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("http://127.0.0.1:{}/", target.port);
        let stub = Stub::start(format!(
            "HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ));
        let own = format!("127.0.0.1:{}", stub.port);
        let sender = HttpSender::new(Allowed::new(&[own.clone(), format!("127.0.0.1:{}", target.port)]));
        let reply = sender.send(&post(format!("http://{own}/"))).unwrap();
        assert_eq!(reply.status.to_string(), status[..3]);
        assert_eq!((stub.count(), target.count()), (1, 0), "{status}");
    }
}

#[test]
fn endpoint_that_hangs_or_never_ends_its_answer_is_left_after_a_while() {
    let patience = Duration::from_millis(400);
    let silent = Stub::start(String::new());
    let endless = Stub::start(format!("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n{}", "x".repeat(9_000)));
    let rude = Stub::start("220 mail ready\r\n".to_owned());
    let sender = |stub: &Stub| HttpSender::new(Allowed::new(&[format!("127.0.0.1:{}", stub.port)])).within(patience);
    let send = |stub: &Stub| sender(stub).send(&post(format!("http://127.0.0.1:{}/", stub.port)));
    let started = Instant::now();
    let error = send(&silent).unwrap_err().to_string();
    assert!(error.starts_with("no answer within 0.4"), "{error}");
    let reply = send(&endless).unwrap();
    assert_eq!((reply.status, reply.excerpt.len()), (200, 500));
    assert!(matches!(send(&rude), Err(SendError::Failed(_))));
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let gone = HttpSender::new(Allowed::new(&[closed.to_string()])).send(&post(format!("http://{closed}/")));
    assert_eq!(gone.unwrap_err().to_string(), "the connection failed: connection refused");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
