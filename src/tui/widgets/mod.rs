//! Pieces of the screen, drawn straight into the buffer: tables, rules, the frame around them. They hold no state.

pub mod facts;
pub mod frame;
pub mod glyph;
pub mod letters;
pub mod outline;
pub mod rule;
pub mod scroll;
pub mod table;

use std::borrow::Cow;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use self::glyph::{Glyph, Glyphs};
use super::theme::{Role, Theme};
use super::views::ViewKind;
use crate::actions::spec::ActionId;
use crate::jwt::keys::PublicKey;
use crate::text::Text;

/// What drawing needs besides what is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Paint<'a> {
    pub theme: &'a Theme,
    pub glyphs: Glyphs,
    pub now: Timestamp,
}

/// Where things landed: page sizes, what a click means, where letters are typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Painted {
    /// The rows of the table.
    pub rows: Rect,
    pub targets: Vec<(Rect, Target)>,
    pub caret: Option<Position>,
}

/// What a click on a place means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The nth row that is shown.
    Row(usize),
    Tab(ViewKind),
    Act(ActionId),
}

impl Paint<'_> {
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    pub fn glyph(&self, glyph: Glyph) -> &'static str {
        self.glyphs.get(glyph)
    }

    /// Writes text from a place to the right, at most `width` cells, cut with a sign. Returns where it ended.
    pub fn put(&self, buf: &mut Buffer, at: Position, width: u16, text: &str, role: Role) -> u16 {
        let words = self.glyphs.words(text);
        self.write(buf, at, fitting(&words, width), role)
    }

    /// Writes what fits. Returns where it ended.
    fn write(
        &self,
        buf: &mut Buffer,
        at: Position,
        (text, goes_on): Fitting<'_>,
        role: Role,
    ) -> u16 {
        let style = self.style(role);
        let end = set_text(buf, at, text, style);
        if goes_on == GoesOn::No {
            return end;
        }
        let (end, _) = buf.set_stringn(end, at.y, self.glyph(Glyph::Ellipsis), 1, style);
        end
    }

    /// Writes text so that it ends where the `width` cells from a place end. Returns where it began.
    pub fn put_right(
        &self,
        buf: &mut Buffer,
        at: Position,
        width: u16,
        text: &str,
        role: Role,
    ) -> u16 {
        let words = self.glyphs.words(text);
        let (text, goes_on) = fitting(&words, width);
        let sign = u16::from(goes_on == GoesOn::Yes);
        let start = at.x + width.saturating_sub(cells(text) + sign);
        self.write(buf, Position::new(start, at.y), (text, goes_on), role);
        start
    }

    /// The text, or as much of it as fits with a sign that it goes on.
    pub fn clip<'t>(&self, text: &'t str, width: u16) -> Cow<'t, str> {
        match fitting(text, width) {
            (whole, GoesOn::No) => Cow::Borrowed(whole),
            (cut, GoesOn::Yes) => Cow::Owned(format!("{cut}{}", self.glyph(Glyph::Ellipsis))),
        }
    }
}

/// Writes text from a place to the right. Most of it is printable ASCII, a cell a byte, of which nobody has to ask how wide it is.
/// Returns where it ended.
fn set_text(buf: &mut Buffer, at: Position, text: &str, style: Style) -> u16 {
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return buf.set_stringn(at.x, at.y, text, usize::MAX, style).0;
    }
    let mut end = at.x;
    for letter in text.split_inclusive(|_| true) {
        let Some(cell) = buf.cell_mut(Position::new(end, at.y)) else {
            break;
        };
        cell.set_symbol(letter).set_style(style);
        end += 1;
    }
    end
}

/// Whether a text was cut, and room left for the sign that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GoesOn {
    No,
    Yes,
}

type Fitting<'t> = (&'t str, GoesOn);

/// As much of a text as fits into a width. Without any room that is nothing, and no sign.
fn fitting(text: &str, width: u16) -> Fitting<'_> {
    if width == 0 {
        return ("", GoesOn::No);
    }
    if cells(text) <= width {
        return (text, GoesOn::No);
    }
    let mut room = usize::from(width - 1);
    let is_over = |c: char| {
        let left = room.checked_sub(c.width().unwrap_or(0));
        room = left.unwrap_or(0);
        left.is_none()
    };
    let end = text.find(is_over).unwrap_or(text.len());
    (text.get(..end).unwrap_or_default(), GoesOn::Yes)
}

/// Cells that a text takes.
pub fn cells(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// A name, or the key where there is none.
pub fn called(name: Option<&Text>, key: PublicKey) -> String {
    name.map_or_else(|| key.short(), ToString::to_string)
}

/// A number and what is counted.
pub fn counted(number: impl TryInto<usize>, one: &str) -> String {
    let number = number.try_into().unwrap_or(usize::MAX);
    let s = if number == 1 { "" } else { "s" };
    format!("{} {one}{s}", grouped(number))
}

/// A number with a comma at every thousand.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The row of an area, from its top; empty below its end.
pub fn line_of(area: Rect, nth: u16) -> Rect {
    let y = area.y.saturating_add(nth).min(area.bottom());
    let height = u16::from(nth < area.height);
    Rect { y, height, ..area }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Depth;

    #[test]
    fn text_that_does_not_fit_says_that_it_goes_on() {
        let theme = Theme::standard(Depth::Mono);
        let paint = Paint {
            theme: &theme,
            glyphs: Glyphs::Unicode,
            now: Timestamp::UNIX_EPOCH,
        };

        assert_eq!(paint.clip("orders", 6), "orders");
        assert_eq!(paint.clip("orders", 5), "orde…");
        assert_eq!(paint.clip("日本語", 5), "日本…");
        assert_eq!(paint.clip("日本語", 4), "日…");
        assert_eq!(paint.clip("orders", 1), "…");
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (48_213, "48,213"),
            (1_000_000, "1,000,000"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
