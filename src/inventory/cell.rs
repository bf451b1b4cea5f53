//! One value of a row, borrowed from it, and the two ways to write it: as a table shows it, and exactly, as JSON has it.
//! It is not a column: titles, widths and names are in `columns`.
//!
//! | kind | shown | exact |
//! | --- | --- | --- |
//! | id, number | `41207`, `2.1k` | `41207`, `2113` |
//! | bytes | `1.2 MiB` | `1258291` |
//! | milliseconds, seconds | `1.2 ms`, `6m` | `1.2`, `360` |
//! | time | its age, `12d`; one to come, `in 3s` | RFC 3339 |
//! | deadline | what is left, `18d`; one that passed, `2d ago` | RFC 3339 |
//! | key | `UDX3..7KQ2` | 56 characters |
//! | bool | `yes`, `no` | `true`, `false` |
//! | not known | `·` | nothing |
//!
//! What is shown is cut, not rounded: 1,999 messages are `1.9k`.

use std::fmt::{self, Write as _};
use std::time::Duration;

use jiff::Timestamp;

use crate::jwt::keys::PublicKey;
use crate::text::Text;

/// What a table shows where nothing is known.
pub const NOT_KNOWN: &str = "·";

/// Thousand-millionths in one: amounts are fixed-point numbers, so that counts of 64 bits and fractions compare exactly.
pub(super) const ONE: i128 = 1_000_000_000;

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// One of our own words: a state, a kind.
    Word,
    Key,
    /// A key with the name of what it stands for.
    Reference,
    List,
    Bool,
    /// A number that names something (`cid`, `port`): never shortened.
    Id,
    Number,
    Bytes,
    /// A duration that JSON has in milliseconds.
    Millis,
    /// A duration that JSON has in seconds.
    Seconds,
    /// A time of the past, known by its age.
    Time,
    /// A time to come, known by what is left until it.
    Deadline,
}

/// On which side of its column a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

impl Kind {
    /// Whether `<` and `>` mean something.
    pub const fn is_ordered(self) -> bool {
        match self {
            Self::Text | Self::Word | Self::Key | Self::Reference | Self::List | Self::Bool => {
                false
            }
            Self::Id
            | Self::Number
            | Self::Bytes
            | Self::Millis
            | Self::Seconds
            | Self::Time
            | Self::Deadline => true,
        }
    }

    pub const fn align(self) -> Align {
        if self.is_ordered() {
            Align::Right
        } else {
            Align::Left
        }
    }
}

/// What `null` of a field means, and how a table writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// There is none, and it compares with nothing: "not revoked".
    Nothing(&'static str),
    /// More than any number: "unlimited", "never".
    Endless(&'static str),
}

impl Null {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing(word) | Self::Endless(word) => word,
        }
    }
}

/// One value. Making it costs nothing: a key is encoded only when it is shown, searched or sorted by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Not known.
    Absent,
    /// Known to be none; [`Null`] says what that means.
    Null,
    Text(&'a Text),
    Word(&'static str),
    Key(PublicKey),
    Reference(Option<&'a Text>, PublicKey),
    Texts(&'a [Text]),
    Words(&'a [&'static str]),
    Bool(bool),
    Id(u64),
    Count(u64),
    Number(f64),
    Bytes(u64),
    Duration(Duration),
    Time(Timestamp),
}

impl<'a> Cell<'a> {
    /// A limit, a time or a text of which `None` means that there is none.
    pub fn or_null<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, cell)
    }

    /// Anything of which `None` means that it is not known.
    pub fn or_absent<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Absent, cell)
    }

    /// The amount as a fixed-point number; durations and times in nanoseconds. What is no amount has none.
    pub(super) fn amount(self) -> Option<i128> {
        match self {
            Self::Id(n) | Self::Count(n) | Self::Bytes(n) => Some(i128::from(n) * ONE),
            Self::Number(n) => Some(fixed_point(n)),
            Self::Duration(duration) => i128::try_from(duration.as_nanos()).ok(),
            Self::Time(time) => Some(time.as_nanosecond()),
            Self::Absent
            | Self::Null
            | Self::Text(_)
            | Self::Word(_)
            | Self::Key(_)
            | Self::Reference(..)
            | Self::Texts(_)
            | Self::Words(_)
            | Self::Bool(_) => None,
        }
    }

    /// As a table shows it at `now`.
    pub fn shown(self, kind: Kind, null: Null, now: Timestamp) -> Shown<'a> {
        Shown {
            cell: self,
            kind,
            null,
            now,
        }
    }

    /// As JSON has it: digits in full, whole keys, RFC 3339. Lists are separated by blanks.
    pub fn exact(self, kind: Kind) -> Exact<'a> {
        Exact { cell: self, kind }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a number beyond 128 bits saturates, and one that is none is 0"
)]
fn fixed_point(number: f64) -> i128 {
    (number * 1e9).round() as i128
}

