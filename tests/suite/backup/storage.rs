//! Uploads to storage that speaks S3, by a stand-in that checks each signature as the protocol has it.

use super::api::{admin, make, with_admin};
use crate::binary::{Server, eventually, get, nexus, run};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ACCESS: &str = "AKIAEXAMPLE";
const SECRET: &str = "0123/secret+key";

/// Storage: what was put, and whether it takes anything at the moment.
struct Storage {
    port: u16,
    kept: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    broken: Arc<AtomicBool>,
}

impl Storage {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let storage =
            Self { port: listener.local_addr().unwrap().port(), kept: Arc::default(), broken: Arc::default() };
        let (kept, broken) = (storage.kept.clone(), storage.broken.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = serve(&stream, &kept, broken.load(Ordering::Relaxed));
                let text = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = (&stream).write_all(text.as_bytes());
            }
        });
        storage
    }

    fn settings<'c>(&self, command: &'c mut Command, secret: &str) -> &'c mut Command {
        command
            .env("NEXUS_BACKUP_S3_ENDPOINT", format!("http://127.0.0.1:{}", self.port))
            .env("NEXUS_BACKUP_S3_BUCKET", "backups")
            .env("NEXUS_BACKUP_S3_PREFIX", "my-shop/")
            .env("NEXUS_BACKUP_S3_REGION", "eu-central-1")
            .env("NEXUS_BACKUP_S3_ACCESS_KEY", ACCESS)
            .env("NEXUS_BACKUP_S3_SECRET_KEY", secret)
    }

    fn kept(&self) -> BTreeMap<String, Vec<u8>> {
        self.kept.lock().unwrap().clone()
    }
}

fn serve(stream: &TcpStream, kept: &Mutex<BTreeMap<String, Vec<u8>>>, broken: bool) -> &'static str {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let header = |name: &str| {
        let fields = lines.iter().filter_map(|line| line.split_once(':'));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()).next()
    };
    let length: usize = header("content-length").and_then(|text| text.parse().ok()).expect("a length");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let request: Vec<&str> = lines[0].split(' ').collect();
    let (path, query) = request[1].split_once('?').unwrap();
    if broken {
        return "503 Slow Down";
    }
    if signature(request[0], path, query, &header("host").unwrap()) != query.split_once("X-Amz-Signature=").unwrap().1 {
        return "403 Forbidden";
    }
    kept.lock().unwrap().insert(path.to_owned(), body);
    "200 OK"
}

/// The signature that a request must have (AWS Signature Version 4, in the query, body not signed).
fn signature(method: &str, path: &str, query: &str, host: &str) -> String {
    let mut fields: Vec<&str> = query.split('&').filter(|field| !field.starts_with("X-Amz-Signature=")).collect();
    fields.sort_unstable();
    let field = |name: &str| {
        let found = fields.iter().find_map(|field| field.strip_prefix(name)).unwrap();
        found.replace("%2F", "/")
    };
    let (date, credential) = (field("X-Amz-Date="), field("X-Amz-Credential="));
    let (access, scope) = credential.split_once('/').unwrap();
    assert_eq!(access, ACCESS);
    let canonical = format!("{method}\n{path}\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD", fields.join("&"));
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = scope.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, step| mac(&key, step));
    hex(&mac(&key, &to_sign))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn backup_of_a_running_shop_is_uploaded_and_a_failure_is_told() {
    let (storage, place) = (Storage::start(), with_admin());
    let server = Server::start_with(&place, &[], |command| {
        storage.settings(command, SECRET);
    });
    let token = admin(server.port);
    let made = make(server.port, &token);
    assert_eq!((&made["state"], &made["uploaded"]), (&"done".into(), &true.into()), "{made}");
    let name = made["name"].as_str().unwrap();
    let file = std::fs::read(place.data().join("backups").join(name)).unwrap();
    assert_eq!(storage.kept(), BTreeMap::from([(format!("/backups/my-shop/{name}"), file)]));
    storage.broken.store(true, Ordering::Relaxed);
    let made = make(server.port, &token);
    assert_eq!((&made["state"], &made["uploaded"]), (&"failed".into(), &false.into()), "{made}");
    assert!(made["size"].as_u64().is_some(), "it was made all the same: {made}");
    eventually("the log says why", Duration::from_secs(5), || server.log().contains("answered 503"));
    // Nobody who looks after the shop has to read the log for it.
    for command in ["status", "doctor"] {
        let said = run(nexus(&place.data()).arg(command));
        assert!(said.code == Some(3) && said.out.contains("could not be uploaded"), "{command}: {said:?}");
    }
    let metrics = String::from_utf8(get(server.port, "/metrics").unwrap().body).unwrap();
    assert!(metrics.contains("nexus_backup_failures_total{stage=\"uploaded\"} 1"), "{metrics}");
    storage.broken.store(false, Ordering::Relaxed);
    make(server.port, &token);
    eventually("all is well", Duration::from_secs(10), || run(nexus(&place.data()).arg("status")).code == Some(0));
    assert!(!server.log().contains(SECRET) && !server.log().contains("X-Amz-Signature"));
    server.stop();
}

#[test]
fn backup_from_the_command_line_is_uploaded_only_out_of_the_folder_and_with_the_right_key() {
    let (storage, place) = (Storage::start(), with_admin());
    let said = run(storage.settings(nexus(&place.data()).arg("backup"), SECRET)).fine();
    assert!(said.contains("uploaded to backups"), "{said}");
    assert_eq!(storage.kept().len(), 1);
    let elsewhere = place.beside("x.tar.gz");
    run(storage.settings(nexus(&place.data()).arg("backup").arg(elsewhere), SECRET)).fine();
    let wrong = run(storage.settings(nexus(&place.data()).arg("backup"), "wrong"));
    wrong.refuses(&["was made and could not be uploaded", "403"]);
    assert_eq!(storage.kept().len(), 1);
    let list = run(nexus(&place.data()).args(["backup", "list", "--json"])).fine();
    let uploaded: Vec<bool> = list.lines().map(|line| line.contains("\"uploaded\":true")).collect();
    assert_eq!(uploaded, [false, true], "{list}");
}
