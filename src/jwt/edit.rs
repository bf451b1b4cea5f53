//! Edits of a token's tree: made by an act, shown as a diff, applied to the servers' copy. What an edit does not name stays
//! as it stands, also what this program does not know.

use super::envelope::TokenKind;
use super::go_rules::{Shape, pointer};
use super::json::Node;
use super::shapes;
use super::time::UnixTime;
use super::token::Token;

/// One change, at a path of keys from the top of the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub path: Vec<String>,
    pub op: EditOp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditOp {
    Set(Value),
    Remove,
}

/// Known now, or made while applying; a preview prints those as `<server time>` and `<new key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Given(Node),
    /// The servers' time, but not before this.
    ServerTime {
        at_least: Option<UnixTime>,
    },
}

impl Value {
    /// The value at a moment.
    pub fn at(&self, server_time: UnixTime) -> Node {
        match self {
            Self::Given(node) => node.clone(),
            Self::ServerTime { at_least } => Node::from(
                at_least
                    .map_or(server_time, |least| least.max(server_time))
                    .0,
            ),
        }
    }
}

impl Edit {
    pub fn set<S: Into<String>>(path: impl IntoIterator<Item = S>, value: Value) -> Self {
        Self {
            path: path.into_iter().map(Into::into).collect(),
            op: EditOp::Set(value),
        }
    }

    pub fn remove<S: Into<String>>(path: impl IntoIterator<Item = S>) -> Self {
        Self {
            path: path.into_iter().map(Into::into).collect(),
            op: EditOp::Remove,
        }
    }

    /// The place as a JSON Pointer.
    pub fn pointer(&self) -> String {
        pointer(&self.path)
    }
}

/// The tree of a token with the edits made, ready to be signed. A token with doubled or folded keys becomes what Go reads.
pub fn apply(base: &Token, edits: &[Edit], server_time: UnixTime) -> Node {
    let faithful = base.oddities().is_empty();
    let mut tree = if faithful {
        base.tree().clone()
    } else {
        base.as_read().clone()
    };
    let shape = shapes::of(base.envelope().kind, base.envelope().version);
    for edit in edits {
        match &edit.op {
            EditOp::Set(value) => set(&mut tree, Some(&shape), &edit.path, value.at(server_time)),
            EditOp::Remove => remove(&mut tree, &edit.path),
        }
    }
    tree
}

/// A new tree with one more value, at a path from the top of the payload.
#[must_use]
pub fn with<const N: usize>(mut tree: Node, kind: TokenKind, path: [&str; N], value: Node) -> Node {
    set(
        &mut tree,
        Some(&shapes::of(kind, 2)),
        &path.map(str::to_owned),
        value,
    );
    tree
}

/// Sets a value, making the objects on the way; a new key goes where Go would write it.
fn set(node: &mut Node, shape: Option<&Shape>, path: &[String], value: Node) {
    let Some((key, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    if !matches!(node, Node::Object(_)) {
        *node = Node::EMPTY_OBJECT;
    }
    let Node::Object(pairs) = node else { return };
    let place = pairs
        .iter()
        .position(|(held, _)| held == key)
        .unwrap_or_else(|| {
            let place = place_for(pairs, shape, key);
            pairs.insert(place, (key.clone(), Node::Null));
            place
        });
    if let Some((_, child)) = pairs.get_mut(place) {
        set(child, shape.and_then(|shape| shape.child(key)), rest, value);
    }
}

/// Takes a key away, and an object that this empties where Go writes no empty one.
fn remove(node: &mut Node, path: &[String]) {
    let (Some((key, rest)), Node::Object(pairs)) = (path.split_first(), node) else {
        return;
    };
    let Some(place) = pairs.iter().position(|(held, _)| held == key) else {
        return;
    };
    if let Some((_, child)) = pairs.get_mut(place)
        && !rest.is_empty()
    {
        remove(child, rest);
        if *child != Node::EMPTY_OBJECT || !matches!(key.as_str(), "revocations" | "mappings") {
            return;
        }
    }
    pairs.remove(place);
}

/// Fields stand in the order of the struct, map keys sorted by their bytes.
fn place_for(pairs: &[(String, Node)], shape: Option<&Shape>, key: &str) -> usize {
    let after = |held: &str| match shape {
        Some(Shape::Map(_)) => held > key,
        Some(shape) => shape.rank(held) > shape.rank(key),
        None => false,
    };
    pairs
        .iter()
        .position(|(held, _)| after(held))
        .unwrap_or(pairs.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{account, operator_signer, token_of};

    const WHO: &str = "UDWUSKGGFDI4FRXK5EBTRECZSVQSSWJHHJOGH6JWG3AUMFFMQ435C2U4";

    fn revoke(key: &str) -> Edit {
        Edit::set(
            ["nats", "revocations", key],
            Value::ServerTime {
                at_least: Some(UnixTime(90)),
            },
        )
    }

    #[test]
    fn a_new_map_stands_where_go_writes_it_and_its_keys_are_sorted() {
        let base = token_of(
            &account(
                "ORDERS",
                [
                    ("limits", Node::EMPTY_OBJECT),
                    ("default_permissions", Node::EMPTY_OBJECT),
                ],
            ),
            &operator_signer(),
        );

        let tree = apply(
            &base,
            &[revoke("UB"), revoke("*"), revoke("UA")],
            UnixTime(100),
        );

        assert_eq!(
            tree.get("nats").unwrap().to_go_json(),
            r#"{"limits":{},"revocations":{"*":100,"UA":100,"UB":100},"default_permissions":{},"type":"account","version":2}"#
        );
    }

    #[test]
    fn unknown_fields_at_every_level_survive() {
        let odd = Node::object([
            ("conn", Node::from(5)),
            ("future", Node::object([("x", Node::Null)])),
        ]);
        let base = token_of(
            &account("ORDERS", [("limits", odd), ("newer", Node::from("y"))]),
            &operator_signer(),
        );

        let tree = apply(&base, &[revoke(WHO)], UnixTime(1));

        assert_eq!(
            tree.at(&["nats", "limits", "future", "x"]),
            Some(&Node::Null)
        );
        assert_eq!(tree.at(&["nats", "newer"]), Some(&Node::from("y")));
        assert_eq!(
            tree.at(&["nats", "revocations", WHO]),
            Some(&Node::from(90))
        );
    }

    #[test]
    fn the_last_revocation_lifted_takes_the_map_with_it() {
        let base = token_of(
            &account(
                "ORDERS",
                [("revocations", Node::object([(WHO, Node::from(5))]))],
            ),
            &operator_signer(),
        );

        let tree = apply(
            &base,
            &[Edit::remove(["nats", "revocations", WHO])],
            UnixTime(9),
        );

        assert_eq!(tree.at(&["nats", "revocations"]), None);
    }

    #[test]
    fn a_token_with_folded_keys_is_edited_as_go_reads_it() {
        let base = token_of(
            &account(
                "ORDERS",
                [("LIMITS", Node::object([("Conn", Node::from(7))]))],
            ),
            &operator_signer(),
        );

        let tree = apply(&base, &[revoke(WHO)], UnixTime(1));

        assert_eq!(base.oddities().len(), 2);
        assert_eq!(tree.at(&["nats", "limits", "conn"]), Some(&Node::from(7)));
        assert_eq!(tree.at(&["nats", "LIMITS"]), None);
    }
}
