//! The subject of a message on its way, for a whole pattern of published subjects at once.
//!
//! ```text
//! published        fixed      terms           after an import of `orders.*.>` as `eu.$1.>`
//! orders.>         orders >   orders Rest(1)
//!                  orders * > orders At(1) Rest(2)         what the import takes
//!                  orders * > eu At(1) Rest(2)             what its account hears
//! ```
//!
//! A step narrows the published subjects to those that it takes and rewrites the terms. So the subjects that take a path are
//! one pattern less some others, and a literal subject stays literal: nothing about it is a guess but what servers roll dice for.

use std::sync::Arc;

use serde::Serialize;

use crate::jwt::subject::SubjectPattern;
use crate::text::Text;

/// One token of the subject as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    Word(Arc<str>),
    /// The token of that place of the published subject, which can be any word.
    At(usize),
    /// One word that only the server knows.
    Unknown,
    /// All tokens of the published subject from that place on, at least one. Always the last.
    Rest(usize),
    /// One word or more that only the server knows. Always the last.
    Anything,
}

impl Term {
    pub(super) fn word(written: &str) -> Self {
        Self::Word(written.into())
    }
}

/// Whether a step is taken whenever the subject fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    Always,
    /// By weight, at random, by cluster, by the order in which a server loaded accounts, or by what is in a word.
    Sometimes,
}

#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// The published subject: words, or any word.
    fixed: Vec<Option<Arc<str>>>,
    /// Whether more words follow, at least one.
    is_open: bool,
    /// Published subjects that go another way.
    pub(super) except: Vec<SubjectPattern>,
    pub(super) terms: Vec<Term>,
    pub(super) certainty: Certainty,
}

impl Flow {
    /// What is published, before anything happened to it.
    pub(super) fn of(published: &SubjectPattern) -> Self {
        let is_open = published.is_open();
        let fixed: Vec<Option<Arc<str>>> = published
            .tokens()
            .filter(|token| *token != ">")
            .map(|token| (token != "*").then(|| token.into()))
            .collect();
        let mut terms: Vec<Term> = (0..)
            .zip(&fixed)
            .map(|(at, word)| word.clone().map_or(Term::At(at), Term::Word))
            .collect();
        if is_open {
            terms.push(Term::Rest(fixed.len()));
        }
        Self {
            fixed,
            is_open,
            except: Vec::new(),
            terms,
            certainty: Certainty::Always,
        }
    }

    /// The published subjects that come this far, but for [`Self::except`].
    pub(super) fn published(&self) -> Option<SubjectPattern> {
        let words = self.fixed.iter().map(|word| word.as_deref().unwrap_or("*"));
        pattern(words.chain(self.is_open.then_some(">")))
    }

    /// The subjects as they are now. None is left out; with a guess in it some may be too many.
    pub(super) fn heard(&self) -> Option<SubjectPattern> {
        pattern(self.terms.iter().map(|term| match term {
            Term::Word(word) => word,
            Term::At(_) | Term::Unknown => "*",
            Term::Rest(_) | Term::Anything => ">",
        }))
    }

    pub(super) fn with_terms(self, terms: Vec<Term>) -> Self {
        Self { terms, ..self }
    }

    /// Whether some subject comes this far.
    pub(super) fn is_live(&self) -> bool {
        self.published()
            .is_some_and(|published| published.outside(&self.except).is_some())
    }

