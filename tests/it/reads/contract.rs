//! The contract of the command line's JSON, read from the page that people read, so that the two cannot differ.
//!
//! ```text
//! | `user` | `key name signer{key kind(identity signing)} generations[{revision where}] tags` |
//! ```

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use jiff::Timestamp;
use serde_json::Value;

/// What a field may hold.
#[derive(Debug)]
enum Shape {
    Any,
    OneOf(Vec<String>),
    Object(Fields),
    List(Fields),
}

type Fields = BTreeMap<String, Shape>;

/// The fields of every kind.
pub struct Contract(BTreeMap<String, Fields>);

impl Contract {
    pub fn read() -> Self {
        let page = include_str!("../../../docs/CLI.md");
        let (_, table) = page.split_once("| kind | fields |").unwrap();
        let rows = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let kinds = rows.map(|row| {
            let (kind, fields) = row.split_once(" | ").unwrap();
            let kind = kind.trim_matches(['|', ' ', '`']).to_owned();
            let written = fields.split('`').skip(1).step_by(2).next().unwrap();
            (kind, fields_of(&mut written.chars().peekable()))
        });
        Self(kinds.collect())
    }

    /// Everything in which an item breaks the contract of its kind.
    pub fn faults(&self, kind: &str, item: &Value, required: &[&str]) -> Vec<String> {
        let fields = self.0.get(kind).unwrap_or_else(|| panic!("no kind {kind}"));
        let mut faults = Vec::new();
        object(kind, fields, item, &mut faults);
        let missing = required.iter().filter(|name| item.get(**name).is_none());
        faults.extend(missing.map(|name| format!("{kind}.{name} is missing")));
        let strangers = required.iter().filter(|name| !fields.contains_key(**name));
        faults.extend(strangers.map(|name| format!("{kind} has no {name}")));
        faults
    }
}

/// Reads fields up to the end, or to the brace that closes them.
fn fields_of(text: &mut Peekable<Chars<'_>>) -> Fields {
    let mut fields = Fields::new();
    loop {
        while text.next_if_eq(&' ').is_some() {}
        match text.peek() {
            None => return fields,
            Some('}') => {
                text.next();
                return fields;
            }
            Some(_) => {}
        }
        let mut name = String::new();
        while let Some(c) = text.next_if(|c| !" {}[]()".contains(*c)) {
            name.push(c);
        }
        assert!(!name.is_empty(), "a field without a name");
        fields.insert(name, shape_of(text));
    }
}

fn shape_of(text: &mut Peekable<Chars<'_>>) -> Shape {
    match text.peek() {
        Some('(') => {
            text.next();
            let words: String = text.by_ref().take_while(|c| *c != ')').collect();
            Shape::OneOf(words.split(' ').map(str::to_owned).collect())
        }
        Some('{') => {
            text.next();
            Shape::Object(fields_of(text))
        }
        Some('[') => {
            text.next();
            let shape = if text.next_if_eq(&'{').is_some() {
                Shape::List(fields_of(text))
            } else {
                Shape::Any
            };
            while text.next_if(|c| *c != ']').is_some() {}
            text.next();
            shape
        }
        _ => Shape::Any,
    }
}

fn object(path: &str, fields: &Fields, value: &Value, faults: &mut Vec<String>) {
    let Some(object) = value.as_object() else {
        faults.push(format!("{path} is no object: {value}"));
        return;
    };
    for (name, value) in object {
        let path = format!("{path}.{name}");
        match fields.get(name) {
            Some(shape) => field(&path, name, (shape, value), faults),
            None if name == "unsafe" => {}
            None => faults.push(format!("{path} is in no contract")),
        }
    }
}

fn field(path: &str, name: &str, (shape, value): (&Shape, &Value), faults: &mut Vec<String>) {
    if value.is_null() {
        return;
    }
    let fault = match shape {
        Shape::OneOf(words) if words.iter().any(|word| value == word) => None,
        // A list of words, as a user's sources are.
        Shape::OneOf(words) if value.is_array() => {
            let mut said = value.as_array().unwrap().iter();
            let stranger = said.find(|said| !words.iter().any(|word| *said == word));
            stranger.map(|said| format!("{path}: {said} is none of {words:?}"))
        }
        Shape::OneOf(words) => Some(format!("{path}: {value} is none of {words:?}")),
        Shape::Object(fields) => {
            object(path, fields, value, faults);
            None
        }
        Shape::List(fields) => {
            let items = value.as_array().into_iter().flatten();
            items.for_each(|item| object(path, fields, item, faults));
            (!value.is_array()).then(|| format!("{path} is no list"))
        }
        Shape::Any => by_name(path, name, value),
    };
    faults.extend(fault);
}

/// What the end of a name promises.
fn by_name(path: &str, name: &str, value: &Value) -> Option<String> {
    let is_time = || {
        value
            .as_str()
            .is_some_and(|at| at.ends_with('Z') && at.parse::<Timestamp>().is_ok())
    };
    let is_number = ["_ms", "_s", "_bytes", "_msgs"]
        .iter()
        .any(|unit| name.ends_with(unit));
    let is_flag = [
        "system",
        "bearer",
        "held",
        "current",
        "production",
        "read_only",
        "strict",
    ]
    .contains(&name);
    let is_broken = (name.ends_with("_at") && !is_time())
        || (is_number && !value.is_number())
        || (is_flag && !value.is_boolean());
    is_broken.then(|| format!("{path}: {value} is not what its name says"))
}

mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_in_no_contract_is_found() {
        let contract = Contract::read();

        let faults = contract.faults(
            "account",
            &json!({"key": "A", "state": "odd", "copies": [{"where": "store", "colour": 1}], "issued_at": "soon"}),
            &["key", "name"],
        );

        let found = |part: &str| faults.iter().any(|fault| fault.contains(part));
        assert_eq!(faults.len(), 4, "{faults:?}");
        for part in ["state", "colour", "issued_at", "name is missing"] {
            assert!(found(part), "{part} in {faults:?}");
        }
    }
}
