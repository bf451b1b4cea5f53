//! The language of `--where` and of `/`: terms that must all hold for a row to stay. It does not sort; that is `arrange`.
//!
//! ```text
//! orders !debug  acct:ORDERS,BILLING  idle<1h  in_bytes>=10MiB  connected_at>2026-11-24T00:00:00Z  name:"two words"
//! ```
//!
//! | term | holds for rows |
//! | --- | --- |
//! | `orders` | in which a shown column contains it, as the table shows it; rates of connections are left out |
//! | `field:a,b` | whose field contains a or b, as the table shows it or as JSON has it |
//! | `field=a,b` | whose field is a or b, or of whose list an item is; `field=` where nothing stands: not known, or empty |
//! | `field<a` `<=` `>` `>=` | whose number, size, duration or time compares so; a duration with a time is an age, and with a deadline what is left |
//! | `!term` | for which the term does not hold, also where nothing is known |
//! | `field!=a` | the same as `!field=a` |
//!
//! - What is not known is in no relation to anything, so only `field=` and `!` find it.
//! - `null` is found as `field=null`, or by its word (`payload_bytes=unlimited`, `expires_at=never`); an unlimited number is more
//!   than any other.
//! - `<=` is `<` or `=`: a time without a fraction is its whole second, and a date its whole day in UTC.
//! - Quotes keep blanks, commas and every sign; inside them `\"` is a quote. What is no letter-digit-underscore name before a
//!   sign is a word, so `10.2.14.7:51822` and `orders.>` need no quotes.
//! - Text is compared as `needle` says: without case, in its safe form.

mod needle;
mod parse;
#[cfg(test)]
mod tests;
mod value;

use jiff::Timestamp;

use self::needle::{Form, Needle, Value};
use self::value::Bound;
use super::cell::{Cell, Kind, Null};
use super::columns::{Field, Row, UnknownField};
use crate::explain::{Code, Explain, Explanation};
use crate::text::Text;

/// Terms of which all must hold. None hold for every row.
#[derive(Debug)]
pub struct Filter<R: Row> {
    terms: Vec<Term<R>>,
}

#[derive(Debug)]
struct Term<R: Row> {
    turned: Turned,
    test: Test<R>,
}

/// Whether `!` turned a term round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turned {
    No,
    Round,
}

impl Turned {
    const fn again(self) -> Self {
        match self {
            Self::No => Self::Round,
            Self::Round => Self::No,
        }
    }
}

