//! Random trees from a seed: what hostile or clumsy hands may make of a good token. Nothing here knows any field.

use nats_oam::jwt::json::Node;

use crate::support::chance::Dice;

/// Keys that start so are known to nobody.
pub(super) const UNKNOWN: &str = "x-unknown";

/// The tree with keys in another case, doubled, taken away or unknown, and with other values of the same and of other types.
pub(super) fn disturbed(dice: &mut Dice, tree: &Node) -> Node {
    let Node::Object(pairs) = tree else {
        return varied(dice, tree);
    };
    let mut out: Vec<(String, Node)> = Vec::new();
    for (key, value) in pairs {
        match dice.below(24) {
            0 => {} // taken away
            1 => out.push((recased(dice, key), Node::Null)),
            2 | 3 => {
                let before = disturbed(dice, value);
                out.push((recased(dice, key), before));
                out.push((recased(dice, key), disturbed(dice, value)));
            }
            4 => {
                let place = dice.below(out.len() + 1);
                let first = disturbed(dice, value);
                out.insert(place, (recased(dice, key), first));
                out.push((key.clone(), value.clone()));
            }
            5 | 6 => out.push((recased(dice, key), disturbed(dice, value))),
            7 => out.push((key.clone(), of_any_type(dice, value))),
            _ => out.push((key.clone(), disturbed(dice, value))),
        }
    }
    if dice.one_in(8) {
        let place = dice.below(out.len() + 1);
        out.insert(place, (UNKNOWN.to_owned(), anything(dice)));
    }
    Node::Object(out)
}

/// The key as it is, or in a case that Go takes for the same.
fn recased(dice: &mut Dice, key: &str) -> String {
    match dice.below(4) {
        0 => key.to_owned(),
        1 => key.to_uppercase(),
        2 => key.replacen('s', "\u{17f}", 1).replacen('k', "\u{212a}", 1),
        _ => key
            .chars()
            .map(|c| {
                if dice.one_in(2) {
                    c.to_ascii_uppercase()
                } else {
                    c
                }
            })
            .collect(),
    }
}

/// Another value of the same type, most of the time the same.
fn varied(dice: &mut Dice, value: &Node) -> Node {
    match value {
        Node::Number(_) if dice.one_in(6) => Node::Number(
            dice.pick(&["-7", "-1", "0", "1", "2", "100", "1099511627776"])
                .to_owned(),
        ),
        Node::Bool(held) if dice.one_in(6) => Node::Bool(!held),
        Node::String(_) if dice.one_in(16) => {
            Node::from(dice.pick(&["", "other", "a.>", "10.0.0.0/8, ::1/128,,10.0.0.0/8"]))
        }
        Node::Array(items) => {
            let mut items: Vec<Node> = items.iter().map(|item| disturbed(dice, item)).collect();
            match dice.below(8) {
                0 => items.truncate(1),
                1 => items.reverse(),
                2 => items.clear(),
                3 => items.extend(items.first().cloned()),
                _ => {}
            }
            Node::Array(items)
        }
        Node::Object(_) => disturbed(dice, value),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => value.clone(),
    }
}

/// Rarely a value that may not be taken there.
fn of_any_type(dice: &mut Dice, value: &Node) -> Node {
    if dice.one_in(6) {
        anything(dice)
    } else {
        disturbed(dice, value)
    }
}

fn anything(dice: &mut Dice) -> Node {
    let numbers = [
        "1.5",
        "1e3",
        "9223372036854775808",
        "9007199254740993",
        "-0",
        "7",
    ];
    match dice.below(6) {
        0 => Node::Null,
        1 => Node::Bool(true),
        2 | 3 => Node::Number(dice.pick(&numbers).to_owned()),
        4 => Node::strings(["one"]),
        _ => Node::object([(UNKNOWN, Node::from(1))]),
    }
}
