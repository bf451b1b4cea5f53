//! Which rows stay, and in which order: filter and sort over row numbers, for a job that may be told to stop. Rows are not
//! moved or copied, and nothing here draws.
//!
//! A million rows are read and sorted in chunks of [`CHUNK`], with a look at `stopped` between two. Values are read once:
//! amounts into fixed-point numbers, texts into one string for all rows with their first eight bytes beside the row number, so
//! that most comparisons touch no text.
//!
//! Rows that compare equal keep the order of their numbers. What is not known comes last, whichever way the sort goes.
//! Texts sort without case by their characters, keys by their letters, and a key with a name by the name.

mod keys;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use jiff::Timestamp;

use self::keys::{Key, Keys};
use super::columns::{ColumnsError, Field, Row, field_at};
use super::filter::Filter;

/// Rows between two looks at whether to go on.
pub const CHUNK: usize = 8_192;

/// Rows by number. A number that has no row (a slot that is free) is left out.
pub trait Rows {
    type Row: Row;

    /// One more than the highest number of a row.
    fn count(&self) -> u32;

    fn row(&self, number: u32) -> Option<&Self::Row>;

    /// How many numbers have a row.
    fn held(&self) -> usize {
        usize::try_from(self.count()).unwrap_or(usize::MAX)
    }

    /// The numbers whose rows are others than in an older state; `None`: that is not known, or they are too many.
    fn changed_since(&self, _: &Self) -> Option<&[u32]> {
        None
    }

    /// Whether a row has just come.
    fn is_new(&self, _: u32) -> bool {
        false
    }
}

impl<R: Row> Rows for [R] {
    type Row = R;

    fn count(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    fn row(&self, number: u32) -> Option<&R> {
        self.get(usize::try_from(number).ok()?)
    }
}

impl<R: Row> Rows for Vec<R> {
    type Row = R;

    fn count(&self) -> u32 {
        self.as_slice().count()
    }

    fn row(&self, number: u32) -> Option<&R> {
        self.as_slice().row(number)
    }
}

/// Which end of a sort comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    /// An amount that sorts upwards as this one ought to sort.
    fn turn(self, amount: i128) -> i128 {
        match self {
            Self::Ascending => amount,
            Self::Descending => !amount,
        }
    }

    fn of(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Ascending => ordering,
            Self::Descending => ordering.reverse(),
        }
    }
}

/// What rows are sorted by.
#[derive(Debug)]
pub struct Sort<R: Row> {
    pub field: &'static Field<R>,
    pub direction: Direction,
}

impl<R: Row> Sort<R> {
    /// Reads the value of `--sort`: a field, with `-` before it for the greatest first.
    pub fn parse(written: &str) -> Result<Self, ColumnsError> {
        let (direction, name) = match written.strip_prefix('-') {
            Some(name) => (Direction::Descending, name),
            None => (Direction::Ascending, written),
        };
        let column = if name.is_empty() || direction == Direction::Ascending {
            1
        } else {
            2
        };
        Ok(Self {
            field: field_at(name, column)?,
            direction,
        })
    }
}

/// What an arrangement is made by.
#[derive(Debug)]
pub struct Query<'a, R: Row> {
    pub filter: &'a Filter<R>,
    /// `None`: by row number.
    pub sort: Option<&'a Sort<R>>,
    /// What ages are counted from.
    pub now: Timestamp,
}

/// The numbers of the rows that stay, in order. `None`: it was stopped.
pub fn arrange<T: Rows + ?Sized>(
    rows: &T,
    query: &Query<'_, T::Row>,
    stopped: &dyn Fn() -> bool,
) -> Option<Vec<u32>> {
    let kept = keep(rows, query, stopped)?;
    match query.sort {
        None => Some(kept),
        Some(sort) => Keys::read(rows, sort, &kept, stopped)?.sorted(stopped),
    }
}

/// The first `page` rows of what [`arrange`] returns, without sorting the rest: the visible page, or `--limit`.
pub fn first<T: Rows + ?Sized>(
    rows: &T,
    query: &Query<'_, T::Row>,
    page: usize,
    stopped: &dyn Fn() -> bool,
) -> Option<Vec<u32>> {
    let mut kept = keep(rows, query, stopped)?;
    match query.sort {
        None => {
            kept.truncate(page);
            Some(kept)
        }
        Some(sort) => Some(Keys::read(rows, sort, &kept, stopped)?.first(page)),
    }
}

/// Puts one new or changed row where [`arrange`] would have it: `order` is such an arrangement, without that row, and all its
/// numbers still have their rows. Returns its place, or `None` where the filter keeps it out.
pub fn insert<T: Rows + ?Sized>(
    order: &mut Vec<u32>,
    rows: &T,
    query: &Query<'_, T::Row>,
    number: u32,
) -> Option<usize> {
    let row = rows.row(number)?;
    if !query.filter.at(query.now).holds(row) {
        return None;
    }
    let place = match query.sort {
        None => order.partition_point(|other| *other < number),
        Some(sort) => {
            let key = Key::of(row, sort);
            order.partition_point(|other| {
                let other_key = rows
                    .row(*other)
                    .map_or(Key::Unknown, |row| Key::of(row, sort));
                let ordering = other_key.compare(&key, sort.direction);
                ordering.then(other.cmp(&number)).is_lt()
            })
        }
    };
    order.insert(place, number);
    Some(place)
}

/// Numbers of the rows for which the filter holds.
fn keep<T: Rows + ?Sized>(
    rows: &T,
    query: &Query<'_, T::Row>,
    stopped: &dyn Fn() -> bool,
) -> Option<Vec<u32>> {
    let mut matcher = query.filter.at(query.now);
    let mut kept = Vec::new();
    for (seen, number) in (0..rows.count()).enumerate() {
        if seen % CHUNK == 0 && stopped() {
            return None;
        }
        if rows.row(number).is_some_and(|row| matcher.holds(row)) {
            kept.push(number);
        }
    }
    Some(kept)
}
