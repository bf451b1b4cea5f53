//! Says that an act's preview is being read, and lets go of it. It knows no answer.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{centred, frame};
use crate::tui::theme::Role;
use crate::tui::widgets::Paint;

/// A preview that has not come yet.
#[derive(Clone, Debug)]
pub struct Reading {
    pub title: &'static str,
    pub since: Timestamp,
}

impl Reading {
    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) {
        let inside = frame(
            paint,
            centred(screen, 48, 3),
            (self.title, "esc cancel"),
            buf,
        );
        let waited = paint.now.duration_since(self.since);
        let turn = paint
            .glyphs
            .spinner(i64::try_from(waited.as_millis()).unwrap_or(0));
        let words = format!("{turn} reading what it would do");
        let at = Position::new(inside.x, inside.y);
        paint.put(buf, at, inside.width, &words, Role::Notice);
    }
}
