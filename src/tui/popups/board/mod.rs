//! What every server says while an act runs, and how it ended: what happened, what is true now. Closing it stops nothing.
//!
//! ```text
//!   act      revoke user worker in ORDERS
//!   outcome  unverified in 4279 ms
//!
//!   next     P push again to n3
//!
//!   server   pushed    in force  open               state       proven
//!   n1       yes       yes       0 of 2 left        ● clear     31 ms
//!   n3       ..        ..        1 when last seen   ◌ UNKNOWN
//! ```
//!
//! The words come first: on a small terminal it is the servers that have to be scrolled to.

mod further;
mod servers;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

pub use self::further::BoardKeys;
use self::servers::{Cells, Reading};
use super::wording::{self, Wording};
use super::{WIDEST, centred, frame, shown};
use crate::actions::outcome::{Outcome, Report, ServerReport};
use crate::actions::plan::{Plan, Step};
use crate::ledger::audit::Outcome as Word;
use crate::text::Text;
use crate::tui::app::acts::Intent;
use crate::tui::keymap::Command;
use crate::tui::theme::Role;
use crate::tui::widgets::scroll::{Extent, Scroll};
use crate::tui::widgets::{Paint, line_of};

/// An act that runs, or has ended.
#[derive(Clone, Debug)]
pub struct Board {
    pub title: &'static str,
    summary: String,
    /// What it is that was asked for.
    intent: Intent,
    keys: BoardKeys,
    about: About,
    /// The servers that ought to answer, where the act asks them.
    expected: Vec<Expected>,
    report: Report,
    outcome: Option<Box<Outcome>>,
    scroll: Scroll,
}

/// A server that ought to answer.
#[derive(Clone, Debug)]
pub struct Expected {
    pub name: Text,
    /// Connections of those whom the act is about, as they were seen before it.
    pub open: usize,
}

/// What servers are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Nothing,
    Tokens,
    TokensAndConnections,
    Connections,
}

impl About {
    fn of(plan: &Plan) -> Self {
        let any = |is: fn(&Step) -> bool| plan.steps.iter().any(is);
        if any(|step| matches!(step, Step::Contain { .. })) {
            Self::TokensAndConnections
        } else if any(|step| matches!(step, Step::Push { .. })) {
            Self::Tokens
        } else if any(|step| matches!(step, Step::Kick { .. })) {
            Self::Connections
        } else {
            Self::Nothing
        }
    }
}

/// What stands on a line.
enum Line {
    Words(wording::Line),
    Row(Cells),
}

impl Board {
    /// Of an act that begins now.
    pub fn new(
        title: &'static str,
        plan: &Plan,
        servers: Vec<Expected>,
        intent: Intent,
        keys: BoardKeys,
    ) -> Self {
        let about = About::of(plan);
        let expected = match about {
            About::Tokens | About::TokensAndConnections => servers,
            About::Connections | About::Nothing => Vec::new(),
        };
        Self {
            title,
            summary: plan.summary.clone(),
            intent,
            keys,
            about,
            expected,
            report: Report {
                steps_of: plan.steps.len(),
                ..Report::default()
            },
            outcome: None,
            scroll: Scroll::default(),
        }
    }

    pub const fn is_running(&self) -> bool {
        self.outcome.is_none()
    }

    pub fn summary(&self) -> &str {
        &self.summary
    }

    pub(in crate::tui) fn progress(&mut self, report: Report) {
        self.report = report;
    }

    pub(in crate::tui) fn end(&mut self, outcome: Box<Outcome>) {
        self.report = outcome.report.clone();
        self.outcome = Some(outcome);
    }

    /// Shows what another knows, from the line that was looked at.
    pub(in crate::tui) fn show(&mut self, newer: &Self) {
        let scroll = self.scroll;
        self.clone_from(newer);
        self.scroll = scroll;
    }

    pub(super) fn command(&mut self, command: Command, size: Size) {
        let extent = self.extent(Rect::from((Position::ORIGIN, size)));
        self.scroll.command(command, extent);
    }

    /// Lines that there are, and lines that have room on a screen.
    fn extent(&self, screen: Rect) -> Extent {
        let rows = self.rows().len();
        let table = if rows == 0 { 0 } else { rows + 2 };
        let count = self.words(inner_width(screen)).lines.len() + table;
        let area = area(screen, count);
        (count, shown(area))
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) {
        let lines = self.lines(inner_width(screen), paint);
        let area = area(screen, lines.len());
        let room = shown(area);
        let from = self.scroll.first((lines.len(), room));
        let close = self.close_word();
        let foot = match lines.len().saturating_sub(from + room) {
            0 if from == 0 => close.to_owned(),
            below => format!("{below} more lines   j k scroll   {close}"),
        };
        let inside = frame(paint, area, (self.title, &foot), buf);
        for (line, nth) in lines.iter().skip(from).zip(0..inside.height) {
            let place = line_of(inside, nth);
            match line {
                Line::Words(words) => words.paint(paint, place, buf),
                Line::Row(cells) => servers::put(paint, place, cells, buf),
            }
        }
    }

