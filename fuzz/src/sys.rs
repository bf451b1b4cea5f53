//! What servers write, without the connection that it comes over.

#[path = "../../src/sys/wire/mod.rs"]
mod wire;

use serde::Deserialize;
use serde::de::IgnoredAny;
use wire::Reply;
use wire::account::{AccountInfo, AccountStatz};
use wire::connz::Connz;
use wire::event::ClientEvent;
use wire::server::Statsz;

/// Reads a body as each thing that a server may have meant by it, and gives back what it said of itself or of its failure.
pub fn read(body: &[u8]) -> Vec<String> {
    let _ = (
        as_a::<ClientEvent<'_>>(body).is_some(),
        as_a::<Statsz>(body).is_some(),
        as_a::<Reply<Connz<'_>>>(body).is_some(),
        as_a::<Reply<AccountInfo>>(body).is_some(),
        as_a::<Reply<AccountStatz>>(body).is_some(),
    );
    let Some(reply) = as_a::<Reply<IgnoredAny>>(body) else {
        return Vec::new();
    };
    let (header, answer) = reply.into_answer();
    let label = header.label();
    let mut said = vec![label.name.to_string()];
    said.extend(label.cluster.map(|cluster| cluster.to_string()));
    said.extend(answer.err().map(|failure| failure.to_string()));
    said
}

/// What a duration of Go's is, if it is one.
pub fn duration(written: &str) -> Option<std::time::Duration> {
    wire::go_duration(written)
}

fn as_a<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}
