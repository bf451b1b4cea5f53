//! A text that is looked for in the values of rows, without case and without making a string of each row.
//!
//! Text is searched as it is shown: an admin types what is on the screen, so `a␛b` finds a name with an escape in it, and the
//! escape itself does not. Case is folded character by character (Unicode's simple lower case); `é` as one character and as
//! two are different. A key is found by how it begins or ends, from four characters on (`UDX3`, `7KQ2`, `UDX3..7KQ2`), for
//! a word of a few letters stands in the middle of many keys and was meant for none.

use std::fmt::{self, Write as _};

use crate::inventory::cell::{Cell, Kind, Null, Shown};
use crate::jwt::keys::PublicKey;

/// Fewer characters than a shortened key shows at either end find no key.
const KEY_END_CHARS: usize = 4;

/// In which of its forms a value is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As the table shows it, keys in full.
    Shown,
    /// As the table shows it, or as JSON has it.
    ShownOrExact,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle {
    /// In lower case.
    folded: String,
    key: KeyPart,
}

/// What is looked for in keys, in their upper case.
#[derive(Clone, Debug, PartialEq, Eq)]
enum KeyPart {
    None,
    Whole(PublicKey),
    End(String),
    BothEnds(String, String),
}

impl KeyPart {
    fn of(written: &str) -> Self {
        let upper = written.to_ascii_uppercase();
        if let Ok(key) = upper.parse() {
            return Self::Whole(key);
        }
        match upper.split_once("..") {
            Some((start, end)) if start.len() >= KEY_END_CHARS && end.len() >= KEY_END_CHARS => {
                Self::BothEnds(start.to_owned(), end.to_owned())
            }
            _ if upper.len() >= KEY_END_CHARS
                && upper.bytes().all(|letter| base32(letter).is_some()) =>
            {
                Self::End(upper)
            }
            _ => Self::None,
        }
    }

    fn is_in(&self, key: PublicKey, scratch: &mut String) -> bool {
        match self {
            Self::None => false,
            Self::Whole(wanted) => *wanted == key,
            Self::End(part) => {
                may_begin(part, key) && rewrite(scratch, key).starts_with(part.as_str())
                    || may_end(part, key) && rewrite(scratch, key).ends_with(part.as_str())
            }
            Self::BothEnds(start, end) => {
                may_begin(start, key) && {
                    let key = rewrite(scratch, key);
                    key.starts_with(start.as_str()) && key.ends_with(end.as_str())
                }
            }
        }
    }
}

/// The five bits that a letter of a key stands for.
fn base32(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'2'..=b'7' => Some(letter - b'2' + 26),
        _ => None,
    }
}

/// Whether a key may begin like this, told without encoding it: the first six letters are the first 30 bits.
fn may_begin(part: &str, key: PublicKey) -> bool {
    let [one, two, three, ..] = key.bytes;
    let bits = u32::from_be_bytes([key.kind.prefix(), one, two, three]);
    let mut letters = part.bytes().take(6).zip(0_u32..);
    letters.all(|(letter, at)| base32(letter).map(u32::from) == Some(bits << (5 * at) >> 27))
}

/// Whether a key may end like this, told without encoding it: the last four bits of the key are the upper four of the
/// fourth letter from the end, all behind is checksum. Spares 15 of 16 keys.
fn may_end(part: &str, key: PublicKey) -> bool {
    let letter = part.bytes().rev().nth(KEY_END_CHARS - 1);
    let [.., last] = key.bytes;
    letter.and_then(base32).map(|bits| bits >> 1) == Some(last & 0xF)
}

/// Writes a value over what `scratch` held, so that a million rows share one string.
fn rewrite(scratch: &mut String, value: impl fmt::Display) -> &str {
    scratch.clear();
    // A `String` takes everything.
    let _ = write!(scratch, "{value}");
    scratch
}

