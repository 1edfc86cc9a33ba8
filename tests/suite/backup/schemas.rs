//! Shops of every schema there was, as files: each is brought to the newest one with nothing lost, and back again.
//!
//! The files in `tests/fixtures/schemas` are kept as they are. When a new migration lands, `NEXUS_MAKE_FIXTURES=1 cargo
//! test --test suite schemas` adds the file of its schema and touches no other. It fills a shop by way of the API and takes
//! from it what each schema had a column for; what programs of former versions wrote themselves is in `left.rs`.

use crate::binary::{Place, check_is_fine, nexus, run};
use crate::selling::till;
use crate::support::{Requests, TestShop, builders};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rocket::http::Method::{self, Post, Put};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// The schemas that the books, invoices and the audit log came with.
const SELLING: i64 = 5;
const INVOICES: i64 = 9;
const AUDITED: i64 = 3;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schemas")
}

fn newest() -> i64 {
    embedded::migrations::runner().get_migrations().iter().map(|m| i64::from(m.version())).max().unwrap()
}

/// A shop that has something in every table that matters.
fn full_shop() -> TestShop {
    let shop = TestShop::with(|config| {
        config.selling.invoices = true;
        config.selling.invoice_seller = "Example Ltd".to_owned();
    });
    till::fill(&shop, 50);
    builders::tee().create(&shop);
    builders::rules(&shop, "NL");
    shop.customer().post("/api/v1/me/addresses", &builders::address()).ok(201);
    shop.api_key(&["catalog:read"]);
    shop.admin().post("/api/v1/admin/webhooks", &json!({"name": "Books", "url": "https://8.8.8.8/hook"})).ok(201);
    shop.admin().request(Post, "/api/v1/admin/webhooks/1/test").send().ok(200);
    shop.customer().put("/api/v1/me/wishlist/1", &json!({})).empty(204);
    let cart = till::cart(&shop.customer(), &[(1, 3), (2, 1)]);
    let discount = format!("/api/v1/carts/{cart}/discount");
    shop.customer().request(Put, &discount).json(&json!({ "code": "NL" })).send().ok(200);
    till::checkout(&shop.customer(), &cart, "a", &till::by_test("paid")).ok(201);
    till::buy(&shop.anonymous(), 2, "b", &till::by_transfer());
    till::buy(&shop.anonymous(), 1, "c", &till::by_test("paid"));
    till::buy(&shop.anonymous(), 1, "d", &till::by_test("pending"));
    let step = |path: &str, body: Value| {
        let path = format!("/api/v1/admin/orders/{path}");
        shop.staff().request(Method::Post, &path).header("Idempotency-Key", &path).json(&body).send().ok(200);
    };
    step("1001/fulfillments", json!({}));
    step("1003/refunds", json!({ "amount": "4.00" }));
    let review = shop.customer().post("/api/v1/products/1/reviews", &json!({ "rating": 4, "title": "Fine" })).ok(201);
    let moderate = format!("/api/v1/admin/reviews/{}", review["id"]);
    shop.staff().patch(&moderate, &json!({ "status": "approved" })).ok(200);
    shop.staff().patch("/api/v1/products/2", &json!({ "slug": "t-shirt" })).ok(200);
    // A cart that is still open.
    till::cart(&shop.anonymous(), &[(1, 1)]);
    shop
}

