//! Watching over a shop: metrics, what the command line tells of a running shop, checks in the background, logs.

mod checks;
mod dashboard;
mod logs;
mod metrics;
#[cfg(feature = "otel")]
mod spans;
mod status;

use crate::support::{Answer, Requests, TestShop};
use std::collections::BTreeMap;

/// Numbers by name and labels, as they stand in the text: `nexus_logins_total{result="success"}`.
pub struct Numbers(BTreeMap<String, f64>);

impl Numbers {
    /// Reads the text form of Prometheus and holds it to its rules: each number follows its family's help and type.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        let (mut numbers, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a kind");
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} stands there twice");
                continue;
            }
            if line.starts_with("# HELP ") {
                continue;
            }
            let (name, number) = line.rsplit_once(' ').unwrap_or_else(|| panic!("not a number: {line}"));
            let bare = name.split('{').next().expect("a name");
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare);
            let kind = kinds.get(bare).or_else(|| kinds.get(family)).unwrap_or_else(|| panic!("{bare} has no type"));
            assert_eq!(kind == "counter", bare.ends_with("_total"), "{bare} is a {kind}");
            let number = number.parse().unwrap_or_else(|_| panic!("not a number: {line}"));
            assert!(numbers.insert(name.to_owned(), number).is_none(), "{name} stands there twice");
        }
        Self(numbers)
    }

    /// Those of a shop.
    #[track_caller]
    pub fn of(shop: &TestShop) -> Self {
        Self::read(&scrape(shop).text())
    }

    /// One of them; none counts as nothing.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// The names of all, with their labels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is a number of this name, whatever its labels.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known.split('{').next() == Some(name))
    }
}

/// Asks a shop for its metrics.
pub fn scrape(shop: &TestShop) -> Answer {
    let answer = shop.anonymous().get("/metrics");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}
