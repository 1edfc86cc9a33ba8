//! Imports as a whole: each format from its fixture, all or nothing, undo, round trips through export.

mod other_shops;

use super::*;
use crate::config::Config;
use crate::domain::Sku;
use crate::domain::catalog::Product;
use crate::folder::DataFolder;
use crate::providers::mail::{FileMailer, Sender};
use crate::providers::{Payments, Providers, webhook};
use crate::services::CardMaker;
use crate::services::export::ExportFormat;
use serde_json::Value;
use std::io::Cursor;
use std::sync::Mutex;

struct Bench {
    shop: Shop,
    _folder: tempfile::TempDir,
}

fn shop() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config { workers: 1, ..Config::default() };
    config.store.read_deadline_ms = 30_000;
    let from = Sender::parse(&config.mail.from, "").unwrap();
    let providers = Providers {
        mailer: Arc::new(FileMailer::new(folder.path().to_owned(), from)),
        payments: Payments::default(),
        storage: None,
        webhooks: Arc::new(webhook::HttpSender::new(webhook::Allowed::default())),
    };
    let data = DataFolder::open(folder.path()).unwrap();
    Bench { shop: Shop::open(data, &config, CardMaker::by_name(), providers).unwrap(), _folder: folder }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

impl Bench {
    fn import(&self, file: impl Into<Vec<u8>>, options: ImportOptions) -> Outcome<ImportReport> {
        run(self.shop.import_products(&Ctx::owner(), Cursor::new(file.into()), options, Arc::default(), None))
    }

    fn plain(&self, file: impl Into<Vec<u8>>) -> ImportReport {
        self.import(file, ImportOptions::default()).unwrap()
    }

    fn skipping(&self, file: impl Into<Vec<u8>>) -> ImportReport {
        self.import(file, ImportOptions { mode: ImportMode::SkipErrors, ..ImportOptions::default() }).unwrap()
    }

    fn export(&self, format: ExportFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.shop.export_products(&Ctx::owner(), format, &mut bytes, &|_| {}).unwrap();
        bytes
    }

    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.export(ExportFormat::Jsonl)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn count(&self) -> i64 {
        self.shop.store().read(|tx| Ok::<_, Error>(tx.product_count()?)).unwrap()
    }

    fn by_sku(&self, sku: &str) -> Product {
        let sku = Sku::parse(sku).unwrap();
        let found = self.shop.store().read(|tx| {
            let id = tx.product_id_by_sku(&sku)?;
            Ok::<_, Error>(id.map(|id| tx.product_by_id(id)).transpose()?.flatten())
        });
        found.unwrap().unwrap()
    }

    fn well(&self) {
        let findings = self.shop.check(&Ctx::owner(), crate::services::CheckDepth::Full).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
    }
}

