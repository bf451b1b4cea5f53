//! Public nkeys: 32 bytes in memory, 56 characters when shown. Seeds are not here; only `store` sees them.
//!
//! ```text
//! base32( prefix byte | 32 key bytes | CRC16/XMODEM, little-endian )      no padding
//! ```
//!
//! Source: nats-io/nkeys `strkey.go`.

use std::fmt;
use std::str::FromStr;

use crc::{CRC_16_XMODEM, Crc};
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::Text;

/// Characters of an encoded public key.
pub const KEY_CHARS: usize = 56;

const CRC16: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

/// What a key is for, told by its first letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    Operator,
    Account,
    User,
    Server,
    Curve,
}

impl KeyKind {
    pub const ALL: [Self; 5] = [
        Self::Operator,
        Self::Account,
        Self::User,
        Self::Server,
        Self::Curve,
    ];

    /// The prefix byte of the binary form.
    pub const fn prefix(self) -> u8 {
        match self {
            Self::Operator => 14 << 3,
            Self::Account => 0,
            Self::User => 20 << 3,
            Self::Server => 13 << 3,
            Self::Curve => 23 << 3,
        }
    }

    /// The first letter of the text form.
    pub const fn letter(self) -> char {
        match self {
            Self::Operator => 'O',
            Self::Account => 'A',
            Self::User => 'U',
            Self::Server => 'N',
            Self::Curve => 'X',
        }
    }

    /// The word for messages: "a public account key".
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Account => "account",
            Self::User => "user",
            Self::Server => "server",
            Self::Curve => "curve",
        }
    }

    /// The noun for a sentence: "the key of an account".
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Operator => "an operator",
            Self::Account => "an account",
            Self::User => "a user",
            Self::Server => "a server",
            Self::Curve => "a curve",
        }
    }

    pub fn of_prefix(prefix: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.prefix() == prefix)
    }
}

/// Why a text is not the public key that was wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("expected a public {} key ({}...), got \"{got}\"", .wanted.noun(), .wanted.letter())]
    WrongKind { wanted: KeyKind, got: Text },
    /// What it was is not said: a seed that somebody took for a key would be repeated.
    #[error("these {chars} characters are no public key")]
    Malformed { chars: usize },
}

/// The bytes before the checksum, if the checksum is right.
fn decode_checked(written: &str) -> Option<Vec<u8>> {
    let mut raw = BASE32_NOPAD.decode(written.as_bytes()).ok()?;
    let crc = u16::from_le_bytes([*raw.get(raw.len().checked_sub(2)?)?, *raw.last()?]);
    raw.truncate(raw.len() - 2);
    (CRC16.checksum(&raw) == crc).then_some(raw)
}

/// A public key whose kind is known only at run time: signing keys, role keys, whoever issued something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    pub kind: KeyKind,
    pub bytes: [u8; 32],
}

impl PublicKey {
    /// Checks a signature of this key over a message.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        ed25519_dalek::VerifyingKey::from_bytes(&self.bytes)
            .and_then(|key| {
                key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature))
            })
            .is_ok()
    }

    /// Shortened in the middle for narrow columns: `UDX3..7KQ2`.
    pub fn short(&self) -> String {
        let mut short = String::with_capacity(10);
        let _ = self.write_short(&mut short); // a `String` takes everything
        short
    }

    /// Writes [`Self::short`] without a string of its own: tables do it for every row that is seen.
    pub fn write_short(&self, to: &mut impl fmt::Write) -> fmt::Result {
        let letters = self.letters();
        let part = |from, to| as_str(&letters[from..to]);
        write!(to, "{}..{}", part(0, 4), part(KEY_CHARS - 4, KEY_CHARS))
    }

    /// Its characters, on the stack: 35 bytes are 56 letters without a rest.
    fn letters(&self) -> [u8; KEY_CHARS] {
        let mut raw = [0; 35];
        raw[0] = self.kind.prefix();
        raw[1..33].copy_from_slice(&self.bytes);
        let crc = CRC16.checksum(&raw[..33]);
        raw[33..].copy_from_slice(&crc.to_le_bytes());
        let mut letters = [0; KEY_CHARS];
        BASE32_NOPAD.encode_mut(&raw, &mut letters);
        letters
    }

    /// The last four characters, which consent of level 2 asks for.
    pub fn tail(&self) -> String {
        self.to_string()[KEY_CHARS - 4..].to_owned()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(as_str(&self.letters()))
    }
}

