//! A table that costs its height: only the rows that are seen are asked for, and they go straight into the buffer. Which rows
//! there are, and in which order, is the listing's.
//!
//! ```text
//! 0 cursor or mark   1 state   2 badge of altered text   3.. columns, one blank between
//! ▌▲!ORDERS   worker       orders-worker-7   n1    41318    212 ms
//! ```

use std::fmt::Write as _;
use std::hash::Hash;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::glyph::{Glyph, Glyphs};
use super::{Paint, Painted, Target, line_of};
use crate::inventory::arrange::{Direction, Rows, Sort};
use crate::inventory::cell::{Align, Cell};
use crate::inventory::columns::{Column, Field, Row};
use crate::tui::theme::Role;

/// Where the text of a row begins.
pub const INDENT: u16 = 3;

/// A kind of row that the screen can show.
pub trait Listed: Row {
    /// What the cursor and marks hold on to; never a row's number.
    type Key: Clone + Eq + Hash + Send;

    /// One of them, as in "no server matches".
    const ONE: &'static str;

    fn key(&self) -> Self::Key;

    /// Its state at a glance.
    fn state(&self) -> (Glyph, Role);

    /// What a column of it means.
    fn role(&self, field: &Field<Self>) -> Role;
}

/// A table at one moment.
pub struct Table<'t, T: Rows + ?Sized>
where
    T::Row: Listed,
{
    pub rows: &'t T,
    /// Row numbers, in the order in which they stand.
    pub order: &'t [u32],
    pub columns: &'t [Column<T::Row>],
    pub sort: Option<&'t Sort<T::Row>>,
    /// The first line that is seen.
    pub offset: usize,
    pub cursor: usize,
    pub is_marked: &'t dyn Fn(&<T::Row as Listed>::Key) -> bool,
}

/// The first line to be seen: moved only as far as the cursor needs, so that a key moves the bar and not the page.
pub fn follow(offset: usize, cursor: usize, len: usize, height: usize) -> usize {
    let last = len.saturating_sub(height);
    offset
        .max((cursor + 1).saturating_sub(height))
        .min(cursor)
        .min(last)
}

impl<T: Rows + ?Sized> Table<'_, T>
where
    T::Row: Listed,
{
    /// Titles in the first line, rows below.
    pub fn paint(&self, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) -> Painted {
        self.titles(paint, line_of(area, 0), buf);
        let rows = Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1),
            ..area
        };
        let mut painted = Painted {
            rows,
            targets: Vec::with_capacity(usize::from(rows.height)),
            ..Painted::default()
        };
        let mut scratch = String::new();
        let shown = self
            .order
            .iter()
            .enumerate()
            .skip(self.offset)
            .zip(0..rows.height);
        for ((at, number), nth) in shown {
            let line = line_of(rows, nth);
            painted.targets.push((line, Target::Row(at)));
            if let Some(row) = self.rows.row(*number) {
                self.row(paint, line, (row, at == self.cursor), &mut scratch, buf);
                if self.rows.is_new(*number) {
                    buf.set_style(line, paint.style(Role::ChangeNew));
                }
            }
        }
        painted
    }

    fn titles(&self, paint: &Paint<'_>, line: Rect, buf: &mut Buffer) {
        if line.height == 0 {
            return;
        }
        let mut title = String::new();
        for (column, x) in self.places(line) {
            title.clear();
            title.push_str(column.field.title);
            let sort = self
                .sort
                .filter(|sort| sort.field.name == column.field.name);
            let is_sorted = sort.is_some();
            if let Some(sort) = sort {
                title.push_str(paint.glyph(match sort.direction {
                    Direction::Ascending => Glyph::Ascending,
                    Direction::Descending => Glyph::Descending,
                }));
            }
            let at = Position::new(x, line.y);
            // Its arrow may stand in the blank that follows.
            let room = column.width + u16::from(is_sorted);
            match column.field.kind.align() {
                Align::Left => paint.put(buf, at, room, &title, Role::Muted),
                Align::Right => paint.put_right(buf, at, column.width, &title, Role::Muted),
            };
        }
    }

    /// Columns and where they begin; those that begin beyond the line are left out.
    fn places(&self, line: Rect) -> impl Iterator<Item = (&Column<T::Row>, u16)> {
        let mut next = line.x + INDENT;
        let end = line.right();
        self.columns.iter().map_while(move |column| {
            let x = next;
            next = next.saturating_add(column.width).saturating_add(1);
            (x < end).then_some((column, x))
        })
    }

    fn row(
        &self,
        paint: &Paint<'_>,
        line: Rect,
        (row, under_cursor): (&T::Row, bool),
        scratch: &mut String,
        buf: &mut Buffer,
    ) {
        buf.set_style(line, paint.style(Role::Text));
        let mut altered = false;
        for (column, x) in self.places(line) {
            scratch.clear();
            // A `String` takes everything.
            let _ = write!(scratch, "{}", column.field.shown(row, paint.now));
            let width = column.width.min(line.right() - x);
            let role = row.role(column.field);
            let begin = match column.field.kind.align() {
                Align::Left => {
                    paint.put(buf, Position::new(x, line.y), width, scratch, role);
                    x
                }
                Align::Right => {
                    paint.put_right(buf, Position::new(x, line.y), width, scratch, role)
                }
            };
            if is_altered((column.field.cell)(row)) {
                altered = true;
                show_altered(
                    paint,
                    Rect {
                        x: begin,
                        width: x + width - begin,
                        ..line
                    },
                    buf,
                );
            }
        }
        let is_marked = (self.is_marked)(&row.key());
        if is_marked {
            buf.set_style(line, paint.style(Role::Mark));
        }
        let put = |buf: &mut Buffer, column: u16, text: &str, role| {
            paint.put(buf, Position::new(line.x + column, line.y), 3, text, role);
        };
        let (state, role) = row.state();
        // The blanks beside the sign have its ink, also where a look without colour shows it.
        buf.set_style(
            Rect {
                width: 3.min(line.width),
                ..line
            },
            paint.style(role),
        );
        put(buf, 1, paint.glyph(state), role);
        if altered {
            put(buf, 2, paint.glyph(Glyph::Altered), Role::Unsafe);
        }
        if under_cursor {
            put(buf, 0, paint.glyph(Glyph::Cursor), Role::Accent);
            buf.set_style(line, paint.style(Role::Cursor));
        } else if is_marked {
            put(buf, 0, paint.glyph(Glyph::Marked), Role::Mark);
        }
    }
}

