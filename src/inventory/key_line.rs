//! The row of a key that signs, or could: whose it is, whether we hold it, and what hangs on it. Keys of users are users.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::connection::{Named, known};
use crate::jwt::keys::PublicKey;
use crate::text::Text;

/// What a key is to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    Identity,
    Signing,
    Scoped,
    /// Encrypts what the auth callout is asked.
    Curve,
}

impl KeyRole {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Signing => "signing",
            Self::Scoped => "scoped",
            Self::Curve => "curve",
        }
    }
}

/// What a key signed, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Signs {
    pub accounts: u64,
    /// Users of the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<u64>,
    /// Open connections of users that it signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<u64>,
}

/// The row of a key.
#[derive(Clone, Debug)]
pub struct KeyLine {
    pub key: PublicKey,
    /// The operator, account or role. `None`: it is held, and no token names it.
    pub owner: Option<Named<PublicKey>>,
    pub kind: Option<KeyRole>,
    /// Where its private part lies, if it is held.
    pub path: Option<Text>,
    pub signs: Signs,
    /// Servers that trust an operator's key. `None`: nobody was asked, or it is no operator's.
    pub trusted_by: Option<Vec<Text>>,
}

impl KeyLine {
    pub const fn is_held(&self) -> bool {
        self.path.is_some()
    }
}

impl Serialize for KeyLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.key)?;
        known(&mut map, "owner", self.owner.as_ref())?;
        known(&mut map, "kind", self.kind.as_ref())?;
        map.serialize_entry("held", &self.is_held())?;
        map.serialize_entry("path", &self.path)?;
        map.serialize_entry("signs", &self.signs)?;
        known(&mut map, "trusted_by", self.trusted_by.as_ref())?;
        map.end()
    }
}
