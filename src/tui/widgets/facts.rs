//! Lines of a name and what is true of it, in one column or two: the detail of a row. It does not scroll itself.
//!
//! ```text
//!    version   2.15.1                              trusts      ODXQ..7KQ2 and 2 signing keys
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Paint, cells, line_of};
use crate::text::Text;
use crate::tui::theme::Role;

/// One line: a name in muted, and the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub name: &'static str,
    pub value: String,
    pub role: Role,
}

impl Fact {
    pub fn new(name: &'static str, value: impl Into<String>, role: Role) -> Self {
        Self {
            name,
            value: value.into(),
            role,
        }
    }

    /// What somebody else wrote, in its safe form.
    pub fn text(name: &'static str, value: &Text, role: Role) -> Self {
        let role = if value.is_altered() {
            Role::Unsafe
        } else {
            role
        };
        Self::new(name, value.to_string(), role)
    }
}

/// Below so many cells two columns become one.
const TWO_COLUMNS: u16 = 90;

/// How many lines the facts take in a width.
pub fn height(left: &[Fact], right: &[Fact], width: u16) -> usize {
    if width >= TWO_COLUMNS {
        left.len().max(right.len())
    } else {
        left.len() + right.len()
    }
}

/// Draws facts from line `scroll` on: beside each other where there is room, else one list after the other.
pub fn paint(
    paint: &Paint<'_>,
    area: Rect,
    (left, right): (&[Fact], &[Fact]),
    scroll: usize,
    buf: &mut Buffer,
) {
    let half = area.width / 2;
    for nth in 0..area.height {
        let line = line_of(area, nth);
        let at = scroll + usize::from(nth);
        if area.width >= TWO_COLUMNS {
            let second = Rect {
                x: line.x + half,
                width: line.width - half,
                ..line
            };
            one(
                paint,
                Rect {
                    width: half,
                    ..line
                },
                left.get(at),
                buf,
            );
            one(paint, second, right.get(at), buf);
        } else {
            one(paint, line, left.iter().chain(right).nth(at), buf);
        }
    }
}

fn one(paint: &Paint<'_>, line: Rect, fact: Option<&Fact>, buf: &mut Buffer) {
    const NAME: u16 = 12;
    let Some(fact) = fact else { return };
    let room = line.width.saturating_sub(4);
    paint.put(
        buf,
        Position::new(line.x + 3, line.y),
        room.min(NAME),
        fact.name,
        Role::Muted,
    );
    let indent = NAME.max(cells(fact.name) + 1);
    let value = Position::new(line.x + 3 + indent, line.y);
    paint.put(
        buf,
        value,
        room.saturating_sub(indent),
        &fact.value,
        fact.role,
    );
}
