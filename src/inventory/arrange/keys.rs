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

/// Amounts with their rows, turned round where the greatest comes first. Most fit into 64 bits, which are compared several times
/// as fast; what does not lies before all of those or behind.
#[derive(Default)]
struct Amounts {
    before: Vec<(i128, u32)>,
    common: Vec<(i64, u32)>,
    behind: Vec<(i128, u32)>,
}

impl Amounts {
    fn push(&mut self, amount: i128, number: u32) {
        match i64::try_from(amount) {
            Ok(amount) => self.common.push((amount, number)),
            Err(_) if amount < 0 => self.before.push((amount, number)),
            Err(_) => self.behind.push((amount, number)),
        }
    }

    fn sort(&mut self, stopped: &dyn Fn() -> bool) -> Option<()> {
        sort(&mut self.before, Ord::cmp, stopped)?;
        sort(&mut self.common, Ord::cmp, stopped)?;
        sort(&mut self.behind, Ord::cmp, stopped)
    }

    fn keep_first(&mut self, page: usize) {
        keep_first(&mut self.before, Ord::cmp, page);
        keep_first(&mut self.common, Ord::cmp, page);
        keep_first(&mut self.behind, Ord::cmp, page);
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        let before = self.before.iter().map(|(_, number)| *number);
        let common = self.common.iter().map(|(_, number)| *number);
        let behind = self.behind.iter().map(|(_, number)| *number);
        before.chain(common).chain(behind)
    }
}

/// What all rows sort as. The values of one field are all amounts or all texts, but for those that are not known.
pub(super) struct Keys {
    direction: Direction,
    amounts: Amounts,
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
            amounts: Amounts::default(),
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
            Rank::Amount(amount) => self.amounts.push(self.direction.turn(amount), number),
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
        amounts.sort(stopped)?;
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
        amounts.keep_first(page);
        keep_first(texts, by(*direction, in_text(arena)), page);
        let mut numbers = self.numbers();
        numbers.truncate(page);
        numbers
    }

    fn numbers(self) -> Vec<u32> {
        let texts = self.texts.iter().map(|(_, number)| *number);
        let known = self.amounts.numbers().chain(texts);
        known.chain(self.unknown).collect()
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
