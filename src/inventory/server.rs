//! A server as its own answers describe it: who it is, whether it answers, what it trusts. Not the operator's plan of the
//! cluster: a server that nobody named and that never answered has no row.

use jiff::Timestamp;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::jwt::keys::{AccountId, OperatorId, PublicKey, ServerId};
use crate::jwt::release::Release;
use crate::text::Text;

/// Who answered: the id of the running process, and the name that outlives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ServerLabel {
    pub id: ServerId,
    pub name: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Text>,
}

/// Whether a server that ought to answer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// Answered the last census.
    Up,
    /// Missed the last census, but was heard less than 15 s before it.
    Late,
    /// Expected by name, and not heard. What is true there is unknown.
    Silent,
    /// Obeys, but answers nothing any more (`server/events.go`: the send loop ends).
    LameDuck,
    /// Said that it shuts down.
    Gone,
}

/// Where a server keeps account tokens, as far as its answers tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolver {
    Full,
    Cache,
    /// Nothing is stored: a push lasts until the restart. No answer tells MEMORY from URL.
    MemoryOrUrl,
    Unknown,
}

impl Resolver {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Cache => "cache",
            Self::MemoryOrUrl => "memory or url",
            Self::Unknown => "unknown",
        }
    }
}

impl Serialize for Resolver {
    /// The words of the command line's contract, which has none for "one of these two".
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::MemoryOrUrl => Self::Unknown.word(),
            Self::Full | Self::Cache | Self::Unknown => self.word(),
        })
    }
}

/// Whether an operator's identity key may sign accounts itself (`strict_signing_key_usage`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    SigningKeysOnly,
    IdentityToo,
}

/// An operator that a server trusts, read from its configuration when it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedOperator {
    pub identity: OperatorId,
    pub signing_keys: Vec<PublicKey>,
    pub strictness: Strictness,
}

/// The operators that a server trusts; empty for a server that is in no operator's mode (a leaf that bridges SYS).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Trust(pub Vec<TrustedOperator>);

impl Trust {
    /// Whether this server accepts accounts that `key` signed.
    pub fn accepts(&self, key: PublicKey) -> bool {
        self.0.iter().any(|operator| {
            operator.signing_keys.contains(&key)
                || (operator.identity.key() == key
                    && operator.strictness == Strictness::IdentityToo)
        })
    }

    fn keys(&self) -> Vec<PublicKey> {
        self.0
            .iter()
            .flat_map(|operator| {
                std::iter::once(operator.identity.key()).chain(operator.signing_keys.clone())
            })
            .collect()
    }
}

impl Serialize for Trust {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let strict = self
            .0
            .iter()
            .any(|operator| operator.strictness == Strictness::SigningKeysOnly);
        let mut fields = serializer.serialize_struct("Trust", 2)?;
        fields.serialize_field("operator_keys", &self.keys())?;
        fields.serialize_field("strict", &strict)?;
        fields.end()
    }
}

/// Whether a server belongs to this operator, or only hears its system account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Belonging {
    Ours,
    /// A leaf that bridges SYS: it answers, but enforces none of our tokens.
    Foreign,
    /// Its VARZ did not come.
    Unknown,
}

impl Serialize for Belonging {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ours => serializer.serialize_some(&false),
            Self::Foreign => serializer.serialize_some(&true),
            Self::Unknown => serializer.serialize_none(),
        }
    }
}

/// The row of a server. What its answers did not say is `None`, and absent in JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServerRow {
    /// The process that answered last; `None` for a name of which only the roster knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ServerId>,
    pub name: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Text>,
    /// `host:port` for clients as its configuration says, often `0.0.0.0`: a place to look, and no fact for a reader.
    #[serde(skip)]
    pub listens: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Text>,
    pub tags: Vec<Text>,
    pub state: ServerState,
    pub resolver: Resolver,
    #[serde(flatten)]
    pub trust: Option<Trust>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_account: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriptions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Its clock against ours, positive when it is ahead; 0 when the difference drowns in the time of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    pub foreign: Belonging,
}

impl ServerRow {
    /// A name that ought to answer and has not.
    pub fn unheard(name: Text) -> Self {
        Self {
            id: None,
            name,
            host: None,
            listens: None,
            cluster: None,
            version: None,
            tags: Vec::new(),
            state: ServerState::Silent,
            resolver: Resolver::Unknown,
            trust: None,
            system_account: None,
            connections: None,
            subscriptions: None,
            cpu_percent: None,
            mem_bytes: None,
            started_at: None,
            clock_skew_ms: None,
            answered_at: None,
            foreign: Belonging::Unknown,
        }
    }

    pub fn label(&self) -> Option<ServerLabel> {
        self.id.map(|id| ServerLabel {
            id,
            name: self.name.clone(),
            cluster: self.cluster.clone(),
        })
    }

    pub fn release(&self) -> Option<Release> {
        self.version.as_ref().and_then(Release::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(strictness: Strictness) -> (Trust, PublicKey, PublicKey) {
        let identity = OperatorId::from_bytes([1; 32]);
        let signing = OperatorId::from_bytes([2; 32]).key();
        let trust = Trust(vec![TrustedOperator {
            identity,
            signing_keys: vec![signing],
            strictness,
        }]);
        (trust, identity.key(), signing)
    }

    #[test]
    fn a_strict_operator_signs_with_signing_keys_only() {
        let (strict, identity, signing) = operator(Strictness::SigningKeysOnly);

        assert!(strict.accepts(signing));
        assert!(!strict.accepts(identity));
        assert!(operator(Strictness::IdentityToo).0.accepts(identity));
        assert!(!Trust::default().accepts(signing));
    }

    #[test]
    fn what_a_server_did_not_say_is_absent_from_its_json() {
        let (trust, ..) = operator(Strictness::SigningKeysOnly);
        let mut row = ServerRow::unheard("n3".into());

        let silent = serde_json::to_value(&row).unwrap();
        row.trust = Some(trust);
        row.foreign = Belonging::Ours;
        let heard = serde_json::to_value(&row).unwrap();

        assert_eq!(silent["state"], "silent");
        assert!(silent.get("operator_keys").is_none());
        assert_eq!(heard["strict"], true);
        assert_eq!(heard["operator_keys"].as_array().unwrap().len(), 2);
        assert_eq!(heard["foreign"], false);
    }
}
