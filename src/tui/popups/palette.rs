//! One list of all that can be done from here: acts, places, settings; and below them users and accounts by name. Letters narrow
//! it, Enter runs what the cursor is on. What stands in it, and what running means, is the app's.
//!
//! ```text
//! ╭─ Do or go ────────────────────────────────────────────────────╮
//! │ › rev                                                         │
//! │                                                               │
//! │ ▌ Revoke user         R     Cut a user off everywhere         │
//! │   Lift revocation     L     not revoked                       │
//! ╰─────────────────────────────────────── enter run   esc close ─╯
//! ```

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use frizbee::{CaseMatching, Config, Matcher};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{WIDEST, centred, frame};
use crate::actions::spec::ActionId;
use crate::tui::app::acts::Allowed;
use crate::tui::app::names::Named;
use crate::tui::app::seen::Seen;
use crate::tui::keymap::Command;
use crate::tui::runtime::terminal::Mouse;
use crate::tui::theme::Role;
use crate::tui::views::Sought;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::letters::Letters;
use crate::tui::widgets::{Paint, cells, line_of};

/// Longer than anything that is looked for.
const LONGEST: usize = 128;

/// Lines above the list: what is typed, and a blank one.
const HEAD: u16 = 2;

/// Cells of titles and of keys.
const TITLE: u16 = 26;
const KEY: u16 = 9;

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    Act(ActionId),
    Command(Command),
    Theme(&'static str),
    Mouse(Mouse),
    /// Asks whether read-only is to be lifted.
    Write,
    ReadOnly,
    /// To the row of a user or an account.
    Seek(Sought),
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub title: String,
    /// Other words for it. One that is typed whole comes first.
    pub aliases: Vec<String>,
    pub key: String,
    /// What it does; for one that cannot be done the reason is shown instead.
    pub help: String,
    pub allowed: Allowed,
    pub runs: Runs,
}

/// The list, narrowed by what was typed.
#[derive(Clone, Debug)]
pub struct Palette {
    typed: Letters,
    entries: Vec<Entry>,
    /// Users and accounts whose name fits, below what can be done: they come late, and nothing moves for them.
    named: Vec<Entry>,
    names: Names,
    /// The entries that fit, the best first.
    fitting: Vec<usize>,
    cursor: usize,
}

/// How far users and accounts were looked for.
#[derive(Clone, Debug)]
enum Names {
    Unwanted,
    /// Nothing was read yet in which they could be found.
    NotRead,
    Asked {
        wanted: String,
        seen: Arc<Seen>,
        answered: Search,
    },
}

#[derive(Clone, Debug)]
enum Search {
    NotYet,
    Listed,
    /// Why they could not be looked for.
    Failed(String),
}

/// Whether users and accounts have to be looked for, after a key or a new reading.
#[derive(Debug)]
pub enum Wants {
    /// As before, in what was looked through before.
    Same,
    Nobody,
    Called(String, Arc<Seen>),
}

/// What a key made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    NotYet,
    Closed,
    Run(Runs),
}