    /// The part of it that a pattern catches.
    pub(super) fn narrowed<'a>(&self, pattern: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut flow = self.clone();
        let mut pattern = pattern.peekable();
        let mut place = 0;
        while let Some(token) = pattern.next() {
            if token == ">" {
                return flow.terms.get(place).is_some().then_some(flow);
            }
            match flow.take(place, token, pattern.peek().is_some())? {
                Taken::Word => place += 1,
                Taken::Everything => return Some(flow),
            }
        }
        (flow.terms.len() == place).then_some(flow)
    }

    /// Holds the term of one place against a token that is not `>`.
    fn take(&mut self, place: usize, token: &str, goes_on: bool) -> Option<Taken> {
        match self.terms.get(place)?.clone() {
            Term::Word(word) => (token == "*" || *word == *token).then_some(Taken::Word),
            Term::At(at) => {
                self.bind(at, token);
                Some(Taken::Word)
            }
            Term::Unknown => {
                if token != "*" {
                    self.certainty = Certainty::Sometimes;
                    self.put(place, Term::word(token));
                }
                Some(Taken::Word)
            }
            Term::Rest(at) => {
                self.unroll(place, at, goes_on);
                self.bind(at, token);
                Some(Taken::Word)
            }
            Term::Anything => {
                self.certainty = Certainty::Sometimes;
                Some(Taken::Everything)
            }
        }
    }

    /// Makes one token of its own of the first of the rest.
    fn unroll(&mut self, place: usize, at: usize, goes_on: bool) {
        self.fixed.push(None);
        self.is_open = goes_on;
        self.put(place, Term::At(at));
        if goes_on {
            self.terms.push(Term::Rest(at + 1));
        }
    }

    /// Lets only those through that have this word there.
    fn bind(&mut self, at: usize, token: &str) {
        if token == "*" {
            return;
        }
        let word: Arc<str> = token.into();
        for term in &mut self.terms {
            if *term == Term::At(at) {
                *term = Term::Word(word.clone());
            }
        }
        if let Some(free) = self.fixed.get_mut(at) {
            *free = Some(word);
        }
    }

    fn put(&mut self, place: usize, term: Term) {
        if let Some(held) = self.terms.get_mut(place) {
            *held = term;
        }
    }
}

enum Taken {
    Word,
    Everything,
}

/// A pattern of tokens, if they are one: an empty word makes a subject that nobody can hear.
fn pattern<'a>(tokens: impl Iterator<Item = &'a str>) -> Option<SubjectPattern> {
    let tokens: Vec<&str> = tokens.collect();
    Text::from(tokens.join(".")).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(published: &str) -> Flow {
        Flow::of(&published.parse().unwrap())
    }

    fn narrowed(published: &str, by: &str) -> Option<[String; 2]> {
        let narrow = flow(published).narrowed(by.split('.'))?;
        let shown = |pattern: Option<SubjectPattern>| pattern.unwrap().raw().to_owned();
        Some([shown(narrow.published()), shown(narrow.heard())])
    }

    #[test]
    fn narrowing_is_the_intersection() {
        for (left, right) in [
            ("a.>", "a.*"),
            ("a.>", "a.b.>"),
            (">", "*.b.*"),
            ("*.b", "a.*"),
            ("a.*.>", "a.>"),
            ("a.b", "a.b"),
            ("a.>", "b.>"),
            ("a", "a.>"),
            ("*.*", "*"),
        ] {
            let both = left
                .parse::<SubjectPattern>()
                .unwrap()
                .intersection(&right.parse().unwrap())
                .map(|both| both.raw().to_owned());

            assert_eq!(
                narrowed(left, right),
                both.map(|both| [both.clone(), both]),
                "{left} by {right}"
            );
        }
    }

    #[test]
    fn a_word_that_is_bound_is_bound_wherever_it_went() {
        let mut renamed = flow("*.*");
        renamed.terms = vec![Term::word("eu"), Term::At(1), Term::At(1)];

        let bound = renamed.narrowed(["eu", "x", "*"].into_iter()).unwrap();

        assert_eq!(bound.published().unwrap().raw(), "*.x");
        assert_eq!(bound.heard().unwrap().raw(), "eu.x.x");
        assert_eq!(bound.certainty, Certainty::Always);
    }

    #[test]
    fn what_only_the_server_knows_may_fit() {
        let mut rolled = flow("a");
        rolled.terms = vec![Term::word("b"), Term::Unknown];

        let any = rolled.narrowed(["b", "*"].into_iter()).unwrap();
        let one = rolled.narrowed(["b", "7"].into_iter()).unwrap();

        assert_eq!(any.certainty, Certainty::Always);
        assert_eq!(one.certainty, Certainty::Sometimes);
        assert_eq!(one.heard().unwrap().raw(), "b.7");
    }
}
