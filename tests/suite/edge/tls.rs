//! TLS: both protocols, and a certificate that is exchanged while the shop is asked without a pause.

use super::{PATIENCE, Place, connect, demo, product, read_to_close};
use crate::binary::{Server, eventually};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// A certificate of its own for the shop's name.
struct Made {
    cert: String,
    key: String,
    der: CertificateDer<'static>,
}

fn make() -> Made {
    let made = rcgen::generate_simple_self_signed(vec!["shop.example".to_owned()]).unwrap();
    Made { cert: made.cert.pem(), key: made.signing_key.serialize_pem(), der: made.cert.der().clone() }
}

/// A client that trusts these and offers this protocol.
pub fn client(trusted: &[&CertificateDer<'static>], alpn: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    trusted.iter().for_each(|der| roots.add((*der).clone()).unwrap());
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    // A session that goes on where another ended would show no certificate.
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

fn name() -> ServerName<'static> {
    ServerName::try_from("shop.example").unwrap()
}

pub fn shake(port: u16, config: &Arc<ClientConfig>) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(StreamOwned::new(ClientConnection::new(config.clone(), name()).unwrap(), stream))
}

/// One request on a connection of its own.
pub fn get(port: u16, config: &Arc<ClientConfig>) -> std::io::Result<String> {
    let mut stream = shake(port, config)?;
    stream.write_all(product("Connection: close\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn write_pair(place: &Place, made: &Made) -> (PathBuf, PathBuf) {
    let (cert, key) = (place.beside("cert.pem"), place.beside("key.pem"));
    put(&cert, &made.cert);
    put(&key, &made.key);
    (cert, key)
}

/// As tools that renew certificates do it: beside the old one, then in its place.
fn put(path: &Path, text: &str) {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, text).unwrap();
    std::fs::rename(fresh, path).unwrap();
}

/// A server that answers on TLS; asking it in plain is how a test waits for it elsewhere, so this waits itself.
fn start(place: &Place, cert: &Path, key: &Path, more: &[(&str, &str)], config: &Arc<ClientConfig>) -> Server {
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let settings = [&[("TLS_CERT", cert), ("TLS_KEY", key)], more].concat();
    Server::start_and_ask(place, &[], |command| super::with_edge(command, &settings), |port| get(port, config).is_ok())
}

#[test]
fn both_protocols_are_spoken_and_browsers_are_told_to_stay() {
    let (place, made) = (demo(), make());
    let (cert, key) = write_pair(&place, &made);
    let config = client(&[&made.der], "http/1.1");
    let server = start(&place, &cert, &key, &[("HANDSHAKE_SECONDS", "1"), ("HEADER_SECONDS", "2")], &config);
    let said = get(server.port, &config).unwrap();
    assert!(said.starts_with("HTTP/1.1 200 ") && said.contains("strict-transport-security: max-age="), "{said}");
    let out = std::fs::read_to_string(place.beside("server.out")).unwrap();
    assert!(out.contains(&format!("https://127.0.0.1:{}", server.port)), "{out}");
    assert!(!out.contains("Listening"), "{out}");
    // What the edge says itself is said through TLS as well.
    let mut stream = shake(server.port, &config).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n").unwrap();
    let said = read_to_close(&mut stream);
    super::is_problem(&said, 400);
    assert!(said.contains("strict-transport-security"), "{said}");
    // Plain HTTP on this port is no handshake, and neither is silence.
    let said = super::say(server.port, product("").as_bytes());
    assert!(!said.contains("HTTP/1.1"), "{said}");
    let silent = std::time::Instant::now();
    read_to_close(&mut connect(server.port));
    assert!((0.9..6.0).contains(&silent.elapsed().as_secs_f32()), "{:?}", silent.elapsed());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(asks_by_http2(server.port, &made));
    server.stop();
}

async fn asks_by_http2(port: u16, made: &Made) {
    let stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let stream = tokio_rustls::TlsConnector::from(client(&[&made.der], "h2")).connect(name(), stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = |method: &str, path: &str, body: &'static str| {
        let uri = format!("https://shop.example{path}");
        let kind = ("content-type", "application/json");
        hyper::Request::builder()
            .method(method)
            .uri(uri)
            .header(kind.0, kind.1)
            .body(Full::<bytes::Bytes>::from(body))
            .unwrap()
    };
    // Many at once on one connection.
    let asked: Vec<_> = (0..50).map(|_| sender.send_request(request("GET", "/api/v1/products/1", ""))).collect();
    for answer in asked {
        let answer = answer.await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("connection")), (200, false));
        assert!(answer.into_body().collect().await.unwrap().to_bytes().starts_with(b"{\"id\":1,"));
    }
    let login = r#"{"email":"nobody@example.com","password":"wrong horse battery"}"#;
    let answer = sender.send_request(request("POST", "/api/v1/auth/login", login)).await.unwrap();
    assert_eq!(answer.status(), 401);
    let answer = sender.send_request(request("GET", "/nothing", "")).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (404, &"application/problem+json".parse().unwrap())
    );
    let answer = sender.send_request(request("GET", &format!("/{}", "a".repeat(9_000)), "")).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("strict-transport-security")), (414, true));
    // With nothing more to ask, it is told to go.
    let ended = tokio::time::timeout(PATIENCE, sender.ready()).await;
    assert!(ended.is_ok());
    drop(sender);
    tokio::time::timeout(PATIENCE, connection).await.unwrap().unwrap().unwrap();
}

