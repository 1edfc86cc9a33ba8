//! The dashboard and the page about monitoring name what there is, and the page names all of it.

use super::Numbers;
use crate::selling::till;
use std::collections::BTreeSet;

/// Every word of a text that is the name of a metric.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    words.filter(|word| word.starts_with("nexus_") || word.starts_with("process_")).map(str::to_owned).collect()
}

fn page(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn dashboard_and_page_name_metrics_that_are_served() {
    let shop = till::shop_with_mugs(5);
    till::buy(&shop.anonymous(), 1, "a", &till::by_test("paid"));
    std::fs::create_dir_all(shop.path().join("backups")).unwrap();
    std::fs::write(shop.path().join("backups/nexus-20261127-081500-000.tar.gz"), "x").unwrap();
    shop.shop.check_in_pieces(&nexus::services::Ctx::owner()).unwrap().expect("a check");
    let mut tx = shop.shop.store().write_blocking(|tx| {
        Ok::<_, nexus::services::Error>(
            tx.job_add(&nexus::domain::Job::Deliver, nexus::domain::Timestamp::from_millis(0))?,
        )
    });
    tx.as_mut().expect("a job");
    let numbers = Numbers::of(&shop);
    let dashboard = page("docs/grafana.json");
    let value: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert!(value["panels"].as_array().unwrap().len() > 15);
    let (in_dashboard, in_page) = (named(&dashboard), named(&page("docs/monitoring.md")));
    assert!(in_dashboard.len() > 25, "{in_dashboard:?}");
    let histogram = |name: &String| numbers.has(&format!("{name}_bucket"));
    for name in in_dashboard.iter().chain(&in_page) {
        assert!(numbers.has(name) || histogram(name), "{name} is named and not served");
    }
    for name in numbers.names() {
        let bare = name.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare);
        assert!(in_page.contains(bare) || in_page.contains(family), "docs/monitoring.md does not name {bare}");
    }
}
