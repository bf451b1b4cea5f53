//! All that the bottom line said since the console was opened, the newest first. The record of acts is another thing: it stays.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use super::wording::{Line, Wording};
use super::{WIDEST, centred, frame, shown};
use crate::tui::app::toast::Toast;
use crate::tui::keymap::Command;
use crate::tui::theme::Role;
use crate::tui::widgets::scroll::Scroll;
use crate::tui::widgets::{Paint, line_of};

/// What was said, with its time.
#[derive(Clone, Debug)]
pub struct Log {
    said: Vec<(Timestamp, Toast)>,
    scroll: Scroll,
}

impl Log {
    /// The newest first.
    pub fn new(said: Vec<(Timestamp, Toast)>) -> Self {
        Self {
            said,
            scroll: Scroll::default(),
        }
    }

    pub(super) fn command(&mut self, command: Command, size: Size) {
        let screen = Rect::from((Position::ORIGIN, size));
        let count = lines(&self.said, screen).len();
        let page = shown(area(screen, count));
        self.scroll.command(command, (count, page));
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) {
        let lines = lines(&self.said, screen);
        let area = area(screen, lines.len());
        let inside = frame(
            paint,
            area,
            ("What was said", "j k scroll   esc close"),
            buf,
        );
        let from = self.scroll.first((lines.len(), inside.height.into()));
        for (line, nth) in lines.iter().skip(from).zip(0..inside.height) {
            line.paint(paint, line_of(inside, nth), buf);
        }
    }
}

fn area(screen: Rect, lines: usize) -> Rect {
    centred(screen, WIDEST, u16::try_from(lines + 2).unwrap_or(u16::MAX))
}

fn lines(said: &[(Timestamp, Toast)], screen: Rect) -> Vec<Line> {
    let mut words = Wording::new(area(screen, 0).width.saturating_sub(4));
    if said.is_empty() {
        words.say("", "nothing yet", Role::Muted);
    }
    for (at, toast) in said {
        words.say_at(
            at.strftime("%H:%M:%S").to_string(),
            &toast.text,
            toast.tone.role(),
        );
    }
    words.lines
}
