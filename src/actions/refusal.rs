//! Why an act is not begun. A refusal promises that nothing was done.

use crate::explain::{Code, Explain, Explanation};
use crate::jwt::keys::PublicKey;
use crate::text::Text;

use super::refs::RefError;
use super::spec::{Level, Tier};

/// A reason not to begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Ref(#[from] RefError),
    #[error("{what} \"{written}\" is not known")]
    Unknown { what: &'static str, written: Text },
    #[error("\"{written}\" fits {}: {}", .fits.len(), .fits.join(", "))]
    Ambiguous { written: Text, fits: Vec<String> },
    /// Nothing is left to do.
    #[error("{0}")]
    Moot(String),
    #[error("the private part of {key} is not held: {role}")]
    NoSigner { key: PublicKey, role: String },
    #[error("{key} is not trusted by {}", .servers.join(", "))]
    Untrusted {
        key: PublicKey,
        servers: Vec<String>,
    },
    #[error("{}", .0.needs())]
    NotPermitted(Tier),
    #[error("the context {0} is read-only")]
    ReadOnly(Text),
    #[error("consent is missing: {}", consent_of(*.level, .wanted))]
    Consent { level: Level, wanted: String },
    #[error("the servers cannot be asked: {0}")]
    NotConnected(Text),
    /// Of what is connected to these, nobody else knows.
    #[error("{} not say who is connected", servers_do(.0))]
    Unheard(Vec<Text>),
    #[error("{0}")]
    Unreadable(Text),
    /// The servers would refuse the token, or it would be a trap.
    #[error("{0}")]
    Unsound(String),
    #[error("there is no durable record: {0}")]
    NoRecord(Text),
}

/// `n3 does`, or `n2, n3 do`.
fn servers_do(servers: &[Text]) -> String {
    let names: Vec<String> = servers.iter().map(Text::to_string).collect();
    let verb = if names.len() == 1 { "does" } else { "do" };
    format!("{} {verb}", names.join(", "))
}

fn consent_of(level: Level, wanted: &str) -> String {
    match level {
        Level::Free => "nothing".to_owned(),
        Level::Yes => "--yes".to_owned(),
        Level::Tail | Level::Name => format!("--confirm {wanted}"),
    }
}

/// The list that has everything of a kind.
fn where_listed(what: &str) -> Option<&'static str> {
    match what {
        "user" => Some("nats-oam user ls"),
        "account" | "account of" => Some("nats-oam account ls"),
        "role" => Some("nats-oam role ls"),
        "key" => Some("nats-oam key ls"),
        "connection" | "open connection" => Some("nats-oam connection ls"),
        "server" => Some("nats-oam server ls"),
        "operator" => Some("nats-oam operator ls"),
        "record" => Some("nats-oam audit ls"),
        _ => None,
    }
}

impl Explain for Refusal {
    fn explain(&self) -> Explanation {
        let explanation = |code| Explanation::new(code, self.to_string(), "nothing was done");
        match self {
            Self::Ref(_) => explanation(Code::Usage).then("name it as CLI.md section 1 says"),
            Self::Unknown { what, .. } => {
                let explanation = explanation(Code::NotFound);
                match where_listed(what) {
                    Some(command) => explanation.then_run("see what there is", command),
                    None => explanation,
                }
            }
            Self::Ambiguous { fits, .. } => fits.iter().fold(explanation(Code::Ambiguous), |explanation, fit| {
                explanation.then(format!("name {fit}"))
            }),
            Self::Moot(_) => explanation(Code::Moot),
            Self::NoSigner { .. } => explanation(Code::NoSigner).then("bring the key into the keyring, or ask who holds it"),
            Self::Untrusted { .. } => explanation(Code::UntrustedSigner)
                .then("sign with a key that every server trusts, or give the servers the new operator token first"),
            Self::NotPermitted(_) => explanation(Code::NotPermitted).then_run("see what you hold", "nats-oam status"),
            Self::ReadOnly(_) => explanation(Code::ReadOnly).then("add --write"),
            Self::Consent { level, wanted } => explanation(Code::Consent).then(format!("add {}", consent_of(*level, wanted))),
            Self::NotConnected(_) => explanation(Code::NotConnected).then_run("see why", "nats-oam status"),
            Self::Unheard(_) => Explanation::new(
                Code::NotConnected,
                self.to_string(),
                "what is connected there may be open, and nothing was done",
            )
            .then_run("see who answers", "nats-oam server ls")
            .then("revoke the user: servers then close whatever it has open, as soon as they hear of it"),
            Self::Unreadable(_) => explanation(Code::Store),
            Self::Unsound(_) => explanation(Code::Policy),
            Self::NoRecord(_) => explanation(Code::Record).then("make room, or make the data folder writable"),
        }
    }
}
