//! A short list of which a letter chooses: columns to sort by, columns to show. The view that asked decides what it means.

use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{centred, frame};
use crate::tui::keymap::Chord;
use crate::tui::theme::Role;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::{Paint, line_of};

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Sort,
    Columns,
}

/// What was chosen: the place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub of: Of,
    pub nth: usize,
}

/// A line: its letter, its words, and whether it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub letter: char,
    pub label: String,
    pub mark: Option<Glyph>,
}

/// A list to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    pub of: Of,
    pub title: &'static str,
    pub items: Vec<Item>,
}

impl Pick {
    /// Gives each label a letter: its first that is free, else any free one.
    pub fn new(
        of: Of,
        title: &'static str,
        labels: impl IntoIterator<Item = (&'static str, Option<Glyph>)>,
    ) -> Self {
        let mut items: Vec<Item> = Vec::new();
        for (label, mark) in labels {
            let is_free = |letter: &char| {
                letter.is_ascii_lowercase() && items.iter().all(|item| item.letter != *letter)
            };
            let letter = label.chars().chain('a'..='z').find(is_free);
            if let Some(letter) = letter {
                items.push(Item {
                    letter,
                    label: label.to_owned(),
                    mark,
                });
            }
        }
        Self { of, title, items }
    }

    /// What a key chooses.
    pub fn key(&self, chord: Chord) -> Option<Choice> {
        let KeyCode::Char(letter) = chord.code else {
            return None;
        };
        let nth = self.items.iter().position(|item| item.letter == letter)?;
        (chord.modifiers == KeyModifiers::NONE).then_some(Choice { of: self.of, nth })
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) {
        let height = u16::try_from(self.items.len())
            .unwrap_or(u16::MAX)
            .saturating_add(2);
        let area = centred(screen, 40, height);
        let inside = frame(paint, area, (self.title, "letter choose   esc close"), buf);
        for (item, nth) in self.items.iter().zip(0..inside.height) {
            let place = line_of(inside, nth);
            paint.put(
                buf,
                Position::new(place.x + 1, place.y),
                1,
                &item.letter.to_string(),
                Role::Key,
            );
            paint.put(
                buf,
                Position::new(place.x + 4, place.y),
                place.width.saturating_sub(8),
                &item.label,
                Role::Text,
            );
            if let Some(mark) = item.mark {
                let at = Position::new(place.right().saturating_sub(2), place.y);
                paint.put(buf, at, 1, paint.glyph(mark), Role::Accent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_has_a_letter_of_its_own() {
        let pick = Pick::new(
            Of::Sort,
            "sort by",
            ["name", "state", "subs", "mem", "nn"].map(|label| (label, None)),
        );
        let letters: String = pick.items.iter().map(|item| item.letter).collect();

        assert_eq!(letters, "nsuma");
        let choice = pick.key("u".parse().unwrap());
        assert_eq!(
            choice,
            Some(Choice {
                of: Of::Sort,
                nth: 2
            })
        );
        assert_eq!(pick.key("ctrl-u".parse().unwrap()), None);
        assert_eq!(pick.key("z".parse().unwrap()), None);
    }
}
