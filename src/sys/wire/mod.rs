//! What servers write, read leniently: one struct for each answer, near to the JSON. Nothing here leaves `sys`.
//!
//! Only `name`, `id` and `ver` of a server are required; every other field may be missing, null, or unknown to us, since one
//! cluster may run five releases. No type here has `Debug`: some carry tokens, and a bearer token is a credential.

pub(super) mod account;
pub(super) mod connz;
pub(super) mod event;
pub(super) mod jsz;
pub(super) mod server;

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::inventory::server::ServerLabel;
use crate::jwt::keys::ServerId;
use crate::jwt::release::Release;
use crate::text::Text;

/// The server that speaks, as every envelope and event names it.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) name: Text,
    pub(super) id: ServerId,
    #[serde(default)]
    pub(super) host: Option<Text>,
    #[serde(default)]
    pub(super) cluster: Option<Text>,
    #[serde(default)]
    pub(super) ver: Text,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) tags: Vec<Text>,
    #[serde(default, deserialize_with = "lenient_time")]
    pub(super) time: Option<Timestamp>,
}

impl Header {
    pub(super) fn label(&self) -> ServerLabel {
        ServerLabel {
            id: self.id,
            name: self.name.clone(),
            cluster: self.cluster.clone(),
        }
    }

    pub(super) fn release(&self) -> Option<Release> {
        Release::of(&self.ver)
    }
}

/// The envelope of every request but the bare ones. Failures may carry `"data":null` as well, so `error` is read first.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct Reply<T> {
    pub(super) server: Header,
    #[serde(default = "Option::default")]
    data: Option<T>,
    #[serde(default)]
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    description: Text,
}

impl Failure {
    fn sentence(&self) -> Text {
        format!("{} {}", self.code, self.description.raw()).into()
    }
}

impl<T> Reply<T> {
    /// What the server answered. `Ok(None)`: the empty success of KICK, LDM and RELOAD.
    pub(super) fn into_answer(self) -> (Header, Result<Option<T>, Text>) {
        let answer = match self.error {
            Some(failure) => Err(failure.sentence()),
            None => Ok(self.data),
        };
        (self.server, answer)
    }

    /// The same where an answer without data is none.
    pub(super) fn into_data(self) -> (Header, Result<T, Text>) {
        let (header, answer) = self.into_answer();
        let data = answer.and_then(|data| data.ok_or_else(|| "the answer has no data".into()));
        (header, data)
    }
}

/// Reads null as nothing: Go writes empty lists so.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a time, and what is no time as none.
fn lenient_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    #[derive(Deserialize)]
    struct Written<'a>(#[serde(borrow)] Cow<'a, str>);

    let written: Option<Written<'de>> = Option::deserialize(deserializer)?;
    Ok(written.and_then(|Written(time)| time.parse().ok()))
}

/// Go's durations as CONNZ writes them: `722µs`, `1m2.3s`, `3d4h5m6s`.
pub(super) fn go_duration(written: &str) -> Option<Duration> {
    let mut rest = written;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .filter(|at| *at > 0)?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        let unit_on = rest.get(digits..)?;
        let unit_chars = unit_on
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(unit_on.len());
        seconds += number * seconds_in(unit_on.get(..unit_chars)?)?;
        rest = unit_on.get(unit_chars..)?;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

fn seconds_in(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "µs" | "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "y" => 365.0 * 86_400.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_durations_of_go_are_read() {
        for (written, milliseconds) in [
            ("722µs", 0.722),
            ("9.583943ms", 9.583_943),
            ("1m2.5s", 62_500.0),
            ("3d4h5m6s", 273_906_000.0),
            ("0s", 0.0),
        ] {
            let read = go_duration(written).unwrap().as_secs_f64() * 1_000.0;
            assert!((read - milliseconds).abs() < 1e-6, "{written}: {read}");
        }
        for broken in ["s", "1", "1x", "-1s"] {
            assert!(go_duration(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn an_error_is_read_before_its_empty_data() {
        let reply = r#"{"server":{"name":"n1","id":"NA55JC7JIVK5IYKKKOBE7BGTEFNNMOLDJXHBCYORUK3JS2G2WSP2VSOT"},
            "data":null,"error":{"code":500,"description":"no such\u001b account"}}"#;

        let (header, answer) = serde_json::from_str::<Reply<u64>>(reply)
            .unwrap()
            .into_data();

        assert_eq!(header.name.raw(), "n1");
        assert_eq!(answer.unwrap_err().to_string(), "500 no such␛ account");
    }
}