fn columns(database: &Connection, schema: &str, table: &str) -> Vec<String> {
    let mut rows = database.prepare("select name from pragma_table_info(?1, ?2) order by cid").unwrap();
    rows.query_map([table, schema], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Tables of rows; of the search index only the search weights, since its own tables are not laid out by us.
fn tables(database: &Connection) -> Vec<String> {
    let sql = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' \
               and name not like 'search_index%' and name not in ('search_term', 'refinery_schema_history') order by name";
    let mut rows = database.prepare(sql).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// A database of a schema with what it knows of a full one.
fn make(schema: i64, full: &Path, target: &Path) {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("nexus.db");
    let mut database = Connection::open(&path).unwrap();
    database.execute_batch("pragma application_id = 1313167443; pragma foreign_keys = off").unwrap();
    let to = refinery::Target::Version(schema.try_into().unwrap());
    embedded::migrations::runner().set_target(to).run(&mut database).unwrap();
    database.execute("attach ?1 as big", [full.to_str().unwrap()]).unwrap();
    let index = ["search_index_data", "search_index_idx", "search_index_docsize", "search_index_config"];
    for table in tables(&database).iter().map(String::as_str).chain(index) {
        let known = columns(&database, "big", table);
        let mine: Vec<_> = columns(&database, "main", table).into_iter().filter(|c| known.contains(c)).collect();
        assert!(!mine.is_empty(), "{table} is gone: say here what has become of its rows");
        let list = mine.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
        let copy =
            format!("delete from main.{table}; insert into main.{table} ({list}) select {list} from big.{table}");
        database.execute_batch(&copy).unwrap_or_else(|e| panic!("{table} of schema {schema}: {e}"));
    }
    if (SELLING..INVOICES).contains(&schema) {
        database.execute_batch("delete from number_series where name in ('invoice', 'credit_note')").unwrap();
    }
    // Cards are those of another layout, as they would be.
    database.execute_batch("update product_card set layout = 1, json = '{}'; detach big; vacuum").unwrap();
    drop(database);
    let mut packed = GzEncoder::new(fs::File::create(target).unwrap(), Compression::best());
    packed.write_all(&fs::read(&path).unwrap()).unwrap();
    packed.finish().unwrap();
}

fn make_missing() {
    let missing: Vec<i64> = (1..=newest()).filter(|n| !folder().join(format!("v{n}.db.gz")).exists()).collect();
    if missing.is_empty() {
        return;
    }
    fs::create_dir_all(folder()).unwrap();
    let shop = full_shop();
    let copy = tempfile::tempdir().unwrap();
    shop.shop.close();
    let full = copy.path().join("full.db");
    fs::copy(shop.path().join("nexus.db"), &full).unwrap();
    for n in missing {
        make(n, &full, &folder().join(format!("v{n}.db.gz")));
        if n >= AUDITED {
            fs::copy(shop.path().join("secrets/audit.key"), folder().join(format!("v{n}.key"))).unwrap();
        }
    }
}

/// The rows of each table, and the sums of what is counted or paid.
fn figures(database: &Path, tables_of: &[String]) -> BTreeMap<String, i64> {
    let database = Connection::open(database).unwrap();
    let number = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    // Opening a shop works on jobs, notes what it did, and encodes products anew.
    let moving = ["job", "schedule", "audit", "audit_head", "product_card", "setting", "store_probe"];
    let mut figures = BTreeMap::new();
    for table in tables_of.iter().filter(|table| !moving.contains(&table.as_str())) {
        figures.insert(format!("rows of {table}"), number(&format!("select count(*) from {table}")));
    }
    let sums = [
        ("product", "price"),
        ("product", "stock"),
        ("variant", "price"),
        ("variant", "stock"),
        ("shop_order", "total"),
        ("shop_order", "tax_total"),
        ("order_line", "quantity"),
        ("payment", "captured"),
        ("payment", "refunded"),
        ("refund", "amount"),
        ("ledger_entry", "abs(amount)"),
        ("stock_movement", "on_hand"),
        ("invoice", "total"),
    ];
    for (table, column) in sums.into_iter().filter(|(table, _)| tables_of.iter().any(|known| known == table)) {
        let sum = number(&format!("select coalesce(sum({column}), 0) from {table}"));
        figures.insert(format!("{column} of {table}"), sum);
    }
    figures
}

/// A place with the shop of a schema, as the version with that schema left it.
pub fn place_of(schema: i64) -> Place {
    let place = Place::empty();
    fs::create_dir_all(place.data().join("secrets")).unwrap();
    let mut bytes = Vec::new();
    let packed = fs::File::open(folder().join(format!("v{schema}.db.gz")));
    let packed = packed.expect("no shop of this schema yet: run with NEXUS_MAKE_FIXTURES=1 and commit the new file");
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    fs::write(place.data().join("nexus.db"), &bytes).unwrap();
    fs::write(place.data().join("nexus.json"), "{\"format\": 1, \"shop\": \"x\"}\n").unwrap();
    if schema >= AUDITED {
        fs::copy(folder().join(format!("v{schema}.key")), place.data().join("secrets/audit.key")).unwrap();
    }
    place
}

fn upgrades(schema: i64) {
    let place = place_of(schema);
    let (database, before) = (place.data().join("nexus.db"), place.beside("before.db"));
    fs::copy(&database, &before).unwrap();
    let known = tables(&Connection::open(&before).unwrap());
    let had = figures(&before, &known);
    assert!(had["rows of product"] == 2 && had["rows of account"] == 4, "{had:?}");
    let json =
        |command: &[&str]| -> Value { serde_json::from_str(&run(nexus(&place.data()).args(command)).fine()).unwrap() };
    let plan = json(&["upgrade-check", "--json"]);
    assert_eq!((&plan["schema"], &plan["newest"]), (&json!(schema), &json!(newest())), "{plan}");
    assert_eq!(plan["steps"].as_array().unwrap().len() as i64, newest() - schema);
    let done = json(&["migrate", "--json"]);
    assert_eq!((&done["from"], &done["to"]), (&json!(schema), &json!(newest())));
    assert_eq!(figures(&database, &known), had, "schema {schema}");
    check_is_fine(&place.data());
    if schema == newest() {
        run(nexus(&place.data()).arg("rollback")).refuses(&["no copy from before a migration"]);
        return;
    }
    // Nothing is done unasked, and then all of it.
    let asked = run(nexus(&place.data()).arg("rollback"));
    assert!(asked.code == Some(1) && asked.err.contains("--yes"), "{asked:?}");
    assert_eq!(json(&["upgrade-check", "--json"])["schema"], newest());
    let back = json(&["rollback", "--yes", "--json"]);
    assert_eq!((&back["done"], &back["to"], &back["orders_lost"]), (&true.into(), &json!(schema), &0.into()));
    assert_eq!(json(&["upgrade-check", "--json"])["schema"], schema);
    assert_eq!(figures(&database, &known), had, "back at schema {schema}");
    run(nexus(&place.data()).args(["restore", "--undo"])).fine();
    assert_eq!(json(&["upgrade-check", "--json"])["schema"], newest());
    check_is_fine(&place.data());
}

#[test]
fn shop_of_every_schema_is_upgraded_with_counts_and_sums_kept_and_goes_back() {
    if std::env::var_os("NEXUS_MAKE_FIXTURES").is_some() {
        make_missing();
    }
    std::thread::scope(|scope| {
        let each: Vec<_> = (1..=newest()).map(|schema| scope.spawn(move || upgrades(schema))).collect();
        each.into_iter().for_each(|one| one.join().expect("it upgrades"));
    });
}

#[test]
fn database_of_a_newer_version_is_told_apart_before_anything_is_changed() {
    let place = Place::with_staff();
    let database = Connection::open(place.data().join("nexus.db")).unwrap();
    let later = "insert into refinery_schema_history (version, name, applied_on, checksum) values (999, 'x', 'x', '0')";
    database.execute(later, []).unwrap();
    drop(database);
    let said = run(nexus(&place.data()).arg("upgrade-check"));
    assert!(said.code == Some(3) && said.err.contains("newer version"), "{said:?}");
}
