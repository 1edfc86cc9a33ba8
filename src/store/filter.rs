//! SQL of product filters: the conditions they mean, and which part of them names few products.

use super::error::StoreResult;
use super::product::placeholders;
use super::sql::Sql;
use super::tx::{ReadTx, Value, params_from_iter};
use crate::domain::CategoryId;
use crate::domain::catalog::{Listing, OrderingKey, ProductFilter};

/// Up to this many matches are collected and sorted; more are walked in order.
pub(super) const COLLECT_AT_MOST: i64 = 2_000;

/// A filter with its categories looked up.
pub(super) struct Resolved<'a> {
    pub(super) filter: &'a ProductFilter,
    /// Products on a page, where the best matches of a search come first.
    pub(super) ranked_page: Option<usize>,
    /// The asked categories and all below; none when no category was asked.
    pub(super) categories: Option<Vec<CategoryId>>,
}

/// A selective part of a filter: the ids it allows and a cheap count of them.
pub(super) struct Source {
    pub(super) part: Part,
    /// Gives the column `id`.
    pub(super) ids: Sql,
}

/// Parts of a filter that can name the products on their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Ids,
    Search,
    Tag(String),
    Attribute(String),
    Brand,
    Price,
    Rating,
    Created,
    Updated,
}

pub(super) fn texts(values: &[String]) -> impl Iterator<Item = Value> {
    values.iter().map(|v| Value::Text(v.clone()))
}

impl Resolved<'_> {
    /// Conditions on alias `p` that hold for every matching product, but for the parts left out.
    pub(super) fn conditions_but(
        &self,
        left_out: impl Fn(&Part) -> bool,
        with_category: bool,
        with_status: bool,
    ) -> Sql {
        let filter = self.filter;
        let mut sql = Sql::default();
        if with_status {
            let codes = filter.statuses.iter().map(|s| Value::Integer(s.code()));
            sql.and(&format!("p.status in ({})", placeholders(filter.statuses.len())), codes);
        }
        if let Some(categories) = self.categories.as_ref().filter(|_| with_category) {
            sql.and(
                &format!("p.category_id in ({})", placeholders(categories.len())),
                categories.iter().map(|c| Value::from(*c)),
            );
        }
        if !filter.brands.is_empty() && !left_out(&Part::Brand) {
            sql.and(&format!("p.brand in ({})", placeholders(filter.brands.len())), texts(&filter.brands));
        }
        if let Some(in_stock) = filter.in_stock {
            sql.and("p.in_stock = ?", [Value::Integer(i64::from(in_stock))]);
        }
        if !left_out(&Part::Price) {
            self.price_bounds(&mut sql, true, true);
        }
        if let Some(min) = filter.min_rating.filter(|_| !left_out(&Part::Rating)) {
            sql.and("p.rating >= ?", [Value::Integer(min)]);
        }
        if let Some(after) = filter.created_after.filter(|_| !left_out(&Part::Created)) {
            sql.and("p.created_at > ?", [after.into()]);
        }
        if let Some(after) = filter.updated_after.filter(|_| !left_out(&Part::Updated)) {
            sql.and("p.updated_at > ?", [after.into()]);
        }
        for tag in filter.tags.iter().filter(|t| !left_out(&Part::Tag((*t).clone()))) {
            let exists = "exists (select 1 from product_tag t where t.tag = ? and t.product_id = p.id)";
            sql.and(exists, [Value::Text(tag.clone())]);
        }
        for (name, values) in filter.attributes.iter().filter(|(n, _)| !left_out(&Part::Attribute((*n).clone()))) {
            let exists = format!(
                "exists (select 1 from product_attribute a where a.name = ? and a.value in ({}) and a.product_id = p.id)",
                placeholders(values.len())
            );
            sql.and(&exists, std::iter::once(Value::Text(name.clone())).chain(texts(values)));
        }
        if let Some(ids) = filter.ids.as_ref().filter(|_| !left_out(&Part::Ids)) {
            sql.and(&format!("p.id in ({})", placeholders(ids.len())), ids.iter().map(|id| Value::from(*id)));
        }
        sql
    }

    pub(super) fn price_bounds(&self, sql: &mut Sql, lower: bool, upper: bool) {
        if let Some(min) = self.filter.min_price.filter(|_| lower) {
            sql.and("p.price >= ?", [min.into()]);
        }
        if let Some(max) = self.filter.max_price.filter(|_| upper) {
            sql.and("p.price <= ?", [max.into()]);
        }
    }

    /// Every part of the filter that can name its products without walking a list.
    fn sources(&self, tx: &ReadTx<'_>, key: OrderingKey) -> StoreResult<Vec<Source>> {
        let filter = self.filter;
        let mut sources = Vec::new();
        // First, since a search is no condition on a row: where there is one, it must be the source.
        if let Some(query) = &filter.search {
            let keep = self.conditions_but(|part| *part == Part::Search, true, true);
            let ids = match self.ranked_page {
                Some(page) => tx.search_match_sql(query, page, &keep)?,
                // In another order, what has most words would stand among what has all.
                None => tx.search_match_sql(query, 1, &Sql::default())?,
            };
            sources.push(Source { part: Part::Search, ids });
        }
        if let Some(ids) = &filter.ids {
            let rows = Sql::new(
                format!("select id from product where id in ({})", placeholders(ids.len())),
                ids.iter().map(|id| Value::from(*id)).collect(),
            );
            sources.push(Source { part: Part::Ids, ids: rows });
        }
        for tag in &filter.tags {
            let rows =
                Sql::new("select product_id as id from product_tag where tag = ?", vec![Value::Text(tag.clone())]);
            sources.push(Source { part: Part::Tag(tag.clone()), ids: rows });
        }
        for (name, values) in &filter.attributes {
            let distinct = if values.len() > 1 { "distinct " } else { "" };
            let text = format!(
                "select {distinct}product_id as id from product_attribute where name = ? and value in ({})",
                placeholders(values.len())
            );
            let rows = Sql::new(text, std::iter::once(Value::Text(name.clone())).chain(texts(values)).collect());
            sources.push(Source { part: Part::Attribute(name.clone()), ids: rows });
        }
        let statuses = placeholders(filter.statuses.len());
        let codes = || filter.statuses.iter().map(|s| Value::Integer(s.code()));
        if !filter.brands.is_empty() {
            let mut rows = Sql::default();
            let brands = placeholders(filter.brands.len());
            rows.push(
                &format!("select p.id from product p where p.brand in ({brands}) and p.status in ({statuses})"),
                texts(&filter.brands).chain(codes()),
            );
            sources.push(Source { part: Part::Brand, ids: rows });
        }
        let mut range = |part: Part, conditions: Sql| {
            let mut rows = Sql::default();
            rows.push(&format!("select p.id from product p where p.status in ({statuses}) and "), codes());
            rows.append("", conditions, "");
            sources.push(Source { part, ids: rows });
        };
        if key != OrderingKey::Price && (filter.min_price.is_some() || filter.max_price.is_some()) {
            let mut bounds = Sql::default();
            self.price_bounds(&mut bounds, true, true);
            range(Part::Price, bounds);
        }
        if let Some(min) = filter.min_rating.filter(|_| key != OrderingKey::Rating) {
            range(Part::Rating, Sql::new("p.rating >= ?", vec![Value::Integer(min)]));
        }
        if let Some(after) = filter.created_after.filter(|_| key != OrderingKey::CreatedAt) {
            range(Part::Created, Sql::new("p.created_at > ?", vec![after.into()]));
        }
        if let Some(after) = filter.updated_after.filter(|_| key != OrderingKey::UpdatedAt) {
            range(Part::Updated, Sql::new("p.updated_at > ?", vec![after.into()]));
        }
        Ok(sources)
    }

    /// The source to collect from: always ids and search, otherwise the smallest when it is small.
    pub(super) fn narrowest(&self, tx: &ReadTx<'_>, key: OrderingKey) -> StoreResult<Option<Source>> {
        let mut best: Option<(i64, Source)> = None;
        for source in self.sources(tx, key)? {
            if matches!(source.part, Part::Ids | Part::Search) {
                return Ok(Some(source));
            }
            let mut probe = Sql::default();
            probe.append("select count(*) from (", source.ids.clone(), &format!(" limit {})", COLLECT_AT_MOST + 1));
            let count = tx.query_number(&probe.text, params_from_iter(&probe.values))?;
            if count <= COLLECT_AT_MOST && best.as_ref().is_none_or(|(least, _)| count < *least) {
                best = Some((count, source));
            }
        }
        Ok(best.map(|(_, source)| source))
    }

    fn asks_status_alone(&self) -> bool {
        *self.filter == ProductFilter { statuses: self.filter.statuses.clone(), ..ProductFilter::default() }
    }

    /// The rows of all matching products, each once.
    pub(super) fn matching(&self, tx: &ReadTx<'_>) -> StoreResult<Matching> {
        let mut rows = Sql::default();
        match self.narrowest(tx, OrderingKey::Relevance)? {
            Some(source) => {
                let conditions = self.conditions_but(|part| *part == source.part, true, true);
                rows.append("(", source.ids, ") s cross join product p on p.id = s.id");
                rows.append(" where ", conditions, "");
            }
            None => rows.append("product p where ", self.conditions_but(|_| false, true, true), ""),
        }
        Ok(Matching { rows, status_alone: self.asks_status_alone() })
    }
}