#[test]
fn certificate_is_exchanged_under_load_and_a_broken_one_changes_nothing() {
    let (place, old, new) = (demo(), make(), make());
    let (cert, key) = write_pair(&place, &old);
    let (trusts_old, trusts_new) = (client(&[&old.der], "http/1.1"), client(&[&new.der], "http/1.1"));
    let trusts_both = client(&[&old.der, &new.der], "http/1.1");
    let server = start(&place, &cert, &key, &[], &trusts_old);
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let said = get(server.port, &trusts_both).unwrap();
                    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // A key that belongs to another certificate, and something that is none.
        put(&key, &new.key);
        eventually("the log says why", Duration::from_secs(10), || server.log().contains("cannot be used"));
        assert!(get(server.port, &trusts_old).is_ok(), "the old one is still in use");
        put(&cert, "nothing of the kind");
        eventually("the log says so again", Duration::from_secs(10), || {
            server.log().matches("cannot be used").count() > 1
        });
        assert!(get(server.port, &trusts_old).is_ok() && get(server.port, &trusts_new).is_err());
        put(&cert, &new.cert);
        eventually("the new one is in use", Duration::from_secs(10), || get(server.port, &trusts_new).is_ok());
        assert!(get(server.port, &trusts_old).is_err());
        done.store(true, Ordering::Relaxed);
    });
    assert!(asked.into_inner() > 20);
    server.stop();
}

/// Asks for much on many streams and takes none of it: cut off in time, and nothing piles up meanwhile.
#[test]
fn reader_of_http2_that_takes_nothing_is_cut_off_and_costs_little() {
    let (place, made) = (demo(), make());
    let (cert, key) = write_pair(&place, &made);
    let config = client(&[&made.der], "http/1.1");
    let settings = [("STALL_SECONDS", "3"), ("MIN_BYTES_PER_SECOND", "1000000"), ("IDLE_SECONDS", "4")];
    let server = start(&place, &cert, &key, &settings, &config);
    for path in ["/api/openapi.json", "/api/v1/products?page_size=20"] {
        // What is made when it is first asked for is made before.
        let mut stream = shake(server.port, &config).unwrap();
        let asked = product("Connection: close\r\n").replace("/api/v1/products/1", path);
        stream.write_all(asked.as_bytes()).unwrap();
        assert!(read_to_close(&mut stream).starts_with("HTTP/1.1 200 "));
        let before = resident_kib(&server);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (took, most) = runtime.block_on(takes_nothing(&server, &made, path));
        assert!((2.9..9.0).contains(&took.as_secs_f32()), "{path}: {took:?}");
        assert!(most < before + 24 * 1024, "{path}: {before} KiB grew to {most}");
        get(server.port, &config).unwrap();
    }
    server.stop();
}

fn resident_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How long the server has patience with a hundred streams on each of four connections, and how large it grows.
async fn takes_nothing(server: &Server, made: &Made, path: &str) -> (Duration, u64) {
    let began = std::time::Instant::now();
    let (mut connections, mut senders, mut asked) = (tokio::task::JoinSet::new(), Vec::new(), Vec::new());
    for _ in 0..4 {
        let stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).await.unwrap();
        let stream =
            tokio_rustls::TlsConnector::from(client(&[&made.der], "h2")).connect(name(), stream).await.unwrap();
        let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        // Room for next to nothing, and more is granted only for what is read.
        builder.initial_stream_window_size(100);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
        connections.spawn(async move { drop(connection.await) });
        for _ in 0..100 {
            let uri = format!("https://shop.example{path}");
            let request = hyper::Request::builder().uri(uri).body(Full::<bytes::Bytes>::default()).unwrap();
            asked.push(tokio::spawn(sender.send_request(request)));
        }
        senders.push(sender);
    }
    let mut most = 0;
    let all_closed = async {
        while !matches!(tokio::time::timeout(Duration::from_millis(200), connections.join_next()).await, Ok(None)) {
            most = most.max(resident_kib(server));
        }
    };
    tokio::time::timeout(PATIENCE, all_closed).await.expect("never cut off");
    drop((senders, asked));
    (began.elapsed(), most)
}
