//! Reading a page of a search result, best products first, at a cost that has a bound.
//!
//! A result has three stages: products with every word, those with every word where the last is only begun, and
//! those with most of the words. A stage is tried only when those before it did not fill the page, and the last one only
//! when they did not fill the first page: whoever finds a page of what they asked for is spared the rest. A stage of
//! many products is read level by level, and a level stretch by stretch in order of ids; only inside a stretch do
//! exact weights decide. So a page weighs a few hundred products at most, however many match and wherever it is.

use super::stages::{EXACT, MOST, PREFIX, Stages};
use crate::domain::search::{SearchPosition, SearchQuery, SearchRank, TOP_LEVEL};
use crate::domain::{Direction, ProductId};
use crate::store::StoreResult;
use crate::store::sql::Sql;
use crate::store::tx::{ReadTx, Value, params, params_from_iter};

/// Products that are weighed at once, by stage. With 256 the order of rated searches is as good as with all
/// products weighed; the later stages need no such care.
const STRETCH: [usize; 3] = [256, 64, 64];

impl ReadTx<'_> {
    /// The products that match, best first: at most `limit` of them from the start of the result or from behind a
    /// position; before a position, nearest first. Only products for which `keep` holds (a condition on `product p`,
    /// which may be empty) count. Where the first page has `enough` with every word, those with most are no part of the
    /// result; without such a number they always are.
    pub fn search_page(
        &self,
        query: &SearchQuery,
        keep: &Sql,
        from: Option<(&SearchPosition, Direction)>,
        limit: usize,
        enough: Option<usize>,
    ) -> StoreResult<Vec<(ProductId, SearchPosition)>> {
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let way = from.map_or(Direction::Next, |(_, way)| way);
        let mut search =
            Search { tx: self, stages: Stages::new(self, query), keep, way, selective: false, deepest: MOST };
        let mut stretch = match from {
            Some((position, _)) => Some(search.resume(position)),
            None => search.enter(EXACT)?,
        };
        let mut start = from.map(|(position, _)| position.rank);
        let mut found = Vec::new();
        while let Some(mut here) = stretch
            && found.len() < limit
        {
            let mut ranks = search.read(&mut here)?;
            if let Some(start) = start.take() {
                ranks.retain(|rank| if way == Direction::Next { *rank > start } else { *rank < start });
            }
            let selective = search.selective;
            if !selective {
                search.selective = search.drop_unwanted(&mut ranks, limit - found.len())?;
            }
            let ranks = ranks.into_iter().take(limit - found.len());
            found.extend(ranks.map(|rank| (rank.id, search.position(&here, selective, rank))));
            // Whoever comes from a full match has seen a first page of them.
            if here.stage < MOST && enough.is_some_and(|enough| from.is_some() || found.len() >= enough) {
                search.deepest = PREFIX;
            }
            stretch = search.beyond(&here)?;
        }
        Ok(found)
    }

    /// All matches as a query of the column `id`: the products with every word; where fewer than `enough` of these are to
    /// be kept, those with most words too, as behind a first page of so many that [`ReadTx::search_page`] could not fill.
    pub fn search_match_sql(&self, query: &SearchQuery, enough: usize, keep: &Sql) -> StoreResult<Sql> {
        if query.is_empty() {
            return Ok(Sql { text: "select id from product where false".to_owned(), values: Vec::new() });
        }
        let matching = Stages::new(self, query).matching(enough, keep)?;
        let text = "select rowid as id from search_index where search_index match ?".to_owned();
        Ok(Sql { text, values: vec![Value::Text(matching)] })
    }
}

/// A part of the index whose products are ordered by weight: a whole stage, or some of one of its levels.
struct Stretch {
    stage: u8,
    level: Option<u8>,
    first: i64,
    last: i64,
    /// Whether both ends are known, or one is found by reading.
    closed: bool,
    /// The products of a whole stage, when they were just listed.
    ids: Option<Vec<i64>>,
}

