//! SQL that counts what the matching products have in common.

use super::error::StoreResult;
use super::filter::Matching;
use super::sql::Sql;
use super::terms::attribute_terms;
use super::tx::{ReadTx, Value, params_from_iter};
use crate::domain::Money;
use crate::domain::catalog::{Attributes, FacetCount, Facets, Listing, PriceRange};
use std::collections::HashMap;

/// Values listed for each facet, the most frequent first.
const VALUES: usize = 20;
/// Attribute names listed, the most frequent first.
const NAMES: usize = 20;
/// Spans of prices.
const SPANS: i64 = 5;
/// Attributes are counted among at most this many products: each has to be looked into. Beyond, none are listed, and
/// the other facets lead to fewer products.
const LOOKED_INTO: i64 = 50_000;

impl ReadTx<'_> {
    /// Counts by category, brand, price span and attribute of all that a list gives.
    pub fn listing_facets(&self, listing: &Listing) -> StoreResult<Facets> {
        let Some(resolved) = self.listing_resolve(listing)? else { return Ok(Facets::default()) };
        let matching = resolved.matching(self)?;
        Ok(Facets {
            categories: self.facet_categories(&matching)?,
            brands: self.facet_brands(&matching)?,
            prices: self.facet_prices(&matching)?,
            attributes: self.facet_attributes(&matching)?,
        })
    }

    fn facet_categories(&self, matching: &Matching) -> StoreResult<Vec<FacetCount>> {
        let mut sql = Sql::new("select c.slug, c.name, m.n from (", Vec::new());
        sql.append(
            "",
            matching.select_by(
                "product_category_price",
                "p.category_id as category_id, count(*) as n",
                " group by p.category_id",
            ),
            "",
        );
        sql.push(&format!(") m join category c on c.id = m.category_id order by m.n desc, c.name limit {VALUES}"), []);
        self.facet_rows(&sql)
    }

    fn facet_brands(&self, matching: &Matching) -> StoreResult<Vec<FacetCount>> {
        let counted = " and p.brand is not null group by p.brand";
        let mut sql = Sql::new("select brand, brand, n from (", Vec::new());
        sql.append("", matching.select_by("product_brand_price", "p.brand as brand, count(*) as n", counted), "");
        sql.push(&format!(") order by n desc, brand limit {VALUES}"), []);
        self.facet_rows(&sql)
    }

    fn facet_prices(&self, matching: &Matching) -> StoreResult<Vec<PriceRange>> {
        let span = matching.select("min(p.price), max(p.price)", "");
        let span: Option<(Option<i64>, Option<i64>)> =
            self.query_one(&span.text, params_from_iter(&span.values), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let Some((Some(min), Some(max))) = span else { return Ok(Vec::new()) };
        let width = (max - min) / SPANS + 1;
        let ends: Vec<i64> = (0..SPANS).map(|n| (min + (n + 1) * width - 1).min(max)).collect();
        let starts: Vec<i64> = (0..SPANS).map(|n| min + n * width).collect();
        // One pass that adds up, instead of sorting all matches by span.
        let sums = starts.iter().zip(&ends).map(|(start, end)| format!("sum(p.price between {start} and {end})"));
        let sql = matching.select(&sums.collect::<Vec<_>>().join(", "), "");
        let counts: Option<Vec<i64>> = self.query_one(&sql.text, params_from_iter(&sql.values), |row| {
            (0..starts.len()).map(|n| Ok(row.get::<_, Option<i64>>(n)?.unwrap_or(0))).collect()
        })?;
        let spans = starts.into_iter().zip(ends).zip(counts.unwrap_or_default());
        let span =
            |((start, end), count)| PriceRange { min: Money::from_minor(start), max: Money::from_minor(end), count };
        Ok(spans.map(span).filter(|range| range.count > 0).collect())
    }

    fn facet_attributes(&self, matching: &Matching) -> StoreResult<Vec<(String, Vec<FacetCount>)>> {
        let mut probe = Sql::new("select count(*) from (", Vec::new());
        probe.append("", matching.select("1", " limit ?"), ")");
        probe.values.push(Value::Integer(LOOKED_INTO + 1));
        if self.query_number(&probe.text, params_from_iter(&probe.values))? > LOOKED_INTO {
            return Ok(Vec::new());
        }
        let mut counts = AttributeCounts::default();
        let sql = matching.select("p.attributes", " and p.attributes <> '{}'");
        self.query_each(&sql.text, params_from_iter(&sql.values), |row| {
            let attributes: Attributes =
                serde_json::from_str(row.get_ref(0)?.as_str().unwrap_or("{}")).unwrap_or_default();
            counts.add(&attributes);
            Ok(())
        })?;
        Ok(counts.most_frequent())
    }

    fn facet_rows(&self, sql: &Sql) -> StoreResult<Vec<FacetCount>> {
        self.query_all(&sql.text, params_from_iter(&sql.values), |row| {
            Ok(FacetCount { value: row.get(0)?, label: row.get(1)?, count: row.get(2)? })
        })
    }
}

/// How often each attribute has each value, whatever the case of its letters; the first spelling met is shown.
#[derive(Default)]
struct AttributeCounts(HashMap<String, (String, HashMap<String, FacetCount>)>);

impl AttributeCounts {
    fn add(&mut self, attributes: &Attributes) {
        for (name, value) in attribute_terms(attributes) {
            let (_, values) =
                self.0.entry(name.to_ascii_lowercase()).or_insert_with(|| (name.to_owned(), HashMap::new()));
            let counted = values.entry(value.to_ascii_lowercase());
            counted.or_insert_with(|| FacetCount { label: value.clone(), value, count: 0 }).count += 1;
        }
    }

    fn most_frequent(self) -> Vec<(String, Vec<FacetCount>)> {
        let total = |counts: &[FacetCount]| counts.iter().map(|c| c.count).sum::<i64>();
        let mut facets: Vec<(i64, String, Vec<FacetCount>)> = Vec::with_capacity(self.0.len());
        for (name, values) in self.0.into_values() {
            let mut counts: Vec<FacetCount> = values.into_values().collect();
            counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            let products = total(&counts);
            counts.truncate(VALUES);
            facets.push((products, name, counts));
        }
        facets.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        facets.into_iter().take(NAMES).map(|(_, name, counts)| (name, counts)).collect()
    }
}