fn counts(report: &ImportReport) -> [u64; 4] {
    [report.created, report.updated, report.unchanged, report.failed]
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn own_csv_reads_lists_types_and_guarded_cells() {
    let bench = shop();
    let report = bench.plain(fixture("own.csv"));
    assert_eq!((report.format, counts(&report)), ("csv", [5, 0, 0, 0]), "{:?}", report.errors);
    let lamp = bench.by_sku("LAMP-1");
    assert_eq!(lamp.tags.value(), ["desk", "new, improved"]);
    assert_eq!(lamp.description, "Bends,\r\n\"holds\" and stays — 読書灯");
    assert_eq!(lamp.attributes.json(), r#"{"code":"0815","material":"brass","watts":7.50}"#);
    assert_eq!(lamp.images.value()[0].url, "https://img.example.test/lamp,1.jpg");
    assert_eq!(lamp.created_at.to_rfc3339(), "2025-02-03T04:05:06.007Z");
    assert_eq!(lamp.variants[0].weight_grams, Some(850));
    let jacket = bench.by_sku("RJ-M-B");
    assert_eq!((jacket.variants.len(), jacket.price_max.minor()), (3, 13_550));
    let formula = bench.by_sku("+49");
    assert_eq!((formula.name.as_str(), formula.attributes.json()), ("=Total", r#"{"code":-5}"#));
    let again = bench.plain(fixture("own.csv"));
    assert_eq!(counts(&again), [0, 0, 5, 0], "two cards of one name are two products");
    assert_eq!(again.id, None);
    bench.well();
}

#[test]
fn exports_come_back_unchanged() {
    let bench = shop();
    assert_eq!(counts(&bench.plain(fixture("own.csv"))), [5, 0, 0, 0]);
    assert_eq!(counts(&bench.plain(fixture("own.jsonl"))), [5, 0, 0, 0]);
    bench.skipping(fixture("woocommerce.csv"));
    bench.skipping(fixture("shopify_legacy.csv"));
    for format in [ExportFormat::Csv, ExportFormat::Jsonl] {
        let first = bench.export(format);
        let again = bench.plain(first.clone());
        assert_eq!(counts(&again), [0, 0, 18, 0], "{format:?} {:?}", again.errors);
        let other = shop();
        let report = other.plain(first.clone());
        assert_eq!(counts(&report), [18, 0, 0, 0], "{format:?} {:?}", report.errors);
        for format in [ExportFormat::Csv, ExportFormat::Jsonl, ExportFormat::Shopify] {
            let (one, two) = (bench.export(format), other.export(format));
            assert_eq!(String::from_utf8(one).unwrap(), String::from_utf8(two).unwrap());
        }
        other.well();
    }
    let csv = String::from_utf8(bench.export(ExportFormat::Csv)).unwrap();
    assert!(csv.contains("'= 1 + 1") && csv.contains("'@tag") && csv.contains("''-quoted"), "{csv}");
    let moved = shop();
    let report = moved.plain(bench.export(ExportFormat::Shopify));
    assert_eq!((report.format, counts(&report)), ("shopify", [18, 0, 0, 0]), "{:?}", report.errors);
}

#[test]
fn one_bad_row_keeps_all_others_out_unless_errors_are_skipped() {
    let bench = shop();
    let mut file = "sku,name,category,price\n".to_owned();
    for n in 0..30 {
        file.push_str(&format!("S{n},Thing {n},Things,{}\n", if n % 10 == 3 { "x" } else { "1.00" }));
    }
    let report = bench.plain(file.clone());
    assert!(!report.applied);
    assert_eq!((counts(&report), bench.count()), ([27, 0, 0, 3], 0));
    assert_eq!((report.errors[0].line, report.errors[0].sku.as_str()), (5, "S3"));
    assert!(bench.shop.import_list(&Ctx::owner()).unwrap().is_empty());
    let report = bench.skipping(file);
    assert!(report.applied);
    assert_eq!((counts(&report), bench.count()), ([27, 0, 0, 3], 27));
}

#[test]
fn trial_runs_tell_everything_and_change_nothing() {
    let bench = shop();
    bench.plain("sku,name,category,price\nA,One,Things,1\nB,Two,Things,2\n");
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let sink: RowSink = Box::new(move |row| {
        tell.lock().unwrap().push((row.line, row.action, row.sku.to_owned(), row.reason.to_owned()))
    });
    let file = "sku,name,category,price\nA,One,Things,1\nB,Two,Things,3\nC,Three,Things,4\nD,Four,Things,\n";
    let options = ImportOptions { mode: ImportMode::DryRun, ..ImportOptions::default() };
    let before = bench.export(ExportFormat::Jsonl);
    let report =
        run(bench.shop.import_products(&Ctx::owner(), file.as_bytes(), options, Arc::default(), Some(sink))).unwrap();
    assert_eq!((counts(&report), report.applied), ([1, 1, 1, 1], false));
    assert_eq!(bench.export(ExportFormat::Jsonl), before);
    let told = told.lock().unwrap();
    let actions: Vec<_> = told.iter().map(|(line, action, ..)| (*line, *action)).collect();
    use ImportAction::*;
    assert_eq!(actions, [(2, Unchanged), (3, Update), (4, Create), (5, Error)]);
    assert_eq!(told[3].3, "price is required");
}

#[test]
fn undo_removes_what_was_created_and_restores_what_was_changed() {
    let bench = shop();
    bench.plain(fixture("own.csv"));
    let before = bench.export(ExportFormat::Jsonl);
    let file = "slug,sku,name,category,price,option1_name,option1_value\nrain-jacket,RJ-S-R,Rain Coat,Coats,99,Size,S\nrain-jacket,RJ-XL,,,100,,XL\n,NEW-1,New,Coats,5,,\n";
    let report = bench.plain(file);
    assert_eq!(counts(&report), [1, 1, 0, 0], "{:?}", report.errors);
    assert_eq!(bench.by_sku("RJ-XL").name, "Rain Coat");
    let id = report.id.unwrap();
    let undone = run(bench.shop.import_undo(&Ctx::owner(), id, false)).unwrap();
    assert_eq!((undone.removed, undone.restored), (1, 1));
    assert_eq!(String::from_utf8(bench.export(ExportFormat::Jsonl)).unwrap(), String::from_utf8(before).unwrap());
    let twice = run(bench.shop.import_undo(&Ctx::owner(), id, true)).unwrap_err();
    assert!(twice.to_string().contains("undone already"), "{twice}");
    assert!(matches!(run(bench.shop.import_undo(&Ctx::owner(), ImportId::new(99), false)), Err(Error::NotFound(_))));
    bench.well();
}

#[test]
fn undo_refuses_products_changed_since_and_names_them() {
    let bench = shop();
    let first = bench.plain("sku,name,category,price\nA,One,Things,1\nB,Two,Things,2\n").id.unwrap();
    bench.plain("sku,name,category,price\nB,Two,Things,3\n");
    let refused = run(bench.shop.import_undo(&Ctx::owner(), first, false)).unwrap_err().to_string();
    assert!(refused.contains("Two") && !refused.contains("One") && refused.contains("--force"), "{refused}");
    assert_eq!(bench.count(), 2);
    assert_eq!(run(bench.shop.import_undo(&Ctx::owner(), first, true)).unwrap().removed, 2);
    assert_eq!(bench.count(), 0);
    bench.well();
}

#[test]
fn what_a_file_does_not_speak_of_stays() {
    let bench = shop();
    bench.plain(fixture("own.csv"));
    let report = bench.plain("sku,name,price\nLAMP-1,Reading Light,1.00\n");
    assert_eq!(counts(&report), [0, 1, 0, 0], "{:?}", report.errors);
    let lamp = bench.by_sku("LAMP-1");
    assert_eq!((lamp.price.minor(), lamp.stock, lamp.brand.as_deref()), (100, 14, Some("Lumora")));
    assert_eq!(
        (lamp.category.name.as_str(), lamp.tags.value().len(), lamp.variants[0].weight_grams),
        ("Lighting", 2, Some(850))
    );
}

#[test]
fn unreadable_files_are_refused_whole_and_say_why() {
    let bench = shop();
    let why = |file: &[u8]| bench.import(file, ImportOptions::default()).unwrap_err().to_string();
    assert!(why(b"sku,nmae,price\nA,B,1\n").contains("\"nmae\" (did you mean \"name\"?)"));
    assert!(why(b"sku,name,price\nA,B,1\nC,Caf\xe9,2\n").contains("line 3: this is not UTF-8"));
    assert!(why(b"").contains("empty"));
    assert!(why(b"[{}]").contains("one object a line"));
    assert!(why(b"sku,name,category,price,currency\nA,B,C,1,USD\n").contains("USD"));
    let wide: String = (0..10_000).map(|n| format!("c{n},")).collect();
    assert!(why(format!("{wide}name\n").as_bytes()).contains("and 9995 more"));
    let wide: String = (0..10_000).map(|n| format!("attr.a{n},")).collect();
    let report = bench.plain(format!("{wide}name,category,price\n{}X,Things,1\n", ",".repeat(10_000)));
    assert_eq!(counts(&report), [1, 0, 0, 0], "{:?}", report.errors);
    assert_eq!(bench.count(), 1);
}

#[test]
fn a_sku_or_slug_twice_in_one_file_is_refused() {
    let bench = shop();
    let report = bench.plain("sku,name,category,price\nA,One,Things,1\nA,Two,Things,2\n");
    assert_eq!((counts(&report), report.errors[0].line), ([1, 0, 0, 1], 3));
    assert!(report.errors[0].reason.contains("an earlier row of this file has the same SKU A"));
    let report =
        bench.skipping("slug,sku,name,category,price\nx,A,One,Things,1\ny,B,Two,Things,2\nx,C,Three,Things,3\n");
    assert_eq!(counts(&report), [2, 0, 0, 1]);
    assert_eq!(
        counts(
            &bench.skipping("slug,sku,name,category,price\nx,A,One,Things,1\ny,B,Two,Things,2\nx,C,Three,Things,3\n")
        ),
        [0, 0, 2, 1]
    );
}

#[test]
fn columns_and_keys_can_be_renamed_and_dropped() {
    let bench = shop();
    let renames = |list: &[&str]| list.iter().map(|text| Rename::parse(text).unwrap()).collect();
    let options = ImportOptions {
        renames: renames(&["color=attr.color", "currency=-", "title=name"]),
        category: Some(category_of("Home > Rugs").unwrap()),
        ..ImportOptions::default()
    };
    let report = bench.import("sku;title;price;currency;color\nR1;Rug;10;USD;red\n", options.clone()).unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 0], "{:?}", report.errors);
    assert_eq!(bench.by_sku("R1").attributes.json(), r#"{"color":"red"}"#);
    let report =
        bench.import(r#"{"sku":"R2","title":"Rug","price":1,"currency":"USD","color":"blue"}"#, options).unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 0], "{:?}", report.errors);
    assert_eq!(bench.by_sku("R2").category.name, "Rugs");
    assert!(
        bench
            .import("sku,name\n", ImportOptions { renames: renames(&["nope=name"]), ..ImportOptions::default() })
            .is_err()
    );
}

#[test]
fn a_large_import_into_an_empty_shop_gives_what_a_small_one_gives() {
    let (bulk, small) = (shop(), shop());
    let made = |bench: &Bench, size| {
        let products = crate::services::seed::made(500, 7, bench.shop.settings().currency());
        let options = ImportOptions { size, ..ImportOptions::default() };
        run(bench.shop.load_products(&Ctx::owner(), "seed", products, options, Arc::default(), None)).unwrap()
    };
    let report = made(&bulk, 100_000_000);
    assert_eq!(counts(&report), [500, 0, 0, 0], "{:?}", report.errors);
    made(&small, 0);
    assert_eq!(bulk.lines(), small.lines());
    bulk.well();
    small.well();
    let schema = |bench: &Bench| bench.shop.store().read(|tx| Ok::<_, Error>(tx.product_index_names()?)).unwrap();
    assert_eq!(schema(&bulk), schema(&small), "every index is back");
    let terms = |bench: &Bench| bench.shop.store().read(|tx| Ok::<_, Error>(tx.term_count()?)).unwrap();
    assert_eq!(terms(&bulk), terms(&small));
    assert!(terms(&bulk) > 1_000);
    assert_eq!(bulk.shop.digest(&Ctx::owner()).unwrap(), small.shop.digest(&Ctx::owner()).unwrap());
}

#[test]
fn only_admins_import() {
    let bench = shop();
    let ctx = Ctx::now(crate::services::Actor::Anonymous);
    let refused =
        run(bench.shop.import_products(&ctx, "name\n".as_bytes(), ImportOptions::default(), Arc::default(), None));
    assert!(matches!(refused, Err(Error::Unauthenticated)));
}

#[test]
fn the_demo_fills_an_empty_shop_once() {
    let bench = shop();
    let first = run(bench.shop.demo_fill(&Ctx::owner())).unwrap();
    assert!(first.products >= 40, "{first}");
    assert_eq!(first.logins.len(), 3);
    let second = run(bench.shop.demo_fill(&Ctx::owner())).unwrap();
    assert_eq!((second.products, second.logins.len()), (0, 3));
    bench.well();
}
