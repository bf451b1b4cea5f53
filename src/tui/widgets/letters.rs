//! A line of letters that a person types or pastes, no longer than it may be. What it means, and which keys end it, is its owner's.

use crossterm::event::{Event, KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use tui_input::backend::crossterm::EventHandler as _;
use tui_input::{Input, InputRequest};

use super::{Paint, cells};
use crate::tui::theme::Role;

/// What is typed, with the place of the next letter.
#[derive(Clone, Debug, Default)]
pub struct Letters {
    input: Input,
    longest: usize,
}

/// Where letters were drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The first cell after them.
    pub end: u16,
    pub caret: Position,
}

impl Letters {
    /// A line that begins with a text, and takes at most so many letters.
    pub fn new(text: &str, longest: usize) -> Self {
        Self {
            input: Input::new(text.to_owned()),
            longest,
        }
    }

    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Takes a key. A letter for which there is no room is left out.
    pub fn key(&mut self, key: KeyEvent) {
        if self.room() > 0 || !matches!(key.code, KeyCode::Char(_)) {
            self.input.handle_event(&Event::Key(key));
        }
    }

    /// Pasted text is typed text: its controls are left out, and it ends nothing.
    pub fn paste(&mut self, text: &str) {
        let letters = text.chars().filter(|c| !c.is_control()).take(self.room());
        for letter in letters {
            self.input.handle(InputRequest::InsertChar(letter));
        }
    }

    fn room(&self) -> usize {
        self.longest
            .saturating_sub(self.input.value().chars().count())
    }

    /// Draws as much as fits `width` cells from a place, with the next letter in sight.
    pub fn paint(
        &self,
        paint: &Paint<'_>,
        (at, width): (Position, u16),
        role: Role,
        buf: &mut Buffer,
    ) -> Shown {
        let scroll = self.input.visual_scroll(usize::from(width));
        let shown: String = self.input.value().chars().skip(scroll).collect();
        let end = paint.put(buf, at, width, &shown, role);
        let before = self.input.cursor().saturating_sub(scroll);
        let before: String = shown.chars().take(before).collect();
        let before = cells(&paint.glyphs.words(&before)).min(width);
        Shown {
            end,
            caret: Position::new(at.x.saturating_add(before), at.y),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(letters: &mut Letters, text: &str) {
        for letter in text.chars() {
            letters.key(KeyEvent::from(KeyCode::Char(letter)));
        }
    }

    #[test]
    fn no_more_letters_are_taken_than_there_is_room_for() {
        let mut letters = Letters::new("a", 3);

        typed(&mut letters, "bcd");
        letters.paste("ef");

        assert_eq!(letters.text(), "abc");
        letters.key(KeyEvent::from(KeyCode::Backspace));
        letters.paste("éf");
        assert_eq!(letters.text(), "abé");
    }

    #[test]
    fn pasted_text_has_no_controls() {
        let mut letters = Letters::new("", 64);

        letters.paste("\u{1b}[2Jrevoke\r\n\u{7}it");

        assert_eq!(letters.text(), "[2Jrevokeit");
    }
}
