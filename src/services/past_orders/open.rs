//! Puts the rows of each order together, where a file has those of a few orders mixed.

use super::MOST_LINES;
use super::rows::{PastLine, Refused};
use std::collections::HashSet;
use xxhash_rust::xxh3::xxh3_64;

/// Orders whose rows may be mixed.
const MOST_OPEN: usize = 100;

/// Orders of which more rows may come.
#[derive(Default)]
pub(super) struct OpenOrders {
    open: Vec<Vec<PastLine>>,
    /// What the orders were called that are through.
    through: HashSet<u64>,
}

impl OpenOrders {
    /// Adds a row to its order, and gives the oldest order when there are too many. A row of an order that is through
    /// is refused, since it would be lost.
    pub(super) fn add(&mut self, row: PastLine) -> Result<Option<Vec<PastLine>>, Refused> {
        if let Some(order) = self.open.iter_mut().rev().find(|order| order[0].order == row.order) {
            order.push(row);
            return Ok(None);
        }
        if self.through.contains(&xxh3_64(row.order.as_bytes())) {
            let reason = format!("the other rows of order {} stand too far away; sort the file by order", row.order);
            return Err(Refused { number: row.number, reason });
        }
        self.open.push(vec![row]);
        let oldest = (self.open.len() > MOST_OPEN).then(|| self.open.remove(0));
        if let Some(order) = &oldest {
            self.through.insert(xxh3_64(order[0].order.as_bytes()));
        }
        Ok(oldest)
    }

    /// An order with more lines than one may have.
    pub(super) fn too_long(&self) -> Option<&[PastLine]> {
        self.open.iter().find(|order| order.len() > MOST_LINES).map(Vec::as_slice)
    }

    /// The orders that are left, the oldest first.
    pub(super) fn rest(self) -> Vec<Vec<PastLine>> {
        self.open
    }
}