/// Letters of base32 are ASCII.
fn as_str(letters: &[u8]) -> &str {
    std::str::from_utf8(letters).unwrap_or_default()
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(written: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed {
            chars: written.chars().count(),
        };
        let raw = decode_checked(written).ok_or_else(malformed)?;
        let (prefix, bytes) = raw.split_first().ok_or_else(malformed)?;
        Ok(Self {
            kind: KeyKind::of_prefix(*prefix).ok_or_else(malformed)?,
            bytes: bytes.try_into().map_err(|_| malformed())?,
        })
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(as_str(&self.letters()))
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Declares the id of one kind of thing: 32 bytes that cannot be passed where another kind is meant.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            pub const KIND: KeyKind = KeyKind::$kind;

            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            pub const fn key(self) -> PublicKey {
                PublicKey { kind: Self::KIND, bytes: self.0 }
            }
        }

        impl From<$name> for PublicKey {
            fn from(id: $name) -> Self {
                id.key()
            }
        }

        impl TryFrom<PublicKey> for $name {
            type Error = KeyError;

            fn try_from(key: PublicKey) -> Result<Self, KeyError> {
                if key.kind == Self::KIND {
                    Ok(Self(key.bytes))
                } else {
                    Err(KeyError::WrongKind { wanted: Self::KIND, got: key.to_string().into() })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.key(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.key(), f)
            }
        }

        impl FromStr for $name {
            type Err = KeyError;

            fn from_str(written: &str) -> Result<Self, KeyError> {
                PublicKey::from_str(written)?.try_into()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.key().serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                PublicKey::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// An operator, by its identity key (`O...`).
    OperatorId, Operator
);
id!(
    /// An account, by its identity key (`A...`). Role keys and signing keys are [`PublicKey`]s.
    AccountId, Account
);
id!(
    /// A user, by its key (`U...`).
    UserId, User
);
id!(
    /// A running server process (`N...`): a restart makes a new one.
    ServerId, Server
);

/// A connection. A client id is unique only within its server, and only while that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    pub server: ServerId,
    pub cid: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "ACATS5YOVB6ROX2WUNKGNQ2MP3GMXDMKSG2O4N5CLX3A6W4PZGZZIL2R";

    #[test]
    fn every_kind_is_written_and_read_as_the_nkeys_crate_does() {
        for kind in KeyKind::ALL {
            let key = PublicKey {
                kind,
                bytes: [7; 32],
            };
            let written = key.to_string();

            let (prefix, bytes) = nkeys::from_public_key(&written).unwrap();

            assert_eq!((prefix, bytes), (kind.prefix(), key.bytes));
            assert_eq!(written.parse::<PublicKey>().unwrap(), key);
            assert_eq!(written.chars().next().unwrap(), kind.letter());
            assert_eq!(written.len(), KEY_CHARS);
        }
    }

    #[test]
    fn an_account_key_is_no_user_key() {
        let error = ACCOUNT.parse::<UserId>().unwrap_err();

        assert_eq!(
            error.to_string(),
            format!("expected a public user key (U...), got \"{ACCOUNT}\"")
        );
    }

    #[test]
    fn a_changed_letter_fails_the_checksum() {
        let broken = ACCOUNT.replace("5YOV", "5YOW");

        assert!(matches!(
            broken.parse::<AccountId>(),
            Err(KeyError::Malformed { .. })
        ));
        for short in ["", "A", "AA", "ACATS5"] {
            assert!(
                matches!(short.parse::<AccountId>(), Err(KeyError::Malformed { .. })),
                "{short}"
            );
        }
    }

    #[test]
    fn a_seed_that_is_taken_for_a_key_is_not_repeated() {
        let seed = "SUAAGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGA6BEM";

        let error = seed.parse::<PublicKey>().unwrap_err();

        let told = format!("{error} {error:?}");
        assert!(!told.contains("SUAA"), "{told}");
    }

    #[test]
    fn a_key_is_shortened_in_the_middle() {
        let key: PublicKey = ACCOUNT.parse().unwrap();

        assert_eq!(key.short(), "ACAT..IL2R");
        assert_eq!(key.tail(), "IL2R");
    }
}
