//! SQL of product lists: from filter and ordering to a statement that touches few rows.
//!
//! There are two ways to a page. **Walk** an index that already stands in the asked order and skip what does
//! not match, ending after a page: right when much matches. Or **collect** the few products that a selective
//! filter names (a tag, an attribute, a narrow price range, a search) and sort these: right when little matches.
//! Which of the two is decided by a probe that counts the matches of each selective filter up to a cap, so
//! that neither way can touch more than a bounded number of rows for reasons the filter shows.
//!
//! Several categories (a node and all below it) are several walks of the index (category, status, key), merged by
//! the engine as it goes (`union all … order by`), so that a node high in the tree costs what a leaf costs.

use super::error::StoreResult;
use super::product::placeholders;
use super::tx::{ReadTx, Value, params_from_iter};
use crate::domain::catalog::{Listing, ListingPosition, OrderingKey, ProductFilter};
use crate::domain::{CategoryId, Direction, Money, ProductId};

/// Up to this many matches are collected and sorted; more are walked in order.
pub(super) const COLLECT_AT_MOST: i64 = 2_000;

/// Up to this many index walks are merged; a subtree of more categories is walked as a whole and filtered.
const WALKS_AT_MOST: usize = 200;

/// A piece of SQL and its parameters in order of their `?`.
#[derive(Clone, Debug, Default)]
pub struct Sql {
    /// The text, each parameter a plain `?`.
    pub text: String,
    /// The values.
    pub values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>, values: Vec<Value>) -> Self {
        Self { text: text.into(), values }
    }

    /// Adds text and values at the end.
    pub(super) fn push(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str(text);
        self.values.extend(values);
    }

    fn append(&mut self, before: &str, other: Self, after: &str) {
        self.push(before, []);
        self.push(&other.text, other.values);
        self.push(after, []);
    }

    /// Adds a condition behind an `and`.
    pub(super) fn and(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        if !self.text.is_empty() {
            self.text.push_str(" and ");
        }
        self.push(text, values);
    }
}

/// A filter with its categories looked up.
pub(super) struct Resolved<'a> {
    filter: &'a ProductFilter,
    /// The asked categories and all below; none when no category was asked.
    categories: Option<Vec<CategoryId>>,
}

/// A selective part of a filter: the ids it allows and a cheap count of them.
struct Source {
    part: Part,
    /// Gives the column `id`.
    ids: Sql,
}

/// Parts of a filter that can name the products on their own.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Ids,
    Search,
    Tag(String),
    Attribute(String),
    Brand,
    Price,
    Created,
    Updated,
}

fn column(key: OrderingKey) -> &'static str {
    match key {
        OrderingKey::Price => "price",
        OrderingKey::Name => "name_key",
        OrderingKey::UpdatedAt => "updated_at",
        OrderingKey::CreatedAt | OrderingKey::Relevance => "created_at",
    }
}

fn texts(values: &[String]) -> impl Iterator<Item = Value> {
    values.iter().map(|v| Value::Text(v.clone()))
}

