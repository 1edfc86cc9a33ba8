//! How much of a list is asked for, and which way.

use serde::{Deserialize, Serialize};

/// Items on a page: 1 to 100, 20 unless asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u32);

impl PageSize {
    /// As many as a page can have.
    pub const LARGEST: Self = Self(100);

    /// A page size within bounds.
    pub fn new(items: u32) -> Option<Self> {
        (1..=100).contains(&items).then_some(Self(items))
    }

    /// The number of items.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(20)
    }
}

/// Which neighbour of a position is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Items behind the position.
    Next,
    /// Items before the position.
    Previous,
}

/// A page of a list in its ordering, and what lies beyond its ends.
#[derive(Clone, Debug)]
pub struct Page<T, P> {
    /// The items in list order.
    pub items: Vec<T>,
    /// The position from which the next page goes on, when there is one.
    pub next: Option<P>,
    /// The position before which the previous page ends, when there is one.
    pub previous: Option<P>,
}

impl<T, P: Copy> Page<T, P> {
    /// A page out of the rows read for it: one more than its size, walked from `from` in its direction.
    pub fn cut(mut rows: Vec<T>, size: PageSize, from: Option<(P, Direction)>, position: impl Fn(&T) -> P) -> Self {
        let backwards = matches!(from, Some((_, Direction::Previous)));
        let start = from.map(|(position, _)| position);
        let more = rows.len() > size.get();
        rows.truncate(size.get());
        if backwards {
            rows.reverse();
        }
        let last = rows.last().map(&position).or(start).filter(|_| more || backwards);
        let first = rows.first().map(&position).or(start).filter(|_| if backwards { more } else { start.is_some() });
        Self { items: rows, next: last, previous: first }
    }

    /// A page out of a list that is short enough to be read whole. Its rows stand in ascending order of their positions.
    pub fn of_whole(mut rows: Vec<T>, size: PageSize, from: Option<(P, Direction)>, position: impl Fn(&T) -> P) -> Self
    where
        P: Ord,
    {
        match from {
            Some((start, Direction::Next)) => rows.retain(|row| position(row) > start),
            Some((start, Direction::Previous)) => {
                rows.retain(|row| position(row) < start);
                rows.reverse();
            }
            None => {}
        }
        rows.truncate(size.get() + 1);
        Self::cut(rows, size, from, position)
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, Page, PageSize};

    #[test]
    fn pages_of_a_whole_list_lead_through_it_both_ways() {
        let size = PageSize::new(2).unwrap();
        let page = |from| Page::of_whole(vec![1, 3, 5, 7, 9], size, from, |n| *n);
        let first = page(None);
        assert_eq!((&first.items[..], first.next, first.previous), (&[1, 3][..], Some(3), None));
        let second = page(Some((3, Direction::Next)));
        assert_eq!((&second.items[..], second.next, second.previous), (&[5, 7][..], Some(7), Some(5)));
        let last = page(Some((7, Direction::Next)));
        assert_eq!((&last.items[..], last.next, last.previous), (&[9][..], None, Some(9)));
        let back = page(Some((5, Direction::Previous)));
        assert_eq!((&back.items[..], back.next, back.previous), (&[1, 3][..], Some(3), None));
    }
}
