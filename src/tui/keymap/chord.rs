//! One press of a key, and how people write it: `R`, `ctrl-d`, `space`. What it does is not known here.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers. Shift is in the letter: `R`, not `shift-r`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Hash)]
pub struct Chord {
    pub code: KeyCode,
    pub modifiers: KeyModifiers,
}

/// Why a text is no chord.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no key")]
pub struct NoChord(String);

const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("page-up", KeyCode::PageUp),
    ("page-down", KeyCode::PageDown),
];

impl Chord {
    /// Whether it acts: a capital letter without modifiers.
    pub fn is_capital(self) -> bool {
        matches!(self.code, KeyCode::Char(c) if c.is_uppercase()) && self.modifiers.is_empty()
    }

    /// Reads chords with blanks between.
    pub fn sequence(written: &str) -> Result<Vec<Self>, NoChord> {
        let chords: Vec<Self> = written
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        if chords.is_empty() {
            Err(NoChord(written.to_owned()))
        } else {
            Ok(chords)
        }
    }
}

impl From<KeyEvent> for Chord {
    fn from(event: KeyEvent) -> Self {
        let modifiers = match event.code {
            KeyCode::Char(_) | KeyCode::BackTab => event.modifiers - KeyModifiers::SHIFT,
            _ => event.modifiers,
        };
        Self {
            code: event.code,
            modifiers,
        }
    }
}

impl FromStr for Chord {
    type Err = NoChord;

    fn from_str(written: &str) -> Result<Self, NoChord> {
        let (modifiers, key) = match (written.strip_prefix("ctrl-"), written.strip_prefix("alt-")) {
            (Some(key), _) => (KeyModifiers::CONTROL, key),
            (None, Some(key)) => (KeyModifiers::ALT, key),
            (None, None) => (KeyModifiers::NONE, written),
        };
        let mut letters = key.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(letter), None) => Some(KeyCode::Char(letter)),
            _ => NAMED
                .iter()
                .find(|(name, _)| *name == key)
                .map(|(_, code)| *code),
        };
        let code = code.ok_or_else(|| NoChord(written.to_owned()))?;
        Ok(Self { code, modifiers })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("alt-")?;
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(letter)) => write!(f, "{letter}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

/// Chords as people write them, with blanks between.
pub fn written(chords: &[Chord]) -> String {
    let mut text = String::new();
    write(chords, &mut text);
    text
}

/// Appends [`written`] chords to a text.
pub fn write(chords: &[Chord], to: &mut String) {
    for (nth, chord) in chords.iter().enumerate() {
        if nth > 0 {
            to.push(' ');
        }
        let _ = write!(to, "{chord}"); // a `String` takes everything
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chord_is_written_as_it_is_read() {
        for text in [
            "R",
            "r",
            "/",
            "ctrl-d",
            "alt-x",
            "space",
            "page-down",
            "g c",
            "-",
            "?",
        ] {
            assert_eq!(written(&Chord::sequence(text).unwrap()), text);
        }
        for wrong in ["", "shift-r", "ctrl-", "spaec"] {
            assert!(Chord::sequence(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shift_is_in_the_letter() {
        let event = KeyEvent::new(KeyCode::Char('R'), KeyModifiers::SHIFT);

        assert_eq!(Chord::from(event), "R".parse().unwrap());
        assert!(Chord::from(event).is_capital());
        assert!(!"ctrl-R".parse::<Chord>().unwrap().is_capital());
    }
}
