//! A thin rule with facts set into it. It is no border: nothing is framed but popups.
//!
//! ```text
//! ── connections ── acct:ORDERS idle<1h ───────────────────────────────── 13 of 48,213 ── 2 marked ──
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::glyph::Glyph;
use super::{Paint, cells};
use crate::tui::theme::Role;

/// A rule: what stands at its left and at its right.
#[derive(Clone, Debug, Default)]
pub struct Rule<'t> {
    pub left: Vec<(&'t str, Role)>,
    pub right: Vec<(&'t str, Role)>,
}

impl Rule<'_> {
    /// Draws it over the first row of an area, in the colour of a role.
    pub fn paint(&self, paint: &Paint<'_>, area: Rect, line: Role, buf: &mut Buffer) {
        if area.height == 0 {
            return;
        }
        // A rule keeps its colour only: reversed or underlined it would be a bar.
        let mut style = paint.style(line);
        style.add_modifier = ratatui::style::Modifier::empty();
        let stroke = paint.glyph(Glyph::Horizontal);
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut(Position::new(x, area.y)) {
                cell.set_symbol(stroke).set_style(style);
            }
        }
        let begin = self.paint_right(paint, area, buf);
        let mut x = area.x + 2;
        for (text, role) in &self.left {
            let room = begin.saturating_sub(x + 1);
            if text.is_empty() || room < 4 {
                continue;
            }
            x = set_in(paint, Position::new(x, area.y), (room, text, *role), buf) + 2;
        }
    }

    /// Returns where the facts at the right begin.
    fn paint_right(&self, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) -> u16 {
        let mut end = area.right().saturating_sub(2);
        for (text, role) in self.right.iter().rev().filter(|(text, _)| !text.is_empty()) {
            let width = cells(text).saturating_add(2);
            let Some(begin) = end.checked_sub(width).filter(|begin| *begin > area.x + 2) else {
                break;
            };
            set_in(
                paint,
                Position::new(begin, area.y),
                (width, text, *role),
                buf,
            );
            end = begin.saturating_sub(2);
        }
        end
    }
}

/// A text with a blank on each side. Returns where it ended.
fn set_in(
    paint: &Paint<'_>,
    at: Position,
    (room, text, role): (u16, &str, Role),
    buf: &mut Buffer,
) -> u16 {
    buf.set_stringn(at.x, at.y, " ", 1, paint.style(role));
    let end = paint.put(
        buf,
        Position::new(at.x + 1, at.y),
        room.saturating_sub(2),
        text,
        role,
    );
    buf.set_stringn(end, at.y, " ", 1, paint.style(role));
    end + 1
}
