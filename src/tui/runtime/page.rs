//! The bytes of one frame: what a terminal is told so that it shows the cells that changed. Colours are sent only where the eye
//! can tell: a blank has no ink, and what stays is not said again.
//!
//! ```text
//! ESC [ row ; column H     ESC [ column G     ESC [ attributes ; ink ; paper m     ESC [ ? 25 h, l     ESC [ 2 J, K
//! ```

use std::io::{self, Write as _};

use ratatui::buffer::Cell;
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};

use super::changes::Changes;

/// Between these a terminal shows nothing half drawn (synchronized output, DEC private mode 2026).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// What can be seen of a blank besides its paper.
const ON_BLANKS: Modifier = Modifier::REVERSED
    .union(Modifier::UNDERLINED)
    .union(Modifier::CROSSED_OUT);

/// Attributes with the numbers that set and end them (ECMA-48, 8.3.117). Bold and dim end together.
const ATTRIBUTES: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// What the terminal draws with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pen {
    ink: Color,
    paper: Color,
    modifier: Modifier,
}

/// Whether the terminal shows its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    /// As somebody else left it.
    Unknown,
    Hidden,
    Shown,
}

/// The bytes of a frame.
#[derive(Debug)]
pub(super) struct Page {
    bytes: Vec<u8>,
    cursor: Cursor,
}

impl Page {
    pub(super) fn new() -> Self {
        Self {
            bytes: BEGIN.to_vec(),
            cursor: Cursor::Unknown,
        }
    }

    /// Gives the frame to be written, and begins the next.
    pub(super) fn turn<T>(&mut self, write: impl FnOnce(&[u8]) -> T) -> T {
        self.bytes.extend_from_slice(END);
        let written = write(&self.bytes);
        self.bytes.truncate(BEGIN.len());
        written
    }

    fn go_to(&mut self, to: Position, from: Option<Position>) -> io::Result<()> {
        match from {
            Some(from) if from == to => Ok(()),
            Some(from) if from.y == to.y => write!(self.bytes, "\x1b[{}G", to.x + 1),
            Some(_) | None => write!(self.bytes, "\x1b[{};{}H", to.y + 1, to.x + 1),
        }
    }

    /// Takes up another pen, in one sequence that says the differences.
    fn take_up(&mut self, held: Pen, wanted: Pen) -> io::Result<()> {
        if held == wanted {
            return Ok(());
        }
        if wanted == Pen::default() {
            return self.bytes.write_all(b"\x1b[m");
        }
        self.bytes.write_all(b"\x1b[")?;
        let ended = held.modifier - wanted.modifier;
        let ends = |end| {
            let both = ATTRIBUTES.iter().filter(move |(.., other)| *other == end);
            both.fold(Modifier::empty(), |all, (one, ..)| all | *one)
        };
        let mut last = 0;
        for (attribute, _, end) in ATTRIBUTES {
            if ended.contains(attribute) && end != last {
                write!(self.bytes, "{end};")?;
                last = end;
            }
        }
        for (attribute, set, end) in ATTRIBUTES {
            let is_on = held.modifier.contains(attribute) && !ended.intersects(ends(end));
            if wanted.modifier.contains(attribute) && !is_on {
                write!(self.bytes, "{set};")?;
            }
        }
        if held.ink != wanted.ink {
            self.colour(wanted.ink, 30)?;
        }
        if held.paper != wanted.paper {
            self.colour(wanted.paper, 40)?;
        }
        // The last `;` becomes the end of the sequence.
        if let Some(last) = self.bytes.last_mut() {
            *last = b'm';
        }
        Ok(())
    }

    /// Numbers of a colour: `base` is 30 for ink, 40 for paper.
    fn colour(&mut self, colour: Color, base: u8) -> io::Result<()> {
        let bright = base + 60;
        let (base, nth) = match colour {
            Color::Reset => (base, 9),
            Color::Black => (base, 0),
            Color::Red => (base, 1),
            Color::Green => (base, 2),
            Color::Yellow => (base, 3),
            Color::Blue => (base, 4),
            Color::Magenta => (base, 5),
            Color::Cyan => (base, 6),
            Color::Gray => (base, 7),
            Color::DarkGray => (bright, 0),
            Color::LightRed => (bright, 1),
            Color::LightGreen => (bright, 2),
            Color::LightYellow => (bright, 3),
            Color::LightBlue => (bright, 4),
            Color::LightMagenta => (bright, 5),
            Color::LightCyan => (bright, 6),
            Color::White => (bright, 7),
            Color::Rgb(r, g, b) => return write!(self.bytes, "{};2;{r};{g};{b};", base + 8),
            Color::Indexed(index) => return write!(self.bytes, "{};5;{index};", base + 8),
        };
        write!(self.bytes, "{};", base + nth)
    }

