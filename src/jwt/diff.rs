//! What differs between two tokens of one thing, by content: as Go reads both, and whoever signed them and when.
//!
//! Objects are compared by their keys, arrays by their items: an item that is in one alone was taken away or added, wherever it
//! stands. The same items in another order are a difference of the whole array, since servers close the users of a role for it.

use super::go_rules::pointer;
use super::json::Node;
use super::token::Token;

/// What every signature makes anew.
const OF_THE_SIGNATURE: [&str; 3] = ["iat", "iss", "jti"];

/// One place where two trees differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub path: Vec<String>,
    /// `None`: it is only in the second.
    pub before: Option<Node>,
    /// `None`: it is only in the first.
    pub after: Option<Node>,
}

impl Difference {
    /// The place as a JSON Pointer; of an item of an array by its number where it stands.
    pub fn pointer(&self) -> String {
        pointer(&self.path)
    }

    pub const fn op(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "add",
            (Some(_), None) => "remove",
            (Some(_), Some(_)) => "replace",
        }
    }

    /// The user, or `*`, whose revocation differs, if it is one.
    pub fn revoked(&self) -> Option<&str> {
        match self.path.as_slice() {
            [body, list, user] if body == "nats" && list == "revocations" => Some(user),
            _ => None,
        }
    }

    /// Whether it only revokes: a revocation comes, or reaches further.
    pub fn only_revokes(&self) -> bool {
        let time = |node: &Option<Node>| node.as_ref().and_then(Node::as_i64);
        self.revoked().is_some() && self.after.is_some() && time(&self.after) >= time(&self.before)
    }

    /// Whether it takes a revocation back, or lets it reach less far.
    pub fn lifts(&self) -> bool {
        self.revoked().is_some() && !self.only_revokes()
    }
}

/// From one token to another.
pub fn between(before: &Token, after: &Token) -> Vec<Difference> {
    let mut found = Vec::new();
    let path = &mut Vec::new();
    let (before, after) = (content(before), content(after));
    compare(&before, &after, path, &mut found);
    found
}

/// Whether two tokens say the same.
pub fn same(a: &Token, b: &Token) -> bool {
    a.revision() == b.revision() || between(a, b).is_empty()
}

/// A token without what its signature makes.
fn content(token: &Token) -> Node {
    match token.as_read() {
        Node::Object(pairs) => {
            let said = |(key, _): &&(String, Node)| !OF_THE_SIGNATURE.contains(&key.as_str());
            Node::Object(pairs.iter().filter(said).cloned().collect())
        }
        other => other.clone(),
    }
}

fn compare(before: &Node, after: &Node, path: &mut Vec<String>, found: &mut Vec<Difference>) {
    match (before, after) {
        (a, b) if a == b => {}
        (Node::Object(before), Node::Object(after)) => by_key(before, after, path, found),
        (Node::Array(before), Node::Array(after)) => by_item(before, after, path, found),
        (before, after) => found.push(Difference {
            path: path.clone(),
            before: Some(before.clone()),
            after: Some(after.clone()),
        }),
    }
}

/// Whether entries of a field are told one by one also where all come or go.
fn is_map(key: &str) -> bool {
    matches!(key, "revocations" | "mappings")
}

fn by_key(
    before: &[(String, Node)],
    after: &[(String, Node)],
    path: &mut Vec<String>,
    found: &mut Vec<Difference>,
) {
    let value = |pairs: &[(String, Node)], key: &str| {
        let held = pairs.iter().find(|(held, _)| held == key);
        held.map(|(_, node)| node.clone())
    };
    let is_new = |(key, _): &&(String, Node)| value(before, key).is_none();
    for (key, held) in before.iter().chain(after.iter().filter(is_new)) {
        path.push(key.clone());
        match (value(before, key), value(after, key)) {
            (Some(_), Some(after)) => compare(held, &after, path, found),
            // Go writes no empty map: one that is not there is empty.
            (Some(map), None) if is_map(key) => compare(&map, &Node::EMPTY_OBJECT, path, found),
            (None, Some(map)) if is_map(key) => compare(&Node::EMPTY_OBJECT, &map, path, found),
            (before, after) => found.push(Difference {
                path: path.clone(),
                before,
                after,
            }),
        }
        path.pop();
    }
}

