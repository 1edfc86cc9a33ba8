//! SQL that counts what the matching products have in common.

use super::error::StoreResult;
use super::listing::Sql;
use super::tx::{ReadTx, params_from_iter};
use crate::domain::Money;
use crate::domain::catalog::{FacetCount, Facets, PriceRange, ProductFilter};

/// Values listed for each facet, the most frequent first.
const VALUES: usize = 20;
/// Attribute names listed.
const NAMES: usize = 20;
/// Spans of prices.
const SPANS: i64 = 5;

impl ReadTx<'_> {
    /// Counts by category, brand, price span and attribute for a filter as it stands.
    pub fn listing_facets(&self, filter: &ProductFilter) -> StoreResult<Facets> {
        let Some(resolved) = self.filter_resolve(filter)? else { return Ok(Facets::default()) };
        let ids = resolved.matching(self, "p.id as id, p.category_id as category_id, p.brand as brand, p.price as price")?;
        Ok(Facets {
            categories: self.facet_categories(&ids)?,
            brands: self.facet_brands(&ids)?,
            prices: self.facet_prices(&ids)?,
            attributes: self.facet_attributes(&ids)?,
        })
    }

    fn facet_categories(&self, ids: &Sql) -> StoreResult<Vec<FacetCount>> {
        let sql = format!(
            "select c.slug, c.name, m.n from (select category_id, count(*) as n from ({}) group by category_id) m \
             join category c on c.id = m.category_id order by m.n desc, c.name limit {VALUES}",
            ids.text
        );
        self.facet_rows(&sql, ids)
    }

    fn facet_brands(&self, ids: &Sql) -> StoreResult<Vec<FacetCount>> {
        let sql = format!(
            "select brand, brand, count(*) as n from ({}) where brand is not null group by brand collate nocase \
             order by n desc, brand limit {VALUES}",
            ids.text
        );
        self.facet_rows(&sql, ids)
    }

    fn facet_prices(&self, ids: &Sql) -> StoreResult<Vec<PriceRange>> {
        let Some((min, max)) = self.listing_price_span(ids)? else { return Ok(Vec::new()) };
        let width = ((max.minor() - min.minor()) / SPANS + 1).max(1);
        let sql = format!(
            "select (price - {}) / {width} as span, count(*) from ({}) group by span order by span",
            min.minor(),
            ids.text
        );
        self.query_all(&sql, params_from_iter(&ids.values), |row| {
            let start = min.minor() + row.get::<_, i64>(0)? * width;
            let end = (start + width - 1).min(max.minor());
            Ok(PriceRange { min: Money::from_minor(start), max: Money::from_minor(end), count: row.get(1)? })
        })
    }

    fn facet_attributes(&self, ids: &Sql) -> StoreResult<Vec<(String, Vec<FacetCount>)>> {
        let sql = format!(
            "with m (id) as (select id from ({})), \
             counted (name, value, n) as (select a.name, a.value, count(*) from product_attribute a \
               where a.product_id in (select id from m) group by a.name, a.value), \
             ranked (name, value, n, place, total) as (select name, value, n, \
               row_number() over (partition by name order by n desc, value), sum(n) over (partition by name) from counted) \
             select name, value, n from ranked where place <= {VALUES} order by total desc, name, n desc, value",
            ids.text
        );
        let rows: Vec<(String, String, i64)> =
            self.query_all(&sql, params_from_iter(&ids.values), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut facets: Vec<(String, Vec<FacetCount>)> = Vec::new();
        for (name, value, count) in rows {
            if facets.last().is_none_or(|(last, _)| !last.eq_ignore_ascii_case(&name)) {
                if facets.len() == NAMES {
                    break;
                }
                facets.push((name, Vec::new()));
            }
            if let Some((_, counts)) = facets.last_mut() {
                counts.push(FacetCount { label: value.clone(), value, count });
            }
        }
        Ok(facets)
    }

    fn facet_rows(&self, sql: &str, ids: &Sql) -> StoreResult<Vec<FacetCount>> {
        self.query_all(sql, params_from_iter(&ids.values), |row| {
            Ok(FacetCount { value: row.get(0)?, label: row.get(1)?, count: row.get(2)? })
        })
    }
}
