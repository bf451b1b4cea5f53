//! The few signs of the screen, and what a terminal that knows only ASCII gets. State is always a sign and a word or a place.

use std::borrow::Cow;
use std::fmt::Write as _;

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

    /// Words for this terminal. One that knows only ASCII gets nothing else, whoever wrote it: the bytes of many letters are
    /// orders to a terminal of 8 bits (in UTF-8, U+06DB ends with its CSI).
    pub fn words(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Ascii if !text.is_ascii() => {
                let mut plain = String::with_capacity(text.len() + 16);
                text.chars().for_each(|c| push_plain(&mut plain, c));
                Cow::Owned(plain)
            }
            Self::Ascii | Self::Unicode => Cow::Borrowed(text),
        }
    }

    /// What stands around the number of a character that is not shown itself.
    pub const fn around_numbers(self) -> (char, char) {
        match self {
            Self::Unicode => ('‹', '›'),
            Self::Ascii => ('<', '>'),
        }
    }
}

/// A character in ASCII: a sign of ours as a sign, the picture of a control as `^[`, any other by its number.
fn push_plain(plain: &mut String, c: char) {
    const BARS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];
    let sign = match c {
        '·' => '.',
        '│' => '|',
        '─' => '-',
        '…' => '~',
        '▲' => '!',
        '‹' => '<',
        '›' => '>',
        '\u{2581}'..='\u{2588}' => BARS
            .into_iter()
            .zip('\u{2581}'..)
            .find_map(|(bar, drawn)| (drawn == c).then_some(bar))
            .unwrap_or('#'),
        '\u{2400}'..='\u{2421}' => {
            plain.push('^');
            caret_letter(c)
        }
        ascii if ascii.is_ascii() => ascii,
        other => {
            let _ = write!(plain, "<{:04X}", u32::from(other)); // a `String` takes everything
            '>'
        }
    };
    plain.push(sign);
}

/// `[` of `^[` for the picture of Esc, `?` for that of DEL, as terminals write controls.
fn caret_letter(picture: char) -> char {
    if picture == '\u{2421}' {
        return '?';
    }
    let control = u32::from(picture).saturating_sub(0x2400);
    char::from_u32(control + u32::from('@')).unwrap_or('?')
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
    fn a_terminal_that_knows_only_ascii_gets_only_ascii() {
        for (text, expected) in [
            ("2 accounts · 4 users", "2 accounts . 4 users"),
            ("wor‹202E›ker␛[2J␡␀", "wor<202E>ker^[[2J^?^@"),
            ("events ▁▂▇█ 80/s", "events _.*# 80/s"),
            ("é\u{6db}日", "<00E9><06DB><65E5>"),
        ] {
            assert_eq!(Glyphs::Ascii.words(text), expected);
            assert_eq!(Glyphs::Unicode.words(text), text);
        }
    }

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
