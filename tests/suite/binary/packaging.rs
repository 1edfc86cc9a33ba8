//! What packages rely on: a socket that outlives the process, the question after its health, and the pages it writes.

use super::{EXE, PATIENCE, Place, Server, nexus, process_id, run};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Starts the program as a service manager does that has opened the socket for it.
fn start_with_socket(place: &Place, socket: &TcpListener) -> Child {
    // A socket can be given on as standard input only; the shell puts it where the program looks for it.
    let script = "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" --data-dir \"$1\" serve --port 1";
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(EXE).arg(place.data());
    command.current_dir(std::env::temp_dir()).stdin(Stdio::from(OwnedFd::from(socket.try_clone().unwrap())));
    let log = std::fs::File::options().create(true).append(true).open(place.beside("log")).unwrap();
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// Whether a request is served; what the program has said, where it is not answered at all.
fn is_served(place: &Place, address: SocketAddr) -> bool {
    let said = || std::fs::read_to_string(place.beside("log")).unwrap_or_default();
    ask(address).unwrap_or_else(|error| panic!("{error}: {}", said()))
}

fn ends_well(mut child: Child) {
    rustix::process::kill_process(process_id(child.id()), rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// One request on a connection of its own.
fn ask(place: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&place, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /api/v1/products HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200 "))
}

/// Asks one request after the other until it is done, and tells how many were served and what became of the others.
fn keep_asking(place: SocketAddr, done: &AtomicBool) -> (usize, Vec<String>) {
    let (mut served, mut failed, started) = (0, Vec::new(), Instant::now());
    while !done.load(Ordering::Relaxed) && started.elapsed() < PATIENCE {
        match ask(place) {
            Ok(true) => served += 1,
            other => failed.push(format!("{other:?}")),
        }
    }
    (served, failed)
}

#[test]
fn restart_with_a_socket_that_was_handed_over_refuses_nobody() {
    let place = Place::with_staff();
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let mut server = start_with_socket(&place, &socket);
    // What connects before it is up waits for it.
    assert!(is_served(&place, address));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(|| keep_asking(address, &done))).collect();
        for _ in 0..3 {
            ends_well(server);
            server = start_with_socket(&place, &socket);
            assert!(is_served(&place, address));
        }
        done.store(true, Ordering::Relaxed);
        for (served, failed) in clients.into_iter().map(|client| client.join().unwrap()) {
            assert!(
                served > 0 && failed.is_empty(),
                "{served} served, {} failed: {:.500}",
                failed.len(),
                failed.concat()
            );
        }
        ends_well(server);
    });
}

#[test]
fn socket_that_cannot_be_listened_on_refuses_to_start() {
    let place = Place::empty();
    let script = "exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" --data-dir \"$1\" serve --port 1";
    let said = run(Command::new("sh").args(["-c", script, EXE]).arg(place.data()).current_dir(std::env::temp_dir()));
    said.refuses(&["socket 1 that was handed over"]);
    assert!(!place.data().exists());
}

#[test]
fn health_tells_a_running_shop_from_none() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let port = server.port.to_string();
    let ask = || run(nexus(&place.data()).args(["health", "--port", &port]));
    assert_eq!(ask().fine(), "ready\n");
    server.stop();
    ask().refuses(&["does not answer", &port]);
}

#[test]
fn manual_has_a_page_for_each_command() {
    let place = Place::empty();
    let folder = place.beside("man");
    run(nexus(&place.data()).args(["man", "--out"]).arg(&folder)).fine();
    for (name, part) in [("nexus", "nexus"), ("nexus-serve", "--demo"), ("nexus-user-create", "--role")] {
        let page = std::fs::read_to_string(folder.join(format!("{name}.1"))).unwrap().replace('\\', "");
        assert!(page.contains(".TH") && page.contains(part), "{name}: {page:.300}");
    }
    assert!(!place.data().exists());
}

/// The page is written by `NEXUS_UPDATE_SNAPSHOTS=1 cargo test --test suite packaging`.
#[test]
fn reference_of_settings_is_the_one_in_docs() {
    let place = Place::empty();
    let page = run(nexus(&place.data()).args(["config", "reference"])).fine();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    if std::env::var_os("NEXUS_UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    assert!(std::fs::read_to_string(&file).unwrap() == page, "docs/configuration.md is out of date");
    let template = run(nexus(&place.data()).args(["config", "template"])).fine();
    assert_eq!(template, include_str!("../../../Rocket.toml"));
}

/// What stands between the fences of one language.
fn blocks(page: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn guide_for_storefronts_works_as_it_is_written() {
    let guide = include_str!("../../../docs/api-guide.md");
    let place = Place::empty();
    let server = Server::start_with(&place, &["--demo"], |_| {});
    let calls = blocks(guide, "sh").replace("127.0.0.1:8000", &format!("127.0.0.1:{}", server.port));
    let strict = "set -eu; curl() { command curl -sS --max-time 30 --fail-with-body \"$@\"; }\n";
    let said = run(Command::new("bash").args(["-c", &format!("{strict}{calls}")])).fine();
    assert!(said.ends_with('}') && said.contains("\"status\":\"paid\""), "{said}");
    server.stop();
}

#[test]
fn page_about_backups_names_the_folder_and_the_settings_of_a_packaged_shop() {
    let (page, assets) = (include_str!("../../../docs/backup.md"), include_str!("../../../packaging/assets.sh"));
    let unit = include_str!("../../../packaging/nexus.service");
    let folder = assets.rsplit_once("dir = \"").unwrap().1.split('"').next().unwrap();
    let litestream = page.split_once("  - path: ").unwrap().1.split_whitespace().next().unwrap();
    assert_eq!(litestream, format!("{folder}/nexus.db"));
    let (user, settings) = ("sudo -u nexus nexus", "--config /etc/nexus/nexus.toml");
    assert!(unit.contains("User=nexus\n") && unit.contains(settings));
    let earnest = page.split_once("In earnest").unwrap().1.split("```").nth(1).unwrap();
    let restore = earnest.lines().find(|line| line.contains(" restore ")).unwrap();
    assert!(restore.starts_with(&format!("{user} {settings} restore {folder}/backups/")), "{restore}");
    for line in page.lines().filter(|line| line.contains("/var/lib/nexus/")) {
        assert!(!line.contains("/var/lib/nexus/data"), "{line}");
    }
}
