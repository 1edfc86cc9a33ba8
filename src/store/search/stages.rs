//! What the index is asked for in each stage of a result, and what a product is worth there.

use std::cell::OnceCell;
use std::cmp::Reverse;

use crate::domain::ProductId;
use crate::domain::search::{SearchQuery, SearchRank, SearchUnit, SearchWord};
use crate::store::StoreResult;
use crate::store::sql::Sql;
use crate::store::tx::{ReadTx, Value, params, params_from_iter};

/// Products with every word.
pub(super) const EXACT: u8 = 0;
/// Products with every word, of which the last is only begun.
pub(super) const PREFIX: u8 = 1;
/// Products with most of what the query says.
pub(super) const MOST: u8 = 2;

/// Words that the beginning of one may stand for, in alphabetical order: each costs a search of its own.
const BEGUN_WORDS: usize = 24;

/// Rows of the vocabulary that are read before skipping to the next word, which costs more than a few rows.
const SKIP_ROWS: usize = 8;

/// Products counted to learn how rare a word is; all words with more are equally frequent.
const COUNTED: usize = 300;

/// The units, rarest first, among which most must match. The index is asked for every set of them that is most, and
/// of more than four there are so many that a query of frequent words took too long among a million products.
const WEIGHED_UNITS: usize = 4;

/// More than any score: 16 units of the highest weight and share.
const SCORES: u32 = 16 * 255 * 255;

/// A query together with what the index had to be asked to understand it.
pub(super) struct Stages<'a> {
    tx: &'a ReadTx<'a>,
    query: &'a SearchQuery,
    /// What the beginning of a word stands for; no way when for nothing.
    begun: OnceCell<SearchUnit>,
    /// What each unit says among all; only the last stage asks.
    shares: OnceCell<Vec<u8>>,
    /// Whether a product needs only one unit to belong to the last stage; only that asks.
    lone: OnceCell<bool>,
}

impl<'a> Stages<'a> {
    pub(super) fn new(tx: &'a ReadTx<'a>, query: &'a SearchQuery) -> Self {
        Self { tx, query, begun: OnceCell::new(), shares: OnceCell::new(), lone: OnceCell::new() }
    }

    /// Takes the shares that an earlier page had found, so that all pages agree on the order.
    pub(super) fn keep_shares(&self, shares: &[u8]) {
        if shares.len() == self.query.units().len() {
            let _ = self.shares.set(shares.to_vec());
        }
    }

    /// The shares, as far as they are known.
    pub(super) fn shares(&self) -> &[u8] {
        self.shares.get().map_or(&[], Vec::as_slice)
    }

    /// The text to match for a stage at a level; `None` when the stage cannot have products.
    pub(super) fn expression(&self, stage: u8, level: u8) -> StoreResult<Option<String>> {
        match stage {
            EXACT => Ok(Some(all_of(self.query.units().iter(), level))),
            PREFIX => self.prefix(level),
            _ => self.most(level),
        }
    }

    /// The text that matches the products of all stages that count as a full match, and of the last one, too, where fewer
    /// than `enough` of the former are to be kept.
    pub(super) fn matching(&self, enough: usize, keep: &Sql) -> StoreResult<String> {
        let full = self.full()?;
        if self.query.units().len() < 2 || self.count_kept(&full, keep, enough)? >= enough {
            return Ok(full);
        }
        Ok(match self.most(0)? {
            Some(most) => format!("{full} OR {most}"),
            None => full,
        })
    }

    fn full(&self) -> StoreResult<String> {
        let full = all_of(self.query.units().iter(), 0);
        Ok(match self.prefix(0)? {
            Some(prefix) => format!("{full} OR {prefix}"),
            None => full,
        })
    }

    fn prefix(&self, level: u8) -> StoreResult<Option<String>> {
        if self.begun.get().is_none() {
            let _ = self.begun.set(self.begun_unit()?);
        }
        let Some((_, before)) = self.query.units().split_last() else { return Ok(None) };
        let begun = self.begun.get().filter(|unit| !unit.ways.is_empty());
        Ok(begun.map(|begun| all_of(before.iter().chain([begun]), level)))
    }