    /// Begins with a screen that shows nothing, whatever it showed before.
    pub(super) fn clear(&mut self) {
        self.bytes.truncate(BEGIN.len());
        self.bytes.extend_from_slice(b"\x1b[2J");
        self.cursor = Cursor::Unknown; // what came before may be another program's
    }

    pub(super) fn draw(&mut self, changes: Changes<'_>) -> io::Result<()> {
        for y in changes.erased {
            write!(self.bytes, "\x1b[{};1H\x1b[2K", y + 1)?;
        }
        let mut strokes = strokes(changes.cells);
        if strokes.iter().any(|stroke| stroke.pen.is_long()) {
            // In any order, for nothing shows before the frame ends.
            strokes.sort_by_key(|stroke| stroke.nth_pen);
        }
        let (mut held, mut from) = (Pen::default(), None);
        for Stroke { at, cell, pen, .. } in strokes {
            self.go_to(at, from)?;
            self.take_up(held, pen)?;
            held = pen;
            self.bytes.write_all(cell.symbol().as_bytes())?;
            // How far a wide character moves the cursor is the terminal's to say: the next place is named again.
            from = Some(Position { x: at.x + 1, ..at });
        }
        self.take_up(held, Pen::default())
    }

    /// Shows the cursor where letters are typed, and nowhere else.
    pub(super) fn place_cursor(&mut self, caret: Option<Position>) -> io::Result<()> {
        match caret {
            None => self.show(Cursor::Hidden),
            Some(caret) => {
                self.show(Cursor::Shown)?;
                self.go_to(caret, None)
            }
        }
    }

    fn show(&mut self, cursor: Cursor) -> io::Result<()> {
        if self.cursor == cursor {
            return Ok(());
        }
        self.cursor = cursor;
        let letter = if cursor == Cursor::Shown { 'h' } else { 'l' };
        write!(self.bytes, "\x1b[?25{letter}")
    }
}

/// A cell that changed, and what it is drawn with.
struct Stroke<'c> {
    at: Position,
    cell: &'c Cell,
    pen: Pen,
    /// Pens are counted as they come.
    nth_pen: usize,
}

fn strokes(cells: Vec<(Position, &Cell)>) -> Vec<Stroke<'_>> {
    let mut pens: Vec<Pen> = Vec::with_capacity(32);
    let mut held = Pen::default();
    cells
        .into_iter()
        .map(|(at, cell)| {
            let pen = held.for_cell(cell);
            held = pen;
            let known = pens.iter().position(|known| *known == pen);
            let nth_pen = known.unwrap_or_else(|| {
                pens.push(pen);
                pens.len() - 1
            });
            Stroke {
                at,
                cell,
                pen,
                nth_pen,
            }
        })
        .collect()
}

impl Pen {
    /// The pen for a cell; where a difference cannot be seen, this one.
    fn for_cell(self, cell: &Cell) -> Self {
        let wanted = Self {
            ink: cell.fg,
            paper: cell.bg,
            modifier: cell.modifier,
        };
        if cell.symbol() != " " || cell.modifier.union(self.modifier).intersects(ON_BLANKS) {
            return wanted;
        }
        Self {
            paper: cell.bg,
            ..self
        }
    }

