//! The rules of all users, each rule once. Users are added in turn and are known by their place; what they may is worked out by
//! whoever adds them.

use std::collections::HashMap;

use super::trie::{Reach, Texts, Trie, in_order, number_of};
use super::{Marks, meets};
use crate::jwt::release::Release;
use crate::jwt::subject::QueuePattern;
use crate::permissions::decide::Question;
use crate::permissions::{Effect, EffectivePermissions, Origin, Rule, Verb, release};

/// A rule without its origin, which is the holder's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Kept {
    pattern: u32,
    verb: Verb,
    effect: Effect,
    /// Its place among the queues, from 1; 0 is none.
    queue: u32,
    /// Whether nobody wrote it ([`Origin::NoRule`], [`Origin::Server`]).
    is_implied: bool,
}

fn is_implied(from: Origin) -> bool {
    match from {
        Origin::NoRule | Origin::Server => true,
        Origin::User | Origin::Role(_) | Origin::AccountDefault => false,
    }
}

/// Collects the rules of users.
#[derive(Default)]
pub struct RulebookBuilder {
    patterns: HashMap<Box<str>, u32>,
    queues: Vec<QueuePattern>,
    rules: HashMap<Kept, u32>,
    origins: Vec<Origin>,
    held: Vec<u32>,
    ends: Vec<u32>,
    from: Vec<u32>,
    release: Release,
}

impl RulebookBuilder {
    /// For users as servers of this release decide over them.
    pub fn new(release: Release) -> Self {
        Self {
            release,
            ..Self::default()
        }
    }

    /// Adds the next user. One without rights, or whose login is refused, is added with no rules, so that places stay in step.
    pub fn add(&mut self, permissions: Option<&EffectivePermissions>) {
        let rules = permissions.map(|permissions| permissions.rules.as_slice());
        let rules = rules.unwrap_or_default();
        let written = rules.iter().map(|rule| rule.from);
        let mut written = written.filter(|from| !is_implied(*from));
        let from = written.next().unwrap_or(Origin::NoRule);
        let place = self.origins.iter().rposition(|known| *known == from);
        let place = place.unwrap_or_else(|| {
            self.origins.push(from);
            self.origins.len() - 1
        });
        self.from.push(number_of(place));
        for rule in rules {
            let number = self.number_of(rule);
            self.held.push(number);
        }
        self.ends.push(number_of(self.held.len()));
    }

    fn number_of(&mut self, rule: &Rule) -> u32 {
        let next = number_of(self.patterns.len());
        let pattern = rule.pattern.raw();
        let pattern = match self.patterns.get(pattern) {
            Some(known) => *known,
            None => *self.patterns.entry(pattern.into()).or_insert(next),
        };
        let queue = rule.queue.as_ref().map_or(0, |queue| {
            let place = self.queues.iter().position(|known| known == queue);
            number_of(place.unwrap_or_else(|| {
                self.queues.push(queue.clone());
                self.queues.len() - 1
            })) + 1
        });
        let kept = Kept {
            pattern,
            verb: rule.verb,
            effect: rule.effect,
            queue,
            is_implied: is_implied(rule.from),
        };
        let next = number_of(self.rules.len());
        *self.rules.entry(kept).or_insert(next)
    }

    /// Puts patterns in order and gives up what only collecting needed.
    pub fn seal(self) -> Rulebook {
        let mut patterns: Vec<(Box<str>, u32)> = self.patterns.into_iter().collect();
        patterns.sort_unstable_by(|(a, _), (b, _)| in_order(a, b));
        let mut texts = Texts::default();
        let mut renumbered = vec![0; patterns.len()];
        for (pattern, old) in patterns {
            if let Some(new) = renumbered.get_mut(old as usize) {
                *new = number_of(texts.len());
            }
            texts.push(&pattern);
        }
        texts.shrink();
        let new = |old: u32| renumbered.get(old as usize).copied().unwrap_or_default();
        let mut rules: Vec<(Kept, u32)> = self
            .rules
            .into_iter()
            .map(|(kept, old)| {
                (
                    Kept {
                        pattern: new(kept.pattern),
                        ..kept
                    },
                    old,
                )
            })
            .collect();
        rules.sort_unstable();
        let mut places = vec![0; rules.len()];
        for (place, (_, old)) in (0..).zip(&rules) {
            if let Some(new) = places.get_mut(*old as usize) {
                *new = place;
            }
        }
        let held = self.held.iter();
        let held = held.map(|old| places.get(*old as usize).copied().unwrap_or_default());
        Rulebook {
            held: held.collect(),
            rules: rules.into_iter().map(|(kept, _)| kept).collect(),
            texts,
            queues: self.queues,
            origins: self.origins,
            ends: self.ends,
            from: self.from,
            release: self.release,
            index: None,
        }
    }
}