impl Stretch {
    fn open(stage: u8, level: Option<u8>) -> Self {
        Self { stage, level, first: 0, last: i64::MAX, closed: false, ids: None }
    }
}

struct Search<'a> {
    tx: &'a ReadTx<'a>,
    stages: Stages<'a>,
    keep: &'a Sql,
    way: Direction,
    /// Whether few products are kept, so that it pays to look at each before weighing it.
    selective: bool,
    /// The last stage that belongs to the result.
    deepest: u8,
}

impl Search<'_> {
    fn resume(&mut self, position: &SearchPosition) -> Stretch {
        self.stages.keep_shares(&position.shares);
        self.selective = position.selective;
        let SearchPosition { first, last, .. } = *position;
        Stretch {
            first,
            last,
            closed: true,
            ..Stretch::open(position.stage.min(MOST), position.level.map(|l| l.min(TOP_LEVEL)))
        }
    }

    fn position(&self, here: &Stretch, selective: bool, rank: SearchRank) -> SearchPosition {
        let shares = if here.stage == MOST { self.stages.shares().to_vec() } else { Vec::new() };
        let Stretch { stage, level, first, last, .. } = *here;
        SearchPosition { stage, level, first, last, selective, rank, shares }
    }

    /// The outer stretch of a stage on the side we come from, or of the next stage that has products.
    fn enter(&self, stage: u8) -> StoreResult<Option<Stretch>> {
        let mut stage = stage;
        loop {
            let most = STRETCH[usize::from(stage)];
            let ids = match self.stages.expression(stage, 0)? {
                Some(matching) => self.stages.ids(&matching, Some(most + 1))?,
                None => Vec::new(),
            };
            if ids.len() > most {
                let edge = if self.way == Direction::Next { TOP_LEVEL } else { 0 };
                return Ok(Some(Stretch::open(stage, Some(edge))));
            }
            if !ids.is_empty() {
                return Ok(Some(Stretch { closed: true, ids: Some(ids), ..Stretch::open(stage, None) }));
            }
            match self.way {
                Direction::Next if stage < self.deepest => stage += 1,
                Direction::Previous if stage > EXACT => stage -= 1,
                _ => return Ok(None),
            }
        }
    }

    /// The stretch that follows, or precedes when we go backwards.
    fn beyond(&self, here: &Stretch) -> StoreResult<Option<Stretch>> {
        let next = match (self.way, here.level) {
            (Direction::Next, Some(_)) if here.last < i64::MAX => {
                Stretch { first: here.last + 1, ..Stretch::open(here.stage, here.level) }
            }
            (Direction::Previous, Some(_)) if here.first > 0 => {
                Stretch { last: here.first - 1, ..Stretch::open(here.stage, here.level) }
            }
            (Direction::Next, Some(level)) if level > 0 => Stretch::open(here.stage, Some(level - 1)),
            (Direction::Previous, Some(level)) if level < TOP_LEVEL => Stretch::open(here.stage, Some(level + 1)),
            (Direction::Next, _) if here.stage < self.deepest => return self.enter(here.stage + 1),
            (Direction::Previous, _) if here.stage > EXACT => return self.enter(here.stage - 1),
            _ => return Ok(None),
        };
        Ok(Some(next))
    }

    /// The ranks of a stretch in the order we go; finds its open end.
    fn read(&self, here: &mut Stretch) -> StoreResult<Vec<SearchRank>> {
        if here.stage == MOST {
            // Products that belong to the stage before are told by its words, so these must be known.
            self.stages.expression(PREFIX, 0)?;
        }
        let Some(matching) = self.stages.expression(here.stage, here.level.unwrap_or(0))? else {
            return Ok(Vec::new());
        };
        let mut ranks = match here.level {
            None if !self.selective => self.weigh_all(here, &matching)?,
            _ => self.weigh_stretch(here, matching)?,
        };
        match self.way {
            Direction::Next => ranks.sort_unstable(),
            Direction::Previous => ranks.sort_unstable_by(|a, b| b.cmp(a)),
        }
        Ok(ranks)
    }

    fn weigh_all(&self, here: &mut Stretch, matching: &str) -> StoreResult<Vec<SearchRank>> {
        let ids = match here.ids.take() {
            Some(ids) => ids,
            None => self.stages.ids(matching, None)?,
        };
        let sql = "select product_id, weights from search_weight where product_id in (select value from json_each(?))";
        let ranks = self.tx.query_all(sql, params![json(ids.iter())], |row| {
            let weights = row.get_ref(1)?.as_blob()?;
            Ok(self.stages.rank(here.stage, row.get(0)?, weights))
        })?;
        Ok(ranks.into_iter().flatten().collect())
    }

    fn weigh_stretch(&self, here: &mut Stretch, mut matching: String) -> StoreResult<Vec<SearchRank>> {
        if let Some(level) = here.level.filter(|level| *level < TOP_LEVEL)
            && let Some(above) = self.stages.expression(here.stage, level + 1)?
        {
            matching = format!("({matching}) NOT ({above})");
        }
        let most = STRETCH[usize::from(here.stage)];
        let limit = if here.closed { String::new() } else { format!("limit {most}") };
        let order = if self.way == Direction::Next { "" } else { "order by f.rowid desc" };
        let join = self.selective && !self.keep.text.is_empty();
        let (join, and) = match join {
            true => ("cross join product p on p.id = f.rowid", format!("and ({})", self.keep.text)),
            false => ("", String::new()),
        };
        // The joins are cross joins to keep the engine from starting with anything but the index.
        let sql = format!(
            "select f.rowid, w.weights from search_index f {join} cross join search_weight w on w.product_id = f.rowid \
             where f.search_index match ? and f.rowid between ? and ? {and} {order} {limit}"
        );
        let mut values = vec![Value::Text(matching), Value::Integer(here.first), Value::Integer(here.last)];
        if !and.is_empty() {
            values.extend(self.keep.values.iter().cloned());
        }
        let ranks = self.tx.query_all(&sql, params_from_iter(&values), |row| {
            let id = row.get(0)?;
            let weights = row.get_ref(1)?.as_blob()?;
            Ok((id, self.stages.rank(here.stage, id, weights)))
        })?;
        if let Some((end, _)) = ranks.last().filter(|_| !here.closed && ranks.len() == most) {
            *if self.way == Direction::Next { &mut here.last } else { &mut here.first } = *end;
        }
        Ok(ranks.into_iter().filter_map(|(_, rank)| rank).collect())
    }

    /// Drops products that are not to be kept, until `wanted` are; tells whether most were dropped.
    fn drop_unwanted(&self, ranks: &mut Vec<SearchRank>, wanted: usize) -> StoreResult<bool> {
        if self.keep.text.is_empty() || ranks.is_empty() {
            return Ok(false);
        }
        let sql = format!(
            "select p.id from product p where p.id in (select value from json_each(?)) and ({})",
            self.keep.text
        );
        let mut kept = Vec::new();
        let mut seen = 0;
        for batch in ranks.chunks(wanted + 4) {
            if kept.len() >= wanted {
                break;
            }
            let mut values = vec![Value::Text(json(batch.iter().map(|rank| rank.id)))];
            values.extend(self.keep.values.iter().cloned());
            let good: Vec<i64> = self.tx.query_all(&sql, params_from_iter(&values), |row| row.get(0))?;
            kept.extend(batch.iter().filter(|rank| good.contains(&rank.id.get())).copied());
            seen += batch.len();
        }
        let selective = kept.len() * 2 < seen;
        *ranks = kept;
        Ok(selective)
    }
}

/// Ids as one parameter.
fn json(ids: impl Iterator<Item = impl ToString>) -> String {
    format!("[{}]", ids.map(|id| id.to_string()).collect::<Vec<_>>().join(","))
}