/// The rows of product `p` that match a filter: what stands behind `from`.
pub(super) struct Matching {
    rows: Sql,
    /// Whether the filter asks for nothing but a status, so that an index alone can answer.
    status_alone: bool,
}

impl Matching {
    /// Like [`Matching::select`], for counting by a column that leads the index: where nothing but a status is asked,
    /// the index is read in its order, instead of looking up and sorting every product of the shop.
    pub(super) fn select_by(&self, index: &str, columns: &str, after: &str) -> Sql {
        let mut sql = self.select(columns, after);
        if self.status_alone {
            sql.text =
                sql.text.replacen("from product p where", &format!("from product p indexed by {index} where"), 1);
        }
        sql
    }

    /// A query over these rows: the columns, and what comes after the conditions.
    pub(super) fn select(&self, columns: &str, after: &str) -> Sql {
        let mut sql = Sql::default();
        sql.append(&format!("select {columns} from "), self.rows.clone(), after);
        sql
    }
}

impl ReadTx<'_> {
    /// Looks up the categories of a listing's filter; none when it names categories that do not exist, so nothing matches.
    pub(super) fn listing_resolve<'a>(&self, listing: &'a Listing) -> StoreResult<Option<Resolved<'a>>> {
        let filter = &listing.filter;
        let ranked_page = (listing.ordering.key == OrderingKey::Relevance).then_some(listing.page_size.get());
        if filter.statuses.is_empty() || filter.ids.as_ref().is_some_and(Vec::is_empty) {
            return Ok(None);
        }
        if filter.categories.is_empty() {
            return Ok(Some(Resolved { filter, ranked_page, categories: None }));
        }
        let mut categories = Vec::new();
        for pick in &filter.categories {
            categories.extend(self.category_subtree(pick)?);
        }
        categories.sort_unstable();
        categories.dedup();
        Ok((!categories.is_empty()).then_some(Resolved { filter, ranked_page, categories: Some(categories) }))
    }
}
