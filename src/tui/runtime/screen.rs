//! Draws frames into bytes, and hands each to the terminal in one write. It knows no terminal: any writer will do.

use std::io::{self, Write};

use ratatui::layout::{Rect, Size};
use ratatui::{Frame, Terminal};

use super::page::Page;

/// A screen of a size that the loop tells it: the terminal is never asked.
pub struct Screen<W: Write> {
    terminal: Terminal<Page>,
    out: W,
}

impl<W: Write> Screen<W> {
    pub fn new(out: W, size: Size) -> io::Result<Self> {
        let terminal = Terminal::new(Page::new(size))?;
        Ok(Self { terminal, out })
    }

    pub fn resize(&mut self, size: Size) -> io::Result<()> {
        self.terminal.backend_mut().size = size;
        self.terminal
            .resize(Rect::from((ratatui::layout::Position::ORIGIN, size)))
    }

    /// The next frame is drawn whole.
    pub fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Draws what changed, in one write.
    pub fn draw(&mut self, mut render: impl FnMut(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(&mut render)?;
        if self.terminal.backend().is_torn() {
            self.terminal.backend_mut().begin_again();
            self.terminal.clear()?;
            self.terminal.draw(&mut render)?;
        }
        let out = &mut self.out;
        self.terminal
            .backend_mut()
            .turn(|frame| out.write_all(frame))?;
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
