//! Certificates that come by themselves: the real program, and a stand-in for the authority.

mod authority;
mod wire;

use super::{demo, is_problem, product};
use crate::binary::{Place, Server, eventually, free_port, nexus, run};
use crate::edge::tls::{client, get, shake};
use authority::{Authority, ask_plain};
use rustls::ClientConfig;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const HOSTS: [&str; 2] = ["shop.example", "www.shop.example"];
const LONG: Duration = Duration::from_secs(15);

fn hosts() -> Vec<String> {
    HOSTS.map(str::to_owned).to_vec()
}

/// Settings of a shop that gets its certificate from this authority.
fn ask_there(command: &mut Command, place: &Place, authority: &Authority) {
    let roots = place.beside("roots.pem");
    std::fs::write(&roots, authority.root.pem()).unwrap();
    let door = authority.books().door.to_string();
    let hosts = serde_json::to_string(&HOSTS).unwrap();
    let settings = [
        ("ACME", "true"),
        ("ACME_ACCEPT_TERMS", "true"),
        ("ACME_CONTACT", "owner@shop.example"),
        ("ACME_DIRECTORY", &authority.directory()),
        ("ACME_ROOTS", roots.to_str().unwrap()),
        ("REDIRECT_PORT", &door),
        ("HOSTS", &hosts),
    ];
    super::with_edge(command, &settings);
    command.env("NEXUS_SHOP_URL", "https://shop.example");
}

/// A server that answers at its plain door.
fn start(place: &Place, authority: &Authority) -> Server {
    start_with(place, authority, &[])
}

/// The same with other settings.
fn start_with(place: &Place, authority: &Authority, others: &[(&str, &str)]) -> Server {
    let change = |command: &mut Command| {
        authority.books().door = free_port();
        ask_there(command, place, authority);
        command.envs(others.iter().copied());
    };
    let answers = |_| {
        let door = authority.books().door;
        ask_plain(door, "/", "shop.example").starts_with("HTTP/1.1 308 ")
    };
    Server::start_and_ask(place, &[], change, answers)
}

fn kept(place: &Place, authority: &Authority) -> PathBuf {
    place.data().join("acme").join(format!("127.0.0.1-{}-directory", authority.port))
}

fn trusting(authority: &Authority) -> Arc<ClientConfig> {
    client(&[&authority.root.der()], "http/1.1")
}

/// The certificate that is shown.
fn shown(port: u16, config: &Arc<ClientConfig>) -> Option<Vec<u8>> {
    let mut stream = shake(port, config).ok()?;
    stream.write_all(product("Connection: close\r\n").as_bytes()).ok()?;
    stream.read_to_end(&mut Vec::new()).ok()?;
    stream.conn.peer_certificates().map(|chain| chain[0].as_ref().to_vec())
}

fn doctor(place: &Place, authority: &Authority) -> (Option<i32>, String) {
    let mut command = nexus(&place.data());
    ask_there(&mut command, place, authority);
    let said = run(command.arg("doctor"));
    let lines: Vec<&str> = said.out.split("\n").filter(|line| line.contains("certificate:")).collect();
    assert_eq!(lines.len(), 1, "{said:?}");
    (said.code, lines[0].to_owned())
}

#[test]
fn certificate_comes_by_itself_is_kept_and_not_asked_for_again() {
    let (place, authority) = (demo(), Authority::open());
    let config = trusting(&authority);
    {
        let mut books = authority.books();
        (books.bad_nonces, books.blind) = (1, true);
    }
    let server = start(&place, &authority);
    eventually("the authority finds no proof", LONG, || server.log().contains("no certificate was got"));
    // Until it comes, handshakes are refused, and who asks is told why.
    let refused = get(server.port, &config).unwrap_err().to_string();
    assert!(refused.contains("AccessDenied"), "{refused}");
    assert!(server.log().contains("there is no certificate for all hosts yet"), "{}", server.log());
    let (code, line) = doctor(&place, &authority);
    assert!(code == Some(3) && line.contains("PROBLEM") && line.contains("none from ACME yet"), "{line}");
    assert!(line.contains("firewall"), "{line}");
    let mut health = nexus(&place.data());
    ask_there(&mut health, &place, &authority);
    let said = run(health.args(["health", "--port", &server.port.to_string()]));
    assert!(said.code == Some(1) && said.err.contains("there is no certificate yet"), "{said:?}");
    server.stop();
    // The owner mends what was wrong and starts the shop again: it tries at once.
    authority.books().blind = false;
    let server = start(&place, &authority);
    eventually("the certificate comes", LONG, || get(server.port, &config).is_ok());
    let said = get(server.port, &config).unwrap();
    assert!(said.starts_with("HTTP/1.1 200 ") && said.contains("strict-transport-security"), "{said}");
    eventually("the log says so", LONG, || server.log().contains("a new certificate is in use"));
    let (asked, tokens, door) = {
        let books = authority.books();
        assert_eq!(books.faults, Vec::<String>::new());
        assert_eq!((books.wrong_nonces, books.contacts.len(), books.tokens.len()), (1, 1, 4));
        assert_eq!(books.contacts[0], serde_json::json!(["mailto:owner@shop.example"]));
        (books.asked.clone(), books.tokens.clone(), books.door)
    };
    // Neither tokens that nobody knows nor those that are no longer pending are answered; all else is sent on.
    for token in [&tokens[3], "none", "", "../../etc/passwd", "token-1-0_x/"] {
        let said = ask_plain(door, &format!("/.well-known/acme-challenge/{token}"), "shop.example");
        is_problem(&said, 404);
        assert!(!said.contains("strict-transport"), "{said}");
    }
    let said = ask_plain(door, "/.well-known/other", "shop.example");
    assert!(said.starts_with("HTTP/1.1 308 ") && said.contains("https://shop.example/.well-known/other"), "{said}");
    let certificate = shown(server.port, &config).unwrap();
    server.stop();
    let (_, line) = doctor(&place, &authority);
    assert!(line.starts_with("ok ") && line.contains("from ACME is good until"), "{line}");
    is_private_and_no_part_of_a_backup(&place, &authority);
    // A shop that starts again has all it needs.
    let server = start(&place, &authority);
    assert_eq!(shown(server.port, &config).unwrap(), certificate);
    server.stop();
    assert_eq!(authority.books().asked, asked, "nothing was asked for anew");
}

