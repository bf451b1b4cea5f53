//! Real answers of a real cluster, for the tests of this folder.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::wire::Reply;
use crate::inventory::server::ServerLabel;
use crate::test_support::shared;
use crate::text::Text;

/// A capture without its note.
pub(super) fn capture(file: &str) -> Value {
    let text = std::fs::read_to_string(shared("captures").join(file)).unwrap();
    let mut json: Value = serde_json::from_str(&text).unwrap();
    match json.get_mut("capture") {
        Some(inner) => inner.take(),
        None => json,
    }
}

/// A capture as the bytes that came, one for each server.
pub(super) fn bodies(file: &str) -> Vec<Vec<u8>> {
    let all = match capture(file) {
        Value::Array(all) => all,
        one => vec![one],
    };
    all.iter()
        .map(|one| serde_json::to_vec(one).unwrap())
        .collect()
}

/// What each server of a capture answered.
pub(super) fn replies<T: DeserializeOwned>(file: &str) -> Vec<(ServerLabel, Result<T, Text>)> {
    bodies(file)
        .iter()
        .map(|body| {
            let reply: Reply<T> = serde_json::from_slice(body).unwrap();
            let (header, data) = reply.into_data();
            (header.label(), data)
        })
        .collect()
}
