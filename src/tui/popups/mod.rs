//! What stands over a view: one at a time, and nothing passes through it. Esc always closes it.

pub mod board;
pub mod consent;
pub mod diagnosis;
pub mod form;
pub mod keys;
pub mod lifting;
pub mod log;
pub mod palette;
pub mod pick;
mod preview;
pub mod reading;
mod steady;
pub mod stranger;
mod wording;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::Modifier;

use self::board::Board;
use self::consent::Consenting;
use self::diagnosis::Diagnosing;
use self::form::Form;
use self::keys::Keys;
use self::lifting::Lifting;
use self::log::Log;
use self::palette::Palette;
use self::pick::Pick;
use self::reading::Reading;
use self::stranger::Stranger;
use super::keymap::{Command, Keymap};
use super::theme::Role;
use super::widgets::glyph::Glyph;
use super::widgets::{Paint, cells};

/// A popup is no wider.
const WIDEST: u16 = 78;

/// What stands over the view.
#[derive(Debug)]
pub enum Popup {
    /// All keys of a place.
    Keys(Keys),
    /// Everything that can be done from here.
    Palette(Palette),
    /// What was said so far.
    Log(Log),
    /// Whether read-only is to be lifted.
    Lifting(Lifting),
    /// A letter chooses.
    Pick(Pick),
    /// The arguments of an act that the selection does not say.
    Form(Box<Form>),
    /// What an act would do is being read.
    Reading(Reading),
    /// An act that waits for consent.
    Consent(Box<Consenting>),
    /// An act that runs, or has ended.
    Board(Box<Board>),
    /// Whose pasted creds it is that nobody knows.
    Stranger(Box<Stranger>),
    /// Why a user is refused.
    Diagnosis(Box<Diagnosing>),
}

/// What a command made of a popup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Open,
    Closed,
}

impl Popup {
    pub fn keys(keymap: &Keymap, scopes: &[&str]) -> Self {
        Self::Keys(Keys::of(keymap, scopes))
    }

    pub(super) fn command(&mut self, command: Command, size: Size) -> Answered {
        match (self, command) {
            (_, Command::Back) => Answered::Closed,
            (Self::Keys(keys), command) => {
                keys.command(command, size);
                Answered::Open
            }
            (Self::Log(log), command) => {
                log.command(command, size);
                Answered::Open
            }
            (Self::Board(board), command) => {
                board.command(command, size);
                Answered::Open
            }
            (Self::Diagnosis(diagnosis), command) => {
                diagnosis.command(command, size);
                Answered::Open
            }
            // These take their keys by themselves, or none but those that act.
            (
                Self::Form(_)
                | Self::Pick(_)
                | Self::Palette(_)
                | Self::Lifting(_)
                | Self::Reading(_)
                | Self::Consent(_)
                | Self::Stranger(_),
                _,
            ) => Answered::Open,
        }
    }

    /// Dims the page and draws the popup over it. Tells where letters are typed, if they are.
    pub(super) fn paint(
        &self,
        paint: &Paint<'_>,
        screen: Rect,
        buf: &mut Buffer,
    ) -> Option<Position> {
        dim(screen, buf);
        match self {
            Self::Keys(keys) => keys.paint(paint, screen, buf),
            Self::Palette(palette) => return Some(palette.paint(paint, screen, buf)),
            Self::Log(log) => log.paint(paint, screen, buf),
            Self::Lifting(lifting) => lifting.paint(paint, screen, buf),
            Self::Form(form) => return Some(form.paint(paint, screen, buf)),
            Self::Pick(pick) => pick.paint(paint, screen, buf),
            Self::Reading(reading) => reading.paint(paint, screen, buf),
            Self::Consent(asked) => return Some(asked.paint(paint, screen, buf)),
            Self::Board(board) => board.paint(paint, screen, buf),
            Self::Stranger(stranger) => stranger.paint(paint, screen, buf),
            Self::Diagnosis(diagnosis) => diagnosis.paint(paint, screen, buf),
        }
        None
    }
}

/// The page behind takes no key, and looks like it.
fn dim(screen: Rect, buf: &mut Buffer) {
    buf.set_style(
        screen,
        ratatui::style::Style::new().add_modifier(Modifier::DIM),
    );
}

/// A raised surface with a border, a title set into it and words at its lower right. Returns what is inside.
pub fn frame(paint: &Paint<'_>, area: Rect, (title, foot): (&str, &str), buf: &mut Buffer) -> Rect {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(paint.style(Role::Text).patch(paint.style(Role::Raised)));
            }
        }
    }
    let (right, bottom) = (
        area.right().saturating_sub(1),
        area.bottom().saturating_sub(1),
    );
    let line = |buf: &mut Buffer, x, y, glyph| {
        paint.put(buf, Position::new(x, y), 1, paint.glyph(glyph), Role::Line);
    };
    for x in area.left()..area.right() {
        line(buf, x, area.top(), Glyph::Horizontal);
        line(buf, x, bottom, Glyph::Horizontal);
    }
    for y in area.top()..area.bottom() {
        line(buf, area.left(), y, Glyph::Vertical);
        line(buf, right, y, Glyph::Vertical);
    }
    line(buf, area.left(), area.top(), Glyph::TopLeft);
    line(buf, right, area.top(), Glyph::TopRight);
    line(buf, area.left(), bottom, Glyph::BottomLeft);
    line(buf, right, bottom, Glyph::BottomRight);
    let room = area.width.saturating_sub(6);
    paint.put(
        buf,
        Position::new(area.x + 2, area.y),
        room,
        &format!(" {title} "),
        Role::Strong,
    );
    let foot = format!(" {foot} ");
    let begin = right
        .saturating_sub(cells(&foot).saturating_add(1))
        .max(area.x + 1);
    paint.put(buf, Position::new(begin, bottom), room, &foot, Role::Muted);
    Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

/// Lines that have room in a popup.
pub fn shown(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(2))
}

/// An area of at most this size in the middle of the screen.
pub fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(WIDEST).min(screen.width.saturating_sub(4));
    let height = height.min(screen.height.saturating_sub(4));
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    }
}