#[derive(Debug)]
enum Test<R: Row> {
    /// In one of these fields: those of the shown ones that can contain it.
    Word(Vec<&'static Field<R>>, Needle),
    Contains(&'static Field<R>, Vec<Needle>),
    Equals(&'static Field<R>, Vec<Wanted>),
    Order(&'static Field<R>, Order, Bound),
}

/// What a field may be equal to.
#[derive(Debug)]
enum Wanted {
    /// Not known, or an empty text or list.
    Nothing,
    Null,
    Amount(Bound),
    Text(Needle),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// Why a text is no filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {problem}")]
pub struct FilterError {
    /// In characters, from 1; within the text.
    pub column: usize,
    pub problem: Problem,
}

/// What is wrong with a filter, and what helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the quote has no end; inside quotes, a quote is written \\\"")]
    OpenQuote,
    #[error("nothing to look for at {sign}{}", empty_hint(.sign))]
    Nothing { sign: &'static str },
    #[error("{0}; put a word with a sign in it in quotes")]
    UnknownField(UnknownField),
    #[error("{field} has no order; use {field}:text or {field}=text")]
    NoOrder { field: &'static str },
    #[error("{field} compares with {wanted}, not \"{got}\"")]
    NotComparable {
        field: &'static str,
        wanted: &'static str,
        got: Text,
    },
    #[error("no time is exactly \"{got}\" away; use {field}<{got} or {field}>{got}")]
    NoSuchInstant { field: &'static str, got: Text },
    #[error("{sign} takes one value; only : and = take several, with commas between")]
    OneValue { sign: &'static str },
}

fn empty_hint(sign: &str) -> &'static str {
    match sign {
        ":" => "; = with nothing behind it finds what is not known or empty",
        _ => "",
    }
}

impl Explain for FilterError {
    fn explain(&self) -> Explanation {
        Explanation::new(
            Code::Usage,
            format!("not a filter: {self}"),
            "the filter was not used",
        )
        .then("terms stand beside each other: word !word field:a,b field=a field<1h \"two words\"")
    }
}

impl<R: Row> Filter<R> {
    /// Reads a filter. Bare words will be looked for in the `shown` fields.
    pub fn parse(written: &str, shown: &[&'static Field<R>]) -> Result<Self, FilterError> {
        parse::filter(written, shown)
    }

    /// Whether it holds for every row because nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a term names this field (a leaf name): what is expensive to know is asked for only then.
    pub fn names(&self, field: &str) -> bool {
        self.terms.iter().any(|term| match &term.test {
            Test::Word(..) => false,
            Test::Contains(named, _) | Test::Equals(named, _) | Test::Order(named, ..) => {
                named.name == field
            }
        })
    }

    /// Begins to look at rows, with ages as of `now`.
    pub fn at(&self, now: Timestamp) -> Matcher<'_, R> {
        Matcher {
            filter: self,
            now,
            scratch: String::new(),
        }
    }
}

/// A filter at a time. One string serves all rows that it looks at.
#[derive(Debug)]
pub struct Matcher<'f, R: Row> {
    filter: &'f Filter<R>,
    now: Timestamp,
    scratch: String,
}

impl<R: Row> Matcher<'_, R> {
    /// Whether all terms hold for the row.
    pub fn holds(&mut self, row: &R) -> bool {
        let (now, scratch) = (self.now, &mut self.scratch);
        let mut terms = self.filter.terms.iter();
        terms.all(|term| term.test.holds(row, now, scratch) == (term.turned == Turned::No))
    }
}

impl<R: Row> Test<R> {
    fn holds(&self, row: &R, now: Timestamp, scratch: &mut String) -> bool {
        let value = |field: &Field<R>| Value {
            cell: (field.cell)(row),
            kind: field.kind,
            null: field.null,
            now,
        };
        match self {
            Self::Word(fields, needle) => fields
                .iter()
                .any(|field| needle.is_in(value(field), Form::Shown, scratch)),
            Self::Contains(field, needles) => needles
                .iter()
                .any(|needle| needle.is_in(value(field), Form::ShownOrExact, scratch)),
            Self::Equals(field, wanted) => {
                wanted.iter().any(|wanted| wanted.is(value(field), scratch))
            }
            Self::Order(field, order, bound) => order.holds(value(field), *bound),
        }
    }
}

impl Wanted {
    fn is(&self, value: Value<'_>, scratch: &mut String) -> bool {
        match self {
            Self::Nothing => is_nothing(value.cell),
            Self::Null => value.cell == Cell::Null,
            Self::Amount(bound) => bound
                .place(value)
                .is_some_and(|(amount, first, last)| (first..=last).contains(&amount)),
            Self::Text(needle) => needle.is(value, scratch),
        }
    }
}

fn is_nothing(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Absent => true,
        Cell::Text(text) => text.is_empty(),
        Cell::Texts(texts) => texts.is_empty(),
        Cell::Words(words) => words.is_empty(),
        Cell::Word(word) => word.is_empty(),
        Cell::Null
        | Cell::Key(_)
        | Cell::Reference(..)
        | Cell::Bool(_)
        | Cell::Id(_)
        | Cell::Count(_)
        | Cell::Number(_)
        | Cell::Bytes(_)
        | Cell::Duration(_)
        | Cell::Time(_) => false,
    }
}

impl Order {
    fn holds(self, value: Value<'_>, bound: Bound) -> bool {
        let Some((amount, first, last)) = bound.place(value) else {
            return false;
        };
        match self {
            Self::Below => amount < first,
            Self::AtMost => amount <= last,
            Self::Above => amount > last,
            Self::AtLeast => amount >= first,
        }
    }
}

impl Bound {
    /// The amount to compare, and the first and the last amount that are equal to the bound.
    fn place(self, value: Value<'_>) -> Option<(i128, i128, i128)> {
        let amount = match (value.cell, value.null) {
            (Cell::Null, Null::Endless(_)) => i128::MAX,
            (cell, _) => cell.amount()?,
        };
        match self {
            Self::Amount { first, last } => Some((amount, first, last)),
            Self::Distance(distance) => {
                let now = value.now.as_nanosecond();
                let away = match value.kind {
                    Kind::Deadline => amount.saturating_sub(now),
                    _ => now.saturating_sub(amount),
                };
                Some((away, distance, distance))
            }
        }
    }
}