    /// What happened, and below it the servers.
    fn lines(&self, width: u16, paint: &Paint<'_>) -> Vec<Line> {
        let mut words = self.words(width);
        let rows = self.rows();
        if !rows.is_empty() {
            words.say("", "", Role::Text);
        }
        let heads = (!rows.is_empty()).then(servers::heads);
        let reading = Reading {
            about: self.about,
            is_running: self.is_running(),
        };
        let rows = rows.iter().map(|row| reading.cells(row, paint));
        let words = words.lines.into_iter().map(Line::Words);
        words
            .chain(heads.into_iter().chain(rows).map(Line::Row))
            .collect()
    }

    /// A row for each server that ought to answer, or did.
    fn rows(&self) -> Vec<ServerReport> {
        let mut rows = self.report.servers.clone();
        for expected in &self.expected {
            match rows.iter_mut().find(|row| row.name == expected.name) {
                // One that is silent was silent before the act as well, when it was asked who is there.
                Some(row) if row.open.is_none() => row.before = row.before.max(expected.open),
                Some(_) => {}
                None => rows.push(ServerReport {
                    before: expected.open,
                    ..ServerReport::unknown(expected.name.clone(), None)
                }),
            }
        }
        rows
    }

    fn words(&self, width: u16) -> Wording {
        let mut words = Wording::new(width);
        words.say("act", &self.summary, Role::Strong);
        let Some(outcome) = &self.outcome else {
            let done = format!(
                "{} of {} steps",
                self.report.steps_done, self.report.steps_of
            );
            words.say("running", &done, Role::Notice);
            return words;
        };
        let (word, role) = word_of(outcome.word);
        words.say(
            "outcome",
            &format!("{word} in {} ms", outcome.took_ms),
            role,
        );
        say_why(&mut words, outcome);
        for (nth, (line, role)) in self.further().iter().enumerate() {
            words.say(if nth == 0 { "next" } else { "" }, line, *role);
        }
        for back in &outcome.report.came_back {
            let line = format!(
                "{} is back as {} after {} ms",
                back.from, back.to, back.after_ms
            );
            words.say("back", &line, Role::Warn);
        }
        for unread in &outcome.report.unknown {
            words.say("unread", &unread.to_string(), Role::Warn);
        }
        if let Some(new) = &outcome.report.new {
            words.say("new", &format!("{} {}", new.name, new.key), Role::Text);
            if let Some(path) = &new.creds_path {
                words.say(
                    "creds",
                    &Text::from(path.display().to_string()).to_string(),
                    Role::Text,
                );
            }
        }
        say_end(&mut words, outcome);
        words
    }
}

fn area(screen: Rect, lines: usize) -> Rect {
    centred(screen, WIDEST, u16::try_from(lines + 2).unwrap_or(u16::MAX))
}

/// The cells of a line inside the border.
fn inner_width(screen: Rect) -> u16 {
    area(screen, 0).width.saturating_sub(4)
}

fn say_why(words: &mut Wording, outcome: &Outcome) {
    let Some(error) = &outcome.error else { return };
    words.say("what", &error.what, Role::Danger);
    words.say("so", &error.so, Role::Text);
    for next in &error.next {
        let run = next.run.as_deref().map(|run| format!("   {run}"));
        let run = run.unwrap_or_default();
        words.say("next", &format!("{}{run}", next.say), Role::Notice);
    }
}

fn say_end(words: &mut Wording, outcome: &Outcome) {
    for warning in &outcome.report.warnings {
        words.say("warning", &warning.what, Role::Warn);
    }
    if let Some(guard) = &outcome.report.guard {
        let until = guard.until_at.strftime("%Y-%m-%d %H:%M UTC");
        words.say(
            "guard",
            &format!("servers that come late are given the new account until {until}"),
            Role::Text,
        );
    }
    match (outcome.audit.result, outcome.audit.intent) {
        (Some(result), _) => words.say("record", &result.to_string(), Role::Muted),
        (None, Some(intent)) => words.say(
            "record",
            &format!("{intent} is open: its end could not be recorded"),
            Role::Warn,
        ),
        (None, None) => words.say("record", "none: nothing was begun", Role::Muted),
    }
}

/// The word of an outcome, and how it looks.
pub const fn word_of(word: Word) -> (&'static str, Role) {
    match word {
        Word::Verified => ("verified", Role::Ok),
        Word::Unverified => ("unverified", Role::Warn),
        Word::Partial => ("partial", Role::Danger),
        Word::Failed => ("failed", Role::Danger),
        Word::Stale => ("stale", Role::Danger),
        Word::Refused => ("refused", Role::Danger),
        Word::Cancelled => ("cancelled", Role::Warn),
    }
}
