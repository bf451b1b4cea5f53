//! The login that is judged: from where, and by which kind of connection. What it presents is `credential`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::text::Text;

/// How somebody would connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// `None`: not known.
    pub from: Option<IpAddr>,
    pub by: ConnectionType,
}

/// The kinds of connection that a token may be bound to (`ConnectionType…`, jwt `v2/user_claims.go`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConnectionType {
    /// NATS' own protocol over TCP or TLS.
    #[default]
    Standard,
    Websocket,
    Leafnode,
    LeafnodeWs,
    Mqtt,
    MqttWs,
    InProcess,
}

impl ConnectionType {
    pub const ALL: [Self; 7] = [
        Self::Standard,
        Self::Websocket,
        Self::Leafnode,
        Self::LeafnodeWs,
        Self::Mqtt,
        Self::MqttWs,
        Self::InProcess,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Websocket => "WEBSOCKET",
            Self::Leafnode => "LEAFNODE",
            Self::LeafnodeWs => "LEAFNODE_WS",
            Self::Mqtt => "MQTT",
            Self::MqttWs => "MQTT_WS",
            Self::InProcess => "IN_PROCESS",
        }
    }
}

impl fmt::Display for ConnectionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// No server knows such a kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{written}\" is no kind of connection; write {}", ConnectionType::ALL.map(ConnectionType::word).join(" "))]
pub struct UnknownType {
    written: Text,
}

impl FromStr for ConnectionType {
    type Err = UnknownType;

    /// Servers compare without case.
    fn from_str(written: &str) -> Result<Self, UnknownType> {
        let is_written = |kind: &Self| kind.word().eq_ignore_ascii_case(written);
        Self::ALL
            .into_iter()
            .find(is_written)
            .ok_or_else(|| UnknownType {
                written: written.into(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_in_any_case_and_nothing_else_is_one() {
        for kind in ConnectionType::ALL {
            assert_eq!(kind.word().to_lowercase().parse(), Ok(kind));
        }
        let error = "TCP".parse::<ConnectionType>().unwrap_err().to_string();
        assert!(error.contains("STANDARD WEBSOCKET"), "{error}");
    }
}
