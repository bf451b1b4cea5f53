//! The reverse question: who may publish or subscribe this? Asked of a [`Rulebook`], which keeps the rules of all users, each rule
//! once, and answers by the same decisions as `decide`.
//!
//! ```text
//! rulebook   user ──> rules it holds          orders.>  ──> users that hold it
//!                                             orders.*.done
//! scan       every rule is compared with the question, then every user looked at
//! index      a trie of the patterns gives the rules, and each rule its users
//! ```
//!
//! Only users who are denied a part of what is asked, or whose entries name queues, are decided one by one.

mod rulebook;
#[cfg(test)]
mod tests;
mod trie;

use serde::Serialize;

pub use self::rulebook::{Rulebook, RulebookBuilder};
use super::decide::{Allowed, Question};
use super::{Effect, Rule, Verb};
use crate::jwt::subject::{Subject, SubjectPattern};

/// How much of a pattern somebody must be able to use to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Any,
    All,
}

/// A user who may, by its place in the rulebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    pub place: u32,
    /// Whether it may use all of what is asked, or a part.
    pub is_all: bool,
}

/// Why a user who was found may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub by: Rule,
    /// Where it may use a part: a subject of that.
    pub example: Option<Subject>,
}

/// A bit for each number.
pub(super) struct Marks(Vec<u64>);

impl Marks {
    fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn mark(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word |= 1 << (number % 64);
        }
    }

    fn has(&self, number: u32) -> bool {
        let word = self.0.get(number as usize / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        (0_u32..).zip(&self.0).flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

impl Rulebook {
    /// Everybody who may, in the order in which they were added.
    pub fn who_can(&self, question: &Question, scope: Scope) -> Vec<Holder> {
        let speaking = self.speaking_of(question);
        let found = self.candidates(&speaking).into_iter();
        found
            .filter_map(|place| self.holder(place, question, &speaking))
            .filter(|holder| holder.is_all || scope == Scope::Any)
            .collect()
    }

    /// Why one may who was found.
    pub fn reason(&self, holder: Holder, question: &Question) -> Option<Reason> {
        let permissions = self.permissions(holder.place);
        let decision = permissions.decide(question);
        Some(Reason {
            by: decision.by?.clone(),
            example: decision.example,
        })
    }

    /// One user: by its first fitting rule where no other can change that, else decided in full.
    fn holder(&self, place: u32, question: &Question, speaking: &Marks) -> Option<Holder> {
        let mut allows = 0_usize;
        let mut is_all = false;
        for rule in self.held(place).filter(|rule| speaking.has(*rule)) {
            match self.effect(rule) {
                Effect::Allow if self.is_plain(rule, question) => {
                    allows += 1;
                    is_all |= self.holds_all_of(rule, question);
                }
                Effect::Allow | Effect::Deny => return self.decided(place, question),
            }
        }
        match (allows, question.subject.is_open()) {
            (0, _) => None,
            // Only a pattern of any length can lie in several and in none of them alone.
            (2.., true) if !is_all => self.decided(place, question),
            _ => Some(Holder { place, is_all }),
        }
    }

    fn decided(&self, place: u32, question: &Question) -> Option<Holder> {
        match self.permissions(place).decide(question).allowed {
            Allowed::No => None,
            Allowed::Some => Some(Holder {
                place,
                is_all: false,
            }),
            Allowed::Yes => Some(Holder {
                place,
                is_all: true,
            }),
        }
    }

    /// Whether a plain allow alone lets through all of what is asked.
    fn holds_all_of(&self, rule: u32, question: &Question) -> bool {
        let pattern = self.pattern(rule);
        match question.verb {
            Verb::Publish => question.subject.is_subset_of_text(pattern),
            Verb::Subscribe => question.subject.is_found_in_text(pattern),
        }
    }
}

/// What a question meets: its subject, or for a subscription also what a server brings beyond an allow that ends in `*`.
pub(super) fn meets(pattern: &str, subject: &SubjectPattern, verb: Verb) -> bool {
    subject.overlaps_text(pattern)
        || (verb == Verb::Subscribe
            && pattern_widened(pattern).is_some_and(|wider| subject.overlaps_text(&wider)))
}

/// The pattern with `>` in the place of a last `*`.
fn pattern_widened(pattern: &str) -> Option<String> {
    let before = pattern.strip_suffix('*')?;
    (before.is_empty() || before.ends_with('.')).then(|| format!("{before}>"))
}
