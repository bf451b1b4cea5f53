//! The few signs of the screen, and what a terminal that knows only ASCII gets. State is always a sign and a word or a place.

use std::borrow::Cow;

/// A sign with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// Fine.
    Ok,
    /// Look at this.
    Look,
    /// Dead.
    Dead,
    /// Waiting, or not known.
    Waiting,
    Marked,
    Leaf,
    Cursor,
    /// The tab where you are.
    Tab,
    Open,
    Closed,
    /// Nothing in it.
    Dot,
    Ellipsis,
    Ascending,
    Descending,
    Horizontal,
    Vertical,
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
    /// A badge: text that is not shown as it was written.
    Altered,
    Done,
}

/// Which of the two sets is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    Unicode,
    Ascii,
}

impl Glyphs {
    /// By the character set of the locale: the first of these variables that is set and not empty decides (POSIX).
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(set)
            .unwrap_or_default();
        let plain = locale.to_ascii_lowercase().replace('-', "");
        if plain.contains("utf8") {
            Self::Unicode
        } else {
            Self::Ascii
        }
    }

    pub const fn get(self, glyph: Glyph) -> &'static str {
        let (unicode, ascii) = pair(glyph);
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }

    /// The turning sign at a moment, 8 a second.
    pub fn spinner(self, millis: i64) -> &'static str {
        const BRAILLE: [&str; 8] = ["⠹", "⢸", "⣰", "⣤", "⣆", "⡇", "⠏", "⠛"];
        const STROKES: [&str; 4] = ["|", "/", "-", "\\"];
        let turn = usize::try_from(millis.max(0) / 125).unwrap_or_default();
        let signs: &[&str] = match self {
            Self::Unicode => &BRAILLE,
            Self::Ascii => &STROKES,
        };
        signs.get(turn % signs.len()).copied().unwrap_or("-")
    }

    /// Words of ours, which may hold these few signs, for this terminal.
    pub fn words(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Ascii if !text.is_ascii() => {
                let plain = text.chars().map(|c| match c {
                    '·' => '.',
                    '│' => '|',
                    '─' => '-',
                    '…' => '~',
                    '▲' => '!',
                    other => other,
                });
                Cow::Owned(plain.collect())
            }
            Self::Ascii | Self::Unicode => Cow::Borrowed(text),
        }
    }
}

const fn pair(glyph: Glyph) -> (&'static str, &'static str) {
    match glyph {
        Glyph::Ok => ("●", "o"),
        Glyph::Look => ("▲", "!"),
        Glyph::Dead => ("✕", "x"),
        Glyph::Waiting => ("◌", "."),
        Glyph::Marked => ("◆", "*"),
        Glyph::Leaf => ("⇄", "="),
        Glyph::Cursor => ("▌", ">"),
        Glyph::Tab => ("▎", "["),
        Glyph::Open => ("▾", "v"),
        Glyph::Closed => ("▸", ">"),
        Glyph::Dot => ("·", "."),
        Glyph::Ellipsis => ("…", "~"),
        Glyph::Ascending => ("▴", "^"),
        Glyph::Descending => ("▾", "v"),
        Glyph::Horizontal => ("─", "-"),
        Glyph::Vertical => ("│", "|"),
        Glyph::TopLeft => ("╭", "+"),
        Glyph::TopRight => ("╮", "+"),
        Glyph::BottomLeft => ("╰", "+"),
        Glyph::BottomRight => ("╯", "+"),
        Glyph::Altered => ("!", "!"),
        Glyph::Done => ("✓", "+"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_says_whether_a_terminal_knows_more_than_ascii() {
        for (variables, expected) in [
            (vec![("LANG", "en_US.UTF-8")], Glyphs::Unicode),
            (
                vec![("LC_ALL", "C"), ("LANG", "en_US.UTF-8")],
                Glyphs::Ascii,
            ),
            (
                vec![("LC_ALL", ""), ("LC_CTYPE", "C.utf8")],
                Glyphs::Unicode,
            ),
            (vec![], Glyphs::Ascii),
        ] {
            let found = Glyphs::of(|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found, expected, "{variables:?}");
        }
    }
}