impl Palette {
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut palette = Self {
            typed: Letters::new("", LONGEST),
            entries,
            named: Vec::new(),
            names: Names::Unwanted,
            fitting: Vec::new(),
            cursor: 0,
        };
        palette.narrow();
        palette
    }

    pub(in crate::tui) fn key(&mut self, key: KeyEvent) -> Chosen {
        let last = self.shown().count().saturating_sub(1);
        match key.code {
            KeyCode::Esc => return Chosen::Closed,
            KeyCode::Enter => {
                let entry = self.shown().nth(self.cursor);
                return entry.map_or(Chosen::NotYet, |entry| Chosen::Run(entry.runs));
            }
            KeyCode::Down => self.cursor = self.cursor.saturating_add(1).min(last),
            KeyCode::Up => self.cursor = self.cursor.saturating_sub(1),
            _ => {
                self.typed.key(key);
                self.narrow();
            }
        }
        Chosen::NotYet
    }

    pub(in crate::tui) fn paste(&mut self, text: &str) {
        self.typed.paste(text);
        self.narrow();
    }

    /// What can be done, then who is called so.
    fn shown(&self) -> impl Iterator<Item = &Entry> {
        let fitting = self.fitting.iter();
        let fitting = fitting.filter_map(|nth| self.entries.get(*nth));
        fitting.chain(&self.named)
    }

    fn wanted(&self) -> &str {
        let wanted = self.typed.text().trim().trim_start_matches(':');
        wanted.trim_start()
    }

    /// Whom to look for, once for each name and for all that was read. Those called otherwise are gone at once; those that were
    /// found in something older stand until the answer.
    pub(in crate::tui) fn wants_names(&mut self, seen: Option<&Arc<Seen>>) -> Wants {
        let wanted = self.wanted().to_owned();
        let last = match &self.names {
            Names::Asked { wanted, seen, .. } => Some((wanted, seen)),
            Names::Unwanted | Names::NotRead => None,
        };
        let is_same_name = last.is_some_and(|(last, _)| *last == wanted);
        let is_same = last
            .zip(seen)
            .is_some_and(|((_, last), seen)| is_same_name && Arc::ptr_eq(last, seen));
        if is_same {
            return Wants::Same;
        }
        if !is_same_name {
            self.named.clear();
        }
        match seen {
            _ if wanted.is_empty() => self.names = Names::Unwanted,
            None => self.names = Names::NotRead,
            Some(seen) => {
                self.names = Names::Asked {
                    wanted: wanted.clone(),
                    seen: Arc::clone(seen),
                    answered: Search::NotYet,
                };
                return Wants::Called(wanted, Arc::clone(seen));
            }
        }
        Wants::Nobody
    }

    /// Those who are called so. The cursor stays on what it is on.
    pub(in crate::tui) fn list_names(&mut self, found: Vec<Named>) {
        if !self.answered(Search::Listed) {
            return;
        }
        let entry = |named: Named| Entry {
            title: named.name,
            aliases: Vec::new(),
            key: String::new(),
            help: named.what,
            allowed: Allowed::Yes,
            runs: Runs::Seek(named.sought),
        };
        let under = self.shown().nth(self.cursor).map(|entry| entry.runs);
        self.named = found.into_iter().map(entry).collect();
        let kept = under.and_then(|runs| self.shown().position(|entry| entry.runs == runs));
        let last = self.shown().count().saturating_sub(1);
        self.cursor = kept.unwrap_or(self.cursor).min(last);
    }

    /// They could not be looked for.
    pub(in crate::tui) fn list_no_names(&mut self, why: String) {
        self.answered(Search::Failed(why));
    }

    /// Whether somebody had been asked for.
    fn answered(&mut self, answer: Search) -> bool {
        match &mut self.names {
            Names::Unwanted | Names::NotRead => false,
            Names::Asked { answered, .. } => {
                *answered = answer;
                true
            }
        }
    }

    /// Ranks the entries by what was typed, and the best comes under the cursor.
    fn narrow(&mut self) {
        let wanted = self.wanted();
        let config = Config {
            casing: CaseMatching::Ignore,
            ..Config::default()
        };
        let named = |entry: &Entry| format!("{} {}", entry.title, entry.aliases.join(" "));
        let names: Vec<String> = self.entries.iter().map(named).collect();
        let found = Matcher::new(wanted, &config).match_list(&names);
        let fitting = found
            .iter()
            .filter_map(|found| usize::try_from(found.index).ok());
        let mut fitting: Vec<usize> = fitting.collect();
        let is_named = |nth: &usize| {
            let entry = self.entries.get(*nth);
            entry.is_some_and(|entry| {
                entry
                    .aliases
                    .iter()
                    .any(|alias| alias.eq_ignore_ascii_case(wanted))
            })
        };
        fitting.sort_by_key(|nth| !is_named(nth));
        self.fitting = fitting;
        self.cursor = 0;
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) -> Position {
        // As high as the whole list: it does not move while it is narrowed.
        let height = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
        let area = centred(screen, WIDEST, height.saturating_add(HEAD + 2));
        let inside = frame(paint, area, ("Do or go", "enter run   esc close"), buf);
        let caret = self.paint_typed(paint, line_of(inside, 0), buf);
        let room = inside.height.saturating_sub(HEAD);
        let from = self
            .cursor
            .saturating_sub(usize::from(room.saturating_sub(1)));
        let shown = self.shown().enumerate().skip(from);
        for ((nth, entry), row) in shown.zip(0..room) {
            let line = line_of(inside, HEAD + row);
            entry.paint(paint, line, nth == self.cursor, buf);
        }
        if self.fitting.is_empty() && self.named.is_empty() {
            let line = line_of(inside, HEAD);
            let at = Position::new(line.x + 2, line.y);
            let room = line.width.saturating_sub(2);
            paint.put(buf, at, room, self.why_empty(), Role::Muted);
        }
        caret
    }

    fn why_empty(&self) -> &str {
        match &self.names {
            Names::Unwanted => "nothing is called so",
            Names::NotRead => "no act or place is called so; users and accounts are not read",
            Names::Asked { answered, .. } => match answered {
                Search::NotYet => "looking for users and accounts that are called so",
                Search::Listed => "nothing is called so",
                Search::Failed(why) => why,
            },
        }
    }

    /// How many there are to choose from, and whether names may come.
    fn count(&self) -> String {
        let names = match (&self.names, self.named.len()) {
            (Names::Asked { .. }, 1) => ", 1 name".to_owned(),
            (Names::Asked { .. }, names @ 2..) => format!(", {names} names"),
            (Names::NotRead, _) => ", names not read".to_owned(),
            (Names::Unwanted, _) => String::new(),
            (Names::Asked { answered, .. }, 0) => match answered {
                Search::NotYet => ", looking for names".to_owned(),
                Search::Listed => String::new(),
                Search::Failed(_) => ", names not looked for".to_owned(),
            },
        };
        format!("{} of {}{names}", self.fitting.len(), self.entries.len())
    }

    fn paint_typed(&self, paint: &Paint<'_>, line: Rect, buf: &mut Buffer) -> Position {
        let begin = paint.put(buf, Position::new(line.x, line.y), 2, ": ", Role::Key);
        let at = Position::new(line.x, line.y);
        let end = paint.put_right(buf, at, line.width, &self.count(), Role::Muted);
        let room = end.saturating_sub(begin + 1);
        let place = (Position::new(begin, line.y), room);
        self.typed.paint(paint, place, Role::Text, buf).caret
    }
}

