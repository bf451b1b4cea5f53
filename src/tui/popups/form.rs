//! Asks for what a selection does not say of an act: a line for each of the act's own arguments, so that form and command line
//! cannot differ. It prepares nothing.
//!
//! ```text
//! ╭─ Write creds ───────────────────────────────────────────────╮
//! │ USER               ACM7..F1TD/UDX3..7KQ2                    │
//! │ --out FILE         leaked.creds_                            │
//! │ --expires D|never                                           │
//! │ --keep-key         no                                       │
//! │                                                             │
//! │ Where they go, instead of the keyring's own place           │
//! ╰──────────────────────── enter preview   tab next   esc cancel ─╯
//! ```

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::preview::with_short_keys;
use super::{WIDEST, centred, frame};
use crate::text::Text;
use crate::tui::app::acts::Intent;
use crate::tui::theme::Role;
use crate::tui::widgets::letters::Letters;
use crate::tui::widgets::{Paint, cells, line_of};

/// Longer than any path.
pub const LONGEST: usize = 4_096;

/// An argument of an act.
#[derive(Clone, Debug)]
pub struct Field {
    pub(in crate::tui) label: String,
    pub(in crate::tui) help: String,
    pub(in crate::tui) kind: FieldKind,
    pub(in crate::tui) value: Letters,
}

/// How it is written on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// The selection says it: it is shown, and nobody writes another.
    Known(String),
    Positional,
    Flag(String),
    /// Said or not said; the blank turns it.
    Switch(String),
}

/// The value of a switch that is turned on.
const SAID: &str = "yes";

impl Field {
    fn is_said(&self) -> bool {
        !self.value.text().trim().is_empty()
    }
}

/// The arguments of one act.
#[derive(Clone, Debug)]
pub struct Form {
    pub(in crate::tui) title: &'static str,
    fields: Vec<Field>,
    read: fn(&[String]) -> Result<Intent, String>,
    /// The field in which letters are typed.
    focus: usize,
    notice: Option<String>,
}

/// What a key made of it.
#[derive(Debug)]
pub enum Filled {
    NotYet,
    Cancelled,
    Intent(Box<Intent>),
}

impl Form {
    pub fn new(
        title: &'static str,
        fields: Vec<Field>,
        read: fn(&[String]) -> Result<Intent, String>,
    ) -> Self {
        let mut form = Self {
            title,
            fields,
            read,
            focus: 0,
            notice: None,
        };
        form.focus = form.written().first().copied().unwrap_or(0);
        form
    }

    /// The fields that are written here.
    fn written(&self) -> Vec<usize> {
        let fields = self.fields.iter().enumerate();
        let written = fields.filter(|(_, field)| !matches!(field.kind, FieldKind::Known(_)));
        written.map(|(nth, _)| nth).collect()
    }

    pub(in crate::tui) fn key(&mut self, key: KeyEvent) -> Filled {
        self.notice = None;
        let focus = self.focus;
        match key.code {
            KeyCode::Esc => return Filled::Cancelled,
            KeyCode::Enter => match (self.read)(&self.arguments()) {
                Ok(intent) => return Filled::Intent(Box::new(intent)),
                Err(why) => self.notice = Some(why),
            },
            KeyCode::Tab | KeyCode::Down => {
                let written = self.written();
                let next = written.iter().find(|nth| **nth > focus);
                self.focus = next.or(written.first()).copied().unwrap_or(focus);
            }
            KeyCode::BackTab | KeyCode::Up => {
                let written = self.written();
                let last = written.iter().rfind(|nth| **nth < focus);
                self.focus = last.or(written.last()).copied().unwrap_or(focus);
            }
            code if self.is_switch() => {
                if code == KeyCode::Char(' ') {
                    self.turn();
                }
            }
            _ => {
                if let Some(field) = self.fields.get_mut(focus) {
                    field.value.key(key);
                }
            }
        }
        Filled::NotYet
    }

    fn is_switch(&self) -> bool {
        let focus = self.fields.get(self.focus);
        focus.is_some_and(|field| matches!(field.kind, FieldKind::Switch(_)))
    }

    fn turn(&mut self) {
        if let Some(field) = self.fields.get_mut(self.focus) {
            let said = if field.is_said() { "" } else { SAID };
            field.value = Letters::new(said, LONGEST);
        }
    }

    pub(in crate::tui) fn paste(&mut self, text: &str) {
        if self.is_switch() {
            return;
        }
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.value.paste(text);
        }
    }

    /// What was written, as on a command line: flags first, and no value passes for one.
    fn arguments(&self) -> Vec<String> {
        let value = |field: &Field| field.value.text().trim().to_owned();
        let written = self.fields.iter().filter(|field| field.is_said());
        let flags = written.clone().filter_map(|field| match &field.kind {
            FieldKind::Flag(long) => Some(format!("--{long}={}", value(field))),
            FieldKind::Switch(long) => Some(format!("--{long}")),
            FieldKind::Known(_) | FieldKind::Positional => None,
        });
        let positional = self.fields.iter().filter_map(|field| match &field.kind {
            FieldKind::Known(known) => Some(known.clone()),
            FieldKind::Positional => Some(value(field)).filter(|value| !value.is_empty()),
            FieldKind::Flag(_) | FieldKind::Switch(_) => None,
        });
        flags.chain(["--".to_owned()]).chain(positional).collect()
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) -> Position {
        let height = u16::try_from(self.fields.len() + 4).unwrap_or(u16::MAX);
        let area = centred(screen, WIDEST, height);
        let foot = if self.is_switch() {
            "enter preview   space yes or no   tab next   esc cancel"
        } else {
            "enter preview   tab next   esc cancel"
        };
        let inside = frame(paint, area, (self.title, foot), buf);
        let labels = self.fields.iter().map(|field| cells(&field.label));
        let begin = inside.x + labels.max().unwrap_or(0) + 2;
        let room = inside.right().saturating_sub(begin);
        let mut caret = Position::new(begin, inside.y);
        for ((nth, field), row) in self.fields.iter().enumerate().zip(0..inside.height) {
            let line = line_of(inside, row);
            let is_focus = nth == self.focus;
            let label = if is_focus { Role::Key } else { Role::Muted };
            paint.put(
                buf,
                Position::new(line.x, line.y),
                line.width,
                &field.label,
                label,
            );
            let at = Position::new(begin, line.y);
            if let FieldKind::Known(known) = &field.kind {
                paint.put(buf, at, room, &with_short_keys(known), Role::Muted);
                continue;
            }
            if matches!(field.kind, FieldKind::Switch(_)) {
                let said = if field.is_said() { SAID } else { "no" };
                paint.put(buf, at, room, said, Role::Text);
                if is_focus {
                    caret = at;
                }
                continue;
            }
            let place = (at, room.saturating_sub(1));
            let shown = field.value.paint(paint, place, Role::Text, buf);
            if is_focus {
                caret = shown.caret;
            }
        }
        let help = self.fields.get(self.focus).map(|field| field.help.as_str());
        let (words, role) = match &self.notice {
            Some(notice) => (notice.as_str(), Role::Warn),
            None => (help.unwrap_or_default(), Role::Muted),
        };
        let words = Text::from(words).to_string();
        let line = line_of(inside, inside.height.saturating_sub(1));
        paint.put(buf, Position::new(line.x, line.y), line.width, &words, role);
        caret
    }
}
