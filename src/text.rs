//! Text from outside: shown safe, kept raw. It is not for words of our own, which are `str`.
//!
//! Names, tags, subjects, client names, versions and error texts are written by tenants. What a tenant writes must not act on
//! the terminal of an admin, so [`Text`] has no way to print its raw form: `Display` and `Debug` turn every character that
//! a terminal obeys, hides or reorders into a visible glyph.
//!
//! ```text
//! ESC [ 3 1 m   ->  ␛[31m          U+202E  ->  ‹202E›          DEL  ->  ␡
//! ```

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// A URL without what stands before `@`, which may be a password, also one with a `/` in it.
pub fn without_user(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match (authority.rsplit_once('@'), rest.rsplit_once('@')) {
        (Some((_, host)), _) => scheme + host + path,
        (None, Some((_, host))) => scheme + host,
        (None, None) => scheme + rest,
    }
}

/// A string that somebody else wrote.
///
/// Compares, sorts and hashes by what was written; prints and serializes in its safe form. A shape test allows
/// [`Text::raw`] only in `jwt`, `permissions`, `store` and `sys`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(transparent)]
pub struct Text(Arc<str>);

impl Text {
    /// What was written, unchanged. Never for a screen, a file name, a subject or a command.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether the safe form differs from what was written: the badge on screen, `"unsafe"` in JSON.
    pub fn is_altered(&self) -> bool {
        // Most names are printable ASCII, which is seen without decoding them, and many bytes at once if none ends the look.
        let is_plain = |all, byte| all & matches!(byte, b' '..=b'~');
        !self.0.bytes().fold(true, is_plain) && self.0.chars().any(is_unsafe)
    }

    /// What is shown, borrowed where it is what was written.
    pub fn safe(&self) -> Cow<'_, str> {
        if self.is_altered() {
            Cow::Owned(self.to_string())
        } else {
            Cow::Borrowed(&self.0)
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A CSV field: the safe form, with `'` before what a spreadsheet would run as a formula, quoted where needed (RFC 4180).
    pub fn csv(&self) -> String {
        csv_field(&self.to_string())
    }
}

/// Quotes an already safe string as a CSV field. Tabs and newlines cannot occur in safe text.
pub fn csv_field(safe: &str) -> String {
    let defused = match safe.chars().next() {
        Some('=' | '+' | '-' | '@') => format!("'{safe}"),
        _ => safe.to_owned(),
    };
    if defused.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", defused.replace('"', "\"\""))
    } else {
        defused
    }
}

/// Characters that a terminal obeys, hides, reorders or cannot show.
fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    match c.general_category() {
        GeneralCategory::Control
        | GeneralCategory::Format
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator
        | GeneralCategory::PrivateUse
        | GeneralCategory::Surrogate
        | GeneralCategory::Unassigned => true,
        // Letters and marks that are drawn as nothing: Hangul fillers, the blank Braille cell, the grapheme joiner, the
        // Khmer inherent vowels, variation selectors.
        _ => matches!(c,
            '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{2800}' | '\u{034F}' | '\u{17B4}' | '\u{17B5}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}'),
    }
}

/// Writes one character in its safe form. C0 controls and DEL have pictures of their own; the rest is named by number.
fn write_safe(out: &mut impl fmt::Write, c: char) -> fmt::Result {
    if !is_unsafe(c) {
        return out.write_char(c);
    }
    match c {
        '\u{7F}' => out.write_char('\u{2421}'),
        '\0'..='\x1F' => {
            out.write_char(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{FFFD}'))
        }
        _ => write!(out, "\u{2039}{:04X}\u{203A}", u32::from(c)),
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_altered() {
            return f.pad(&self.0);
        }
        if f.width().is_none() && f.precision().is_none() {
            return self.0.chars().try_for_each(|c| write_safe(f, c));
        }
        let mut safe = String::with_capacity(self.0.len() + 16);
        self.0.chars().try_for_each(|c| write_safe(&mut safe, c))?;
        f.pad(&safe)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        self.0.chars().try_for_each(|c| write_safe(f, c))?;
        f.write_char('"')
    }
}

/// Stands before an altered text while [`marked`] runs. Safe text never holds it: it is no character, and so gets a glyph.
pub const ALTERED: char = '\u{FFFF}';

thread_local! {
    static MARKING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Serializes with [`ALTERED`] before every text that is not shown as it was written, for whoever has to name those fields.
/// serde tells a value nothing about where it stands, so the mark is how the outermost object learns of it.
pub fn marked<T>(serialize: impl FnOnce() -> T) -> T {
    let before = MARKING.replace(true);
    let done = serialize();
    MARKING.set(before);
    done
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.is_altered() {
            serializer.serialize_str(&self.0)
        } else if MARKING.get() {
            serializer.collect_str(&format_args!("{ALTERED}{self}"))
        } else {
            serializer.collect_str(self)
        }
    }
}

impl From<&str> for Text {
    fn from(written: &str) -> Self {
        Self(written.into())
    }
}

impl From<String> for Text {
    fn from(written: String) -> Self {
        Self(written.into())
    }
}

impl From<Arc<str>> for Text {
    fn from(written: Arc<str>) -> Self {
        Self(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            ("nats://u:pw@h:4222", "nats://h:4222"),
            ("nats://u:p/w@h", "nats://h"),
            ("u:pw@h", "h"),
            ("tls://u@h:4222/x@y", "tls://h:4222/x@y"),
            ("nats://h/path?a=b", "nats://h/path?a=b"),
        ] {
            assert_eq!(without_user(url), shown);
        }
    }

    #[test]
    fn plain_text_of_any_script_is_shown_as_it_is() {
        for plain in [
            "worker",
            "ünïcode",
            "日本語",
            "naïve e\u{301}",
            "a b/c",
            "🦀",
        ] {
            let text = Text::from(plain);

            assert_eq!(text.to_string(), plain);
            assert!(!text.is_altered());
        }
    }

    #[test]
    fn controls_bidi_and_invisible_characters_become_glyphs() {
        let text = Text::from("a\x1b[31m\u{7f}\u{9b}\u{202e}\u{200b}\u{3164}\u{2028}b");

        assert_eq!(text.to_string(), "a␛[31m␡‹009B›‹202E›‹200B›‹3164›‹2028›b");
        assert_eq!(
            format!("{text:?}"),
            "\"a␛[31m␡‹009B›‹202E›‹200B›‹3164›‹2028›b\""
        );
        assert_eq!(
            serde_json::to_string(&text).unwrap(),
            "\"a␛[31m␡‹009B›‹202E›‹200B›‹3164›‹2028›b\""
        );
        assert!(text.is_altered());
    }

    #[test]
    fn a_csv_field_is_no_formula_and_no_second_column() {
        assert_eq!(Text::from("=HYPERLINK(1)").csv(), "'=HYPERLINK(1)");
        assert_eq!(Text::from("-1,\"x\"").csv(), "\"'-1,\"\"x\"\"\"");
        assert_eq!(Text::from("plain").csv(), "plain");
    }

    proptest! {
        #[test]
        fn no_text_prints_a_character_that_a_terminal_obeys(written in any::<String>()) {
            prop_assert!(!Text::from(written).to_string().chars().any(is_unsafe));
        }
    }
}
