//! The audit log: what leaves an entry and what does not, who may read it and how, and whether any change of it by
//! other hands is found.

mod list;
mod tamper;
mod writes;

use crate::support::{Requests, TestShop};
use serde_json::Value;

/// Every entry, oldest first, as an admin reads them.
fn entries(shop: &TestShop) -> Vec<Value> {
    let (mut all, mut at) = (Vec::new(), Some("/api/v1/admin/audit?page_size=100".to_owned()));
    while let Some(path) = at {
        let page = shop.admin().get(&path).ok(200);
        all.extend(page["results"].as_array().unwrap().iter().cloned());
        at = page["next"].as_str().map(str::to_owned);
    }
    all.reverse();
    all
}