    fn begun_unit(&self) -> StoreResult<SearchUnit> {
        let mut unit = SearchUnit::default();
        for way in self.query.prefix().map_or(&[][..], |unit| &unit.ways) {
            let Some((last, before)) = way.split_last() else { continue };
            for word in self.words_begun_by(&last.text)? {
                unit.ways.push(before.iter().cloned().chain([SearchWord::new(word)]).collect());
            }
        }
        Ok(unit)
    }

    /// The first words of the index that begin with a text, without the word itself when it is asked for anyway.
    /// The index lists a word once for each product, so frequent words are skipped rather than read through.
    fn words_begun_by(&self, text: &str) -> StoreResult<Vec<String>> {
        let sql = format!("select term from search_term where term >= ? and term < ? limit {SKIP_ROWS}");
        let end = format!("0{text}\u{10ffff}");
        let asked = self.query.units().last().is_some_and(|unit| unit.is_word(text));
        let mut from = format!("0{text}{}", if asked { "\0" } else { "" });
        let mut words: Vec<String> = Vec::new();
        while words.len() < BEGUN_WORDS {
            let terms = self.tx.query_all(&sql, params![from, end], |row| row.get::<_, String>(0))?;
            let more = terms.len() == SKIP_ROWS;
            words.extend(terms.iter().map(|term| term[1..].to_owned()));
            words.dedup();
            match words.last() {
                Some(last) if more => from = format!("0{last}\0"),
                _ => break,
            }
        }
        words.truncate(BEGUN_WORDS);
        Ok(words)
    }

    /// Any of the smallest sets of units that together are at least half of what the query says. Where no product has any of
    /// them, each unit alone will do, so that whoever asks for too much at once still finds something.
    fn most(&self, level: u8) -> StoreResult<Option<String>> {
        let units = self.query.units();
        if units.len() < 2 {
            return Ok(None);
        }
        if self.shares.get().is_none() {
            let _ = self.shares.set(self.count_shares()?);
        }
        let shares = self.shares();
        let mut heavy: Vec<usize> = (0..units.len()).filter(|i| shares[*i] > 0).collect();
        heavy.sort_by_key(|i| Reverse(shares[*i]));
        heavy.truncate(WEIGHED_UNITS);
        let members = |set: u32| heavy.iter().enumerate().filter(move |(k, _)| set >> k & 1 == 1).map(|(_, i)| *i);
        let share = |set: u32| members(set).map(|i| u32::from(shares[i])).sum::<u32>();
        let all = (1u32 << heavy.len()) - 1;
        let enough = |set: u32| 2 * share(set) >= share(all);
        let smallest =
            |set: &u32| enough(*set) && (0..heavy.len()).all(|k| set >> k & 1 == 0 || !enough(set & !(1 << k)));
        let any = |sets: &[u32], level: u8| {
            let sets: Vec<String> = sets.iter().map(|set| all_of(members(*set).map(|i| &units[i]), level)).collect();
            format!("({})", sets.join(" OR "))
        };
        let halves: Vec<u32> = (1..=all).filter(smallest).collect();
        if halves.is_empty() {
            return Ok(None);
        }
        if self.lone.get().is_none() {
            let _ = self.lone.set(heavy.len() > 1 && self.count(&any(&halves, 0), 1)? == 0);
        }
        let singles: Vec<u32> = (0..heavy.len()).map(|k| 1 << k).collect();
        Ok(Some(any(if self.lone.get() == Some(&true) { &singles } else { &halves }, level)))
    }