fn is_private_and_no_part_of_a_backup(place: &Place, authority: &Authority) {
    let folder = kept(place, authority);
    for name in ["account.json", "certificate.pem", "tries.json"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let file = place.beside("backup.tar.gz");
    run(nexus(&place.data()).arg("backup").arg(&file)).fine();
    let unpacked = flate2::read::GzDecoder::new(std::fs::File::open(&file).unwrap());
    let mut archive = tar::Archive::new(unpacked);
    let names: Vec<String> =
        archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
    assert!(names.contains(&"nexus.db".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("acme")), "{names:?}");
}

#[test]
fn certificate_near_its_end_is_renewed_and_serves_for_as_long_as_that_fails() {
    let (place, authority) = (demo(), Authority::open());
    let (config, day) = (trusting(&authority), 86_400);
    let (chain, key) = authority.root.make(&hosts(), -75 * day, 15 * day);
    let folder = kept(&place, &authority);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("certificate.pem"), format!("{chain}{key}")).unwrap();
    authority.books().blind = true;
    let server = start(&place, &authority);
    let old = shown(server.port, &config).unwrap();
    eventually("it is not renewed", LONG, || server.log().contains("no certificate was got"));
    let log = server.log();
    assert!(log.contains("edge.redirect_port") && log.contains("likely firewall problem"), "{log}");
    assert_eq!(shown(server.port, &config).unwrap(), old);
    let (code, line) = doctor(&place, &authority);
    assert!(line.contains("advice") && line.contains("firewall") && line.contains("the next is made at"), "{line}");
    assert_ne!(code, None);
    // It is not tried again before its time, until somebody starts the shop anew.
    let asked = authority.books().asked.len();
    server.stop();
    assert_eq!(authority.books().asked.len(), asked);
    {
        let mut books = authority.books();
        (books.blind, books.busy) = (false, vec![1]);
    }
    let server = start(&place, &authority);
    let mut held = shake(server.port, &config).unwrap();
    answers_on(&mut held);
    let (done, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let said = get(server.port, &config).unwrap();
                    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        eventually("it is renewed", LONG, || shown(server.port, &config).is_some_and(|now| now != old));
        done.store(true, Ordering::Relaxed);
    });
    answers_on(&mut held);
    assert!(count.into_inner() > 20);
    assert_eq!(authority.books().faults, Vec::<String>::new());
    let (_, line) = doctor(&place, &authority);
    assert!(line.starts_with("ok "), "{line}");
    server.stop();
}

#[test]
fn another_name_brings_another_certificate_and_an_account_that_was_forgotten_is_made_again() {
    let (place, authority) = (demo(), Authority::open());
    let config = trusting(&authority);
    // What is kept is good for ninety days, and for one of the names.
    let (chain, key) = authority.root.make(&hosts()[..1], -60, 90 * 86_400);
    let folder = kept(&place, &authority);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("certificate.pem"), format!("{chain}{key}")).unwrap();
    authority.books().blind = true;
    let server = start(&place, &authority);
    let old = shown(server.port, &config).expect("one that lacks a name is better than none");
    eventually("it does not come", LONG, || server.log().contains("no certificate was got"));
    assert!(server.log().contains("not for this host host=\"www.shop.example\""), "{}", server.log());
    server.stop();
    // The authority forgets the account; the shop cannot know before it asks.
    {
        let mut books = authority.books();
        books.keys.clear();
        books.blind = false;
    }
    let server = start(&place, &authority);
    eventually("the account is gone", LONG, || server.log().contains("accountDoesNotExist"));
    assert_eq!(shown(server.port, &config).unwrap(), old);
    server.stop();
    let server = start_with(&place, &authority, &[("NEXUS_EDGE_ACME_CONTACT", "")]);
    eventually("another one comes", LONG, || shown(server.port, &config).is_some_and(|now| now != old));
    server.stop();
    // The contact is told anew when the account is needed the next time.
    std::fs::remove_file(folder.join("certificate.pem")).unwrap();
    let server = start(&place, &authority);
    eventually("it is asked for anew", LONG, || get(server.port, &config).is_ok());
    server.stop();
    let books = authority.books();
    assert_eq!(books.faults, Vec::<String>::new());
    let owner = serde_json::json!(["mailto:owner@shop.example"]);
    assert_eq!(books.contacts, [owner.clone(), serde_json::json!([]), owner]);
}

/// Asks on a connection that stays open.
fn answers_on(stream: &mut (impl Read + Write)) {
    stream.write_all(product("").as_bytes()).unwrap();
    let said = super::read_one(stream);
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}
