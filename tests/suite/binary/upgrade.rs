//! A data folder of an earlier schema is brought up to date, with a copy of it made first and nothing lost.

use super::{Place, Server, login, nexus, run};
use argon2::password_hash::{PasswordHasher, SaltString};
use rusqlite::Connection;
use serde_json::json;

mod embedded {
    refinery::embed_migrations!("migrations");
}

const PASSWORD: &str = "a long walk by the canal";

/// A shop as the first schema knew it: a product, and somebody who can sign in.
fn first_schema(place: &Place) {
    std::fs::create_dir_all(place.data()).unwrap();
    let mut database = Connection::open(place.data().join("nexus.db")).unwrap();
    database.execute_batch("pragma application_id = 1313167443; pragma journal_mode = wal;").unwrap();
    let first = embedded::migrations::runner().set_target(refinery::Target::Version(1));
    first.run(&mut database).unwrap();
    let salt = SaltString::encode_b64(&[7; 16]).unwrap();
    let hash = argon2::Argon2::default().hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string();
    let people = "insert into account (email, email_key, role, password_hash, stamp, created_at, updated_at) \
                  values ('Ann@example.com', 'ann@example.com', 'admin', ?1, 'x', 1, 1)";
    database.execute(people, [hash]).unwrap();
    let goods = "insert into setting values ('currency', 'EUR'); \
                 insert into category (id, slug, name, created_at, updated_at) values (1, 'mugs', 'Mugs', 1, 1); \
                 insert into product (id, slug, name, name_key, status, category_id, price, price_max, stock, in_stock, \
                 created_at, updated_at) values (7, 'mug', 'Mug', 'mug', 1, 1, 1450, 1450, 3, 1, 1, 1); \
                 insert into variant (product_id, position, title, price, stock) values (7, 0, 'Mug', 1450, 3);";
    database.execute_batch(goods).unwrap();
    std::fs::write(place.data().join("nexus.json"), "{\"format\": 1, \"shop\": \"x\"}\n").unwrap();
}

#[test]
fn shop_of_the_first_schema_is_upgraded_after_a_copy_was_made() {
    let place = Place::empty();
    first_schema(&place);
    let said = run(nexus(&place.data()).arg("migrate")).fine();
    assert!(said.contains("backups"), "{said}");
    let copies: Vec<_> = std::fs::read_dir(place.data().join("backups")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(copies.len(), 1);
    let copy = Connection::open(&copies[0]).unwrap();
    let count = |sql: &str| -> i64 { copy.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("select max(version) from refinery_schema_history"), 1);
    assert_eq!((count("select count(*) from product"), count("select count(*) from account")), (1, 1));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&copies[0]).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let server = Server::start(&place);
    assert_eq!(server.product_names(), ["Mug"]);
    let signed_in = login(server.port, "ann@example.com", PASSWORD).json();
    let reply = super::request(server.port, "GET", "/api/v1/users", signed_in["access"].as_str(), None).unwrap();
    assert_eq!(reply.json()["results"][0]["email"], json!("Ann@example.com"));
    server.stop();
    let now = Connection::open(place.data().join("nexus.db")).unwrap();
    let stock = "select opening_stock, on_hand, reserved, stock, stock_policy from variant";
    let numbers = now.query_row(stock, [], |row| {
        Ok(((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?), row.get::<_, String>(4)?))
    });
    assert_eq!(numbers.unwrap(), ((3, 3, 0, 3), "deny".to_owned()), "what was in stock still is");
    drop(now);
    // The product above was put there without its words.
    run(nexus(&place.data()).arg("reindex")).fine();
    assert_eq!(run(nexus(&place.data()).args(["check"])).fine().trim(), "all is well");
}
