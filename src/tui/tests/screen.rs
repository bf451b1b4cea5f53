//! A screen without a terminal: messages and keys go in, frames come out as text, with or without their styles.

use std::fmt::Write as _;
use std::sync::Arc;

use crossterm::event::{Event, KeyEvent};
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::Color;

use crate::actions::action::Access;
use crate::actions::opening::{How, LoginState};
use crate::actions::ports::Context;
use crate::actions::spec::Tier;
use crate::explain::Explanation;
use crate::sys::Census;
use crate::text::Text;
use crate::tui::app::model::{Found, Model};
use crate::tui::app::msg::{Effect, Msg};
use crate::tui::app::{App, Looks, render, update};
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::theme::{Depth, Theme};
use crate::tui::widgets::glyph::Glyphs;

/// The sizes in which every view is looked at.
pub(crate) const WIDE: Size = Size {
    width: 100,
    height: 30,
};
pub(crate) const NARROW: Size = Size {
    width: 80,
    height: 24,
};

/// The moment at which tests begin.
pub(crate) fn start() -> Timestamp {
    "2026-11-24T02:07:00Z".parse().unwrap()
}

/// A screen, and what it wanted so far.
pub(crate) struct TestScreen {
    pub(crate) app: App,
    pub(crate) now: Timestamp,
    pub(crate) effects: Vec<Effect>,
}

impl TestScreen {
    /// Before anything is opened, in a context that is no production.
    pub(crate) fn new(size: Size, depth: Depth) -> Self {
        let looks = Looks {
            theme: Theme::standard(depth),
            glyphs: Glyphs::Unicode,
            keymap: Keymap::standard(),
        };
        Self::of(model("staging", Access::Write), looks, size)
    }

    pub(crate) fn of(model: Model, looks: Looks, size: Size) -> Self {
        let mut screen = Self {
            app: App::new(model, looks, size),
            now: start(),
            effects: Vec::new(),
        };
        screen.press("6"); // to the servers, from where tests go elsewhere
        screen
    }

    /// With the world open and these servers.
    pub(crate) fn open(size: Size, depth: Depth, census: Census) -> Self {
        let mut screen = Self::new(size, depth);
        screen.send(Msg::Opened(Ok(Box::new(found(Some(census))))));
        screen
    }

    pub(crate) fn send(&mut self, msg: Msg) {
        self.effects.extend(update(&mut self.app, msg, self.now));
    }

    /// Presses keys, written as in a keymap.
    pub(crate) fn press(&mut self, keys: &str) {
        for Chord { code, modifiers } in Chord::sequence(keys).unwrap() {
            self.send(Msg::Input(Event::Key(KeyEvent::new(code, modifiers))));
        }
    }

    /// Types letters.
    pub(crate) fn write(&mut self, text: &str) {
        for letter in text.chars() {
            self.send(Msg::Input(Event::Key(KeyEvent::from(
                crossterm::event::KeyCode::Char(letter),
            ))));
        }
    }

    pub(crate) fn later(&mut self, after: SignedDuration) {
        self.now = self.now.checked_add(after).unwrap();
        self.send(Msg::Wake);
    }

    /// The frame as text.
    pub(crate) fn text(&mut self) -> String {
        lines(&self.frame())
    }

    /// The styles of each line.
    pub(crate) fn styles(&mut self) -> String {
        styles(&self.frame())
    }

    /// The frame as text, and below it the styles of each line.
    pub(crate) fn styled(&mut self) -> String {
        let buffer = self.frame();
        format!("{}\n\n{}", lines(&buffer), styles(&buffer))
    }

    pub(super) fn frame(&mut self) -> Buffer {
        let mut buffer = Buffer::empty(Rect::from((Position::ORIGIN, self.app.size)));
        self.app.painted = render(&self.app, &mut buffer, self.now);
        buffer
    }
}

/// What is known before anything is opened.
pub(crate) fn model(context: &str, access: Access) -> Model {
    let context = Context {
        name: context.into(),
        flag: None,
        production: access == Access::ReadOnly,
        access,
    };
    let addresses = ["n1:4222", "n2:4222", "n3:4222"].map(Text::from).to_vec();
    Model::new(context, "ada".into(), addresses, start())
}

/// A world in which an operator's signing key is held.
pub(crate) fn found(census: Option<Census>) -> Found {
    Found {
        operator: Some("acme".into()),
        login: LoginState {
            how: How::Minted,
            expires_at: None,
            passed_over: Vec::new(),
        },
        tier: if census.is_some() {
            Tier::Change
        } else {
            Tier::Offline
        },
        census: census.map(Arc::new),
        problems: Vec::new(),
    }
}

/// A world whose servers could not be reached.
pub(crate) fn unreachable(why: Explanation) -> Found {
    Found {
        problems: vec![why],
        ..found(None)
    }
}

fn rows(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content().chunks(usize::from(buffer.area.width))
}

fn lines(buffer: &Buffer) -> String {
    let line = |row: &[Cell]| {
        row.iter()
            .map(Cell::symbol)
            .collect::<String>()
            .trim_end()
            .to_owned()
    };
    rows(buffer).map(line).collect::<Vec<_>>().join("\n")
}

/// The cells of each line that are not plain: `7: 3-20 #78b8b0 | 22-24 #d9b36c bold`.
fn styles(buffer: &Buffer) -> String {
    let mut text = String::new();
    for (nth, row) in rows(buffer).enumerate() {
        let runs: Vec<String> = runs(row)
            .into_iter()
            .filter(|(_, look)| !look.is_empty())
            .map(|(cells, look)| format!("{cells} {look}"))
            .collect();
        if !runs.is_empty() {
            writeln!(text, "{nth:2}: {}", runs.join(" | ")).unwrap();
        }
    }
    text
}

fn runs(row: &[Cell]) -> Vec<(String, String)> {
    let mut runs: Vec<(usize, usize, String)> = Vec::new();
    for (at, cell) in row.iter().enumerate() {
        let look = look(cell);
        match runs.last_mut() {
            Some((_, end, last)) if *last == look => *end = at,
            Some(_) | None => runs.push((at, at, look)),
        }
    }
    runs.into_iter()
        .map(|(from, to, look)| (format!("{from}-{to}"), look))
        .collect()
}

fn look(cell: &Cell) -> String {
    let mut words = Vec::new();
    if cell.fg != Color::Reset {
        words.push(cell.fg.to_string());
    }
    if cell.bg != Color::Reset {
        words.push(format!("on {}", cell.bg));
    }
    if !cell.modifier.is_empty() {
        words.push(format!("{:?}", cell.modifier).to_lowercase());
    }
    words.join(" ")
}
