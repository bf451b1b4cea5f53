//! How Go's JSON decoder reads a token: which key fills which field, what wins, what merges, what makes it unreadable.
//!
//! Servers decode tokens into Go structs, where `"PUB"` fills `pub`, a later key wins over an earlier one, and objects merge.
//! A reader that does not do the same shows harmless permissions where the server grants `>`. [`read`] turns a tree into what
//! the server makes of it: canonical names, each once, unknown keys kept; and it says where that differs from the text.
//!
//! Source: Go `encoding/json` (`decode.go`, `fold.go`), nats-io/jwt v2.8.2 (the structs and their `UnmarshalJSON`).

mod scopes;

use std::collections::{HashMap, HashSet};

use super::json::Node;
use super::slots::Slots;

/// What a field is in Go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Text,
    /// One of these words; anything else makes the token unreadable.
    Word(&'static [&'static str]),
    Int {
        min: i128,
        max: i128,
    },
    Bool,
    List(&'static Shape),
    Map(&'static Shape),
    /// Fields in groups: Go's embedded structs, which expand in place.
    Struct(&'static [&'static [Field]]),
    /// A struct that `null` takes away; a plain one ignores `null`.
    Pointer(&'static Shape),
    /// `src` of a user: a list, or one string with commas.
    Networks,
    /// `signing_keys` of an account: key strings and scope objects, collected over doubled keys.
    SigningKeys(&'static Shape),
    /// A percentage or the word `headers`.
    Sampling,
    /// Kept as it is.
    Any,
}

impl Shape {
    /// The shape of what a key holds.
    pub(super) fn child(&self, key: &str) -> Option<&Shape> {
        match self {
            Self::Struct(groups) => field(groups, key).map(|(_, shape)| shape),
            Self::Map(of) => Some(of),
            Self::Pointer(inner) => inner.child(key),
            Self::Text
            | Self::Word(_)
            | Self::Int { .. }
            | Self::Bool
            | Self::List(_)
            | Self::Networks => None,
            Self::SigningKeys(_) | Self::Sampling | Self::Any => None,
        }
    }

    /// Where Go writes a field among its siblings; unknown ones come last.
    pub(super) fn rank(&self, key: &str) -> usize {
        let Self::Struct(groups) = self else {
            return usize::MAX;
        };
        groups
            .iter()
            .copied()
            .flatten()
            .position(|(name, _)| *name == key)
            .unwrap_or(usize::MAX)
    }
}

pub(super) type Field = (&'static str, Shape);

/// A place where the text says something else than what a server reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// JSON Pointer to the key as it was written.
    pub path: String,
    pub kind: OddityKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddityKind {
    /// The key stands twice; a later one wins or is merged.
    Doubled,
    /// The key is written in another case and fills the field all the same.
    Folded,
}

/// A value of a type that Go does not take there: servers refuse the whole token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} is not {wanted}")]
pub struct Misfit {
    pub path: String,
    pub wanted: &'static str,
}

/// Reads a tree as Go fills a struct of that shape.
pub(super) fn read(shape: &Shape, tree: &Node) -> Result<(Node, Vec<Oddity>), Misfit> {
    let mut reading = Reading {
        path: Vec::new(),
        oddities: Vec::new(),
        cut_off: HashMap::new(),
    };
    let node = reading
        .value(shape, None, tree)?
        .unwrap_or(Node::EMPTY_OBJECT);
    Ok((node, reading.oddities))
}

struct Reading {
    path: Vec<String>,
    oddities: Vec<Oddity>,
    /// By place, what a shorter list left behind in Go's memory: a longer one that follows finds it there.
    cut_off: HashMap<String, Vec<Node>>,
}

impl Reading {
    fn misfit(&self, wanted: &'static str) -> Misfit {
        Misfit {
            path: pointer(&self.path),
            wanted,
        }
    }

    fn odd(&mut self, key: &str, kind: OddityKind) {
        let mut path = pointer(&self.path);
        path.push('/');
        path.push_str(&escaped(key));
        self.oddities.push(Oddity { path, kind });
    }

    /// What a field holds after `new` was decoded into it. `None`: nothing, which is Go's zero value.
    fn value(
        &mut self,
        shape: &Shape,
        before: Option<Node>,
        new: &Node,
    ) -> Result<Option<Node>, Misfit> {
        match (shape, new) {
            (Shape::Any, _) => Ok(Some(new.clone())),
            (Shape::List(_) | Shape::Map(_) | Shape::Pointer(_) | Shape::Networks, Node::Null) => {
                Ok(None)
            }
            // These have readers of their own, which Go asks about null as well.
            (Shape::Word(_), Node::Null) => Err(self.misfit("a known word")),
            (Shape::Sampling, Node::Null) => Ok(Some(Node::from(0))),
            (_, Node::Null) => Ok(before),
            (Shape::Pointer(inner), _) => self.value(inner, before, new),
            (Shape::Text, Node::String(_)) | (Shape::Bool, Node::Bool(_)) => Ok(Some(new.clone())),
            (Shape::Text, _) => Err(self.misfit("a string")),
            (Shape::Bool, _) => Err(self.misfit("true or false")),
            (Shape::Word(words), Node::String(word)) if words.contains(&word.as_str()) => {
                Ok(Some(new.clone()))
            }
            (Shape::Word(_), _) => Err(self.misfit("a known word")),
            (Shape::Int { min, max }, Node::Number(text)) => match text.parse::<i128>().ok() {
                // Go's unsigned numbers take no sign, not even that of -0.
                Some(number)
                    if (*min..=*max).contains(&number) && !(*min == 0 && text.starts_with('-')) =>
                {
                    Ok(Some(new.clone()))
                }
                _ => Err(self.misfit("a whole number in range")),
            },
            (Shape::Int { .. }, _) => Err(self.misfit("a whole number in range")),
            (Shape::Sampling, Node::String(word)) if word.eq_ignore_ascii_case("headers") => {
                Ok(Some(new.clone()))
            }
            (Shape::Sampling, _) if new.as_i64().is_some() => Ok(Some(new.clone())),
            (Shape::Sampling, _) => Err(self.misfit("a percentage or headers")),
            (Shape::Struct(fields), Node::Object(pairs)) => {
                self.fields(fields, before, pairs).map(Some)
            }
            (Shape::Struct(_), _) => Err(self.misfit("an object")),
            (Shape::Map(of), Node::Object(pairs)) => self.map(of, before, pairs).map(Some),
            (Shape::Map(_), _) => Err(self.misfit("an object")),
            (Shape::List(of), Node::Array(items)) => self.list(of, before, items).map(Some),
            (Shape::List(_), _) => Err(self.misfit("a list")),
            (Shape::Networks, Node::Array(items)) => self.list(&Shape::Text, None, items).map(Some),
            (Shape::Networks, Node::String(list)) => Ok(Some(networks(list))),
            (Shape::Networks, _) => Err(self.misfit("a list or a string with commas")),
            (Shape::SigningKeys(scope), Node::Array(items)) => {
                self.signing_keys(scope, before, items).map(Some)
            }
            (Shape::SigningKeys(_), _) => Err(self.misfit("a list")),
        }
    }

    fn fields(
        &mut self,
        fields: &[&[Field]],
        before: Option<Node>,
        pairs: &[(String, Node)],
    ) -> Result<Node, Misfit> {
        let mut filled = Slots::of(before);
        let mut seen = HashSet::new();
        for (key, new) in pairs {
            let Some((name, shape)) = field(fields, key) else {
                filled.push(key, new.clone());
                continue;
            };
            if name != key {
                self.odd(key, OddityKind::Folded);
            } else if seen.contains(name) {
                self.odd(key, OddityKind::Doubled);
            }
            seen.insert(*name);
            self.path.push((*name).to_owned());
            let value = self.value(shape, filled.get(name).cloned(), new)?;
            self.path.pop();
            filled.put(name, value);
        }
        Ok(filled.into_object())
    }

    /// Keys as they are; a later one replaces an earlier, also one of an earlier object. `null` is the zero value.
    fn map(
        &mut self,
        of: &Shape,
        before: Option<Node>,
        pairs: &[(String, Node)],
    ) -> Result<Node, Misfit> {
        let mut filled = Slots::of(before);
        let mut seen = HashSet::new();
        for (key, new) in pairs {
            if !seen.insert(key) {
                self.odd(key, OddityKind::Doubled);
            }
            self.path.push(key.clone());
            let value = self.value(of, None, new)?.unwrap_or_else(|| zero(of));
            self.path.pop();
            filled.put(key, Some(value));
        }
        Ok(filled.into_object())
    }

    /// Go decodes into the elements that earlier lists left behind, so those show through where the new ones say nothing.
    fn list(&mut self, of: &Shape, before: Option<Node>, items: &[Node]) -> Result<Node, Misfit> {
        let place = pointer(&self.path);
        let cut_off = self.cut_off.remove(&place).filter(|_| before.is_some());
        let mut left = items_of(before)
            .into_iter()
            .chain(cut_off.unwrap_or_default());
        let mut read = Vec::with_capacity(items.len());
        for (index, new) in items.iter().enumerate() {
            self.path.push(index.to_string());
            read.push(
                self.value(of, left.next(), new)?
                    .unwrap_or_else(|| zero(of)),
            );
            self.path.pop();
        }
        let cut_off: Vec<Node> = left.collect();
        // An empty list is a new one to Go.
        if !items.is_empty() && !cut_off.is_empty() {
            self.cut_off.insert(place, cut_off);
        }
        Ok(Node::Array(read))
    }
}

fn items_of(node: Option<Node>) -> Vec<Node> {
    if let Some(Node::Array(items)) = node {
        items
    } else {
        Vec::new()
    }
}

fn zero(shape: &Shape) -> Node {
    match shape {
        Shape::Text | Shape::Word(_) => Node::from(""),
        Shape::Int { .. } | Shape::Sampling => Node::from(0),
        Shape::Bool => Node::from(false),
        Shape::List(_) | Shape::Networks | Shape::SigningKeys(_) => Node::Array(Vec::new()),
        Shape::Map(_) | Shape::Struct(_) | Shape::Pointer(_) => Node::EMPTY_OBJECT,
        Shape::Any => Node::Null,
    }
}

/// The field that a key fills: the one of that very name, else the one that folds to it.
fn field<'a>(groups: &[&'a [Field]], key: &str) -> Option<&'a Field> {
    let fields = || groups.iter().copied().flatten();
    fields()
        .find(|(name, _)| *name == key)
        .or_else(|| fields().find(|(name, _)| folds_to(name, key)))
}