impl Resolved<'_> {
    /// Conditions on alias `p` that hold for every matching product, but for the parts left out.
    pub(super) fn conditions(&self, without: Option<&str>) -> Sql {
        self.conditions_but(|_| false, without != Some("category"), true)
    }

    fn conditions_but(&self, left_out: impl Fn(&Part) -> bool, with_category: bool, with_status: bool) -> Sql {
        let filter = self.filter;
        let mut sql = Sql::default();
        if with_status {
            let codes = filter.statuses.iter().map(|s| Value::Integer(s.code()));
            sql.and(&format!("p.status in ({})", placeholders(filter.statuses.len())), codes);
        }
        if let Some(categories) = self.categories.as_ref().filter(|_| with_category) {
            sql.and(&format!("p.category_id in ({})", placeholders(categories.len())), categories.iter().map(|c| Value::from(*c)));
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

    fn price_bounds(&self, sql: &mut Sql, lower: bool, upper: bool) {
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
            sources.push(Source { part: Part::Search, ids: tx.search_match_sql(query)? });
        }
        if let Some(ids) = &filter.ids {
            let rows = Sql::new(
                format!("select id from product where id in ({})", placeholders(ids.len())),
                ids.iter().map(|id| Value::from(*id)).collect(),
            );
            sources.push(Source { part: Part::Ids, ids: rows });
        }
        for tag in &filter.tags {
            let rows = Sql::new("select product_id as id from product_tag where tag = ?", vec![Value::Text(tag.clone())]);
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
            rows.push(&format!("select p.id from product p where p.brand in ({brands}) and p.status in ({statuses})"), texts(&filter.brands).chain(codes()));
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
        if let Some(after) = filter.created_after.filter(|_| key != OrderingKey::CreatedAt) {
            range(Part::Created, Sql::new("p.created_at > ?", vec![after.into()]));
        }
        if let Some(after) = filter.updated_after.filter(|_| key != OrderingKey::UpdatedAt) {
            range(Part::Updated, Sql::new("p.updated_at > ?", vec![after.into()]));
        }
        Ok(sources)
    }

    /// The source to collect from: always ids and search, otherwise the smallest when it is small.
    fn narrowest(&self, tx: &ReadTx<'_>, key: OrderingKey) -> StoreResult<Option<Source>> {
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

    /// All matching ids, each once, for counting.
    pub(super) fn matching(&self, tx: &ReadTx<'_>, columns: &str) -> StoreResult<Sql> {
        let mut sql = Sql::default();
        match self.narrowest(tx, OrderingKey::Relevance)? {
            Some(source) => {
                let conditions = self.conditions_but(|part| *part == source.part, true, true);
                sql.append(&format!("select {columns} from ("), source.ids, ") s cross join product p on p.id = s.id");
                sql.append(" where ", conditions, "");
            }
            None => sql.append(&format!("select {columns} from product p where "), self.conditions(None), ""),
        }
        Ok(sql)
    }
}

/// What is asked of an ordering: the column, which way, and from where.
struct Walk<'a> {
    key: OrderingKey,
    column: &'static str,
    descending: bool,
    from: Option<&'a ListingPosition>,
    limit: usize,
}

impl<'a> Walk<'a> {
    fn new(listing: &'a Listing, limit: usize) -> Self {
        let backwards = matches!(listing.from, Some((_, Direction::Previous)));
        Self {
            key: listing.ordering.key,
            column: column(listing.ordering.key),
            descending: listing.ordering.descending != backwards,
            from: listing.from.as_ref().map(|(position, _)| position),
            limit,
        }
    }

    /// Conditions that continue behind a position. The bound of the filter on the same side as the position is
    /// weaker and left out, so that the engine starts at the position and not at the bound.
    fn bounds(&self, resolved: &Resolved<'_>) -> Sql {
        let mut sql = Sql::default();
        let filter = resolved.filter;
        let placed = self.from.is_some();
        match self.key {
            OrderingKey::Price => {
                resolved.price_bounds(&mut sql, !(placed && !self.descending), !(placed && self.descending));
            }
            OrderingKey::CreatedAt | OrderingKey::Relevance => {
                if let Some(after) = filter.created_after.filter(|_| !placed || self.descending) {
                    sql.and("p.created_at > ?", [after.into()]);
                }
            }
            OrderingKey::UpdatedAt => {
                if let Some(after) = filter.updated_after.filter(|_| !placed || self.descending) {
                    sql.and("p.updated_at > ?", [after.into()]);
                }
            }
            OrderingKey::Name => {}
        }
        self.behind(&mut sql);
        sql
    }

    fn behind(&self, sql: &mut Sql) {
        let sign = if self.descending { "<" } else { ">" };
        let condition = format!("(p.{}, p.id) {sign} (?, ?)", self.column);
        match self.from {
            Some(ListingPosition::Number(key, id)) => sql.and(&condition, [Value::Integer(*key), (*id).into()]),
            Some(ListingPosition::Text(key, id)) => sql.and(&condition, [Value::Text(key.clone()), (*id).into()]),
            Some(ListingPosition::Search(_)) | None => {}
        }
    }

    fn order(&self, alias: &str, column: &str) -> String {
        let direction = if self.descending { " desc" } else { "" };
        format!(" order by {alias}{column}{direction}, {alias}id{direction} limit {}", self.limit)
    }

    /// The parts of a filter that the walk's own bounds already say.
    fn bounded_part(&self) -> Option<Part> {
        match self.key {
            OrderingKey::Price => Some(Part::Price),
            OrderingKey::CreatedAt | OrderingKey::Relevance => Some(Part::Created),
            OrderingKey::UpdatedAt => Some(Part::Updated),
            OrderingKey::Name => None,
        }
    }

    /// Collects from a source and sorts.
    fn collect(&self, resolved: &Resolved<'_>, source: Source) -> Sql {
        let bounded = self.bounded_part();
        let rest = resolved.conditions_but(|part| *part == source.part || Some(part) == bounded.as_ref(), true, true);
        let mut sql = Sql::default();
        sql.append(&format!("select p.id, p.{} from (", self.column), source.ids, ") s cross join product p on p.id = s.id");
        sql.append(" where ", rest, "");
        let bounds = self.bounds(resolved);
        if !bounds.text.is_empty() {
            sql.append(" and ", bounds, "");
        }
        sql.push(&self.order("p.", self.column), []);
        sql
    }

    /// Walks an index in order; several walks are merged.
    fn walk(&self, resolved: &Resolved<'_>) -> Sql {
        let lanes = self.lanes(resolved);
        let brand_lanes = lanes.iter().any(|lane| lane.index.starts_with("product_brand"));
        let category_lanes = lanes.iter().any(|lane| lane.index.starts_with("product_category"));
        let bounded = self.bounded_part();
        let left_out = |part: &Part| Some(part) == bounded.as_ref() || (brand_lanes && *part == Part::Brand);
        let rest = resolved.conditions_but(left_out, !category_lanes, false);
        let bounds = self.bounds(resolved);
        let mut sql = Sql::default();
        let many = lanes.len() > 1;
        for (number, lane) in lanes.into_iter().enumerate() {
            sql.push(if number > 0 { " union all " } else { "" }, []);
            sql.push(&format!("select p.id as id, p.{} as k from product p indexed by {} where ", self.column, lane.index), []);
            sql.append("", lane.condition, "");
            for extra in [&rest, &bounds] {
                if !extra.text.is_empty() {
                    sql.append(" and ", extra.clone(), "");
                }
            }
        }
        sql.push(&if many { self.order("", "k") } else { self.order("p.", self.column) }, []);
        sql
    }

    /// The index walks that together visit every product the filter's equalities allow.
    fn lanes(&self, resolved: &Resolved<'_>) -> Vec<Lane> {
        let filter = resolved.filter;
        let ending = match self.key {
            OrderingKey::Price => "price",
            OrderingKey::Name => "name",
            OrderingKey::UpdatedAt => "updated",
            OrderingKey::CreatedAt | OrderingKey::Relevance => "created",
        };
        let heads: Vec<(String, Sql)> = match &resolved.categories {
            Some(categories) if categories.len() * filter.statuses.len() <= WALKS_AT_MOST => categories
                .iter()
                .map(|c| (format!("product_category_{ending}"), Sql::new("p.category_id = ?", vec![(*c).into()])))
                .collect(),
            None if !filter.brands.is_empty() && matches!(ending, "price" | "created") => texts(&filter.brands)
                .map(|brand| (format!("product_brand_{ending}"), Sql::new("p.brand = ?", vec![brand])))
                .collect(),
            _ => vec![(format!("product_by_{ending}"), Sql::default())],
        };
        let mut lanes = Vec::new();
        for (index, head) in heads {
            for status in &filter.statuses {
                let mut condition = head.clone();
                condition.and("p.status = ?", [Value::Integer(status.code())]);
                lanes.push(Lane { index: index.clone(), condition });
            }
        }
        lanes
    }
}

/// One walk: an index and the equalities that fix its leading columns.
struct Lane {
    index: String,
    condition: Sql,
}

impl ReadTx<'_> {
    /// Looks up the categories of a filter; none when it names categories that do not exist, so nothing matches.
    pub(super) fn filter_resolve<'a>(&self, filter: &'a ProductFilter) -> StoreResult<Option<Resolved<'a>>> {
        if filter.statuses.is_empty() || filter.ids.as_ref().is_some_and(Vec::is_empty) {
            return Ok(None);
        }
        if filter.categories.is_empty() {
            return Ok(Some(Resolved { filter, categories: None }));
        }
        let mut categories = Vec::new();
        for pick in &filter.categories {
            categories.extend(self.category_subtree(pick)?);
        }
        categories.sort_unstable();
        categories.dedup();
        Ok((!categories.is_empty()).then_some(Resolved { filter, categories: Some(categories) }))
    }

    /// The ids and positions of up to `limit` products of a list, in the direction it is walked (backwards for a
    /// previous page).
    pub fn listing_ids(&self, listing: &Listing, limit: usize) -> StoreResult<Vec<(ProductId, ListingPosition)>> {
        let Some(resolved) = self.filter_resolve(&listing.filter)? else { return Ok(Vec::new()) };
        if let (OrderingKey::Relevance, Some(query)) = (listing.ordering.key, &listing.filter.search) {
            let from = match &listing.from {
                Some((ListingPosition::Search(position), direction)) => Some((position, *direction)),
                _ => None,
            };
            let keep = resolved.conditions_but(|part| *part == Part::Search, true, true);
            let found = self.search_page(query, &keep, from, limit)?;
            return Ok(found.into_iter().map(|(id, position)| (id, ListingPosition::Search(position))).collect());
        }
        let sql = self.listing_sql(listing, &resolved, limit)?;
        let by_name = listing.ordering.key == OrderingKey::Name;
        self.query_all(&sql.text, params_from_iter(&sql.values), |row| {
            let id = row.get(0)?;
            let position = if by_name {
                ListingPosition::Text(row.get(1)?, id)
            } else {
                ListingPosition::Number(row.get(1)?, id)
            };
            Ok((id, position))
        })
    }

    pub(super) fn listing_sql(&self, listing: &Listing, resolved: &Resolved<'_>, limit: usize) -> StoreResult<Sql> {
        let walk = Walk::new(listing, limit);
        Ok(match resolved.narrowest(self, walk.key)? {
            Some(source) => walk.collect(resolved, source),
            None => walk.walk(resolved),
        })
    }

    /// How the engine would run the statement of a list, one line a step; tests hold it against full scans.
    pub fn listing_plan(&self, listing: &Listing) -> StoreResult<Vec<String>> {
        let Some(resolved) = self.filter_resolve(&listing.filter)? else { return Ok(Vec::new()) };
        let sql = self.listing_sql(listing, &resolved, 21)?;
        let explain = format!("explain query plan {}", sql.text);
        self.query_all(&explain, params_from_iter(&sql.values), |row| row.get(3))
    }

    /// How many products match a filter.
    pub fn listing_count(&self, filter: &ProductFilter) -> StoreResult<i64> {
        let Some(resolved) = self.filter_resolve(filter)? else { return Ok(0) };
        let mut sql = Sql::default();
        sql.append("select count(*) from (", resolved.matching(self, "1")?, ")");
        self.query_number(&sql.text, params_from_iter(&sql.values))
    }

    /// The lowest and highest price among the products that match a filter.
    pub(super) fn listing_price_span(&self, matching: &Sql) -> StoreResult<Option<(Money, Money)>> {
        let sql = format!("select min(price), max(price) from ({})", matching.text);
        let span = self.query_one(&sql, params_from_iter(&matching.values), |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)))?;
        Ok(match span {
            Some((Some(min), Some(max))) => Some((Money::from_minor(min), Money::from_minor(max))),
            _ => None,
        })
    }
}