fn by_item(before: &[Node], after: &[Node], path: &[String], found: &mut Vec<Difference>) {
    let only = |these: &[Node], those: &[Node]| {
        let mut those: Vec<&Node> = those.iter().collect();
        let mut only = Vec::new();
        for (at, item) in these.iter().enumerate() {
            match those.iter().position(|other| *other == item) {
                Some(same) => drop(those.swap_remove(same)),
                None => only.push((at, item.clone())),
            }
        }
        only
    };
    let (gone, come) = (only(before, after), only(after, before));
    if gone.is_empty() && come.is_empty() {
        found.push(Difference {
            path: path.to_owned(),
            before: Some(Node::Array(before.to_vec())),
            after: Some(Node::Array(after.to_vec())),
        });
    }
    let mut item = |at: usize, before, after| {
        let mut path = path.to_owned();
        path.push(at.to_string());
        found.push(Difference {
            path,
            before,
            after,
        });
    };
    for (at, node) in gone {
        item(at, Some(node), None);
    }
    for (at, node) in come {
        item(at, None, Some(node));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::time::UnixTime;
    use crate::test_support::{account, operator_signer};

    fn token<const N: usize>(at: i64, fields: [(&str, Node); N]) -> Token {
        let tree = account("ORDERS", fields);
        Token::issue(&tree, &operator_signer(), UnixTime(at)).unwrap()
    }

    fn revocations(entries: &[(&str, i64)]) -> (&'static str, Node) {
        let entry = |(key, at): &(&str, i64)| ((*key).to_owned(), Node::from(*at));
        (
            "revocations",
            Node::Object(entries.iter().map(entry).collect()),
        )
    }

    fn lines(found: &[Difference]) -> Vec<String> {
        let line = |one: &Difference| format!("{} {}", one.op(), one.pointer());
        found.iter().map(line).collect()
    }

    #[test]
    fn who_signed_and_when_is_no_difference_and_neither_is_the_order_of_keys() {
        let (a, b) = (
            token(
                1,
                [
                    ("description", Node::from("x")),
                    ("info_url", Node::from("y")),
                ],
            ),
            token(
                2,
                [
                    ("info_url", Node::from("y")),
                    ("description", Node::from("x")),
                ],
            ),
        );

        assert_ne!(a.revision(), b.revision());
        assert!(same(&a, &b));
    }

    #[test]
    fn what_was_added_taken_and_changed_is_told_by_its_place() {
        let before = token(
            1,
            [
                ("description", Node::from("old")),
                ("info_url", Node::from("y")),
                revocations(&[("UA", 5)]),
            ],
        );
        let after = token(
            2,
            [
                ("description", Node::from("new")),
                revocations(&[("UA", 5), ("U/B", 6)]),
            ],
        );

        let found = between(&before, &after);

        assert_eq!(
            lines(&found),
            [
                "replace /nats/description",
                "remove /nats/info_url",
                "add /nats/revocations/U~1B"
            ]
        );
    }

    #[test]
    fn an_item_of_a_list_is_told_alone_and_another_order_as_the_whole_list() {
        let list = |items: &[&str]| [("tags", Node::strings(items.iter().copied()))];

        let changed = between(&token(1, list(&["a", "b"])), &token(2, list(&["b", "c"])));
        let turned = between(&token(1, list(&["a", "b"])), &token(2, list(&["b", "a"])));

        assert_eq!(lines(&changed), ["remove /nats/tags/0", "add /nats/tags/1"]);
        assert_eq!(lines(&turned), ["replace /nats/tags"]);
    }

    #[test]
    fn a_revocation_that_comes_narrows_and_one_that_goes_or_falls_back_is_lifted() {
        let of = |before: &[(&str, i64)], after: &[(&str, i64)]| {
            let found = between(
                &token(1, [revocations(before)]),
                &token(2, [revocations(after)]),
            );
            let [one] = found.try_into().unwrap();
            (one.only_revokes(), one.lifts())
        };

        assert_eq!(of(&[], &[("UA", 5)]), (true, false));
        let none = token(1, []);
        let first = between(&none, &token(2, [revocations(&[("UA", 5)])]));
        assert_eq!(lines(&first), ["add /nats/revocations/UA"]);
        assert_eq!(of(&[("UA", 5)], &[("UA", 6)]), (true, false));
        assert_eq!(of(&[("UA", 5)], &[("UA", 4)]), (false, true));
        assert_eq!(of(&[("UA", 5)], &[]), (false, true));
    }
}
