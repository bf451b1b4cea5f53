//! The line in which a filter is typed. What the filter does is the view's.

use crossterm::event::{KeyCode, KeyEvent};

use crate::tui::widgets::letters::Letters;

/// Longer than any filter.
const LONGEST: usize = 1_024;

/// A filter that is being typed.
pub(super) struct FilterLine {
    pub(super) letters: Letters,
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
            letters: Letters::new(filter, LONGEST),
            before: filter.to_owned(),
            error: None,
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Typed {
        match key.code {
            KeyCode::Enter => Typed::Kept,
            KeyCode::Esc => Typed::Dropped,
            _ => {
                self.letters.key(key);
                Typed::More
            }
        }
    }
}
