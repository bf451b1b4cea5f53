//! What rows sort as, read once from each, and sorting by it. Which rows are sorted is said in `arrange`.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::{CHUNK, Direction, Rows, Sort};
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};

/// What a value sorts as.
enum Rank {
    Amount(i128),
    Text,
    Unknown,
}

impl Rank {
    fn of<R: Row>(cell: Cell<'_>, field: &Field<R>) -> Self {
        match (cell, field.null) {
            (Cell::Absent, _) => Self::Unknown,
            (Cell::Bool(yes), _) => Self::Amount(i128::from(yes)),
            (Cell::Null, Null::Endless(_)) if is_amount(field.kind) => Self::Amount(i128::MAX),
            (Cell::Null, Null::Nothing(_)) if is_amount(field.kind) => Self::Amount(i128::MIN),
            (cell, _) => cell.amount().map_or(Self::Text, Self::Amount),
        }
    }
}

fn is_amount(kind: Kind) -> bool {
    kind.is_ordered() || kind == Kind::Bool
}

/// Appends a text as it sorts: in lower case, null as nothing.
fn push_folded<R: Row>(cell: Cell<'_>, field: &Field<R>, scratch: &mut String, to: &mut String) {
    if cell == Cell::Null {
        return;
    }
    scratch.clear();
    // A `String` takes everything.
    let _ = write!(scratch, "{}", cell.exact(field.kind));
    if scratch.is_ascii() {
        scratch.make_ascii_lowercase();
        to.push_str(scratch);
    } else {
        to.extend(scratch.chars().flat_map(char::to_lowercase));
    }
}

/// What one row sorts as.
pub(super) enum Key {
    Amount(i128),
    Text(String),
    Unknown,
}

impl Key {
    pub(super) fn of<R: Row>(row: &R, sort: &Sort<R>) -> Self {
        let cell = (sort.field.cell)(row);
        match Rank::of(cell, sort.field) {
            Rank::Amount(amount) => Self::Amount(amount),
            Rank::Unknown => Self::Unknown,
            Rank::Text => {
                let mut text = String::new();
                push_folded(cell, sort.field, &mut String::new(), &mut text);
                Self::Text(text)
            }
        }
    }

    pub(super) fn compare(&self, other: &Self, direction: Direction) -> Ordering {
        match (self, other) {
            (Self::Amount(one), Self::Amount(two)) => direction.of(one.cmp(two)),
            (Self::Text(one), Self::Text(two)) => direction.of(one.cmp(two)),
            (Self::Unknown, Self::Unknown) => Ordering::Equal,
            (Self::Amount(_), _) | (_, Self::Unknown) => Ordering::Less,
            (Self::Unknown, _) | (_, Self::Amount(_)) => Ordering::Greater,
        }
    }
}

/// Where a folded text is, and how it begins.
#[derive(Clone, Copy)]
struct Place {
    /// The first eight bytes, the first in the highest place.
    begins: u64,
    start: usize,
    end: usize,
}

/// What all rows sort as. The values of one field are all amounts or all texts, but for those that are not known.
pub(super) struct Keys {
    direction: Direction,
    amounts: Vec<(i128, u32)>,
    texts: Vec<(Place, u32)>,
    arena: String,
    unknown: Vec<u32>,
}

impl Keys {
    pub(super) fn read<T: Rows + ?Sized>(
        rows: &T,
        sort: &Sort<T::Row>,
        kept: &[u32],
        stopped: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let mut keys = Self {
            direction: sort.direction,
            amounts: Vec::new(),
            texts: Vec::new(),
            arena: String::new(),
            unknown: Vec::new(),
        };
        let mut scratch = String::new();
        for chunk in kept.chunks(CHUNK) {
            if stopped() {
                return None;
            }
            for number in chunk {
                let cell = rows
                    .row(*number)
                    .map_or(Cell::Absent, |row| (sort.field.cell)(row));
                keys.push(cell, sort.field, *number, &mut scratch);
            }
        }
        Some(keys)
    }

    fn push<R: Row>(
        &mut self,
        cell: Cell<'_>,
        field: &Field<R>,
        number: u32,
        scratch: &mut String,
    ) {
        match Rank::of(cell, field) {
            Rank::Amount(amount) => self.amounts.push((amount, number)),
            Rank::Unknown => self.unknown.push(number),
            Rank::Text => {
                let start = self.arena.len();
                push_folded(cell, field, scratch, &mut self.arena);
                let end = self.arena.len();
                let text = self.arena.as_bytes().get(start..end).unwrap_or_default();
                let begins = text
                    .iter()
                    .chain(std::iter::repeat(&0))
                    .take(8)
                    .fold(0, |begins, byte| begins << 8 | u64::from(*byte));
                self.texts.push((Place { begins, start, end }, number));
            }
        }
    }

    pub(super) fn sorted(mut self, stopped: &dyn Fn() -> bool) -> Option<Vec<u32>> {
        let Self {
            direction,
            amounts,
            texts,
            arena,
            ..
        } = &mut self;
        sort(amounts, by(*direction, i128::cmp), stopped)?;
        sort(texts, by(*direction, in_text(arena)), stopped)?;
        Some(self.numbers())
    }

    pub(super) fn first(mut self, page: usize) -> Vec<u32> {
        let Self {
            direction,
            amounts,
            texts,
            arena,
            ..
        } = &mut self;
        keep_first(amounts, by(*direction, i128::cmp), page);
        keep_first(texts, by(*direction, in_text(arena)), page);
        let mut numbers = self.numbers();
        numbers.truncate(page);
        numbers
    }

    fn numbers(self) -> Vec<u32> {
        let amounts = self.amounts.iter().map(|(_, number)| *number);
        let texts = self.texts.iter().map(|(_, number)| *number);
        amounts.chain(texts).chain(self.unknown).collect()
    }
}

/// Compares texts by their places.
fn in_text(arena: &str) -> impl Fn(&Place, &Place) -> Ordering + Copy {
    let text = |place: &Place| arena.as_bytes().get(place.start..place.end);
    move |one, two| {
        one.begins
            .cmp(&two.begins)
            .then_with(|| text(one).cmp(&text(two)))
    }
}

/// Compares keyed rows: by the keys in this direction, equal ones by their numbers.
fn by<K>(
    direction: Direction,
    compare: impl Fn(&K, &K) -> Ordering + Copy,
) -> impl Fn(&(K, u32), &(K, u32)) -> Ordering + Copy {
    move |(one, at), (two, other)| direction.of(compare(one, two)).then(at.cmp(other))
}

/// Sorts chunk by chunk, then merges neighbours, so that no step is longer than it must be. No two items are equal.
fn sort<T>(
    items: &mut [T],
    compare: impl Fn(&T, &T) -> Ordering + Copy,
    stopped: &dyn Fn() -> bool,
) -> Option<()> {
    for chunk in items.chunks_mut(CHUNK) {
        if stopped() {
            return None;
        }
        chunk.sort_unstable_by(compare);
    }
    let mut width = CHUNK;
    while width < items.len() {
        width *= 2;
        for pair in items.chunks_mut(width) {
            if stopped() {
                return None;
            }
            // The stable sort of the standard library finds the two sorted halves and merges them.
            pair.sort_by(compare);
        }
    }
    Some(())
}

fn keep_first<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering + Copy, page: usize) {
    if page < items.len() {
        items.select_nth_unstable_by(page, compare);
        items.truncate(page);
    }
    items.sort_unstable_by(compare);
}
