//! How Go reads `signing_keys` of an account: strings, and scopes that pass through a `map[string]any` before the struct.
//!
//! Such a map keeps, at every depth, the last of equal keys, sorted, and numbers as 64-bit floats: `1e3` is a whole number there,
//! and 2^53 + 1 is rounded. Source: nats-io/jwt v2.8.2 `signingkeys.go`.

use std::collections::HashMap;

use super::{Misfit, OddityKind, Reading, Shape, items_of};
use crate::jwt::json::Node;
use crate::jwt::slots::Slots;

/// From here on Go writes a float with an exponent, which is no integer to it.
const EXPONENT_FROM: f64 = 1e21;

impl Reading {
    pub(super) fn signing_keys(
        &mut self,
        scope: &Shape,
        before: Option<Node>,
        items: &[Node],
    ) -> Result<Node, Misfit> {
        let mut keys = Slots::default();
        for held in items_of(before) {
            keys.put(&name_of(&held), Some(held));
        }
        for (index, item) in items.iter().enumerate() {
            self.path.push(index.to_string());
            if let Some(read) = self.signing_key(scope, item)? {
                keys.put(&name_of(&read), Some(read));
            }
            self.path.pop();
        }
        Ok(Node::Array(keys.into_pairs().map(|(_, key)| key).collect()))
    }

    fn signing_key(&mut self, scope: &Shape, item: &Node) -> Result<Option<Node>, Misfit> {
        let in_map = self.through_map(item)?;
        if !matches!(item, Node::Object(_)) {
            return Ok(item.as_str().map(Node::from));
        }
        if in_map.get("kind").and_then(Node::as_str) != Some("user_scope") {
            return Err(self.misfit("a scope of a known kind"));
        }
        let read = self.value(scope, None, &in_map)?;
        Ok(read.map(|read| in_order_of(read, item)))
    }

    /// What Go writes after it has read the value into a map.
    fn through_map(&mut self, node: &Node) -> Result<Node, Misfit> {
        match node {
            Node::Object(pairs) => {
                let mut last = Slots::default();
                for (key, value) in pairs {
                    if last.get(key).is_some() {
                        self.odd(key, OddityKind::Doubled);
                    }
                    self.path.push(key.clone());
                    last.put(key, Some(self.through_map(value)?));
                    self.path.pop();
                }
                let mut sorted: Vec<_> = last.into_pairs().collect();
                sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
                Ok(Node::Object(sorted))
            }
            Node::Array(items) => {
                let items = items.iter().map(|item| self.through_map(item));
                items.collect::<Result<_, _>>().map(Node::Array)
            }
            Node::Number(text) => self.through_float(text),
            Node::Null | Node::Bool(_) | Node::String(_) => Ok(node.clone()),
        }
    }

    fn through_float(&self, text: &str) -> Result<Node, Misfit> {
        match text.parse::<f64>() {
            Ok(float) if float.is_infinite() => Err(self.misfit("a number that a float can hold")),
            Ok(float) if float.fract() == 0.0 && float.abs() < EXPONENT_FROM => {
                Ok(Node::Number(format!("{float:.0}")))
            }
            _ => Ok(Node::Number(text.to_owned())),
        }
    }
}

/// Puts the keys of objects back into the order in which they were written.
fn in_order_of(node: Node, written: &Node) -> Node {
    match (node, written) {
        (Node::Object(mut pairs), Node::Object(order)) => {
            let places: HashMap<&str, (usize, &Node)> = (0..)
                .zip(order)
                .map(|(place, (key, value))| (key.as_str(), (place, value)))
                .collect();
            pairs.sort_by_cached_key(|(key, _)| {
                places
                    .get(key.as_str())
                    .map_or(usize::MAX, |(place, _)| *place)
            });
            let pairs = pairs.into_iter().map(|(key, value)| {
                let written = places.get(key.as_str()).map(|(_, written)| *written);
                let value = match written {
                    Some(written) => in_order_of(value, written),
                    None => value,
                };
                (key, value)
            });
            Node::Object(pairs.collect())
        }
        (Node::Array(items), Node::Array(order)) if items.len() == order.len() => {
            let items = items.into_iter().zip(order);
            Node::Array(
                items
                    .map(|(item, written)| in_order_of(item, written))
                    .collect(),
            )
        }
        (node, _) => node,
    }
}

fn name_of(signing_key: &Node) -> String {
    signing_key
        .as_str()
        .or_else(|| signing_key.get("key")?.as_str())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::envelope::TokenKind;
    use crate::jwt::go_rules::{Oddity, read};
    use crate::jwt::shapes;

    fn keys(signing_keys: &str) -> Result<(String, Vec<Oddity>), Misfit> {
        let tree = Node::parse(format!("{{\"nats\":{{{signing_keys}}}}}").as_bytes()).unwrap();
        let (node, oddities) = read(&shapes::of(TokenKind::Account, 2), &tree)?;
        let keys = node.at(&["nats", "signing_keys"]).unwrap();
        Ok((keys.to_go_json(), oddities))
    }

    fn scope(rest: &str) -> Result<(String, Vec<Oddity>), Misfit> {
        keys(&format!(
            r#""signing_keys":[{{"kind":"user_scope",{rest}}}]"#
        ))
    }

    #[test]
    fn doubled_signing_keys_are_collected() {
        let (read, oddities) = keys(
            r#""signing_keys":["A1",{"kind":"user_scope","key":"A2","role":"r"}],"signing_keys":["A3","A1"]"#,
        )
        .unwrap();

        assert_eq!(
            read,
            r#"["A1",{"kind":"user_scope","key":"A2","role":"r"},"A3"]"#
        );
        assert_eq!(oddities.len(), 1);
    }

    /// Elsewhere the later key would be merged into the earlier; found by holding random tokens against Go.
    #[test]
    fn in_a_template_the_last_of_equal_keys_stays_alone_and_folded_ones_come_in_sorted_order() {
        let (read, oddities) =
            scope(r#""template":{"sub":{"deny":["a"]},"sub":{"allow":["b"]}}"#).unwrap();
        assert_eq!(
            read,
            r#"[{"kind":"user_scope","template":{"sub":{"allow":["b"]}}}]"#
        );
        assert_eq!(oddities[0].path, "/nats/signing_keys/0/template/sub");

        let (read, _) =
            scope(r#""template":{"\u017fub":{"deny":["a"]},"sub":{"deny":["b"]}}"#).unwrap();
        assert_eq!(
            read,
            r#"[{"kind":"user_scope","template":{"sub":{"deny":["a"]}}}]"#
        );
    }

    #[test]
    fn numbers_of_a_template_pass_through_a_float() {
        for (written, read) in [
            ("1e3", Some("1000")),
            ("-1", Some("-1")),
            ("9007199254740993", Some("9007199254740992")),
            ("9223372036854775807", None),
            ("1.5", None),
            ("1e400", None),
        ] {
            let found = scope(&format!(r#""template":{{"subs":{written}}}"#)).ok();

            let expected = read.map(|number| {
                format!(r#"[{{"kind":"user_scope","template":{{"subs":{number}}}}}]"#)
            });
            assert_eq!(found.map(|(read, _)| read), expected, "{written}");
        }
    }

    #[test]
    fn a_plain_scope_keeps_its_order_at_every_depth() {
        let written = r#"[{"kind":"user_scope","key":"A","template":{"sub":{"deny":["b"],"allow":["a"]},"pub":{}},"later":{"z":1,"a":2}}]"#;

        let (read, oddities) = keys(&format!(r#""signing_keys":{written}"#)).unwrap();

        assert_eq!(read, written);
        assert_eq!(oddities, []);
    }
}
