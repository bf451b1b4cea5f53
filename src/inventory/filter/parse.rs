//! From the text of a filter to its terms. What the terms mean is in `filter` itself.

use super::needle::Needle;
use super::value::{Bound, example};
use super::{Filter, FilterError, Order, Problem, Term, Test, Turned, Wanted};
use crate::inventory::columns::{Field, Row, field};

/// A character of a term, without the quotes around it.
#[derive(Clone, Copy)]
struct Glyph {
    c: char,
    column: usize,
    role: Role,
}

/// Whether a character may be a sign.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Free,
    Quoted,
}

impl Glyph {
    fn is_sign(&self, sign: char) -> bool {
        self.role == Role::Free && self.c == sign
    }

    fn is_of_name(&self) -> bool {
        self.role == Role::Free && (self.c.is_ascii_alphanumeric() || self.c == '_')
    }
}

/// What stands between blanks.
struct Raw {
    column: usize,
    glyphs: Vec<Glyph>,
}

/// What stands between a field and its value.
#[derive(Clone, Copy)]
enum Sign {
    Contains,
    Equal,
    Unequal,
    Order(Order),
}

/// Longer signs before those that they begin with.
const SIGNS: [(&str, Sign); 8] = [
    ("!=", Sign::Unequal),
    ("==", Sign::Equal),
    ("<=", Sign::Order(Order::AtMost)),
    (">=", Sign::Order(Order::AtLeast)),
    (":", Sign::Contains),
    ("=", Sign::Equal),
    ("<", Sign::Order(Order::Below)),
    (">", Sign::Order(Order::Above)),
];

fn error(column: usize, problem: Problem) -> FilterError {
    FilterError { column, problem }
}