/// What finds the rules that speak of a question, and who holds them, without looking at all.
struct Index {
    trie: Trie,
    /// By pattern, where its rules end.
    rule_ends: Vec<u32>,
    /// By rule, where its holders end.
    holder_ends: Vec<u32>,
    holders: Vec<u32>,
}

/// The rules of all users.
pub struct Rulebook {
    texts: Texts,
    /// In the order of their patterns.
    rules: Vec<Kept>,
    queues: Vec<QueuePattern>,
    origins: Vec<Origin>,
    /// The rules of the users one after the other, and where those of each end.
    held: Vec<u32>,
    ends: Vec<u32>,
    from: Vec<u32>,
    release: Release,
    index: Option<Index>,
}

impl Rulebook {
    /// How many users were added.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Makes answers cost what is found instead of what there is. Takes about a second for a million rules.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        let mut rule_ends = vec![0; self.texts.len()];
        for (place, rule) in (1..).zip(&self.rules) {
            if let Some(end) = rule_ends.get_mut(rule.pattern as usize) {
                *end = place;
            }
        }
        let (holder_ends, holders) = self.by_rule();
        self.index = Some(Index {
            trie: Trie::of(&self.texts),
            rule_ends,
            holder_ends,
            holders,
        });
        self
    }

    /// The holders of each rule: counted, then put in their places.
    fn by_rule(&self) -> (Vec<u32>, Vec<u32>) {
        let mut next = vec![0_u32; self.rules.len() + 1];
        for rule in &self.held {
            if let Some(count) = next.get_mut(*rule as usize + 1) {
                *count += 1;
            }
        }
        for at in 1..next.len() {
            let before = next.get(at - 1).copied().unwrap_or_default();
            if let Some(count) = next.get_mut(at) {
                *count += before;
            }
        }
        let mut holders = vec![0_u32; self.held.len()];
        for place in 0..number_of(self.len()) {
            for rule in self.held(place) {
                let Some(at) = next.get_mut(rule as usize) else {
                    continue;
                };
                if let Some(holder) = holders.get_mut(*at as usize) {
                    *holder = place;
                }
                *at += 1;
            }
        }
        // Each start has moved on to where its rule ends.
        next.pop();
        (next, holders)
    }

    /// The rules of one verb that share a subject with a question.
    pub(super) fn speaking_of(&self, question: &Question) -> Marks {
        let mut marks = Marks::none(self.rules.len());
        let Some(index) = &self.index else {
            self.scan(question, &mut marks);
            return marks;
        };
        let mut mark = |pattern: u32| {
            let from = pattern.checked_sub(1);
            let from = from.and_then(|before| index.rule_ends.get(before as usize));
            let to = index.rule_ends.get(pattern as usize).copied();
            for rule in from.copied().unwrap_or_default()..to.unwrap_or_default() {
                if self.verb(rule) == Some(question.verb) {
                    marks.mark(rule);
                }
            }
        };
        let reach = match question.verb {
            Verb::Publish => Reach::AsWritten,
            Verb::Subscribe => Reach::AsSubscribed,
        };
        index
            .trie
            .overlapping(&self.texts, &question.subject, reach, &mut mark);
        marks
    }

    /// Compares every rule with the question; those of one pattern lie side by side.
    fn scan(&self, question: &Question, marks: &mut Marks) {
        let mut last = (u32::MAX, false);
        for (place, rule) in (0..).zip(&self.rules) {
            if rule.verb != question.verb {
                continue;
            }
            if last.0 != rule.pattern {
                let text = self.texts.get(rule.pattern);
                last = (rule.pattern, meets(text, &question.subject, question.verb));
            }
            if last.1 {
                marks.mark(place);
            }
        }
    }

    /// Who holds an allow that speaks of the question; without an index, everybody.
    pub(super) fn candidates(&self, speaking: &Marks) -> Vec<u32> {
        let Some(index) = &self.index else {
            return (0..number_of(self.len())).collect();
        };
        let mut found = Marks::none(self.len());
        for rule in speaking.numbers().filter(|rule| self.may_allow(*rule)) {
            let from = rule.checked_sub(1);
            let from = from.and_then(|before| index.holder_ends.get(before as usize));
            let from = from.copied().unwrap_or_default() as usize;
            let to = index.holder_ends.get(rule as usize).copied();
            let holders = index.holders.get(from..to.unwrap_or_default() as usize);
            for holder in holders.unwrap_or_default() {
                found.mark(*holder);
            }
        }
        found.numbers().collect()
    }

    pub(super) fn held(&self, place: u32) -> impl Iterator<Item = u32> {
        let at = place as usize;
        let from = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let from = from.copied().unwrap_or_default() as usize;
        let to = self.ends.get(at).copied().unwrap_or_default() as usize;
        let held = self.held.get(from..to).unwrap_or_default();
        held.iter().copied()
    }

    fn verb(&self, rule: u32) -> Option<Verb> {
        self.rules.get(rule as usize).map(|kept| kept.verb)
    }

    /// An allow, or a deny of the server's own, which a release may pass.
    fn may_allow(&self, rule: u32) -> bool {
        let kept = self.rules.get(rule as usize);
        kept.is_some_and(|kept| kept.effect == Effect::Allow || kept.is_implied)
    }

    pub(super) fn effect(&self, rule: u32) -> Effect {
        let kept = self.rules.get(rule as usize);
        kept.map_or(Effect::Deny, |kept| kept.effect)
    }

    /// Whether an allow that speaks of a question lets through what it says, whatever else its holder has: it names no queue,
    /// and no server forgets it or finds it for more than it says.
    pub(super) fn is_plain(&self, rule: u32, question: &Question) -> bool {
        let kept = self.rules.get(rule as usize);
        if kept.is_none_or(|kept| kept.queue != 0) {
            return false;
        }
        let pattern = self.pattern(rule);
        match question.verb {
            _ if !pattern.ends_with('*') => true,
            Verb::Publish => !release::forgets_a_last_star(self.release),
            Verb::Subscribe => question.subject.overlaps_text(pattern),
        }
    }

    pub(super) fn pattern(&self, rule: u32) -> &str {
        let kept = self.rules.get(rule as usize);
        kept.map_or("", |kept| self.texts.get(kept.pattern))
    }

    /// What a user may, as it was added; limits and replies are not kept.
    pub(super) fn permissions(&self, place: u32) -> EffectivePermissions {
        let from = self.from.get(place as usize);
        let from = from.and_then(|from| self.origins.get(*from as usize));
        let from = from.copied().unwrap_or(Origin::NoRule);
        let rules = self.held(place).filter_map(|rule| self.rule(rule, from));
        EffectivePermissions {
            rules: rules.collect(),
            replies: None,
            restrictions: crate::jwt::user::Restrictions::default(),
            release: self.release,
        }
    }

    fn rule(&self, rule: u32, from: Origin) -> Option<Rule> {
        let kept = self.rules.get(rule as usize)?;
        let queue = kept.queue.checked_sub(1);
        Some(Rule {
            verb: kept.verb,
            pattern: self.texts.get(kept.pattern).parse().ok()?,
            queue: queue
                .and_then(|queue| self.queues.get(queue as usize))
                .cloned(),
            effect: kept.effect,
            from: match (kept.is_implied, kept.effect) {
                (true, Effect::Allow) => Origin::NoRule,
                (true, Effect::Deny) => Origin::Server,
                (false, _) => from,
            },
        })
    }

    /// Bytes on the heap, the index included.
    pub fn heap_bytes(&self) -> usize {
        let words = self.held.capacity() + self.ends.capacity() + self.from.capacity();
        let index = self.index.as_ref().map_or(0, |index| {
            let words = index.rule_ends.capacity()
                + index.holder_ends.capacity()
                + index.holders.capacity();
            index.trie.heap_bytes() + words * size_of::<u32>()
        });
        self.texts.heap_bytes()
            + self.rules.capacity() * size_of::<Kept>()
            + words * size_of::<u32>()
            + index
    }
}
