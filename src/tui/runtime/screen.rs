//! Draws frames into bytes, and hands each to the terminal in one write. It knows no terminal: any writer will do.

use std::io::{self, Write};

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use super::changes::Changes;
use super::page::Page;

/// A screen of a size that the loop tells it: the terminal is never asked.
pub struct Screen<W: Write> {
    /// What the terminal shows.
    shown: Buffer,
    next: Buffer,
    page: Page,
    out: W,
}

impl<W: Write> Screen<W> {
    /// For a terminal that shows nothing yet.
    pub fn new(out: W, size: Size) -> Self {
        Self {
            shown: blank(size),
            next: blank(size),
            page: Page::new(),
            out,
        }
    }

    /// The next frame is drawn whole, in another size.
    pub fn resize(&mut self, size: Size) {
        self.next = blank(size);
        self.shown = blank(size);
        self.page.clear();
    }

    /// The next frame is drawn whole.
    pub fn forget(&mut self) {
        self.resize(self.next.area.as_size());
    }

    /// Draws what changed, in one write. What renders says where letters are typed, if they are.
    pub fn draw(&mut self, render: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        self.next.reset();
        let caret = render(&mut self.next);
        self.page.draw(Changes::between(&self.shown, &self.next))?;
        self.page.place_cursor(caret)?;
        std::mem::swap(&mut self.shown, &mut self.next);
        let out = &mut self.out;
        self.page.turn(|frame| out.write_all(frame))?;
        self.out.flush()
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

fn blank(size: Size) -> Buffer {
    Buffer::empty(Rect::from((Position::ORIGIN, size)))
}