pub(super) fn filter<R: Row>(
    written: &str,
    shown: &[&'static Field<R>],
) -> Result<Filter<R>, FilterError> {
    let terms = split(written)?
        .iter()
        .map(|raw| term(raw, shown))
        .collect::<Result<_, _>>()?;
    Ok(Filter { terms })
}

/// Cuts at blanks outside quotes.
fn split(written: &str) -> Result<Vec<Raw>, FilterError> {
    let mut terms = Vec::new();
    let mut open: Option<Raw> = None;
    let mut chars = written.chars().zip(1..);
    while let Some((c, column)) = chars.next() {
        if c.is_whitespace() {
            terms.extend(open.take());
            continue;
        }
        let raw = open.get_or_insert_with(|| Raw {
            column,
            glyphs: Vec::new(),
        });
        if c == '"' {
            quoted(&mut chars, column, &mut raw.glyphs)?;
        } else {
            raw.glyphs.push(Glyph {
                c,
                column,
                role: Role::Free,
            });
        }
    }
    terms.extend(open);
    Ok(terms)
}

/// Reads on to the quote that ends what the one at `start` began.
fn quoted(
    chars: &mut (impl Iterator<Item = (char, usize)> + Clone),
    start: usize,
    glyphs: &mut Vec<Glyph>,
) -> Result<(), FilterError> {
    while let Some((c, column)) = chars.next() {
        let c = match (c, chars.clone().next()) {
            ('"', _) => return Ok(()),
            ('\\', Some((escaped @ ('"' | '\\'), _))) => {
                chars.next();
                escaped
            }
            (c, _) => c,
        };
        glyphs.push(Glyph {
            c,
            column,
            role: Role::Quoted,
        });
    }
    Err(error(start, Problem::OpenQuote))
}

fn term<R: Row>(raw: &Raw, shown: &[&'static Field<R>]) -> Result<Term<R>, FilterError> {
    let mut turned = Turned::No;
    let mut column = raw.column;
    let mut glyphs = raw.glyphs.as_slice();
    while let Some((first, rest)) = glyphs.split_first().filter(|(first, _)| first.is_sign('!')) {
        turned = turned.again();
        (column, glyphs) = (first.column, rest);
    }
    let Some(named) = Named::of(glyphs) else {
        let sign = if turned == Turned::No && raw.glyphs.is_empty() {
            "\"\""
        } else {
            "!"
        };
        return Ok(Term {
            turned,
            test: word(glyphs, shown).ok_or_else(|| error(column, Problem::Nothing { sign }))?,
        });
    };
    if let Sign::Unequal = named.sign {
        turned = turned.again();
    }
    Ok(Term {
        turned,
        test: named.test()?,
    })
}

/// A word, looked for where it can be found at all: what is live is known only of rows that are seen, and is another every second.
fn word<R: Row>(glyphs: &[Glyph], shown: &[&'static Field<R>]) -> Option<Test<R>> {
    let needle = Needle::new(&text(glyphs));
    if needle.is_empty() {
        return None;
    }
    let fields = shown
        .iter()
        .copied()
        .filter(|field| !field.is_live() && needle.may_be_shown(field.kind, field.null))
        .collect();
    Some(Test::Word(fields, needle))
}

fn text(glyphs: &[Glyph]) -> String {
    glyphs.iter().map(|glyph| glyph.c).collect()
}

/// A term that names a field.
struct Named<'a> {
    name: &'a [Glyph],
    sign: Sign,
    /// The sign as it was written, and where.
    written: &'static str,
    column: usize,
    values: &'a [Glyph],
}

impl<'a> Named<'a> {
    /// A name that begins with a letter, then a sign; anything else is a word.
    fn of(glyphs: &'a [Glyph]) -> Option<Self> {
        let end = glyphs.iter().position(|glyph| !glyph.is_of_name())?;
        let (name, behind) = glyphs.split_at_checked(end)?;
        if !name.first()?.c.is_ascii_alphabetic() {
            return None;
        }
        let begins = |written: &str| {
            written.len() <= behind.len()
                && written
                    .chars()
                    .zip(behind)
                    .all(|(sign, glyph)| glyph.is_sign(sign))
        };
        let (written, sign) = SIGNS.into_iter().find(|(written, _)| begins(written))?;
        Some(Self {
            name,
            sign,
            written,
            column: behind.first()?.column,
            values: behind.get(written.len()..)?,
        })
    }

    fn test<R: Row>(&self) -> Result<Test<R>, FilterError> {
        let at = self.name.first().map_or(self.column, |glyph| glyph.column);
        let field = field::<R>(&text(self.name))
            .map_err(|unknown| error(at, Problem::UnknownField(unknown)))?;
        let values = self.values();
        Ok(match self.sign {
            Sign::Contains => Test::Contains(
                field,
                values
                    .iter()
                    .map(|value| self.needle(value))
                    .collect::<Result<_, _>>()?,
            ),
            Sign::Equal | Sign::Unequal => Test::Equals(
                field,
                values
                    .iter()
                    .map(|value| value.wanted(field))
                    .collect::<Result<_, _>>()?,
            ),
            Sign::Order(order) => Test::Order(field, order, self.bound(field, &values)?),
        })
    }

    /// Cut at commas outside quotes. An empty value is where the sign or the comma before it is.
    fn values(&self) -> Vec<Written> {
        let mut column = self.column;
        self.values
            .split(|glyph| glyph.is_sign(','))
            .map(|glyphs| {
                let at = glyphs.first().map_or(column, |glyph| glyph.column);
                column = glyphs.last().map_or(column, |glyph| glyph.column) + 1;
                Written {
                    text: text(glyphs),
                    column: at,
                }
            })
            .collect()
    }

    fn needle(&self, value: &Written) -> Result<Needle, FilterError> {
        let needle = Needle::new(&value.text);
        if needle.is_empty() {
            let sign = self.written;
            return Err(error(value.column, Problem::Nothing { sign }));
        }
        Ok(needle)
    }

    fn bound<R: Row>(
        &self,
        field: &'static Field<R>,
        values: &[Written],
    ) -> Result<Bound, FilterError> {
        let sign = self.written;
        if !field.kind.is_ordered() {
            return Err(error(self.column, Problem::NoOrder { field: field.name }));
        }
        let [value] = values else {
            return Err(error(self.column, Problem::OneValue { sign }));
        };
        if value.text.is_empty() {
            return Err(error(value.column, Problem::Nothing { sign }));
        }
        value.bound(field)
    }
}

/// One value of a term.
struct Written {
    text: String,
    column: usize,
}

impl Written {
    fn bound<R: Row>(&self, field: &'static Field<R>) -> Result<Bound, FilterError> {
        Bound::parse(field.kind, &self.text).ok_or_else(|| {
            let problem = Problem::NotComparable {
                field: field.name,
                wanted: example(field.kind),
                got: self.text.as_str().into(),
            };
            error(self.column, problem)
        })
    }

    fn wanted<R: Row>(&self, field: &'static Field<R>) -> Result<Wanted, FilterError> {
        if self.text.is_empty() {
            return Ok(Wanted::Nothing);
        }
        if !field.kind.is_ordered() {
            return Ok(Wanted::Text(Needle::new(&self.text)));
        }
        let is_null = |word: &str| self.text.eq_ignore_ascii_case(word);
        if is_null("null") || is_null(field.null.word()) {
            return Ok(Wanted::Null);
        }
        match self.bound(field)? {
            Bound::Distance(_) => {
                let got = self.text.as_str().into();
                let field = field.name;
                Err(error(self.column, Problem::NoSuchInstant { field, got }))
            }
            bound @ Bound::Amount { .. } => Ok(Wanted::Amount(bound)),
        }
    }
}
