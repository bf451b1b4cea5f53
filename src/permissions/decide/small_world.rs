//! Random lists over a small alphabet, asked about every pattern, against every subject of up to four tokens in turn. A server's
//! lookups are said a second time here, as the trie that it walks. `c` stands for every word that no pattern names.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::jwt::release::Release;
use crate::permissions::tests::lists::{RELEASES, entry, pattern};
use crate::permissions::tests::trial::Trial;
use crate::permissions::{EffectivePermissions, Origin};

const QUEUES: [Option<&str>; 3] = [None, Some("q1"), Some("q2")];

/// What `matchLevelForAny` of `server/sublist.go` walks.
#[derive(Default)]
struct Level {
    words: BTreeMap<String, Node>,
}

#[derive(Default)]
struct Node {
    is_end: bool,
    next: Level,
}

impl Level {
    fn insert(&mut self, pattern: &[&str]) {
        let Some((word, rest)) = pattern.split_first() else {
            return;
        };
        let node = self.words.entry((*word).to_owned()).or_default();
        node.is_end |= rest.is_empty();
        node.next.insert(rest);
    }

    /// The number of tokens makes the loop of the original a recursion; the order of the questions is its own.
    fn has_interest(&self, tokens: &[&str], forgets: bool) -> bool {
        let Some((word, rest)) = tokens.split_first() else {
            return false;
        };
        if self.words.contains_key(">") {
            return true;
        }
        let (star, named) = (self.words.get("*"), self.words.get(*word));
        if rest.is_empty() {
            return match (named, star) {
                (Some(named), _) if named.is_end || forgets => named.is_end,
                (_, Some(star)) => star.is_end,
                (_, None) => false,
            };
        }
        star.is_some_and(|star| star.next.has_interest(rest, forgets))
            || named.is_some_and(|named| named.next.has_interest(rest, forgets))
    }
}

fn publishes(permissions: &EffectivePermissions, subject: &str) -> bool {
    let forgets = permissions.release < Release(2, 12, 4);
    let tokens: Vec<&str> = subject.split('.').collect();
    let has = |effect| {
        let mut trie = Level::default();
        for rule in permissions.rules_of(Verb::Publish) {
            if rule.effect == effect {
                trie.insert(&rule.pattern.tokens().collect::<Vec<_>>());
            }
        }
        trie.has_interest(&tokens, forgets)
    };
    has(Effect::Allow) && !has(Effect::Deny)
}

/// Every subject of up to four words that a pattern of these letters can tell apart.
fn subjects() -> Vec<Subject> {
    let words = ["a", "b", "c"];
    let mut last: Vec<String> = words.map(str::to_owned).into();
    let mut all = last.clone();
    for _ in 1..4 {
        last = last
            .iter()
            .flat_map(|shorter| words.map(|word| format!("{shorter}.{word}")))
            .collect();
        all.extend(last.iter().cloned());
    }
    all.iter().map(|written| written.parse().unwrap()).collect()
}

fn composed(
    verb: &str,
    allow: &[String],
    deny: &[String],
    release: Release,
) -> EffectivePermissions {
    let body = serde_json::json!({ verb: { "allow": allow, "deny": deny } }).to_string();
    let trial = Trial {
        body: &body,
        release,
        ..Trial::default()
    };
    trial.compose().unwrap()
}

/// Holds an answer against what is true of each subject that was asked about.
fn check(decision: &Decision<'_>, asked: &SubjectPattern, is_allowed: impl Fn(&Subject) -> bool) {
    let asked_of: Vec<Subject> = subjects()
        .into_iter()
        .filter(|subject| asked.matches(subject))
        .collect();
    let allowed = asked_of
        .iter()
        .filter(|subject| is_allowed(subject))
        .count();
    let expected = match allowed {
        0 => Allowed::No,
        all if all == asked_of.len() => Allowed::Yes,
        _ => Allowed::Some,
    };
    assert_eq!(decision.allowed, expected, "{asked} {decision:?}");
    assert_eq!(decision.example.is_some(), expected == Allowed::Some);
    if let Some(example) = &decision.example {
        assert!(asked.matches(example), "{asked} {example}");
        assert!(is_allowed(example), "{asked} {example}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn publishing_is_decided_as_subject_by_subject(
        allow in prop::collection::vec(pattern("[ab]"), 0..4),
        deny in prop::collection::vec(pattern("[ab]"), 0..4),
        asked in pattern("[ab]"),
        release in prop::sample::select(&RELEASES),
    ) {
        let permissions = composed("pub", &allow, &deny, release);
        let asked: SubjectPattern = asked.parse().unwrap();
        let question = Question { verb: Verb::Publish, subject: asked.clone(), queue: None };

        let decision = permissions.decide(&question);

        check(&decision, &asked, |subject| publishes(&permissions, subject.raw()));
    }

    /// A part is what single subscriptions bring, so that is what an answer of a part has to show.
    #[test]
    fn subscribing_is_decided_as_the_server_takes_it(
        allow in prop::collection::vec(entry("[ab]"), 0..4),
        deny in prop::collection::vec(entry("[ab]"), 0..4),
        asked in pattern("[ab]"),
        queue in prop::sample::select(&QUEUES),
        release in prop::sample::select(&RELEASES),
    ) {
        let permissions = composed("sub", &allow, &deny, release);
        let question = |subject: SubjectPattern| Question {
            verb: Verb::Subscribe, subject, queue: queue.map(Text::from),
        };
        let asked = question(asked.parse().unwrap());
        let brings = |by: &Question, subject: &Subject| {
            let mut client = Client::of(&permissions);
            client.subscribe(by) && client.hears(by, subject)
        };
        let alone = |subject: &Subject| brings(&question(subject.clone().into()), subject);

        let decision = permissions.decide(&asked);

        let inside: Vec<Subject> = subjects().into_iter().filter(|s| asked.subject.matches(s)).collect();
        let whole = inside.iter().filter(|subject| brings(&asked, subject)).count();
        let single = inside.iter().filter(|subject| alone(subject)).count();
        match (decision.allowed, &decision.note) {
            (Allowed::Yes, _) => prop_assert_eq!(whole, inside.len()),
            (Allowed::No, _) => prop_assert_eq!((whole, single), (0, 0)),
            (Allowed::Some, Some(Note::Wider(through))) => {
                let example = decision.example.as_ref().unwrap();
                prop_assert!(brings(&question(through.clone()), example), "{} {}", through, example);
            }
            (Allowed::Some, Some(Note::KeptBack)) => {
                prop_assert!(whole < inside.len());
                prop_assert!(brings(&asked, decision.example.as_ref().unwrap()));
            }
            (Allowed::Some, _) => {
                prop_assert_eq!(whole, 0);
                prop_assert!(alone(decision.example.as_ref().unwrap()));
            }
        }
        if let Some(by) = decision.by {
            prop_assert!(decision.allowed == Allowed::No || by.effect == Effect::Allow);
            prop_assert!(by.from != Origin::AccountDefault);
        }
    }
}
