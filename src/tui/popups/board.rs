//! What every server says while an act runs, and how it ended: what happened, what is true now. Closing it stops nothing.
//!
//! ```text
//!   act      revoke user worker in ORDERS
//!   outcome  unverified in 4279 ms
//!
//!   server   pushed    in force  closed  open      state
//!   n1       yes       yes       2       0         ● clear
//!   n3       ..        ..        0       ..        ◌ UNKNOWN
//! ```
//!
//! The words come first: on a small terminal it is the servers that have to be scrolled to.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use super::wording::{self, Wording};
use super::{WIDEST, centred, frame};
use crate::actions::outcome::{Outcome, Report, ServerReport, ServerVerdict};
use crate::actions::plan::{Plan, Step};
use crate::ledger::audit::Outcome as Word;
use crate::text::Text;
use crate::tui::keymap::Command;
use crate::tui::theme::Role;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::{Paint, line_of};

/// An act that runs, or has ended.
#[derive(Clone, Debug)]
pub struct Board {
    pub title: &'static str,
    summary: String,
    /// Whether it gives servers a new token; else nothing is said of that.
    pushes: bool,
    /// The servers that ought to answer, where the act asks them.
    expected: Vec<Text>,
    report: Report,
    outcome: Option<Box<Outcome>>,
    /// Lines above the first that is shown.
    offset: usize,
}

/// What stands on a line.
enum Line {
    Words(wording::Line),
    Row(Cells),
}

impl Board {
    /// Of an act that begins now.
    pub fn new(title: &'static str, plan: &Plan, servers: Vec<Text>) -> Self {
        let pushes = |step: &Step| matches!(step, Step::Contain { .. } | Step::Push { .. });
        let pushes = plan.steps.iter().any(pushes);
        let expected = if pushes { servers } else { Vec::new() };
        Self {
            title,
            summary: plan.summary.clone(),
            pushes,
            expected,
            report: Report {
                steps_of: plan.steps.len(),
                ..Report::default()
            },
            outcome: None,
            offset: 0,
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
        let offset = self.offset;
        self.clone_from(newer);
        self.offset = offset;
    }

    pub(super) fn command(&mut self, command: Command, size: Size) {
        let (count, room) = self.extent(Rect::from((Position::ORIGIN, size)));
        let wanted = match command {
            Command::Down => self.offset.saturating_add(1),
            Command::Up => self.offset.saturating_sub(1),
            Command::PageDown => self.offset.saturating_add(room),
            Command::PageUp => self.offset.saturating_sub(room),
            _ => self.offset, // the other commands move nothing here
        };
        self.offset = wanted.min(count.saturating_sub(room));
    }

    /// Lines that there are, and lines that have room on a screen.
    fn extent(&self, screen: Rect) -> (usize, usize) {
        let rows = self.rows().len();
        let table = if rows == 0 { 0 } else { rows + 2 };
        let count = self.words(inner_width(screen)).lines.len() + table;
        let area = area(screen, count);
        (count, usize::from(area.height.saturating_sub(2)))
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) {
        let lines = self.lines(inner_width(screen), paint);
        let area = area(screen, lines.len());
        let room = usize::from(area.height.saturating_sub(2));
        let from = self.offset.min(lines.len().saturating_sub(room));
        let close = if self.is_running() {
            "esc let it run"
        } else {
            "esc close"
        };
        let foot = match lines.len().saturating_sub(from + room) {
            0 if from == 0 => close.to_owned(),
            below => format!("{below} more lines   j k scroll   {close}"),
        };
        let inside = frame(paint, area, (self.title, &foot), buf);
        for (line, nth) in lines.iter().skip(from).zip(0..inside.height) {
            let place = line_of(inside, nth);
            match line {
                Line::Words(words) => words.paint(paint, place, buf),
                Line::Row(cells) => put_row(paint, place, cells, buf),
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
        let heads = ["server", "pushed", "in force", "closed", "open", "state"];
        let heads = (!rows.is_empty()).then(|| heads.map(|head| (head.to_owned(), Role::Muted)));
        let rows = rows.iter().map(|row| self.cells_of(row, paint));
        let words = words.lines.into_iter().map(Line::Words);
        words
            .chain(heads.into_iter().chain(rows).map(Line::Row))
            .collect()
    }

    /// A row for each server that ought to answer, or did.
    fn rows(&self) -> Vec<ServerReport> {
        let told = &self.report.servers;
        let is_told = |name: &&Text| told.iter().any(|server| server.name == **name);
        let waiting = self.expected.iter().filter(|name| !is_told(name));
        let waiting = waiting.map(|name| ServerReport::unknown(name.clone(), None));
        told.iter().cloned().chain(waiting).collect()
    }

    fn cells_of(&self, server: &ServerReport, paint: &Paint<'_>) -> Cells {
        let is_running = self.is_running();
        let unknown = if is_running { "…" } else { "unknown" };
        let answer = |answer: Option<bool>| match answer {
            Some(true) => ("yes".to_owned(), Role::Text),
            Some(false) => ("no".to_owned(), Role::Danger),
            None if !self.pushes => ("·".to_owned(), Role::Faint),
            None => (unknown.to_owned(), Role::Warn),
        };
        let open = server
            .open
            .map_or((unknown.to_owned(), Role::Warn), |open| {
                (
                    open.to_string(),
                    if open == 0 { Role::Text } else { Role::Danger },
                )
            });
        let (glyph, word, role) = match server.state {
            ServerVerdict::Clear => (Glyph::Ok, "clear", Role::Ok),
            ServerVerdict::Open => (Glyph::Dead, "OPEN", Role::Danger),
            ServerVerdict::Unknown if is_running => (Glyph::Waiting, "waiting", Role::Muted),
            ServerVerdict::Unknown => (Glyph::Waiting, "UNKNOWN", Role::Warn),
        };
        [
            (server.name.to_string(), Role::Server),
            answer(server.pushed),
            answer(server.in_force),
            (server.closed.to_string(), Role::Text),
            open,
            (format!("{} {word}", paint.glyph(glyph)), role),
        ]
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

type Cells = [(String, Role); 6];

fn put_row(paint: &Paint<'_>, line: Rect, row: &Cells, buf: &mut Buffer) {
    const WIDTHS: [u16; 6] = [16, 10, 10, 8, 10, 12];
    let mut x = line.x;
    for ((text, role), width) in row.iter().zip(WIDTHS) {
        let room = line.right().saturating_sub(x).min(width - 1);
        paint.put(buf, Position::new(x, line.y), room, text, *role);
        x = x.saturating_add(width).min(line.right());
    }
}