/// A value as a table shows it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    cell: Cell<'a>,
    kind: Kind,
    null: Null,
    now: Timestamp,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cell {
            Cell::Absent => f.write_str(NOT_KNOWN),
            Cell::Null => f.write_str(self.null.word()),
            Cell::Text(text) | Cell::Reference(Some(text), _) => write!(f, "{text}"),
            Cell::Word(word) => f.write_str(word),
            Cell::Key(key) | Cell::Reference(None, key) => key.write_short(f),
            Cell::Texts(texts) => write_list(f, texts),
            Cell::Words(words) => write_list(f, words),
            Cell::Bool(yes) => f.write_str(if yes { "yes" } else { "no" }),
            Cell::Id(number) => write!(f, "{number}"),
            Cell::Count(count) => write_scaled(f, count, 1000, &COUNTS),
            Cell::Number(number) if number.fract() == 0.0 => write!(f, "{number:.0}"),
            Cell::Number(number) => write!(f, "{number:.1}"),
            Cell::Bytes(bytes) => write_scaled(f, bytes, 1024, &BYTES),
            Cell::Duration(duration) => write_duration(f, duration),
            Cell::Time(time) => write_distance(f, time, self.now, self.kind),
        }
    }
}

/// A value as JSON has it, without quotes.
#[derive(Clone, Copy, Debug)]
pub struct Exact<'a> {
    cell: Cell<'a>,
    kind: Kind,
}

impl fmt::Display for Exact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cell {
            Cell::Absent => Ok(()),
            Cell::Null => f.write_str("null"),
            Cell::Text(text) | Cell::Reference(Some(text), _) => write!(f, "{text}"),
            Cell::Word(word) => f.write_str(word),
            Cell::Key(key) | Cell::Reference(None, key) => write!(f, "{key}"),
            Cell::Texts(texts) => write_list(f, texts),
            Cell::Words(words) => write_list(f, words),
            Cell::Bool(yes) => write!(f, "{yes}"),
            Cell::Id(number) | Cell::Count(number) | Cell::Bytes(number) => write!(f, "{number}"),
            Cell::Number(number) => write!(f, "{number}"),
            Cell::Duration(duration) if self.kind == Kind::Millis => {
                write!(f, "{}", duration.as_secs_f64() * 1e3)
            }
            Cell::Duration(duration) => write!(f, "{}", duration.as_secs_f64()),
            Cell::Time(time) => write!(f, "{time}"),
        }
    }
}