impl Entry {
    fn paint(&self, paint: &Paint<'_>, line: Rect, is_current: bool, buf: &mut Buffer) {
        if is_current {
            buf.set_style(line, paint.style(Role::Cursor));
            let bar = paint.glyph(Glyph::Cursor);
            paint.put(buf, Position::new(line.x, line.y), 1, bar, Role::Accent);
        }
        let (title, key, remark, role) = match (&self.allowed, &self.runs) {
            (Allowed::No(why), _) => (Role::Faint, Role::KeyOff, why, Role::Muted),
            (Allowed::Yes, Runs::Act(_)) => (Role::Text, Role::KeyAct, &self.help, Role::Muted),
            (Allowed::Yes, _) => (Role::Text, Role::Key, &self.help, Role::Muted),
        };
        let parts = [
            (2, TITLE, self.title.as_str(), title),
            (2 + TITLE, KEY, self.key.as_str(), key),
            (2 + TITLE + KEY, u16::MAX, remark.as_str(), role),
        ];
        for (x, width, words, role) in parts {
            let at = Position::new(line.x.saturating_add(x).min(line.right()), line.y);
            let room = line.right().saturating_sub(at.x);
            paint.put(buf, at, room.min(width.saturating_sub(1)), words, role);
        }
        debug_assert!(cells(&self.key) < KEY);
    }
}
