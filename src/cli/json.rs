//! Values as JSON, in which every object says which of its texts are not shown as they were written. What an answer consists
//! of is not here.

use std::panic::resume_unwind;
use std::thread;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::text::{ALTERED, marked};

/// The first byte of [`ALTERED`], and of few characters that names are made of.
const MARK_BEGINS: u8 = 0xEF;

/// Rows for which a thread is worth its start.
const SHARE: usize = 4_096;

/// An envelope with its items behind everything else. Items are written one by one, for a tree of 100,000 would be most of the
/// work, and by all cores.
pub(super) fn with_items(envelope: Map<String, Value>, items: &[impl Serialize + Sync]) -> Vec<u8> {
    around(envelope, |text| all(text, items))
}

/// The same with items that are written already.
pub(super) fn with_written(envelope: Map<String, Value>, items: &[String]) -> Vec<u8> {
    around(envelope, |text| text.extend(items.join(",").bytes()))
}

fn around(envelope: Map<String, Value>, items: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut text = Value::Object(envelope).to_string().into_bytes();
    text.pop(); // the brace that ends it
    text.extend(b",\"items\":[");
    items(&mut text);
    text.extend(b"]}");
    text
}

fn all(text: &mut Vec<u8>, items: &[impl Serialize + Sync]) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut shares = items.chunks(items.len().div_ceil(cores).max(SHARE));
    let own = shares.next().unwrap_or_default();
    thread::scope(|scope| {
        let write = |share| {
            let mut text = Vec::new();
            rows(&mut text, share);
            text
        };
        let others: Vec<_> = shares
            .map(|share| scope.spawn(move || write(share)))
            .collect();
        rows(text, own);
        for other in others {
            text.push(b',');
            text.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
    });
}

/// Adds items to a text, with commas between them.
fn rows(text: &mut Vec<u8>, items: &[impl Serialize]) {
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            text.push(b',');
        }
        append(text, item);
    }
}

/// JSON with `"unsafe"` in every object in which a text was altered.
pub(super) fn to_value(value: &impl Serialize) -> Value {
    let value = marked(|| serde_json::to_value(value));
    let mut value = value.unwrap_or_else(|error| json!({"error": error.to_string()}));
    name_unsafe(&mut value);
    value
}

/// Adds the same as text. Only where a text was altered a tree is needed, to say which fields those are.
fn append(text: &mut Vec<u8>, value: &impl Serialize) {
    let begin = text.len();
    let written = marked(|| serde_json::to_writer(&mut *text, value));
    let is_plain = |text: &[u8]| !text.contains(&MARK_BEGINS);
    if written.is_err() || !text.get(begin..).is_some_and(is_plain) {
        text.truncate(begin);
        text.extend(to_value(value).to_string().bytes());
    }
}

/// Takes the marks away and says, in each object, which of its fields had one. Tells whether this value had.
fn name_unsafe(value: &mut Value) -> bool {
    match value {
        Value::String(text) => match text.strip_prefix(ALTERED) {
            Some(safe) => {
                *text = safe.to_owned();
                true
            }
            None => false,
        },
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= name_unsafe(item) && !item.is_object();
            }
            found
        }
        Value::Object(fields) => {
            unmark_keys(fields);
            let mut altered = Vec::new();
            for (key, field) in fields.iter_mut() {
                if name_unsafe(field) && !field.is_object() {
                    altered.push(Value::from(key.as_str()));
                }
            }
            let found = !altered.is_empty();
            if found {
                fields.insert("unsafe".to_owned(), Value::Array(altered));
            }
            found
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Takes the marks from names that somebody else wrote, as of an export's revocations.
fn unmark_keys(fields: &mut Map<String, Value>) {
    if fields.keys().any(|key| key.starts_with(ALTERED)) {
        let unmarked = |(key, value): (String, Value)| {
            let key = key.strip_prefix(ALTERED).map_or(key.clone(), str::to_owned);
            (key, value)
        };
        *fields = std::mem::take(fields).into_iter().map(unmarked).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    #[derive(Serialize)]
    struct Row {
        name: Text,
        nth: usize,
    }

    #[test]
    fn items_of_several_threads_stand_in_their_order_and_name_what_was_altered() {
        let row = |nth| Row {
            name: if nth % 1_000 == 7 {
                "a\x1bb"
            } else {
                "plain \u{FF21}"
            }
            .into(),
            nth,
        };
        let rows: Vec<Row> = (0..3 * SHARE).map(row).collect();

        let text = with_items(Map::from_iter([("kind".to_owned(), json!("x"))]), &rows);

        let whole: Value = serde_json::from_slice(&text).unwrap();
        let items = whole["items"].as_array().unwrap();
        assert_eq!(whole["kind"], "x");
        assert_eq!(items.len(), rows.len());
        for (nth, item) in items.iter().enumerate() {
            assert_eq!(*item, to_value(&rows[nth]));
            assert_eq!(item["nth"], nth);
        }
        assert_eq!(items[1_007]["unsafe"], json!(["name"]));
        assert_eq!(items[0].get("unsafe"), None);
    }

    #[test]
    fn no_items_are_an_empty_list() {
        let none: [Row; 0] = [];

        let text = with_items(Map::from_iter([("kind".to_owned(), json!("x"))]), &none);

        assert_eq!(text, br#"{"kind":"x","items":[]}"#);
    }
}
