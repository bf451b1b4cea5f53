//! A connection as servers report it, and how sure we are whose it is. Not a live table: `sys` makes rows, a screen keeps them.

use jiff::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::server::ServerLabel;
use crate::jwt::keys::{AccountId, ConnId, PublicKey, UserId};
use crate::jwt::role::SignerKind;
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// What connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionKind {
    Client,
    Leafnode,
}

/// Over which protocol a client speaks. A leaf node has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Nats,
    Websocket,
    Mqtt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionState {
    Open,
    Closed,
}

/// How sure it is whose connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Its token's signature holds, and its signer is one of the account's where those are known.
    Verified,
    /// No token was shown (servers hide those of bearer users), or it does not hold: the claim is all there is.
    Unverified,
    /// Its token holds, and names another user than the client claims to be.
    Spoofed,
    /// No token, and a name that is no key: let in by an auth callout, by the look of it.
    Callout,
}

/// A reference in JSON: `{"key","name"}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Named<K> {
    pub key: K,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
}

impl<K> Named<K> {
    pub const fn unnamed(key: K) -> Self {
        Self { key, name: None }
    }
}

/// The key that signed the user's token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct SignedBy {
    pub key: PublicKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<SignerKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Text>,
}

/// Encryption towards the server. An event does not tell.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tls {
    NotAsked,
    Plain,
    Version(Text),
}

impl Tls {
    fn is_not_asked(&self) -> bool {
        *self == Self::NotAsked
    }
}

impl Serialize for Tls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::NotAsked | Self::Plain => serializer.serialize_none(),
            Self::Version(version) => version.serialize(serializer),
        }
    }
}

/// Whose a connection is. Only a question with auth, or an event, tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Named<UserId>>,
    pub identity: Identity,
    /// What the client said of itself, where that is not the user's key. Anybody can write it.
    pub claimed_user: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<SignedBy>,
    /// When its token was issued: what a revocation is compared with. Not in JSON; the user's page has it.
    #[serde(skip)]
    pub issued_at: Option<UnixTime>,
}

/// What went through a connection and what waits, as the server counts: "in" came from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Traffic {
    pub subscriptions: u64,
    pub pending_bytes: u64,
    pub in_msgs: u64,
    pub out_msgs: u64,
    pub in_bytes: u64,
    pub out_bytes: u64,
}

/// What goes through a connection by the second: known only to who reads its counters twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub in_msgs: u64,
    pub out_msgs: u64,
    pub in_bytes: u64,
    pub out_bytes: u64,
}

/// The row of a connection, in the fields of the command line's `connection`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionRow {
    pub id: ConnId,
    pub server: ServerLabel,
    pub kind: ConnectionKind,
    pub transport: Option<Transport>,
    pub state: ConnectionState,
    pub account: Option<Named<AccountId>>,
    /// `None`: not asked.
    pub holder: Option<Holder>,
    pub name: Text,
    pub lang: Text,
    pub version: Text,
    pub ip: Text,
    pub port: Option<u16>,
    pub tls: Tls,
    pub connected_at: Option<Timestamp>,
    pub last_active_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub reason: Option<Text>,
    pub rtt_ms: Option<f64>,
    pub idle_s: Option<u64>,
    pub traffic: Option<Traffic>,
    /// Not in JSON: who asks once does not know it.
    pub rate: Option<Rate>,
}

impl ConnectionRow {
    /// `n1/41207`, as people write it.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.server.name, self.id.cid)
    }

    /// The user, if a token proved it.
    pub fn proven_user(&self) -> Option<UserId> {
        let holder = self.holder.as_ref()?;
        match holder.identity {
            Identity::Verified | Identity::Spoofed => holder.user.as_ref().map(|user| user.key),
            Identity::Unverified | Identity::Callout => None,
        }
    }
}

