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
use super::filter::{Part, Resolved, Source, texts};
use super::sql::Sql;
use super::tx::{ReadTx, Value, params_from_iter};
use crate::domain::catalog::{Listing, ListingPosition, OrderingKey};
use crate::domain::{Direction, ProductId};

/// Up to this many index walks are merged; a subtree of more categories is walked as a whole and filtered.
const WALKS_AT_MOST: usize = 200;

fn column(key: OrderingKey) -> &'static str {
    match key {
        OrderingKey::Price => "price",
        OrderingKey::Name => "name_key",
        OrderingKey::UpdatedAt => "updated_at",
        OrderingKey::Rating => "rating",
        OrderingKey::CreatedAt | OrderingKey::Relevance => "created_at",
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
                resolved.price_bounds(&mut sql, !placed || self.descending, !placed || !self.descending);
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
            OrderingKey::Rating => {
                if let Some(min) = filter.min_rating.filter(|_| !placed || self.descending) {
                    sql.and("p.rating >= ?", [Value::Integer(min)]);
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
            OrderingKey::Rating => Some(Part::Rating),
            OrderingKey::Name => None,
        }
    }

    /// Collects from a source and sorts.
    fn collect(&self, resolved: &Resolved<'_>, source: Source) -> Sql {
        let bounded = self.bounded_part();
        let rest = resolved.conditions_but(|part| *part == source.part || Some(part) == bounded.as_ref(), true, true);
        let mut sql = Sql::default();
        sql.append(
            &format!("select p.id, p.{} from (", self.column),
            source.ids,
            ") s cross join product p on p.id = s.id",
        );
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
            sql.push(
                &format!("select p.id as id, p.{} as k from product p indexed by {} where ", self.column, lane.index),
                [],
            );
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
            OrderingKey::Rating => "rating",
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
    /// The ids and positions of up to `limit` products of a list, in the direction it is walked (backwards for a
    /// previous page).
    pub fn listing_ids(&self, listing: &Listing, limit: usize) -> StoreResult<Vec<(ProductId, ListingPosition)>> {
        let Some(resolved) = self.listing_resolve(listing)? else { return Ok(Vec::new()) };
        if let (OrderingKey::Relevance, Some(query)) = (listing.ordering.key, &listing.filter.search) {
            let from = match &listing.from {
                Some((ListingPosition::Search(position), direction)) => Some((position, *direction)),
                _ => None,
            };
            let keep = resolved.conditions_but(|part| *part == Part::Search, true, true);
            let found = self.search_page(query, &keep, from, limit, resolved.ranked_page)?;
            return Ok(found.into_iter().map(|(id, position)| (id, ListingPosition::Search(position))).collect());
        }
        let sql = self.listing_sql(listing, &resolved, limit)?;
        let by_name = listing.ordering.key == OrderingKey::Name;
        self.query_all(&sql.text, params_from_iter(&sql.values), |row| {
            let id = row.get(0)?;
            let position =
                if by_name { ListingPosition::Text(row.get(1)?, id) } else { ListingPosition::Number(row.get(1)?, id) };
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
        let Some(resolved) = self.listing_resolve(listing)? else { return Ok(Vec::new()) };
        let sql = self.listing_sql(listing, &resolved, 21)?;
        let explain = format!("explain query plan {}", sql.text);
        self.query_all(&explain, params_from_iter(&sql.values), |row| row.get(3))
    }

    /// How many products a list gives in all, on whatever page it is.
    pub fn listing_count(&self, listing: &Listing) -> StoreResult<i64> {
        let Some(resolved) = self.listing_resolve(listing)? else { return Ok(0) };
        let sql = resolved.matching(self)?.select("count(*)", "");
        self.query_number(&sql.text, params_from_iter(&sql.values))
    }
}