    /// Whether to take it up costs more bytes than to go to another place.
    const fn is_long(self) -> bool {
        matches!(self.ink, Color::Rgb(..) | Color::Indexed(_))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::{Rect, Size};
    use ratatui::style::Style;

    use super::*;
    use crate::tui::runtime::screen::Screen;

    const SIZE: Size = Size {
        width: 12,
        height: 4,
    };

    /// Pieces of text with their looks, one after the other from the top left.
    type Picture = Vec<(&'static str, Style)>;

    fn colour() -> impl Strategy<Value = Color> {
        prop_oneof![
            Just(Color::Reset),
            Just(Color::Red),
            Just(Color::White),
            Just(Color::Indexed(131)),
            Just(Color::Rgb(1, 20, 255)),
        ]
    }

    fn style() -> impl Strategy<Value = Style> {
        // Bold and dim are one attribute of three values to this terminal.
        let weight = prop::sample::select(vec![Modifier::empty(), Modifier::BOLD, Modifier::DIM]);
        let others = vec![Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];
        let others = prop::sample::subsequence(others, 0..2);
        (colour(), colour(), weight, others).prop_map(|(ink, paper, weight, others)| {
            let all = others.into_iter().fold(weight, Modifier::union);
            Style::new().fg(ink).bg(paper).add_modifier(all)
        })
    }

    fn picture() -> impl Strategy<Value = Picture> {
        let piece = prop::sample::select(vec!["", " ", "ab", "  c", "日", "● "]);
        prop::collection::vec((piece, style()), 0..20)
    }

    fn paint(picture: &Picture, buf: &mut Buffer) {
        let (mut x, mut y) = (0, 0);
        for (text, style) in picture {
            if x + 3 > SIZE.width {
                (x, y) = (0, y + 1);
            }
            if y < SIZE.height {
                let begin = x;
                (x, _) = buf.set_stringn(begin, y, text, 3, *style);
                // As a row does: the second cell of a wide character has its paper.
                let place = Rect::new(begin, y, x - begin, 1);
                buf.set_style(place, *style);
            }
        }
    }

    fn blank_terminal() -> vt100::Parser {
        vt100::Parser::new(
            SIZE.height.try_into().unwrap(),
            SIZE.width.try_into().unwrap(),
            0,
        )
    }

    /// What a terminal made of it: text, ink, paper, attributes of every cell. A blank has no ink.
    fn shown(bytes: &[u8]) -> Vec<String> {
        let mut terminal = blank_terminal();
        terminal.process(bytes);
        let cell = |row, column| {
            let cell = terminal.screen().cell(row, column).unwrap();
            let text = if cell.has_contents() {
                cell.contents()
            } else {
                " "
            };
            let is_seen = text != " " || cell.inverse() || cell.underline();
            let ink = is_seen.then(|| (cell.fgcolor(), cell.bold(), cell.dim(), cell.italic()));
            let paper = (cell.bgcolor(), cell.inverse(), cell.underline());
            format!("{text} {ink:?} {paper:?}")
        };
        let rows = 0..SIZE.height;
        rows.flat_map(|row| (0..SIZE.width).map(move |column| (row, column)))
            .map(|(row, column)| cell(row, column))
            .collect()
    }

    fn draw(screen: &mut Screen<Vec<u8>>, picture: &Picture) {
        let draw = |buf: &mut Buffer| {
            paint(picture, buf);
            None
        };
        screen.draw(draw).unwrap();
    }

    #[test]
    fn of_a_wide_character_that_is_overwritten_no_half_is_left() {
        let (plain, reversed) = (Style::new(), Style::new().add_modifier(Modifier::REVERSED));
        let red = Style::new().bg(Color::Red);
        for [before, after] in [
            [vec![("ab", plain), ("日", plain)], vec![("  c", reversed)]],
            [
                vec![(" ", plain), ("ab", plain), (" ", plain), ("日", red)],
                vec![("ab", plain), (" ", plain), ("日", plain), (" ", red)],
            ],
        ] {
            let mut changing = Screen::new(Vec::new(), SIZE);
            draw(&mut changing, &before);
            draw(&mut changing, &after);
            let mut anew = Screen::new(Vec::new(), SIZE);
            draw(&mut anew, &after);

            assert_eq!(shown(changing.out()), shown(anew.out()));
        }
    }

    proptest! {
        /// However one frame comes to the next, the terminal shows what the next one shows alone.
        #[test]
        fn what_changed_is_shown_as_if_it_were_drawn_anew(frames in prop::collection::vec(picture(), 1..4)) {
            let mut changing = Screen::new(Vec::new(), SIZE);
            for frame in &frames {
                draw(&mut changing, frame);
            }
            let mut anew = Screen::new(Vec::new(), SIZE);
            draw(&mut anew, frames.last().unwrap());

            prop_assert_eq!(shown(changing.out()), shown(anew.out()));
        }

        /// A frame alone shows the cells of the buffer.
        #[test]
        fn a_terminal_shows_the_cells_of_a_frame(frame in picture()) {
            let mut screen = Screen::new(Vec::new(), SIZE);
            draw(&mut screen, &frame);
            let mut buf = Buffer::empty(Rect::from((Position::ORIGIN, SIZE)));
            paint(&frame, &mut buf);

            let mut terminal = blank_terminal();
            terminal.process(screen.out());

            for (at, cell) in buf.content().iter().enumerate() {
                let (x, y) = buf.pos_of(at);
                let seen = terminal.screen().cell(y, x).unwrap();
                if seen.is_wide_continuation() {
                    continue;
                }
                let text = if seen.has_contents() { seen.contents() } else { " " };
                prop_assert_eq!(text, cell.symbol());
                prop_assert_eq!(seen.bgcolor(), of_terminal(cell.bg));
                prop_assert_eq!(seen.inverse(), cell.modifier.contains(Modifier::REVERSED));
                prop_assert_eq!(seen.underline(), cell.modifier.contains(Modifier::UNDERLINED));
                if text != " " || cell.modifier.intersects(ON_BLANKS) {
                    prop_assert_eq!(seen.fgcolor(), of_terminal(cell.fg));
                    prop_assert_eq!(seen.bold(), cell.modifier.contains(Modifier::BOLD));
                    prop_assert_eq!(seen.dim(), cell.modifier.contains(Modifier::DIM));
                    prop_assert_eq!(seen.italic(), cell.modifier.contains(Modifier::ITALIC));
                }
            }
        }
    }

    fn of_terminal(colour: Color) -> vt100::Color {
        match colour {
            Color::Red => vt100::Color::Idx(1),
            Color::White => vt100::Color::Idx(15),
            Color::Indexed(index) => vt100::Color::Idx(index),
            Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
            _ => vt100::Color::Default, // no other is drawn here
        }
    }
}
