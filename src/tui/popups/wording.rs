//! Lines of words under a label, wrapped to a width: how a preview and a board say what they know. It draws, and decides nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::theme::Role;
use crate::tui::widgets::{Paint, cells};

/// Cells of a label and the blank after it.
pub(super) const LABEL: u16 = 9;

/// A line: its label, which may be empty, and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) label: String,
    pub(super) words: String,
    pub(super) role: Role,
}

/// Words that grow line by line.
#[derive(Debug)]
pub(super) struct Wording {
    width: u16,
    pub(super) lines: Vec<Line>,
}

impl Wording {
    pub(super) const fn new(width: u16) -> Self {
        Self {
            width,
            lines: Vec::new(),
        }
    }

    /// Words after a label, wrapped; what follows stands under the words.
    pub(super) fn say(&mut self, label: &'static str, words: &str, role: Role) {
        self.say_at(label.to_owned(), words, role);
    }

    pub(super) fn say_at(&mut self, label: String, words: &str, role: Role) {
        let room = usize::from(self.width.saturating_sub(LABEL)).max(8);
        let mut label = Some(label);
        for words in wrapped(words, room) {
            self.lines.push(Line {
                label: label.take().unwrap_or_default(),
                words,
                role,
            });
        }
    }
}

impl Line {
    pub(super) fn paint(&self, paint: &Paint<'_>, place: Rect, buf: &mut Buffer) {
        let at = Position::new(place.x, place.y);
        let sign = if self.role == Role::Warn && self.label == "warning" {
            Role::Warn
        } else {
            Role::Muted
        };
        paint.put(buf, at, place.width.min(LABEL), &self.label, sign);
        let begin = place.x.saturating_add(LABEL);
        let room = place.right().saturating_sub(begin);
        paint.put(
            buf,
            Position::new(begin, place.y),
            room,
            &self.words,
            self.role,
        );
    }
}

/// Breaks words at blanks, and where one alone is too long, anywhere.
fn wrapped(words: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let fits = |line: &String| usize::from(cells(line)) + usize::from(cells(word)) < room;
        if lines
            .last()
            .is_some_and(|line| !line.is_empty() && !fits(line))
        {
            lines.push(String::new());
        }
        for letter in word.chars() {
            if lines
                .last()
                .is_some_and(|line| line.chars().count() >= room)
            {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push(letter);
            }
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_broken_at_blanks_and_long_ones_anywhere() {
        assert_eq!(
            wrapped("push to every server", 10),
            ["push to", "every", "server"]
        );
        assert_eq!(wrapped("a UDX37LQ27KQ2", 6), ["a", "UDX37L", "Q27KQ2"]);
        assert_eq!(wrapped("", 6), [""]);
    }
}