const COUNTS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
const BYTES: [&str; 7] = [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"];

/// One decimal below ten of a unit, as in `2.1k` and `18k`.
fn write_scaled(
    f: &mut fmt::Formatter<'_>,
    number: u64,
    step: u64,
    units: &[&str; 7],
) -> fmt::Result {
    let mut unit = 1;
    let mut steps = 0;
    while number / unit >= step && steps + 1 < units.len() {
        unit *= step;
        steps += 1;
    }
    let whole = number / unit;
    write!(f, "{whole}")?;
    if steps > 0 && whole < 10 {
        write!(f, ".{}", u128::from(number % unit) * 10 / u128::from(unit))?;
    }
    f.write_str(units.get(steps).copied().unwrap_or_default())
}

fn write_duration(f: &mut fmt::Formatter<'_>, duration: Duration) -> fmt::Result {
    if duration.as_secs() > 0 || duration.is_zero() {
        return write_seconds(f, duration.as_secs());
    }
    match duration.subsec_millis() {
        millis @ 0..10 => write!(f, "{millis}.{} ms", duration.subsec_micros() % 1000 / 100),
        millis => write!(f, "{millis} ms"),
    }
}

fn write_seconds(f: &mut fmt::Formatter<'_>, seconds: u64) -> fmt::Result {
    match seconds {
        0..60 => write!(f, "{seconds}s"),
        60..3_600 => write!(f, "{}m", seconds / 60),
        3_600..86_400 => write!(f, "{}h", seconds / 3_600),
        _ => write!(f, "{}d", seconds / 86_400),
    }
}

/// The direction is said only where it is not the one that the field is for.
fn write_distance(
    f: &mut fmt::Formatter<'_>,
    time: Timestamp,
    now: Timestamp,
    kind: Kind,
) -> fmt::Result {
    let age = now.duration_since(time);
    let seconds = age.unsigned_abs().as_secs();
    if kind == Kind::Deadline {
        write_seconds(f, seconds)?;
        return f.write_str(if age.is_positive() { " ago" } else { "" });
    }
    f.write_str(if age.is_negative() { "in " } else { "" })?;
    write_seconds(f, seconds)
}

fn write_list(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display]) -> fmt::Result {
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            f.write_char(' ')?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::keys::UserId;

    const NOW: &str = "2026-11-24T12:00:00Z";

    fn forms(cell: Cell<'_>, kind: Kind) -> (String, String) {
        let now = NOW.parse().unwrap();
        let shown = cell.shown(kind, Null::Endless("unlimited"), now);
        (shown.to_string(), cell.exact(kind).to_string())
    }

    fn assert_forms<const N: usize>(kind: Kind, expected: [(Cell<'_>, &str, &str); N]) {
        for (cell, shown, exact) in expected {
            assert_eq!(
                forms(cell, kind),
                (shown.to_owned(), exact.to_owned()),
                "{cell:?}"
            );
        }
    }

    #[test]
    fn counts_and_sizes_are_shortened_by_cutting() {
        assert_forms(
            Kind::Number,
            [
                (Cell::Count(0), "0", "0"),
                (Cell::Count(310), "310", "310"),
                (Cell::Count(999), "999", "999"),
                (Cell::Count(1_999), "1.9k", "1999"),
                (Cell::Count(2_013), "2.0k", "2013"),
                (Cell::Count(18_400), "18k", "18400"),
                (Cell::Count(u64::MAX), "18E", "18446744073709551615"),
                (Cell::Number(12.5), "12.5", "12.5"),
                (Cell::Number(-3.0), "-3", "-3"),
                (Cell::Id(41_207), "41207", "41207"),
            ],
        );
        assert_forms(
            Kind::Bytes,
            [
                (Cell::Bytes(512), "512 B", "512"),
                (Cell::Bytes(65_536), "64 KiB", "65536"),
                (Cell::Bytes(1_258_291), "1.1 MiB", "1258291"),
                (Cell::Null, "unlimited", "null"),
                (Cell::Absent, "·", ""),
            ],
        );
    }

    #[test]
    fn durations_are_short_as_in_the_pictures() {
        assert_forms(
            Kind::Millis,
            [
                (
                    Cell::Duration(Duration::from_micros(1_200)),
                    "1.2 ms",
                    "1.2",
                ),
                (Cell::Duration(Duration::from_micros(900)), "0.9 ms", "0.9"),
                (Cell::Duration(Duration::from_millis(212)), "212 ms", "212"),
            ],
        );
        assert_forms(
            Kind::Seconds,
            [
                (Cell::Duration(Duration::ZERO), "0s", "0"),
                (Cell::Duration(Duration::from_secs(379)), "6m", "379"),
                (Cell::Duration(Duration::from_hours(25)), "1d", "90000"),
            ],
        );
    }

    #[test]
    fn a_time_is_an_age_and_a_deadline_is_what_is_left() {
        let past = Cell::Time("2026-11-22T11:00:00Z".parse().unwrap());
        let future = Cell::Time("2026-11-24T12:00:03Z".parse().unwrap());

        assert_forms(
            Kind::Time,
            [
                (past, "2d", "2026-11-22T11:00:00Z"),
                (future, "in 3s", "2026-11-24T12:00:03Z"),
            ],
        );
        assert_forms(
            Kind::Deadline,
            [
                (past, "2d ago", "2026-11-22T11:00:00Z"),
                (future, "3s", "2026-11-24T12:00:03Z"),
            ],
        );
    }

    #[test]
    fn keys_are_short_when_shown_and_whole_when_exact() {
        let key = UserId::from_bytes([7; 32]).key();
        let name = Text::from("a\x1bb");
        let tags = [Text::from("x"), Text::from("y")];

        assert_forms(
            Kind::Reference,
            [
                (Cell::Key(key), &key.short(), &key.to_string()),
                (Cell::Reference(None, key), &key.short(), &key.to_string()),
                (Cell::Reference(Some(&name), key), "a␛b", "a␛b"),
                (Cell::Texts(&tags), "x y", "x y"),
                (Cell::Bool(true), "yes", "true"),
            ],
        );
    }
}
