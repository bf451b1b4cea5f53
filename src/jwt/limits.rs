//! Limits of accounts and users. In tokens -1 is unlimited and an absent number is 0, which servers take at its word.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::Text;

/// A number that bounds something, or no bound. `null` in JSON is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    AtMost(u64),
    Unlimited,
}

impl Limit {
    /// Go's reading: any negative number is unlimited.
    pub fn of_token(number: i64) -> Self {
        u64::try_from(number).map_or(Self::Unlimited, Self::AtMost)
    }

    /// What an absent number of a user or an account means to a server.
    pub const NONE: Self = Self::AtMost(0);
}

/// An absent number is 0.
impl Default for Limit {
    fn default() -> Self {
        Self::NONE
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::of_token)
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::AtMost(number) => serializer.serialize_u64(*number),
            Self::Unlimited => serializer.serialize_none(),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(number) => fmt::Display::fmt(number, f),
            Self::Unlimited => f.pad("unlimited"),
        }
    }
}

/// What an account may have. Byte sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AccountLimits {
    #[serde(rename = "conn")]
    pub connections: Limit,
    #[serde(rename = "leaf")]
    pub leafnodes: Limit,
    #[serde(rename = "subs")]
    pub subscriptions: Limit,
    #[serde(rename = "payload")]
    pub payload_bytes: Limit,
    /// Carried by tokens, enforced by no server.
    #[serde(rename = "data")]
    pub data_bytes: Limit,
    pub imports: Limit,
    pub exports: Limit,
    #[serde(rename = "wildcards")]
    pub wildcard_exports: bool,
    pub disallow_bearer: bool,
    #[serde(flatten)]
    flat: JetStreamLimits,
    #[serde(rename = "tiered_limits")]
    tiers: BTreeMap<Text, JetStreamLimits>,
}

impl AccountLimits {
    pub fn jetstream(&self) -> JetStream<'_> {
        if !self.tiers.is_empty() {
            JetStream::Tiers(&self.tiers)
        } else if self.flat.mem_storage_bytes == Limit::NONE
            && self.flat.disk_storage_bytes == Limit::NONE
        {
            JetStream::Off
        } else {
            JetStream::Flat(&self.flat)
        }
    }
}

/// JetStream of an account. With tiers, servers drop the flat numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JetStream<'a> {
    Off,
    Flat(&'a JetStreamLimits),
    Tiers(&'a BTreeMap<Text, JetStreamLimits>),
}

/// JetStream of an account, or of one of its tiers. Storage 0 is none; the counts bound only above 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JetStreamLimits {
    #[serde(rename(deserialize = "mem_storage"))]
    pub mem_storage_bytes: Limit,
    #[serde(rename(deserialize = "disk_storage"))]
    pub disk_storage_bytes: Limit,
    pub streams: Limit,
    #[serde(rename(deserialize = "consumer"))]
    pub consumers: Limit,
    pub max_ack_pending: Limit,
    pub mem_max_stream_bytes: Limit,
    pub disk_max_stream_bytes: Limit,
    pub max_bytes_required: bool,
}