fn is_altered(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Text(text) | Cell::Reference(Some(text), _) => text.is_altered(),
        Cell::Texts(texts) => texts.iter().any(crate::text::Text::is_altered),
        Cell::Absent
        | Cell::Null
        | Cell::Word(_)
        | Cell::Key(_)
        | Cell::Reference(None, _)
        | Cell::Words(_)
        | Cell::Bool(_)
        | Cell::Id(_)
        | Cell::Count(_)
        | Cell::Number(_)
        | Cell::Bytes(_)
        | Cell::Duration(_)
        | Cell::Time(_) => false,
    }
}

/// Gives the glyphs that stand for what a terminal would obey the look of a warning: control pictures, and numbers in `‹›`; on
/// a terminal that knows only ASCII `^[`, and numbers in `<>`.
pub fn show_altered(paint: &Paint<'_>, area: Rect, buf: &mut Buffer) {
    let (opens, closes) = paint.glyphs.around_numbers();
    let is_caret = |c| paint.glyphs == Glyphs::Ascii && c == '^';
    let (mut inside, mut after_caret) = (false, false);
    for x in area.left()..area.right() {
        let Some(cell) = buf.cell_mut((x, area.y)) else {
            continue;
        };
        let first = cell.symbol().chars().next().unwrap_or(' ');
        inside |= first == opens;
        let is_picture = ('\u{2400}'..='\u{2421}').contains(&first) || is_caret(first);
        if inside || is_picture || after_caret {
            cell.set_style(paint.style(Role::Unsafe));
        }
        inside &= first != closes;
        after_caret = is_caret(first) && !after_caret;
    }
}

#[cfg(test)]
mod tests {
    use super::follow;

    #[test]
    fn the_cursor_is_always_seen_and_the_page_moves_no_further_than_it_must() {
        for height in 1..15 {
            for len in 1..40 {
                for cursor in 0..len {
                    for offset in 0..len {
                        let moved = follow(offset, cursor, len, height);

                        assert!(
                            (moved..moved + height).contains(&cursor),
                            "{offset} {cursor} {len} {height}"
                        );
                        let seen = (offset..offset + height).contains(&cursor);
                        if seen && offset + height <= len {
                            assert_eq!(moved, offset, "{offset} {cursor} {len} {height}");
                        }
                    }
                }
            }
        }
    }
}
