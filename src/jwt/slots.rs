//! An object while Go fills it: keys keep their first place, each is found at once, so that a hostile token with 100,000 keys
//! costs no more than its length.

use std::collections::HashMap;

use super::json::Node;

/// Keys in the order in which they came first.
#[derive(Default)]
pub(super) struct Slots {
    pairs: Vec<Option<(String, Node)>>,
    at: HashMap<String, usize>,
}

impl Slots {
    pub(super) fn of(object: Option<Node>) -> Self {
        let mut slots = Self::default();
        if let Some(Node::Object(pairs)) = object {
            for (key, node) in pairs {
                slots.put(&key, Some(node));
            }
        }
        slots
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let (_, node) = self.pairs.get(*self.at.get(key)?)?.as_ref()?;
        Some(node)
    }

    /// Sets a key in its place, or takes it away.
    pub(super) fn put(&mut self, key: &str, value: Option<Node>) {
        let pair = value.map(|value| (key.to_owned(), value));
        if let Some(slot) = self.at.get(key).and_then(|at| self.pairs.get_mut(*at)) {
            *slot = pair;
        } else {
            self.at.insert(key.to_owned(), self.pairs.len());
            self.pairs.push(pair);
        }
    }

    /// Adds a key that Go does not know, doubled or not.
    pub(super) fn push(&mut self, key: &str, value: Node) {
        self.pairs.push(Some((key.to_owned(), value)));
    }

    pub(super) fn into_pairs(self) -> impl Iterator<Item = (String, Node)> {
        self.pairs.into_iter().flatten()
    }

    pub(super) fn into_object(self) -> Node {
        Node::Object(self.into_pairs().collect())
    }
}
