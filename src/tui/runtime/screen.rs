//! Draws frames into bytes, and hands each to the terminal in one write. It knows no terminal: any writer will do.

use std::io::{self, Write};

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use super::changes::Changes;
use super::page::Page;

/// A screen of a size that the loop tells it: the terminal is never asked.
pub struct Screen<W: Write> {
    size: Size,
    /// What the terminal shows; `None`: nothing.
    shown: Option<Buffer>,
    /// What it showed before, whose room the next frame takes.
    spare: Option<Buffer>,
    page: Page,
    out: W,
}

impl<W: Write> Screen<W> {
    /// For a terminal that shows nothing yet.
    pub fn new(out: W, size: Size) -> Self {
        Self {
            size,
            shown: None,
            spare: None,
            page: Page::new(),
            out,
        }
    }

    /// The next frame is drawn whole, in another size.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.spare = None;
        self.forget();
    }

    /// The next frame is drawn whole.
    pub fn forget(&mut self) {
        self.shown = None;
        self.page.clear();
    }

    /// Draws what changed, in one write. What renders says where letters are typed, if they are.
    pub fn draw(&mut self, render: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        let mut next = self.blank();
        let caret = render(&mut next);
        let changes = Changes::between(self.shown.as_ref(), &next);
        self.page.draw(changes)?;
        self.page.place_cursor(caret)?;
        self.spare = self.shown.replace(next);
        let out = &mut self.out;
        self.page.turn(|frame| out.write_all(frame))?;
        self.out.flush()
    }

    fn blank(&mut self) -> Buffer {
        match self.spare.take() {
            Some(mut used) => {
                used.reset();
                used
            }
            None => Buffer::empty(Rect::from((Position::ORIGIN, self.size))),
        }
    }

    /// Writes beside frames: a title, the clipboard.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    pub fn out(&self) -> &W {
        &self.out
    }
}