    /// Rare units say more: the share falls with the logarithm of how many products have the unit. What only makes a
    /// sentence of the others says nothing, however rare it is.
    fn count_shares(&self) -> StoreResult<Vec<u8>> {
        let all =
            self.tx.query_one("select max(product_id) from search_weight", [], |row| row.get::<_, Option<i64>>(0))?;
        let all = all.flatten().unwrap_or(0) as f64;
        let units = self.query.units();
        let says_something = units.iter().any(|unit| !unit.is_filler());
        let share = |unit: &SearchUnit| {
            if says_something && unit.is_filler() {
                return Ok(0);
            }
            let count = self.count(&all_of([unit].into_iter(), 0), COUNTED)?;
            Ok(if count == 0 { 0 } else { (16.0 * (1.0 + all / count as f64).ln()).clamp(1.0, 255.0) as u8 })
        };
        units.iter().map(share).collect()
    }

    /// How many products match, counted up to a limit.
    fn count(&self, matching: &str, limit: usize) -> StoreResult<usize> {
        let sql = format!("select count(*) from (select 1 from search_index where search_index match ? limit {limit})");
        Ok(self.tx.query_one(&sql, params![matching], |row| row.get::<_, i64>(0))?.unwrap_or(0) as usize)
    }

    /// How many of the products that match are to be kept, counted up to a limit.
    fn count_kept(&self, matching: &str, keep: &Sql, limit: usize) -> StoreResult<usize> {
        if keep.text.is_empty() {
            return self.count(matching, limit);
        }
        let sql = format!(
            "select count(*) from (select 1 from search_index f cross join product p on p.id = f.rowid \
             where f.search_index match ? and ({}) limit {limit})",
            keep.text
        );
        let values = std::iter::once(Value::Text(matching.to_owned())).chain(keep.values.iter().cloned());
        Ok(self.tx.query_one(&sql, params_from_iter(values), |row| row.get::<_, i64>(0))?.unwrap_or(0) as usize)
    }

    /// The first products that match, in order of ids; the limit stands in the text because the engine plans a
    /// statement anew whenever it is told another limit by parameter.
    pub(super) fn ids(&self, matching: &str, limit: Option<usize>) -> StoreResult<Vec<i64>> {
        let limit = limit.map_or(String::new(), |limit| format!("limit {limit}"));
        let sql = format!("select rowid from search_index where search_index match ? {limit}");
        self.tx.query_all(&sql, params![matching], |row| row.get(0))
    }

    /// The rank of a product in a stage; `None` when it belongs to an earlier one.
    pub(super) fn rank(&self, stage: u8, id: i64, weights: &[u8]) -> Option<SearchRank> {
        let (last, before) = self.query.units().split_last()?;
        let found: Vec<u8> = before.iter().map(|unit| unit.weight(weights)).collect();
        let exact = last.weight(weights);
        let begun = self.begun.get().map_or(0, |unit| unit.weight(weights));
        let own = match found.iter().all(|weight| *weight > 0) {
            true if exact > 0 => EXACT,
            true if begun > 0 => PREFIX,
            _ => MOST,
        };
        if own < stage {
            return None;
        }
        let found = found.into_iter().chain([if stage == PREFIX { begun } else { exact }]).map(u32::from);
        let score: u32 = match stage {
            MOST => found.zip(self.shares()).map(|(weight, share)| weight * u32::from(*share)).sum(),
            _ => found.sum(),
        };
        Some(SearchRank { behind: SCORES - score, id: ProductId::new(id) })
    }
}

/// All units, each in any of its ways, at a level. Words hold letters and digits only, so quotes around them are
/// all the care that is needed.
fn all_of<'u>(units: impl Iterator<Item = &'u SearchUnit>, level: u8) -> String {
    let quoted = |word: &SearchWord| format!("\"{level}{}\"", word.text);
    let way = |way: &Vec<SearchWord>| match way.as_slice() {
        [one] => quoted(one),
        words => format!("({})", words.iter().map(quoted).collect::<Vec<_>>().join(" AND ")),
    };
    let any = |unit: &SearchUnit| match unit.ways.as_slice() {
        [one] => way(one),
        ways => format!("({})", ways.iter().map(way).collect::<Vec<_>>().join(" OR ")),
    };
    format!("({})", units.map(any).collect::<Vec<_>>().join(" AND "))
}
