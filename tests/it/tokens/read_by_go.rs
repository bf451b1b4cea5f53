//! Claims as Go's library writes them after it has read them, brought to a form in which two readers can be compared.
//! What Go drops by itself is dropped from both: zero values, unknown fields, the order of signing keys.
//!
//! Limit: Go writes no zero value, so `"allow":[]` and no `allow` are the same here.

use nats_oam::jwt::keys::PublicKey;
use serde_json::{Map, Value, json};

use super::chance::UNKNOWN;

/// JetStream limits of an account without tiers.
const FLAT: [&str; 8] = [
    "mem_storage",
    "disk_storage",
    "streams",
    "consumer",
    "max_ack_pending",
    "mem_max_stream_bytes",
    "disk_max_stream_bytes",
    "max_bytes_required",
];

/// What no view has.
const NOT_SHOWN: [&str; 7] = [
    "/aud",
    "/jti",
    "/nats/type",
    "/nats/version",
    "/nats/trace",
    "/nats/cluster_traffic",
    "/nats/assert_server_version",
];

/// Everything that the claims say.
pub(super) fn whole(mut claims: Value) -> Value {
    if let Some(Value::Object(limits)) = claims.pointer_mut("/nats/limits")
        && limits
            .get("tiered_limits")
            .is_some_and(|tiers| *tiers != json!({}) && !tiers.is_null())
    {
        remove(limits, &FLAT); // the library does the same after reading
    }
    for export in entries(&mut claims, "/nats/exports") {
        if let Some(sampling) = export.pointer_mut("/service_latency/sampling")
            && sampling.is_string()
        {
            *sampling = json!(0); // `headers`
        }
    }
    entries(&mut claims, "/nats/signing_keys").sort_by_key(|entry| key_of(entry).to_owned());
    normal(claims).unwrap_or_default()
}

/// A tree as we read it, with the limits that Go gives to the template of a role before it reads.
pub(super) fn with_unlimited_templates(mut claims: Value) -> Value {
    for entry in entries(&mut claims, "/nats/signing_keys") {
        if let Value::Object(scope) = entry {
            let template = scope.entry("template").or_insert_with(|| json!({}));
            for limit in ["subs", "data", "payload"] {
                let template = template.as_object_mut().unwrap();
                template.entry(limit).or_insert(json!(-1));
            }
        }
    }
    claims
}

/// What our views show of the claims.
pub(super) fn shown(claims: &Value) -> Value {
    let mut claims = whole(claims.clone());
    if claims["nats"]["type"] == "operator" {
        remove(claims.as_object_mut().unwrap(), &["nbf"]);
        only_keys(&mut claims["nats"]);
    }
    for path in NOT_SHOWN {
        let (parent, key) = path.rsplit_once('/').unwrap();
        if let Some(Value::Object(fields)) = claims.pointer_mut(parent) {
            fields.remove(key);
        }
    }
    for export in entries(&mut claims, "/nats/exports") {
        if let Value::Object(export) = export {
            remove(
                export,
                &["response_threshold", "service_latency", "info_url"],
            );
        }
    }
    for entry in entries(&mut claims, "/nats/signing_keys") {
        if key_of(entry).parse::<PublicKey>().is_err() {
            *entry = json!(key_of(entry));
        }
    }
    if let Some(Value::Object(limits)) = claims.pointer_mut("/nats/limits")
        && !FLAT[..2]
            .iter()
            .any(|storage| limits.contains_key(*storage))
    {
        remove(limits, &FLAT); // without storage there is no JetStream
    }
    normal(bounded(claims)).unwrap_or_default()
}

/// An operator's view leaves out what is no key; servers trust nothing by such an entry.
fn only_keys(operator: &mut Value) {
    let is_key = |entry: &Value| {
        let text = entry.as_str().unwrap_or_default();
        text.parse::<PublicKey>().is_ok()
    };
    if let Some(Value::Array(keys)) = operator.get_mut("signing_keys") {
        keys.retain(is_key);
    }
    if let Some(system) = operator
        .get_mut("system_account")
        .filter(|system| !is_key(system))
    {
        *system = Value::Null;
    }
}

/// Negative numbers are no limit, whichever they are; times and revocations stay.
fn bounded(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(key, value)| match value.as_i64() {
                    Some(number) if number < 0 && is_limit(&key) => (key, json!(-1)),
                    _ => (key, bounded(value)),
                })
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(bounded).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn is_limit(key: &str) -> bool {
    FLAT.contains(&key)
        || [
            "subs", "data", "payload", "imports", "exports", "conn", "leaf",
        ]
        .contains(&key)
}

/// The value without what says nothing; `None` is a zero value. Entries of lists keep their places.
pub(super) fn normal(value: Value) -> Option<Value> {
    let kept = match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(key, _)| key != UNKNOWN)
                .filter_map(|(key, value)| Some((key, normal(value)?)))
                .collect(),
        ),
        Value::Array(items) => items
            .into_iter()
            .map(|item| normal(item).unwrap_or_default())
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    };
    let is_zero = match &kept {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0), // -0 as well
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    };
    (!is_zero).then_some(kept)
}

/// The key of an entry of `signing_keys`, which is a string or a scope.
fn key_of(entry: &Value) -> &str {
    entry
        .as_str()
        .or_else(|| entry.get("key")?.as_str())
        .unwrap_or_default()
}

fn entries<'a>(claims: &'a mut Value, path: &str) -> &'a mut [Value] {
    match claims.pointer_mut(path) {
        Some(Value::Array(items)) => items,
        _ => &mut [],
    }
}

fn remove(from: &mut Map<String, Value>, keys: &[&str]) {
    from.retain(|key, _| !keys.contains(&key.as_str()));
}

/// Where two values part, and what stands there in each.
pub(super) fn first_difference(path: &str, ours: &Value, go: &Value) -> Option<String> {
    let below = |key: &str| format!("{path}/{key}");
    match (ours, go) {
        (Value::Object(a), Value::Object(b)) => a.keys().chain(b.keys()).find_map(|key| {
            let held = |fields: &Map<String, Value>| fields.get(key).cloned().unwrap_or_default();
            first_difference(&below(key), &held(a), &held(b))
        }),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            (0..a.len()).find_map(|at| first_difference(&below(&at.to_string()), &a[at], &b[at]))
        }
        _ => (ours != go).then(|| format!("{path}: ours {ours}, Go {go}")),
    }
}
