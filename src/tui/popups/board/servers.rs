//! The servers of a board, a row each: what they said, and how long it took until they had proven it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::About;
use crate::actions::outcome::{ServerReport, ServerVerdict};
use crate::tui::theme::Role;
use crate::tui::widgets::Paint;
use crate::tui::widgets::glyph::Glyph;

/// What stands in a row.
pub(super) type Cells = [(String, Role); 6];

const HEADS: [&str; 6] = ["server", "pushed", "in force", "open", "state", "proven"];
const WIDTHS: [u16; 6] = [14, 9, 10, 18, 11, 10];

/// How the rows are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) about: About,
    pub(super) is_running: bool,
}

pub(super) fn heads() -> Cells {
    HEADS.map(|head| (head.to_owned(), Role::Muted))
}

pub(super) fn put(paint: &Paint<'_>, line: Rect, row: &Cells, buf: &mut Buffer) {
    let mut x = line.x;
    for ((text, role), width) in row.iter().zip(WIDTHS) {
        let room = line.right().saturating_sub(x).min(width - 1);
        paint.put(buf, Position::new(x, line.y), room, text, *role);
        x = x.saturating_add(width).min(line.right());
    }
}

impl Reading {
    pub(super) fn cells(self, server: &ServerReport, paint: &Paint<'_>) -> Cells {
        let (glyph, word, role) = match server.state {
            ServerVerdict::Clear => (Glyph::Ok, "clear", Role::Ok),
            ServerVerdict::Open => (Glyph::Dead, "OPEN", Role::Danger),
            ServerVerdict::Unknown if self.is_running => (Glyph::Waiting, "waiting", Role::Muted),
            ServerVerdict::Unknown => (Glyph::Waiting, "UNKNOWN", Role::Warn),
        };
        let took = server.proven_ms.map(|ms| format!("{ms} ms"));
        [
            (server.name.to_string(), Role::Server),
            self.answer(server.pushed),
            self.answer(server.in_force),
            self.open(server),
            (format!("{} {word}", paint.glyph(glyph)), role),
            (took.unwrap_or_default(), Role::Text),
        ]
    }

    const fn unknown(self) -> &'static str {
        if self.is_running { "…" } else { "unknown" }
    }

    fn answer(self, answer: Option<bool>) -> (String, Role) {
        match (answer, self.about) {
            (Some(true), _) => ("yes".to_owned(), Role::Text),
            (Some(false), _) => ("no".to_owned(), Role::Danger),
            (None, About::Tokens | About::TokensAndConnections) => {
                (self.unknown().to_owned(), Role::Warn)
            }
            (None, About::Connections | About::Nothing) => ("·".to_owned(), Role::Faint),
        }
    }

    /// What is left of those that are to be closed.
    fn open(self, server: &ServerReport) -> (String, Role) {
        match (self.about, server.open, server.before) {
            (About::Tokens | About::Nothing, ..) => ("·".to_owned(), Role::Faint),
            (_, None, before) if before > 0 && !self.is_running => {
                (format!("{before} when last seen"), Role::Warn)
            }
            (_, None, _) => (self.unknown().to_owned(), Role::Warn),
            (_, Some(0), 0) => ("0".to_owned(), Role::Text),
            (_, Some(0), before) => (format!("0 of {before} left"), Role::Text),
            (_, Some(open), before) if open <= before => {
                (format!("{open} of {before} left"), Role::Danger)
            }
            (_, Some(open), _) => (format!("{open} open"), Role::Danger),
        }
    }
}
