//! What of a frame differs from what the terminal shows. It draws nothing.
//!
//! ratatui's own comparison asks every cell of a screen how wide it is. This one asks in rows that differ, and most do not.

use std::iter::zip;

use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::layout::Position;

/// What has to be done to a screen so that it shows the next frame: rows are erased first, then cells are drawn in any order.
///
/// What becomes of one half of a wide character when the other is overwritten differs by terminal. So a row that has one, before
/// or after, is erased where anything in it differs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes<'c> {
    pub(super) erased: Vec<u16>,
    pub(super) cells: Vec<(Position, &'c Cell)>,
}

impl<'c> Changes<'c> {
    /// Compares two buffers of one size. Without the first, the screen is blank.
    pub(super) fn between(shown: Option<&Buffer>, next: &'c Buffer) -> Self {
        let width = usize::from(next.area.width).max(1);
        let mut changes = Self::default();
        let rows = (0..).zip(next.content.chunks(width));
        match shown.map(|shown| shown.content.chunks(width)) {
            None => rows.for_each(|(y, next)| changes.on_blank(y, next)),
            Some(shown) => {
                zip(rows, shown).for_each(|((y, next), shown)| changes.row(y, shown, next));
            }
        }
        changes
    }

    fn row(&mut self, y: u16, shown: &[Cell], next: &'c [Cell]) {
        let differs = |(shown, next): (&Cell, &Cell)| !is_same(shown, next);
        let Some(first) = zip(shown, next).position(differs) else {
            return;
        };
        if shown.iter().chain(next).all(|cell| width(cell) == 1) {
            let differs = |((_, next), shown): &((Position, &Cell), &Cell)| !is_same(shown, next);
            let changed = zip(placed(y, next), shown).skip(first).filter(differs);
            self.cells.extend(changed.map(|(cell, _)| cell));
        } else {
            self.erased.push(y);
            self.on_blank(y, next);
        }
    }

    /// Draws a row where nothing stands.
    fn on_blank(&mut self, y: u16, next: &'c [Cell]) {
        let mut end = 0;
        self.cells.extend(placed(y, next).filter(|(at, cell)| {
            let is_half = at.x < end;
            if !is_half {
                end = at.x.saturating_add(width(cell));
            }
            !is_half && !is_same(&Cell::EMPTY, cell)
        }));
    }
}

/// The cells of a row with their places.
fn placed(y: u16, row: &[Cell]) -> impl Iterator<Item = (Position, &Cell)> {
    (0..).map(move |x| Position { x, y }).zip(row)
}

/// Whether two cells look alike. Most hold one letter, which is compared without a call.
fn is_same(one: &Cell, other: &Cell) -> bool {
    let is_same_symbol = match (one.symbol().as_bytes(), other.symbol().as_bytes()) {
        ([one], [other]) => one == other,
        (one, other) => one == other,
    };
    is_same_symbol && one.fg == other.fg && one.bg == other.bg && one.modifier == other.modifier
}

fn width(cell: &Cell) -> u16 {
    if cell.symbol().len() == 1 {
        1
    } else {
        cell.cell_width().max(1)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    /// Two lines of six cells.
    fn buffer(lines: [&str; 2]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        for (y, line) in (0..).zip(lines) {
            buffer.set_string(0, y, line, Style::new());
        }
        buffer
    }

    /// The rows that are erased, and the places of what is drawn.
    fn places(before: [&str; 2], after: [&str; 2]) -> (Vec<u16>, Vec<(u16, u16)>) {
        let (before, after) = (buffer(before), buffer(after));
        let changes = Changes::between(Some(&before), &after);
        let places = changes.cells.iter().map(|(at, _)| (at.x, at.y));
        (changes.erased.clone(), places.collect())
    }

    #[test]
    fn only_cells_that_differ_are_drawn() {
        assert_eq!(places(["abc", "def"], ["abc", "def"]), (vec![], vec![]));
        assert_eq!(
            places(["abc", "def"], ["abd", "ef"]),
            (vec![], vec![(2, 0), (0, 1), (1, 1), (2, 1)])
        );
    }

    #[test]
    fn on_a_blank_screen_all_is_drawn_that_is_not_blank() {
        let next = buffer(["a b", "日x"]);

        let changes = Changes::between(None, &next);

        let places: Vec<_> = changes.cells.iter().map(|(at, _)| (at.x, at.y)).collect();
        assert_eq!(places, [(0, 0), (2, 0), (0, 1), (2, 1)]);
        assert!(changes.erased.is_empty());
    }

    #[test]
    fn a_row_with_a_wide_character_is_erased_and_drawn_without_its_blanks() {
        let drawn = (vec![0], vec![(0, 0), (1, 0), (3, 0)]);
        assert_eq!(places(["a日b", "x"], ["a日c", "x"]), drawn);
        assert_eq!(places(["a日", "x"], ["a日", "x"]), (vec![], vec![]));
        assert_eq!(places(["", "日"], ["", "a"]), (vec![1], vec![(0, 1)]));
    }
}