impl Serialize for ConnectionRow {
    /// Flat, in the contract's order; what was not told is left out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("ref", &self.reference())?;
        map.serialize_entry("server", &self.server)?;
        map.serialize_entry("cid", &self.id.cid)?;
        map.serialize_entry("kind", &self.kind)?;
        known(&mut map, "type", self.transport.as_ref())?;
        map.serialize_entry("state", &self.state)?;
        known(&mut map, "account", self.account.as_ref())?;
        if let Some(holder) = &self.holder {
            known(&mut map, "user", holder.user.as_ref())?;
            map.serialize_entry("identity", &holder.identity)?;
            map.serialize_entry("claimed_user", &holder.claimed_user)?;
            known(&mut map, "signer", holder.signer.as_ref())?;
        }
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("lang", &self.lang)?;
        map.serialize_entry("version", &self.version)?;
        map.serialize_entry("ip", &self.ip)?;
        known(&mut map, "port", self.port.as_ref())?;
        if !self.tls.is_not_asked() {
            map.serialize_entry("tls", &self.tls)?;
        }
        known(&mut map, "connected_at", self.connected_at.as_ref())?;
        known(&mut map, "last_active_at", self.last_active_at.as_ref())?;
        known(&mut map, "closed_at", self.closed_at.as_ref())?;
        known(&mut map, "reason", self.reason.as_ref())?;
        known(&mut map, "rtt_ms", self.rtt_ms.as_ref())?;
        known(&mut map, "idle_s", self.idle_s.as_ref())?;
        if let Some(traffic) = &self.traffic {
            map.serialize_entry("subscriptions", &traffic.subscriptions)?;
            map.serialize_entry("pending_bytes", &traffic.pending_bytes)?;
            map.serialize_entry("in_msgs", &traffic.in_msgs)?;
            map.serialize_entry("out_msgs", &traffic.out_msgs)?;
            map.serialize_entry("in_bytes", &traffic.in_bytes)?;
            map.serialize_entry("out_bytes", &traffic.out_bytes)?;
        }
        map.end()
    }
}

/// Writes a field of which something is known.
pub(super) fn known<M: serde::ser::SerializeMap, T: Serialize + ?Sized>(
    map: &mut M,
    name: &'static str,
    value: Option<&T>,
) -> Result<(), M::Error> {
    match value {
        Some(value) => map.serialize_entry(name, value),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::keys::ServerId;

    fn row() -> ConnectionRow {
        let id = ServerId::from_bytes([1; 32]);
        ConnectionRow {
            id: ConnId {
                server: id,
                cid: 41,
            },
            server: ServerLabel {
                id,
                name: "n1".into(),
                cluster: Some("C1".into()),
            },
            kind: ConnectionKind::Client,
            transport: Some(Transport::Nats),
            state: ConnectionState::Open,
            account: Some(Named::unnamed(AccountId::from_bytes([2; 32]))),
            holder: None,
            name: "a\x1bb".into(),
            lang: "rust".into(),
            version: "0.51.0".into(),
            ip: "127.0.0.1".into(),
            port: Some(51822),
            tls: Tls::Plain,
            connected_at: None,
            last_active_at: None,
            closed_at: None,
            reason: None,
            rtt_ms: Some(1.2),
            idle_s: Some(6),
            traffic: Some(Traffic::default()),
            rate: None,
        }
    }

    #[test]
    fn a_row_that_was_not_asked_has_no_user_and_no_identity() {
        let json = serde_json::to_value(row()).unwrap();

        assert_eq!(json["ref"], "n1/41");
        assert_eq!(json["name"], "a␛b");
        assert_eq!(json["tls"], serde_json::Value::Null);
        for absent in ["user", "identity", "claimed_user", "signer", "closed_at"] {
            assert!(json.get(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn only_a_token_proves_a_user() {
        let user = Named::unnamed(UserId::from_bytes([3; 32]));
        let mut row = row();
        for (identity, proven) in [
            (Identity::Verified, true),
            (Identity::Spoofed, true),
            (Identity::Unverified, false),
            (Identity::Callout, false),
        ] {
            row.holder = Some(Holder {
                user: Some(user.clone()),
                identity,
                claimed_user: None,
                signer: None,
                issued_at: None,
            });

            assert_eq!(row.proven_user().is_some(), proven, "{identity:?}");
        }
    }
}
