//! Backups over HTTP: who may, one at a time, and that they hold every order that was acknowledged before.

use super::{backup, manifest, unpack};
use crate::binary::{
    PASSWORD, Place, Server, eventually, exchange, login, nexus, request, request_text, run, run_with,
};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ADMIN: &str = "admin@example.com";
const BACKUPS: &str = "/api/v1/admin/backups";

pub(super) fn with_admin() -> Place {
    let place = Place::with_staff();
    let mut command = nexus(&place.data());
    command.args(["user", "create", "--role", "admin", "--email", ADMIN, "--password-stdin"]);
    assert_eq!(run_with(&mut command, PASSWORD).code, Some(0));
    place
}

pub(super) fn admin(port: u16) -> String {
    login(port, ADMIN, PASSWORD).json()["access"].as_str().unwrap().to_owned()
}

/// Makes a backup over HTTP and waits until it is done.
pub(super) fn make(port: u16, token: &str) -> Value {
    let begun = request(port, "POST", BACKUPS, Some(token), None).unwrap();
    assert_eq!(begun.status, 202, "{begun:?}");
    let name = begun.json()["name"].clone();
    let find = || {
        let list = request(port, "GET", BACKUPS, Some(token), None).unwrap().json();
        list["results"].as_array().unwrap().iter().find(|entry| entry["name"] == name).cloned().unwrap()
    };
    eventually("the backup is made", Duration::from_secs(30), || find()["state"] != "running");
    find()
}

fn download(port: u16, path: &str, token: &str) -> Vec<u8> {
    let reply = request(port, "GET", path, Some(token), None).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.head);
    assert_eq!(reply.header("Content-Type"), Some("application/gzip"));
    assert_eq!(reply.header("Cache-Control"), Some("no-store"));
    assert!(reply.header("Content-Disposition").unwrap().starts_with("attachment"));
    reply.body
}

#[test]
fn admin_makes_lists_and_downloads_a_backup_and_nobody_else_does() {
    let place = with_admin();
    let server = Server::start(&place);
    let (port, token) = (server.port, admin(server.port));
    let staff = server.token();
    assert_eq!(request(port, "POST", BACKUPS, Some(&staff), None).unwrap().status, 403);
    let made = make(port, &token);
    assert_eq!((&made["state"], &made["kind"], &made["problem"]), (&"done".into(), &"manual".into(), &Value::Null));
    let name = made["name"].as_str().unwrap();
    let path = format!("{BACKUPS}/{name}");
    assert_eq!(request(port, "GET", &path, Some(&staff), None).unwrap().status, 403);
    let bytes = download(port, &path, &token);
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n");
    assert_eq!(exchange(port, &format!("{head}If-None-Match: \"{name}\"\r\n\r\n")).unwrap().status, 304);
    assert_eq!(bytes.len() as u64, made["size"].as_u64().unwrap());
    let kept = place.beside("downloaded.tar.gz");
    std::fs::write(&kept, bytes).unwrap();
    run(nexus(&place.data()).args(["backup", "verify"]).arg(&kept)).fine();
    for bad in ["nexus.db", "..%2Fnexus.db", "nexus-20260131-090500-123.tar.gz"] {
        assert_eq!(request(port, "GET", &format!("{BACKUPS}/{bad}"), Some(&token), None).unwrap().status, 404, "{bad}");
    }
    let log = request(port, "GET", "/api/v1/admin/audit?action=backup.", Some(&token), None).unwrap().json();
    let actions: Vec<_> = log["results"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["backup.download", "backup.download", "backup.create"]);
    server.stop();
}

/// An order that was acknowledged.
fn buy(port: u16) -> Option<(i64, String)> {
    let cart = request(port, "POST", "/api/v1/carts", None, None).ok()?.json();
    let cart = cart["token"].as_str()?.to_owned();
    let line = json!({ "variant_id": 1, "quantity": 1 });
    request(port, "POST", &format!("/api/v1/carts/{cart}/lines"), None, Some(&line)).ok()?;
    let body = json!({
        "email": "ann@example.com", "payment": { "provider": "test", "outcome": "paid" },
        "shipping_address": {
            "name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL",
        },
    });
    let text = request_text("POST", &format!("/api/v1/carts/{cart}/checkout"), None, Some(&body));
    let text = text.replacen("\r\n", &format!("\r\nIdempotency-Key: {cart}\r\n"), 1);
    let reply = exchange(port, &text).ok().filter(|reply| reply.status == 201)?;
    let order = reply.json();
    Some((order["number"].as_str()?.parse().ok()?, order["token"].as_str()?.to_owned()))
}

fn orders(database: &Path) -> BTreeMap<i64, String> {
    let database = Connection::open(database).unwrap();
    let mut rows = database.prepare("select number, token from shop_order").unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// Row 12: ten by API and ten from the command line, while buyers buy.
#[test]
fn backups_under_checkouts_hold_every_order_acknowledged_before_they_began() {
    let place = with_admin();
    let server = Server::start(&place);
    let (port, token) = (server.port, admin(server.port));
    let product = json!({ "name": "Mug", "category": "Kitchen", "price": "10.00", "stock": 100_000 });
    assert_eq!(request(port, "POST", "/api/v1/products", Some(&token), Some(&product)).unwrap().status, 201);
    let (acknowledged, stop) = (Mutex::new(BTreeMap::new()), AtomicBool::new(false));
    let known = || acknowledged.lock().unwrap().clone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let order = buy(port);
                acknowledged.lock().unwrap().extend(order);
            }
        });
        for n in 0..20 {
            let count = known().len();
            eventually("somebody buys", Duration::from_secs(30), || known().len() > count);
            let before = known();
            let file: PathBuf = if n % 2 == 0 {
                place.data().join("backups").join(make(port, &token)["name"].as_str().unwrap())
            } else {
                backup(&place, &format!("{n}.tar.gz"))
            };
            let unpacked = unpack(&file);
            let found = orders(&unpacked.path().join("nexus.db"));
            let lost: Vec<_> = before.iter().filter(|(number, token)| found.get(number) != Some(token)).collect();
            assert!(lost.is_empty(), "backup {n} lacks {lost:?}");
            assert_eq!(manifest(unpacked.path())["findings"], json!([]), "backup {n}");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    server.stop();
}