impl Needle {
    pub(super) fn new(written: &str) -> Self {
        Self {
            folded: written.chars().flat_map(char::to_lowercase).collect(),
            key: KeyPart::of(written),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.folded.is_empty()
    }

    /// Whether it may stand in a value of this kind as a table shows it: a word with letters is in no number. Spares writing
    /// all numbers of a table for every word.
    pub(super) fn may_be_shown(&self, kind: Kind, null: Null) -> bool {
        let letters = match kind {
            Kind::Text | Kind::Word | Kind::Reference | Kind::List | Kind::Bool => return true,
            Kind::Key => return self.key != KeyPart::None || self.is_within(null.word()),
            Kind::Id => "",
            Kind::Number => "-.kmgtpeinfa",
            Kind::Bytes => ". bkmgtpei",
            Kind::Millis | Kind::Seconds => ". msdh",
            Kind::Time | Kind::Deadline => " smhdinago",
        };
        let fits = |c: char| c.is_ascii_digit() || letters.contains(c);
        self.folded.chars().all(fits) || self.is_within(null.word())
    }

    /// Whether the value contains it. What is not known contains nothing.
    pub(super) fn is_in(&self, value: Value<'_>, form: Form, scratch: &mut String) -> bool {
        self.finds(value, form, scratch, Self::is_within)
    }

    /// Whether the value, or an item of a list, is it.
    pub(super) fn is(&self, value: Value<'_>, scratch: &mut String) -> bool {
        let is_key = |key| self.key == KeyPart::Whole(key);
        match value.cell {
            Cell::Key(key) | Cell::Reference(None, key) => is_key(key),
            Cell::Reference(Some(name), key) => is_key(key) || self.equals(&name.safe()),
            _ => self.finds(value, Form::ShownOrExact, scratch, Self::equals),
        }
    }

    fn finds(
        &self,
        value: Value<'_>,
        form: Form,
        scratch: &mut String,
        holds: fn(&Self, &str) -> bool,
    ) -> bool {
        let exact = form == Form::ShownOrExact;
        match value.cell {
            Cell::Absent => false,
            Cell::Null => holds(self, value.null.word()) || exact && holds(self, "null"),
            Cell::Text(text) => holds(self, &text.safe()),
            Cell::Word(word) => holds(self, word),
            Cell::Key(key) => self.key.is_in(key, scratch),
            Cell::Reference(name, key) => {
                name.is_some_and(|name| holds(self, &name.safe())) || self.key.is_in(key, scratch)
            }
            Cell::Texts(texts) => texts.iter().any(|text| holds(self, &text.safe())),
            Cell::Words(words) => words.iter().any(|word| holds(self, word)),
            Cell::Bool(_)
            | Cell::Id(_)
            | Cell::Count(_)
            | Cell::Number(_)
            | Cell::Bytes(_)
            | Cell::Duration(_)
            | Cell::Time(_) => {
                holds(self, rewrite(scratch, value.shown()))
                    || exact && holds(self, rewrite(scratch, value.cell.exact(value.kind)))
            }
        }
    }

    fn is_within(&self, hay: &str) -> bool {
        let needle = self.folded.as_bytes();
        let [first, ..] = needle else {
            return true;
        };
        if hay.is_ascii() {
            // Most places fail at their first letter or at their last, which is cheaper to see than that two texts differ.
            let last = needle.last().unwrap_or(first);
            let is_alike = |part: &[u8]| match part {
                [begin, .., end] => {
                    begin.eq_ignore_ascii_case(first) && end.eq_ignore_ascii_case(last)
                }
                _ => true,
            };
            return hay
                .as_bytes()
                .windows(needle.len())
                .any(|part| is_alike(part) && part.eq_ignore_ascii_case(needle));
        }
        let mut rest = lower(hay);
        loop {
            if starts_with(rest.clone(), &self.folded) {
                return true;
            }
            if rest.next().is_none() {
                return false;
            }
        }
    }

    fn equals(&self, hay: &str) -> bool {
        if hay.is_ascii() {
            return hay.eq_ignore_ascii_case(&self.folded);
        }
        lower(hay).eq(self.folded.chars())
    }
}

/// A value with what its field says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) cell: Cell<'a>,
    pub(super) kind: Kind,
    pub(super) null: Null,
    pub(super) now: jiff::Timestamp,
}

impl<'a> Value<'a> {
    fn shown(self) -> Shown<'a> {
        self.cell.shown(self.kind, self.null, self.now)
    }
}

fn lower(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().flat_map(char::to_lowercase)
}

fn starts_with(mut hay: impl Iterator<Item = char>, needle: &str) -> bool {
    needle.chars().all(|wanted| hay.next() == Some(wanted))
}
