//! Compares what filters look up with the products: both say which tags and attributes a product has.
//!
//! The tables of filters are ordered by word, products by number, so neither can be walked beside the other. Instead a sum
//! is made for each product of what either side says of it, which is the same exactly when they agree.

use super::{Finding, MOST, found};
use crate::domain::ProductId;
use crate::domain::catalog::{Attributes, Stored};
use crate::store::error::StoreResult;
use crate::store::terms::attribute_terms;
use crate::store::tx::{ReadTx, Row, RowResult, params};
use std::collections::{BTreeSet, HashMap};
use xxhash_rust::xxh3::xxh3_64;

/// Products of one piece: so many sums are held, some 5 MB.
pub(super) const PRODUCTS: usize = 100_000;

/// For a product, the sum of its tags less that of the table, and the same of attributes.
type Sums = HashMap<i64, [u64; 2]>;

const TABLES: [(&str, &str); 2] = [
    ("tags", "select product_id, tag, '' from product_tag where product_id > ?1 and product_id <= ?2"),
    ("attributes", "select product_id, name, value from product_attribute where product_id > ?1 and product_id <= ?2"),
];

impl ReadTx<'_> {
    /// Those of the products behind `after` that filters do not find by just what they have.
    pub(super) fn filters_check(&self, after: ProductId) -> StoreResult<Vec<Finding>> {
        let (mut sums, mut last) = (Sums::new(), after.get());
        let products = "select id, tags, attributes from product where id > ?1 order by id limit ?2";
        self.query_each(products, params![after, PRODUCTS], |row| {
            last = row.get(0)?;
            let terms = terms_of(row)?;
            let sum = |terms: &BTreeSet<Term>| terms.iter().fold(0_u64, |sum, term| sum.wrapping_add(hash(term)));
            sums.insert(last, [sum(&terms[0]), sum(&terms[1])]);
            Ok(())
        })?;
        for (kind, (_, sql)) in TABLES.iter().enumerate() {
            self.query_each(sql, params![after, last], |row| {
                // A row of no product is what the rules of these tables find.
                if let Some(sums) = sums.get_mut(&row.get(0)?) {
                    sums[kind] = sums[kind].wrapping_sub(hash(&term(row)?));
                }
                Ok(())
            })?;
        }
        let mut differing: Vec<i64> = sums.iter().filter(|(_, sums)| **sums != [0, 0]).map(|(id, _)| *id).collect();
        differing.sort_unstable();
        differing.truncate(MOST);
        let mut findings = Vec::new();
        for id in differing {
            findings.extend(self.filters_differ(id)?);
        }
        Ok(findings)
    }

    /// In what a product and the tables of filters differ.
    fn filters_differ(&self, id: i64) -> StoreResult<Vec<Finding>> {
        let sql = "select id, tags, attributes from product where id = ?1";
        let has = self.query_one(sql, [id], terms_of)?.unwrap_or_default();
        let mut findings = Vec::new();
        for ((check, sql), has) in TABLES.into_iter().zip(has) {
            let looked_up = self.query_all(sql, [id - 1, id], term)?.into_iter().collect::<BTreeSet<_>>();
            let lost = has.difference(&looked_up).map(|term| format!("is not found by {}", words(term)));
            let more = looked_up.difference(&has).map(|term| format!("is found by {}, which it has not", words(term)));
            let table = if check == "tags" { "product_tag" } else { "product_attribute" };
            findings.extend(found(check, lost.chain(more).map(|what| format!("{table}: product {id} {what}"))));
        }
        Ok(findings)
    }
}

/// A tag with nothing, or the name and a value of an attribute, as filters compare them.
type Term = (String, String);

fn as_compared(name: &str, value: &str) -> Term {
    (name.to_ascii_lowercase(), value.to_ascii_lowercase())
}

fn terms_of(row: &Row<'_>) -> RowResult<[BTreeSet<Term>; 2]> {
    let tags = Stored::<Vec<String>>::trusted(row.get(1)?);
    let attributes = Stored::<Attributes>::trusted(row.get(2)?);
    let tags = tags.value().iter().map(|tag| as_compared(tag, "")).collect();
    let attributes = attributes.value();
    let attributes = attribute_terms(&attributes).into_iter().map(|(name, value)| as_compared(name, &value));
    Ok([tags, attributes.collect()])
}

fn term(row: &Row<'_>) -> RowResult<Term> {
    Ok(as_compared(row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?))
}

fn hash((name, value): &Term) -> u64 {
    xxh3_64(format!("{name}\0{value}").as_bytes())
}

fn words((name, value): &Term) -> String {
    if value.is_empty() { name.clone() } else { format!("{name}={value}") }
}
