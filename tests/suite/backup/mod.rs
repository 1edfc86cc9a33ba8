//! Backups of the real program: made beside a running server and of a stopped shop, looked over, put back, and what is
//! left when whoever does that is killed.

mod api;
mod left;
mod making;
mod replicated;
mod restoring;
mod schedule;
pub mod schemas;
mod storage;

use crate::binary::{Place, Server, create, nexus, run};
use flate2::read::GzDecoder;
use rusqlite::Connection;
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A shop with so many products, and a picture and a template beside them; not running.
fn shop_with(products: usize) -> Place {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let token = server.token();
    for n in 0..products {
        assert!(create(server.port, &token, &format!("before{n}")).unwrap());
    }
    server.stop();
    put(&place, "media/2026/mug.webp", "a picture");
    put(&place, "templates/mail/welcome.txt", "Welcome");
    place
}

fn put(place: &Place, name: &str, text: &str) {
    let path = place.data().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn text(place: &Place, name: &str) -> Option<String> {
    std::fs::read_to_string(place.data().join(name)).ok()
}

/// Makes a backup into a file beside the data folder.
fn backup(place: &Place, name: &str) -> PathBuf {
    let file = place.beside(name);
    run(nexus(&place.data()).arg("backup").arg(&file)).fine();
    file
}

/// The files of a backup, unpacked as anybody could.
fn unpack(backup: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    unpack_into(backup, folder.path());
    folder
}

fn unpack_into(packed: &Path, folder: &Path) {
    tar::Archive::new(GzDecoder::new(File::open(packed).unwrap())).unpack(folder).unwrap();
}

fn manifest(unpacked: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(unpacked.join("manifest.json")).unwrap()).unwrap()
}

/// The names of the products in a database that nobody has open.
fn products(database: &Path) -> Vec<String> {
    let database = Connection::open(database).unwrap();
    let mut names = database.prepare("select name from product order by id").unwrap();
    names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