/// Whether Go takes `key` for the ASCII field name. Beside case, it folds the long s and the Kelvin sign.
pub(super) fn folds_to(name: &str, key: &str) -> bool {
    let folded = key.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    });
    folded.eq(name.chars())
}

/// `a, b` as the list that nats-io/jwt makes of it: lower case, trimmed, no empty ones, none twice.
fn networks(list: &str) -> Node {
    let mut items: Vec<String> = Vec::new();
    for item in list.split(',').map(|item| item.trim().to_lowercase()) {
        if !item.is_empty() && !items.contains(&item) {
            items.push(item);
        }
    }
    Node::strings(items)
}

/// The JSON Pointer (RFC 6901) of a path of keys.
pub(super) fn pointer(path: &[String]) -> String {
    path.iter()
        .fold(String::new(), |pointer, key| pointer + "/" + &escaped(key))
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::envelope::TokenKind;
    use crate::jwt::shapes;

    fn user(nats: &str) -> Result<(String, Vec<Oddity>), Misfit> {
        let tree = Node::parse(format!("{{\"nats\":{nats}}}").as_bytes()).unwrap();
        read(&shapes::of(TokenKind::User, 2), &tree)
            .map(|(node, oddities)| (node.get("nats").unwrap().to_go_json(), oddities))
    }

    /// What nats-server 2.15.1 made of these (control-plane page, section 11.4).
    #[test]
    fn folded_and_doubled_keys_are_read_as_a_server_reads_them() {
        for (written, read) in [
            (
                r#"{"pub":{"allow":["harmless"]},"PUB":{"allow":["all"]}}"#,
                r#"{"pub":{"allow":["all"]}}"#,
            ),
            (
                r#"{"pub":{"allow":["harmless"],"ALLOW":["evil"]}}"#,
                r#"{"pub":{"allow":["evil"]}}"#,
            ),
            (
                r#"{"pub":{"deny":["secret"]},"pub":{"allow":["x"]}}"#,
                r#"{"pub":{"deny":["secret"],"allow":["x"]}}"#,
            ),
            (
                r#"{"pub":{"allow":["x"]},"pub":null}"#,
                r#"{"pub":{"allow":["x"]}}"#,
            ),
            (
                r#"{"\u017fub":{"allow":["only"]}}"#,
                r#"{"sub":{"allow":["only"]}}"#,
            ),
            (
                r#"{"sub":{"allow":["a"]},"sub":{"allow":null}}"#,
                r#"{"sub":{}}"#,
            ),
            (r#"{"resp":{"max":1},"resp":null}"#, r"{}"),
        ] {
            let (as_read, oddities) = user(written).unwrap();

            assert_eq!(as_read, read, "{written}");
            assert!(!oddities.is_empty(), "{written}");
        }
    }

    #[test]
    fn a_plain_token_has_no_oddity_and_unknown_keys_stay() {
        let written =
            r#"{"pub":{"allow":["a"],"later":1},"sub":{},"subs":-1,"later":{"PUB":2,"pub":3}}"#;

        assert_eq!(user(written).unwrap(), (written.to_owned(), vec![]));
    }

    #[test]
    fn oddities_name_their_place() {
        let (_, oddities) = user(r#"{"pub":{"Allow":["a"]},"subs":1,"subs":2}"#).unwrap();

        assert_eq!(
            oddities,
            [
                Oddity {
                    path: "/nats/pub/Allow".into(),
                    kind: OddityKind::Folded
                },
                Oddity {
                    path: "/nats/subs".into(),
                    kind: OddityKind::Doubled
                },
            ]
        );
    }

    #[test]
    fn a_wrong_type_makes_the_token_unreadable() {
        for (written, path) in [
            (r#"{"subs":"1"}"#, "/nats/subs"),
            (r#"{"subs":1.5}"#, "/nats/subs"),
            (r#"{"pub":[]}"#, "/nats/pub"),
            (r#"{"pub":{"allow":[1]}}"#, "/nats/pub/allow/0"),
            (r#"{"bearer_token":1}"#, "/nats/bearer_token"),
        ] {
            assert_eq!(user(written).unwrap_err().path, path, "{written}");
        }
    }

    fn account(nats: &str) -> Result<String, Misfit> {
        let tree = Node::parse(format!("{{\"nats\":{nats}}}").as_bytes()).unwrap();
        read(&shapes::of(TokenKind::Account, 2), &tree)
            .map(|(node, _)| node.get("nats").unwrap().to_go_json())
    }

    /// Found by holding random tokens against Go (`tests/it/tokens`).
    #[test]
    fn null_is_no_direction_and_minus_zero_no_unsigned_number() {
        for (written, path) in [
            (r#"{"exports":[{"type":null}]}"#, "/nats/exports/0/type"),
            (
                r#"{"mappings":{"a":[{"weight":-0}]}}"#,
                "/nats/mappings/a/0/weight",
            ),
        ] {
            assert_eq!(account(written).unwrap_err().path, path, "{written}");
        }
        assert_eq!(
            account(r#"{"limits":{"conn":-0}}"#).unwrap(),
            r#"{"limits":{"conn":-0}}"#
        );
    }

    #[test]
    fn a_longer_list_finds_what_a_shorter_one_left() {
        for (lists, read) in [
            (["a", "b"].as_slice(), r#"["d","b"]"#),
            (["a"].as_slice(), r#"["d",""]"#),
        ] {
            let first = Node::strings(lists.iter().copied()).to_go_json();
            let written =
                format!(r#"{{"pub":{{"allow":{first},"allow":["c"],"allow":["d",null]}}}}"#);
            assert_eq!(
                user(&written).unwrap().0,
                format!(r#"{{"pub":{{"allow":{read}}}}}"#)
            );
        }
        let forgotten = r#"{"pub":{"allow":["a","b"],"allow":[],"allow":["d",null]}}"#;
        assert_eq!(user(forgotten).unwrap().0, r#"{"pub":{"allow":["d",""]}}"#);
    }

    #[test]
    fn a_sampling_of_null_is_zero() {
        assert_eq!(
            account(r#"{"exports":[{"service_latency":{"sampling":40,"sampling":null}}]}"#)
                .unwrap(),
            r#"{"exports":[{"service_latency":{"sampling":0}}]}"#
        );
    }

    #[test]
    fn networks_may_be_one_string() {
        assert_eq!(
            user(r#"{"src":" 10.0.0.0/8, ::1/128,,10.0.0.0/8"}"#)
                .unwrap()
                .0,
            r#"{"src":["10.0.0.0/8","::1/128"]}"#
        );
    }
}
