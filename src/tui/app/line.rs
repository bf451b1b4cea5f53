//! The line in which a filter is typed. What the filter does is the view's.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

/// Longer than any filter; what is pasted beyond it is left out.
const LONGEST: usize = 1_024;

/// A filter that is being typed.
pub(super) struct FilterLine {
    pub(super) input: Input,
    /// What Esc brings back.
    pub(super) before: String,
    pub(super) error: Option<String>,
}

/// What a key made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    More,
    Kept,
    Dropped,
}

impl FilterLine {
    pub(super) fn new(filter: &str) -> Self {
        Self {
            input: Input::new(filter.to_owned()),
            before: filter.to_owned(),
            error: None,
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Typed {
        match key.code {
            KeyCode::Enter => Typed::Kept,
            KeyCode::Esc => Typed::Dropped,
            _ => {
                self.input.handle_event(&Event::Key(key));
                Typed::More
            }
        }
    }

    /// Pasted text is one line of data: its controls are left out, and it confirms nothing.
    pub(super) fn paste(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.input.value().chars().count());
        for letter in text.chars().filter(|c| !c.is_control()).take(room) {
            self.input
                .handle(tui_input::InputRequest::InsertChar(letter));
        }
    }
}
