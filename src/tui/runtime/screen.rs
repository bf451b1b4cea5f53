//! Draws frames into bytes, and hands each to the terminal in one write. It knows no terminal: any writer will do.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

/// Between these a terminal shows nothing half drawn (synchronized output, DEC private mode 2026).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// The bytes of one frame. A flush keeps them.
#[derive(Clone, Debug, Default)]
struct Page(Rc<RefCell<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A screen of a size that the loop tells it: the terminal is never asked.
pub struct Screen<W: Write> {
    terminal: Terminal<CrosstermBackend<Page>>,
    page: Page,
    out: W,
}

impl<W: Write> Screen<W> {
    pub fn new(out: W, size: Size) -> io::Result<Self> {
        let page = Page::default();
        let area = Rect {
            x: 0,
            y: 0,
            width: size.width,
            height: size.height,
        };
        let options = TerminalOptions {
            viewport: Viewport::Fixed(area),
        };
        let terminal = Terminal::with_options(CrosstermBackend::new(page.clone()), options)?;
        Ok(Self {
            terminal,
            page,
            out,
        })
    }

    pub fn resize(&mut self, size: Size) -> io::Result<()> {
        self.terminal.resize(Rect {
            x: 0,
            y: 0,
            width: size.width,
            height: size.height,
        })
    }

    /// The next frame is drawn whole. Not `clear`, which asks the terminal where its cursor is, and waits.
    pub fn forget(&mut self) -> io::Result<()> {
        let area = self.terminal.get_frame().area();
        self.terminal.resize(area)
    }

    /// Draws what changed, in one write.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(render)?;
        let mut page = self.page.0.borrow_mut();
        let frame = [BEGIN, page.as_slice(), END].concat();
        page.clear();
        self.out.write_all(&frame)?;
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
