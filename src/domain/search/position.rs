//! A place in a search result.

use serde::{Deserialize, Serialize};

use crate::domain::ProductId;

/// A place in a search result that holds while products come and go: it names the stretch of the index that was
/// being read and how far in it the reader had got, never a count of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchPosition {
    /// How the products match, 0 the best way.
    pub stage: u8,
    /// The level of the stretch; `None` when it is the whole stage.
    pub level: Option<u8>,
    /// The ids at which the stretch begins and ends.
    pub first: i64,
    /// See `first`.
    pub last: i64,
    /// Whether only products that were asked for otherwise count for the length of the stretch.
    pub selective: bool,
    /// The product's rank in the stretch.
    pub rank: SearchRank,
    /// What each unit of the query counted when the result was begun, where that decides.
    pub shares: Vec<u8>,
}

/// The order inside a stretch: smaller comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SearchRank {
    /// How far the score stays below the highest possible one.
    pub behind: u32,
    /// The product, which decides between equals.
    pub id: ProductId,
}
