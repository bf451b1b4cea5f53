//! Whose answers are in, and whose are missing. Pure: it asks nothing.

use std::collections::HashSet;

use super::gather::{Gathered, Listened, Said};
use crate::inventory::server::ServerLabel;
use crate::jwt::keys::ServerId;
use crate::text::Text;

/// Who ought to answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub(super) names: HashSet<Text>,
    /// Of these, the ones that did not answer the last census or the last question. Nobody waits long for them.
    pub(super) doubtful: HashSet<Text>,
    pub(super) foreign: HashSet<ServerId>,
}

/// Whether more answers are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    More,
    /// All have answered that were known to be alive.
    Stragglers,
    Enough,
}

/// Servers that missed the last question to all, until they answer one or are counted anew. Pure.
#[derive(Debug, Default)]
pub(super) struct Doubts(HashSet<Text>);

impl Doubts {
    pub(super) fn names(&self) -> impl Iterator<Item = &Text> {
        self.0.iter()
    }

    /// A server that died between two counts is waited for once, not by every question after it. Whom we could not hear
    /// since our own connection fell is not doubted.
    pub(super) fn hear<T>(&mut self, gathered: &Gathered<T>, listened: Listened) {
        if listened == Listened::ToTheEnd {
            self.0.extend(gathered.silent.iter().cloned());
        }
        for said in &gathered.said {
            self.0.remove(&said.server.name);
        }
    }

    /// The census itself says now who is silent.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Sorts answers by server as they come. Pure.
pub(super) struct Tally<'a, T> {
    expected: &'a Expected,
    missing: HashSet<Text>,
    heard: HashSet<ServerId>,
    gathered: Gathered<T>,
}

impl<'a, T> Tally<'a, T> {
    pub(super) fn new(expected: &'a Expected) -> Self {
        Self {
            expected,
            missing: expected.names.clone(),
            heard: HashSet::new(),
            gathered: Gathered::empty(),
        }
    }

    /// Takes one answer; a second one of the same server is dropped.
    pub(super) fn add(&mut self, server: ServerLabel, answer: Result<T, Text>) -> Wanted {
        if self.heard.insert(server.id) {
            if self.expected.foreign.contains(&server.id) {
                self.gathered.foreign.push(Said { server, answer });
            } else {
                self.missing.remove(&server.name);
                self.gathered.said.push(Said { server, answer });
            }
        }
        if self.expected.names.is_empty() {
            Wanted::More
        } else if self.missing.is_empty() {
            Wanted::Enough
        } else if self.missing.is_subset(&self.expected.doubtful) {
            Wanted::Stragglers
        } else {
            Wanted::More
        }
    }

    pub(super) fn finish(mut self) -> Gathered<T> {
        self.gathered.silent = self.missing.into_iter().collect();
        self.gathered.silent.sort();
        self.gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str, id: u8) -> ServerLabel {
        ServerLabel {
            id: ServerId::from_bytes([id; 32]),
            name: name.into(),
            cluster: None,
        }
    }

    fn expected(names: &[&str], foreign: &[u8]) -> Expected {
        Expected {
            names: names.iter().map(|name| (*name).into()).collect(),
            doubtful: HashSet::new(),
            foreign: foreign
                .iter()
                .map(|id| ServerId::from_bytes([*id; 32]))
                .collect(),
        }
    }

    #[test]
    fn all_expected_by_name_is_enough() {
        let expected = expected(&["n1", "n2"], &[]);
        let mut tally = Tally::new(&expected);

        assert_eq!(tally.add(label("n1", 1), Ok(())), Wanted::More);
        assert_eq!(tally.add(label("n2", 2), Err("no".into())), Wanted::Enough);

        let gathered = tally.finish();
        assert!(gathered.is_complete());
        assert_eq!(gathered.said.len(), 2);
        assert_eq!(gathered.answers().count(), 1);
    }

    #[test]
    fn a_name_from_before_that_does_not_answer_is_silent() {
        let expected = expected(&["n3", "n1", "n2"], &[]);
        let mut tally = Tally::new(&expected);

        tally.add(label("n1", 1), Ok(()));

        assert_eq!(tally.finish().silent, [Text::from("n2"), Text::from("n3")]);
    }

    #[test]
    fn nobody_waits_long_for_a_server_that_was_silent_before() {
        let mut expected = expected(&["n1", "n2", "n3"], &[]);
        expected.doubtful.insert("n3".into());
        let mut tally = Tally::new(&expected);

        assert_eq!(tally.add(label("n1", 1), Ok(())), Wanted::More);
        assert_eq!(tally.add(label("n2", 2), Ok(())), Wanted::Stragglers);
        assert_eq!(tally.add(label("n3", 3), Ok(())), Wanted::Enough);
    }

    #[test]
    fn servers_are_doubted_for_their_own_silence_and_not_for_our_fall() {
        let expected = expected(&["n1", "n2"], &[]);
        let told = |answering: &[(&str, u8)]| {
            let mut tally = Tally::new(&expected);
            for (name, id) in answering {
                tally.add(label(name, *id), Ok(()));
            }
            tally.finish()
        };
        let doubted = |doubts: &Doubts| doubts.names().cloned().collect::<Vec<_>>();
        let mut doubts = Doubts::default();

        doubts.hear(&told(&[]), Listened::UntilCut);
        assert!(doubted(&doubts).is_empty());

        doubts.hear(&told(&[("n1", 1)]), Listened::ToTheEnd);
        assert_eq!(doubted(&doubts), [Text::from("n2")]);
        doubts.hear(&told(&[("n2", 2)]), Listened::UntilCut);
        assert!(doubted(&doubts).is_empty());

        doubts.hear(&told(&[]), Listened::ToTheEnd);
        doubts.clear();
        assert!(doubted(&doubts).is_empty());
    }

    #[test]
    fn a_leaf_that_bridges_sys_stands_for_nobody() {
        let expected = expected(&["n1"], &[9]);
        let mut tally = Tally::new(&expected);

        // A foreign server may even carry the name of one of ours.
        assert_eq!(tally.add(label("n1", 9), Ok(())), Wanted::More);

        let gathered = tally.finish();
        assert!(gathered.said.is_empty());
        assert_eq!(gathered.foreign.len(), 1);
        assert_eq!(gathered.silent, [Text::from("n1")]);
    }

    #[test]
    fn a_server_that_answers_twice_counts_once() {
        let expected = expected(&["n1", "n2"], &[]);
        let mut tally = Tally::new(&expected);

        tally.add(label("n1", 1), Ok(1));
        tally.add(label("n1", 1), Ok(2));

        let gathered = tally.finish();
        assert_eq!(gathered.said.len(), 1);
        assert_eq!(gathered.said.first().unwrap().answer, Ok(1));
        assert_eq!(gathered.silent, [Text::from("n2")]);
    }

    #[test]
    fn a_first_census_expects_nobody_and_is_never_enough() {
        let expected = Expected::default();
        let mut tally = Tally::new(&expected);

        assert_eq!(tally.add(label("n1", 1), Ok(())), Wanted::More);
    }
}
