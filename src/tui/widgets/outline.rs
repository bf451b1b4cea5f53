//! A tree as lines, of which only the seen ones are asked for and drawn. What stands on a line, and what is open, is the view's.
//!
//! ```text
//!  ▾ acme                    operator
//!    ▾ ORDERS                 6 users
//!      ▌· worker              3 conns
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::glyph::Glyph;
use super::table::show_altered;
use super::{Paint, Painted, Target, line_of};
use crate::text::Text;
use crate::tui::theme::Role;

/// A line: how deep it stands, whether it is open, and how it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub depth: u16,
    pub fold: Fold,
    /// A state that has to be seen: beside the count, or instead of the dot of what cannot be opened.
    pub state: Option<(Glyph, Role)>,
    pub name: Text,
    pub role: Role,
    /// Words of ours at the right.
    pub count: String,
    pub count_role: Role,
    pub marked: Marked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    Open,
    Closed,
    Leaf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    Yes,
    No,
}

/// Where an outline is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The first line that is seen.
    pub offset: usize,
    pub cursor: usize,
}

/// Draws the lines that fit, from `offset` on; there are none after the first `None`.
pub fn paint(
    paint: &Paint<'_>,
    area: Rect,
    line: impl Fn(usize) -> Option<Line>,
    spot: Spot,
    buf: &mut Buffer,
) -> Painted {
    let mut painted = Painted {
        rows: area,
        ..Painted::default()
    };
    for (at, nth) in (spot.offset..).zip(0..area.height) {
        let Some(line) = line(at) else { break };
        let place = line_of(area, nth);
        painted.targets.push((place, Target::Row(at)));
        one(paint, place, &line, at == spot.cursor, buf);
    }
    painted
}

fn one(paint: &Paint<'_>, place: Rect, line: &Line, under_cursor: bool, buf: &mut Buffer) {
    buf.set_style(place, paint.style(Role::Text));
    let put = |buf: &mut Buffer, x: u16, glyph, role| {
        paint.put(buf, Position::new(x, place.y), 1, paint.glyph(glyph), role);
    };
    let x = place.x + 1 + (2 * line.depth).min(place.width / 2);
    let end = place.right().saturating_sub(1);
    let begin = Position::new(x + 2, place.y);
    let room = end.saturating_sub(begin.x);
    let mut end = paint.put_right(buf, begin, room, &line.count, line.count_role);
    let sign = match (line.fold, line.state) {
        (Fold::Leaf, Some(state)) => state,
        (Fold::Open | Fold::Closed, Some((state, role))) => {
            end = end.saturating_sub(2).max(begin.x);
            put(buf, end, state, role);
            line.fold.sign()
        }
        (_, None) => line.fold.sign(),
    };
    put(buf, x, sign.0, sign.1);
    let room = end.saturating_sub(begin.x + 1);
    paint.put(buf, begin, room, &line.name.to_string(), line.role);
    if line.name.is_altered() {
        let name = Rect {
            x: begin.x,
            width: room,
            ..place
        };
        show_altered(paint, name, buf);
        put(buf, x + 1, Glyph::Altered, Role::Unsafe);
    }
    if line.marked == Marked::Yes {
        buf.set_style(place, paint.style(Role::Mark));
        put(buf, place.x, Glyph::Marked, Role::Mark);
    }
    if under_cursor {
        put(buf, x.saturating_sub(1), Glyph::Cursor, Role::Accent);
        buf.set_style(place, paint.style(Role::Cursor));
    }
}

impl Fold {
    const fn sign(self) -> (Glyph, Role) {
        match self {
            Self::Open => (Glyph::Open, Role::Muted),
            Self::Closed => (Glyph::Closed, Role::Muted),
            Self::Leaf => (Glyph::Dot, Role::Muted),
        }
    }
}
